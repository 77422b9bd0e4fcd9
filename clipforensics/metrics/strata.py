"""Which test fakes are set against all reals: all, or those of one leak stratum; and at which level."""

from collections.abc import Mapping

import pandas as pd

from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.pooling import Pooling, pool_by_video

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
say that it has no twin. Each is set against all test reals."""


def against_reals(scores: pd.DataFrame, manipulation: str, part: str = "test") -> pd.DataFrame:
    """Frames of one manipulation and of all reals of a part."""
    chosen = scores[scores["part"] == part]
    return chosen[(chosen["manipulation"] == manipulation) | (chosen["label"] == 0)]


def strata_keys(test: pd.DataFrame) -> dict[str, set[str]]:
    """Keys of the test fakes in each stratum of `STRATA` whose flags the table has; others are absent."""
    fakes = test[test["label"] == 1]
    known = {name: wanted for name, wanted in STRATA.items() if set(wanted) <= set(test.columns)}
    return {
        name: set(fakes["key"][(fakes[list(wanted)] == pd.Series(wanted)).all(axis=1)])
        for name, wanted in known.items()
    }


def in_stratum(scores: pd.DataFrame, keys: set[str]) -> pd.DataFrame:
    """Frames of the reals, and of those fakes whose key is in `keys`."""
    return scores[(scores["label"] == 0) | scores["key"].isin(keys)]


def at_level(scores: pd.DataFrame, level: str, aggregate: Pooling) -> tuple[Floats, Ints]:
    """Scores and labels at frame level, or pooled to one a video."""
    values, labels = scores["score"].to_numpy(), scores["label"].to_numpy()
    if level == "frame":
        return values, labels
    return pool_by_video(values, labels, scores["key"].to_numpy(), how=aggregate)
