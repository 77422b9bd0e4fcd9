"""The audit's only door to the shared comparison: one manipulation's AUCs, by stratum and level."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pandas as pd

from clipforensics.audit.names import TRAINED_ON
from clipforensics.comparison import roc_table
from clipforensics.evaluation import against_reals, in_stratum, strata_keys
from clipforensics.metrics import Pooling
from clipforensics.uncertainty import LEVELS, Interval, Replicates, draw_replicates

Cluster = Literal["identity", "video"]


def strata(flags: pd.DataFrame) -> dict[str, set[int]]:
    """Keys of the scored fakes in each stratum; `trained_on` only where there is such a fake."""
    fakes = flags[flags["label"] == 1]
    known = fakes[fakes[TRAINED_ON] == 1]
    own = {TRAINED_ON: set(known["key"])} if len(known) else {}
    return {"all": set(fakes["key"]), **strata_keys(flags), **own}  # type: ignore[dict-item]


def cell_rows(
    scores: Mapping[str, pd.DataFrame],
    flags: pd.DataFrame,
    manipulation: str,
    *,
    reference: str,
    aggregate: Pooling,
    cluster: Cluster,
    n_replicates: int,
    seed: int,
    confidence: float,
) -> Iterator[dict[str, Any]]:
    """All detectors on one manipulation against all scored reals: one row a stratum and level.

    Args:
        scores: Detector -> frames (key, manipulation, label, part, frame, score), in one order.
        flags: As `names.leak_flags` gives them.
        manipulation: Which fakes.
        reference: Detector that the others are subtracted from.
        aggregate: How frame scores become a video's.
        cluster: What the bootstrap draws: identity groups of the scored videos, or videos.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
        confidence: Of the intervals.
    """
    chosen = {name: against_reals(table, manipulation) for name, table in scores.items()}
    groups = flags["group"].to_numpy()
    for stratum, keys in strata(flags).items():
        tables = {name: in_stratum(table, keys) for name, table in chosen.items()}  # type: ignore[arg-type]
        first = tables[reference]
        videos = first["key"].to_numpy()
        drawn = draw_replicates(
            {name: table["score"].to_numpy() for name, table in tables.items()},
            first["label"].to_numpy(),
            videos,
            clusters=groups[videos] if cluster == "identity" else None,
            n_replicates=n_replicates,
            seed=seed,
            how=aggregate,
        )
        of_video = first.drop_duplicates("key")
        for level in LEVELS[::-1]:
            counted = of_video if level == "video" else first
            yield {
                "manipulation": manipulation,
                "stratum": stratum,
                "level": level,
                "n_real": int((counted["label"] == 0).sum()),
                "n_fake": int((counted["label"] == 1).sum()),
                "n_groups": len(set(groups[of_video["key"]].tolist())),
                **_intervals(drawn, level, reference, confidence),
            }


def roc_vertices(
    scores: pd.DataFrame, flags: pd.DataFrame, manipulation: str, stratum: str, level: str, aggregate: Pooling
) -> pd.DataFrame:
    """Columns fpr, tpr of one detector's ROC; no rows where a class is missing."""
    chosen = in_stratum(against_reals(scores, manipulation), strata(flags)[stratum])  # type: ignore[arg-type]
    if chosen["label"].nunique() < 2:
        return pd.DataFrame({"fpr": [], "tpr": []})
    return roc_table(chosen, level, aggregate)


def _intervals(drawn: Replicates, level: str, reference: str, confidence: float) -> dict[str, Any]:
    others = [name for name in drawn.detectors if name != reference]
    rows: dict[str, Any] = {
        "detectors": {n: _row(drawn.interval(n, level, confidence=confidence)) for n in drawn.detectors},
        "differences": {
            n: _row(drawn.difference(n, reference, level, confidence=confidence)) for n in others
        },
    }
    return {**rows, "undefined": drawn.undefined} if drawn.undefined else rows


def _row(interval: Interval) -> dict[str, float]:
    return {"auc": interval.value, "low": interval.low, "high": interval.high, "p": interval.p}
