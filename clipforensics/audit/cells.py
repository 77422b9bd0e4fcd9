"""The audit's only door to the pipeline's comparison: one manipulation's AUCs, by stratum and level."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clipforensics.audit.names import TRAINED_ON
from clipforensics.comparison import Cluster, compare_cell, roc_table
from clipforensics.evaluation import against_reals, in_stratum, strata_keys
from clipforensics.metrics import Pooling


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
) -> list[dict[str, Any]]:
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

    Returns:
        Rows as `comparison.compare_cell` gives them, and of the stratum `trained_on` where there is such
        a fake.
    """

    def compared(test: pd.DataFrame) -> list[dict[str, Any]]:
        rows = compare_cell(
            {(name, 0): table for name, table in scores.items()},
            test,
            manipulation,
            reference=reference,
            aggregate=aggregate,
            cluster=cluster,
            n_replicates=n_replicates,
            seed=seed,
            confidence=confidence,
        )
        return list(rows)

    trained = (flags["manipulation"] == manipulation) & (flags["label"] == 1) & (flags[TRAINED_ON] == 1)
    if not trained.any():
        return compared(flags)
    of_trained = compared(flags[trained | (flags["label"] == 0)])
    return [
        *compared(flags),
        *({**row, "stratum": TRAINED_ON} for row in of_trained if row["stratum"] == "all"),
    ]


def roc_vertices(
    scores: pd.DataFrame, flags: pd.DataFrame, manipulation: str, stratum: str, level: str, aggregate: Pooling
) -> pd.DataFrame:
    """Columns fpr, tpr of one detector's ROC on a stratum; no rows where a class is missing."""
    chosen = against_reals(scores, manipulation)
    if stratum != "all":
        chosen = in_stratum(chosen, strata_keys(flags)[stratum])
    if chosen["label"].nunique() < 2:
        return pd.DataFrame({"fpr": [], "tpr": []})
    return roc_table(chosen, level, aggregate)
