"""Which test fakes are set against which reals: all, or those of one leak stratum; and at which level."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clipforensics.core.records import data_set_of
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.pooling import Pooling, pool_by_video

if TYPE_CHECKING:  # pandas takes as long to load as all else here
    import pandas as pd

STRATA: Mapping[str, Mapping[str, int]] = {
    "twin": {"twin": 1},
    "no_twin": {"unknown": 0, "twin": 0},
    "seen_identity": {"any_seen": 1},
    "clean": {"unknown": 0, "any_seen": 0},
    "clean_of_both": {"unknown": 0, "any_seen": 0, "val_any_seen": 0},
    "unknown": {"unknown": 1, "twin": 0},
}
"""Subsets of test fakes, by what training has seen of them, and for `clean_of_both` validation too: the
value that each flag must have. `twin`, `no_twin` and `unknown` part the fakes: of an unknown one nobody can
say that it has no twin. Each is set against all test reals of its data set."""


def against_reals(
    scores: "pd.DataFrame", manipulation: str, part: str = "test", *, reals_of: str | None = None
) -> "pd.DataFrame":
    """Frames of one manipulation in a part, and of all reals of its data set there.

    Args:
        scores: Columns manipulation, label, part.
        manipulation: Whose fakes.
        part: Of the split.
        reals_of: Another data set, whose reals these fakes are set against instead; empty: the one that is
            trained on.
    """
    chosen = scores[scores["part"] == part]
    return chosen[beside_reals(chosen, manipulation, reals_of)]


def beside_reals(
    table: "pd.DataFrame", manipulation: str, reals_of: str | None = None
) -> npt.NDArray[np.bool_]:
    """Which rows are of a manipulation, or real and of its data set (or of `reals_of`); shape (n,).

    Reals of another data set differ from these fakes in camera and codec too, so that telling them apart says
    nothing of the manipulation.

    Args:
        table: Columns manipulation, label.
        manipulation: Whose fakes.
        reals_of: As in `against_reals`.
    """
    kinds, names = table["manipulation"].factorize()
    wanted = data_set_of(manipulation) if reals_of is None else reals_of
    there = np.array([data_set_of(name) == wanted for name in names], dtype=bool)
    is_fake = np.array([name == manipulation for name in names], dtype=bool)
    return is_fake[kinds] | ((table["label"] == 0).to_numpy() & there[kinds])


def strata_keys(test: "pd.DataFrame") -> dict[str, set[str]]:
    """Keys of the test fakes in each stratum of `STRATA` whose flags the table has; others are absent."""
    fakes = test[test["label"] == 1]
    known = {name: wanted for name, wanted in STRATA.items() if set(wanted) <= set(test.columns)}
    found = {}
    for name, wanted in known.items():
        there = np.logical_and.reduce([fakes[flag] == value for flag, value in wanted.items()])
        found[name] = set(fakes["key"][there])
    return found


def in_stratum(scores: "pd.DataFrame", keys: set[str]) -> "pd.DataFrame":
    """Frames of the reals, and of those fakes whose key is in `keys`."""
    return scores[(scores["label"] == 0) | scores["key"].isin(keys)]


def at_level(scores: "pd.DataFrame", level: str, aggregate: Pooling) -> tuple[Floats, Ints]:
    """Scores and labels at frame level, or pooled to one a video."""
    values, labels = scores["score"].to_numpy(), scores["label"].to_numpy()
    if level == "frame":
        return values, labels
    return pool_by_video(values, labels, scores["key"].to_numpy(), how=aggregate)
