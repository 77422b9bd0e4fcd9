"""Means over training sets in comparison.json: beside pooled rows of folds, in place of those of repeats."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clipforensics.comparison.by_protocol import VALIDATION, Results
from clipforensics.comparison.every_metric import Evaluations
from clipforensics.comparison.families import Collect
from clipforensics.comparison.meeting import Row, Scores
from clipforensics.comparison.training_sets import (
    TrainingSets,
    cell_of,
    meet_on_sets,
    metric_rows_of,
    overlap_of,
    variance_row,
)
from clipforensics.metrics.pooling import LEVELS, Pooling
from clipforensics.protocol.cells import order_manipulations
from clipforensics.statistics.replicates import Cluster

Tables = dict[str, list[Row]]

POOLED = (
    "pooled over folds, so scores of different models are compared, and training is taken as fixed: of equal"
    " detectors it calls more than 1 in 20 different; read fold_mean"
)
"""`caution` of a pooled difference; docs/explanation/training-variance.md has how often."""


class OnSets:
    """Results of the splits of one protocol and train set, each split by itself."""

    def __init__(
        self, results: Results, splits: Sequence[str], train_set: str, *, aggregate: Pooling, cluster: Cluster
    ) -> None:
        """Read what evaluate left of them.

        Args:
            results: The files.
            splits: All folds, or all repeats, of a protocol.
            train_set: As in `protocol.train_sets`.
            aggregate: How frame scores become a video's.
            cluster: What a jackknife leaves out.
        """
        self.evaluations: Evaluations = results.read_evaluations(splits, train_set)
        self._scores: dict[str, Scores] = {split: results.read_scores([split], train_set) for split in splits}
        self._videos = {
            part: {split: results.read_videos([split], train_set, part) for split in splits}
            for part in ("train", "val", "test")
        }
        self._options: dict[str, Any] = {"aggregate": aggregate, "cluster": cluster}
        self._options["overlap"] = overlap_of(list(self._videos["train"].values()))

    def manipulations(self, wanted: Sequence[str], train_set: str) -> tuple[list[str], list[str]]:
        """Those that are tested, and those of the train set that are not."""
        test = pd.concat(self._videos["test"].values())
        present = sorted(set(test["manipulation"][test["label"] == 1]))
        tested = order_manipulations(list(wanted), present, trained=train_set)
        return tested, [name for name in train_set.split("+") if name not in tested]

    def meet(self, manipulation: str, part: str = "test") -> TrainingSets:
        """All detectors on one manipulation, under each split."""
        return meet_on_sets(self._scores, self._videos[part], manipulation, part=part, **self._options)


def compare_repeats(
    on_sets: OnSets,
    train_set: str,
    wanted: Sequence[str],
    *,
    reference: str,
    confidence: float,
    leader: str | None = None,
    collect: Collect | None = None,
) -> Tables:
    """Rows of `cells`, `metrics` and `variance` of a protocol whose splits are repeats.

    A video may be tested several times, by different models, so nothing is pooled: each number is a mean over
    repeats. There are rows of all fakes alone: the splits keep every identity in one part, so that no stratum
    of `per_class` has anything in it.

    Args:
        on_sets: Results of two or more repeats.
        train_set: As in `protocol.train_sets`.
        wanted: `protocol.test_manipulations`.
        reference: Detector that the others are subtracted from.
        confidence: Of the intervals.
        leader: Detector that all others are compared with as well.
        collect: Takes the differences that families are made of; None: nothing does.
    """
    tables: Tables = {"cells": [], "metrics": [], "variance": []}
    take: Collect = collect or (lambda *_: None)
    tested, untested = on_sets.manipulations(wanted, train_set)
    for manipulation in tested:
        sets = on_sets.meet(manipulation)
        rows = {level: variance_row(sets, level, reference, confidence) for level in LEVELS}
        tables["variance"] += rows.values()
        cells = [cell_of(row, sets, leader, confidence) for row in rows.values()]
        tables["cells"] += cells
        tables["metrics"] += metric_rows_of(sets, on_sets.evaluations, reference, confidence, collect)
        for cell in cells:
            take("differences", cell, sets.minus(cell["level"], reference))
            if "to_leader" in cell:
                take("to_leader", cell, sets.minus(cell["level"], cell["to_leader"]["leader"]))
    for manipulation in untested:
        sets = on_sets.meet(manipulation, "val")
        for level in LEVELS:
            cell = cell_of(variance_row(sets, level, reference, confidence), sets, None, confidence)
            tables["cells"].append({**cell, "stratum": VALIDATION})
    return tables


def with_fold_means(pooled: Tables, on_sets: OnSets, *, reference: str, confidence: float) -> Tables:
    """The rows of folds, with intervals of the means over folds, and a caution at pooled differences.

    Args:
        pooled: Of `compare_protocol`.
        on_sets: Results of the same folds.
        reference: Detector that the others are subtracted from.
        confidence: Of the intervals.

    Returns:
        The same tables, and `variance`. `fold_mean` of a cell has gained `intervals`: `detectors` and
        `differences`, each {low, high, p, covers} by name.
    """
    names = dict.fromkeys(row["manipulation"] for row in pooled["folds"])
    rows = {
        (name, level): variance_row(sets, level, reference, confidence)
        for name in names
        for sets in (on_sets.meet(name),)
        for level in LEVELS
    }
    cells = [
        _with_intervals(cell, rows[cell["manipulation"], cell["level"]]) if cell.get("fold_mean") else cell
        for cell in map(with_caution, pooled["cells"])
    ]
    marked = {name: [with_caution(row) for row in pooled[name]] for name in ("metrics", "leak_gaps")}
    return {**pooled, **marked, "cells": cells, "variance": list(rows.values())}


def _with_intervals(cell: Row, row: Row) -> Row:
    ends = ("low", "high", "p", "covers")
    intervals = {
        kind: {name: {key: one[key] for key in ends} for name, one in row[kind].items()}
        for kind in ("detectors", "differences")
    }
    return {**cell, "fold_mean": {**cell["fold_mean"], "intervals": intervals}}


def with_caution(row: Row) -> Row:
    """The row with all its pooled differences marked; validation too is of different models."""
    marked: Row = {**row, "differences": _marked(row.get("differences") or {})}
    if "to_leader" in row:
        leader = row["to_leader"]
        marked["to_leader"] = {**leader, "differences": _marked(leader["differences"])}
    if "minuend" in row:
        marked["detectors"] = _marked(row["detectors"])
    return marked


def _marked(found: Mapping[str, Row]) -> Row:
    return {
        name: {**one, "caution": "; ".join(filter(None, (one.get("caution"), POOLED)))}
        for name, one in found.items()
    }
