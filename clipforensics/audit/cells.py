"""The audit's only door to the pipeline's comparison: detectors that meet on one manipulation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.audit.leaks import TRAINED_ON
from clipforensics.comparison.every_metric import metric_rows
from clipforensics.comparison.meeting import Meeting, Row, compare_aucs, meet, roc_table
from clipforensics.metrics.points import AT_THRESHOLD
from clipforensics.metrics.pooling import Pooling
from clipforensics.metrics.strata import against_reals, in_stratum, strata_keys
from clipforensics.report.wording.names import SHOWN_LEVELS
from clipforensics.statistics.bootstrap import bootstrap_metrics
from clipforensics.statistics.replicates import Cluster
from clipforensics.statistics.uncertainty import Estimate

Cuts = Mapping[str, Mapping[str, Any]]
"""Detector -> its threshold: `value`, which is None where there is none, and then `undefined`, the reason."""


def compare_all(
    scores: Mapping[str, pd.DataFrame],
    flags: pd.DataFrame,
    manipulation: str,
    *,
    cuts: Cuts,
    reference: str,
    aggregate: Pooling,
    cluster: Cluster,
    n_replicates: int,
    seed: int,
    confidence: float,
    levels: Sequence[str] = SHOWN_LEVELS,
) -> dict[str, list[Row]]:
    """All detectors on one manipulation against all scored reals.

    Args:
        scores: Detector -> frames (key, manipulation, label, part, frame, score), in one order.
        flags: As `names.leak_flags` gives them.
        manipulation: Which fakes.
        cuts: Where each detector's scores count as manipulated.
        reference: Detector that the others are subtracted from.
        aggregate: How frame scores become a video's.
        cluster: What the bootstrap draws: identity groups of the scored videos, or videos.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
        confidence: Of the intervals.
        levels: Levels to tell; only `video` where the scores are of videos.

    Returns:
        Rows of the tables `cells` and `leak_gaps`, as `meeting.compare_aucs` gives them (`cells` with
        the stratum `trained_on` where there is such a fake), and of `metrics`, as `every_metric.metric_rows`.
    """

    def gathered(tables: Mapping[str, pd.DataFrame]) -> Meeting:
        return meet(
            {(name, 0): table for name, table in tables.items()},
            flags,
            manipulation,
            aggregate=aggregate,
            cluster=cluster,
            n_replicates=n_replicates,
            seed=seed,
        )

    shown: dict[str, Any] = {"reference": reference, "confidence": confidence}
    meeting = gathered(scores)
    cells, gaps = compare_aucs(meeting, **shown)
    trained = (flags["manipulation"] == manipulation) & (flags["label"] == 1) & (flags[TRAINED_ON] == 1)
    if trained.any():
        keys = set(flags["key"][trained])
        of_trained = gathered({name: in_stratum(table, keys) for name, table in scores.items()})
        rows, _ = compare_aucs(of_trained, **shown, strata=False)
        cells += [{**row, "stratum": TRAINED_ON} for row in rows]
    metrics = [
        row
        for level in levels
        for row in metric_rows(meeting, level, _measure(meeting, level, cuts), **shown)
    ]
    told = {"cells": cells, "leak_gaps": gaps, "metrics": metrics}
    return {name: [row for row in rows if row["level"] in levels] for name, rows in told.items()}


def _measure(meeting: Meeting, level: str, cuts: Cuts) -> dict[str, dict[str, Estimate]]:
    """Metrics by `<seed>/<detector>`; those at a threshold only if any detector has one."""
    found = {
        f"{seed}/{name}": bootstrap_metrics(
            meeting.draws,
            table["score"].to_numpy(),
            level=level,
            how=meeting.aggregate,
            threshold=cuts[name]["value"],
        )
        for (name, seed), table in meeting.scores.items()
    }
    if any(cut["value"] is not None for cut in cuts.values()):
        for who, metrics in found.items():
            reason = str(cuts[who.split("/", 1)[1]].get("undefined", ""))
            for name in AT_THRESHOLD:
                metrics.setdefault(name, _undefined(metrics["auc"], f"no threshold: {reason}"))
    return found


def _undefined(other: Estimate, reason: str) -> Estimate:
    """A metric that has no value, on the draws of another."""
    return replace(
        other,
        value=np.nan,
        draws=np.full_like(other.draws, np.nan),
        jackknife=np.full_like(other.jackknife, np.nan),
        undefined=reason,
    )


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
