"""All comparisons of one protocol and train set: from the files that evaluate left to the rows of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clipforensics.comparison.every_metric import Evaluations, compare_metrics
from clipforensics.comparison.families import Collect
from clipforensics.comparison.folds import fold_rows, mean_of_folds
from clipforensics.comparison.leaks import count_leaks
from clipforensics.comparison.meeting import (
    Meeting,
    Row,
    Scores,
    compare_aucs,
    meet,
    roc_table,
)
from clipforensics.comparison.twins import BY_CHANCE, with_permutations
from clipforensics.core.files import read_json
from clipforensics.core.records import data_set_of
from clipforensics.metrics.pooling import LEVELS, Pooling
from clipforensics.protocol.cells import Cell, fold_of, order_manipulations
from clipforensics.protocol.tables import read_scores, read_split
from clipforensics.statistics.bootstrap import roc_band
from clipforensics.statistics.replicates import Cluster

VALIDATION = "validation"
"""Stands as stratum where a protocol keeps no test videos of a manipulation that it trains on."""


@dataclass(frozen=True)
class Results:
    """Where the results of evaluate lie.

    Attributes:
        detectors: All that meet.
        seeds: Of training.
        scores: Folder of score tables.
        splits: Folder of splits.
        evaluations: Folder of metrics of single detectors.
    """

    detectors: Sequence[str]
    seeds: Sequence[int]
    scores: Path
    splits: Path
    evaluations: Path

    def read_scores(self, splits: Sequence[str], train_set: str) -> Scores:
        """Frame scores of every detector and seed; folds end to end, with the column `split`.

        So each video of a K-fold has the scores of the model that has not seen it.
        """
        return {
            (detector, seed): pd.concat(
                [self._table(detector, Cell(split, train_set, seed)) for split in splits], ignore_index=True
            )
            for detector in self.detectors
            for seed in self.seeds
        }

    def read_evaluations(self, splits: Sequence[str], train_set: str) -> Evaluations:
        """Evaluate files of every detector and seed, by split."""
        return {
            (detector, seed): {
                split: read_json(self.evaluations / detector / f"{Cell(split, train_set, seed).name}.json")
                for split in splits
            }
            for detector in self.detectors
            for seed in self.seeds
        }

    def read_videos(self, splits: Sequence[str], train_set: str, part: str) -> pd.DataFrame:
        """Videos of a part, of all folds."""
        tables = [read_split(self.splits / split / train_set / f"{part}.csv") for split in splits]
        return pd.concat(tables, ignore_index=True)

    def count_leaks(self, splits: Sequence[str], train_set: str) -> dict[str, int]:
        """What training and validation know of the tests of all these splits; see `comparison.leaks`."""
        return next(iter(self.count_each(splits, train_set).values()))

    def count_each(self, splits: Sequence[str], train_set: str) -> dict[str, dict[str, int]]:
        """The same by data set, the one that is trained on (empty) first."""
        train, val, test = (self.read_videos(splits, train_set, part) for part in ("train", "val", "test"))
        of = test["manipulation"].map(data_set_of)
        return {name: count_leaks(train, val, test[of == name]) for name in sorted({*of, ""})}

    def _table(self, detector: str, cell: Cell) -> pd.DataFrame:
        return read_scores(self.scores / detector / f"{cell.name}.csv").assign(split=cell.split)


def compare_protocol(
    results: Results,
    splits: Sequence[str],
    train_set: str,
    wanted: Sequence[str],
    *,
    reference: str,
    aggregate: Pooling,
    cluster: Cluster,
    n_replicates: int,
    seed: int,
    confidence: float,
    leader: str | None = None,
    collect: Collect | None = None,
) -> dict[str, list[Row]]:
    """Let all detectors meet on every test manipulation of one protocol and train set.

    Args:
        results: The files.
        splits: The splits of the protocol: one, or all folds.
        train_set: As in `protocol.train_sets`.
        wanted: `protocol.test_manipulations`.
        reference: Detector that the others are subtracted from.
        aggregate: How frame scores become a video's.
        cluster: What the bootstrap draws.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
        confidence: Of the intervals.
        leader: Detector that all others are compared with as well; see `meeting.compare_aucs`.
        collect: Takes the estimates that families are made of (`families`); None: nothing does.

    Returns:
        Rows of the tables `cells`, `metrics`, `leak_gaps` (of per_class with the permutation of twins) and
        `folds` of comparison.json.
    """
    scores, evaluations = results.read_scores(splits, train_set), results.read_evaluations(splits, train_set)
    test = results.read_videos(splits, train_set, "test")
    present = sorted(set(test["manipulation"][test["label"] == 1]))
    bootstrap: dict[str, Any] = {"cluster": cluster, "n_replicates": n_replicates, "seed": seed}
    shown: dict[str, Any] = {"reference": reference, "confidence": confidence}
    tables: dict[str, list[Row]] = {"cells": [], "metrics": [], "leak_gaps": [], "folds": []}
    tested = order_manipulations(list(wanted), present, trained=train_set)
    for manipulation in tested:
        meeting = meet(scores, test, manipulation, aggregate=aggregate, **bootstrap)
        cells, gaps = compare_aucs(meeting, leader=leader, collect=collect, **shown)
        folds = _folds(evaluations, splits, manipulation)
        tables["cells"] += [{**row, **_fold_mean(row, folds, reference)} for row in cells]
        if list(splits) == [BY_CHANCE]:
            trained = pd.concat([results.read_videos(splits, train_set, part) for part in ("train", "val")])
            gaps = with_permutations(meeting, gaps, trained, n=n_replicates, seed=seed)
        tables["leak_gaps"] += gaps
        tables["metrics"] += compare_metrics(meeting, evaluations, collect=collect, **shown)
        tables["folds"] += folds
    untested = [name for name in train_set.split("+") if name not in tested]
    videos = results.read_videos(splits, train_set, "val") if untested else pd.DataFrame()
    for manipulation in untested:
        meeting = meet(scores, videos, manipulation, aggregate=aggregate, part="val", **bootstrap)
        cells, _ = compare_aucs(meeting, **shown, strata=False)
        tables["cells"] += [{**row, "stratum": VALIDATION} for row in cells]
    return tables


def headline_curves(
    results: Results,
    splits: Sequence[str],
    train_set: str,
    manipulation: str,
    *,
    reference: str,
    aggregate: Pooling,
    cluster: Cluster,
    n_replicates: int,
    seed: int,
    confidence: float,
) -> dict[tuple[str, str], pd.DataFrame]:
    """Curves of all detectors, each of its first seed: (`roc` or `band`, level) to a table.

    The first column is the detector, whose rows stand together. `roc` has the vertices (fpr, tpr); `band` has
    the tpr over a grid of fpr with its pointwise interval. Folds are pooled. Arguments as for
    `compare_protocol`.
    """
    one = Results(results.detectors, results.seeds[:1], results.scores, results.splits, results.evaluations)
    meeting = meet(
        one.read_scores(splits, train_set),
        one.read_videos(splits, train_set, "test"),
        manipulation,
        aggregate=aggregate,
        cluster=cluster,
        n_replicates=n_replicates,
        seed=seed,
    )
    found: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for (kind, level, detector), table in _curves(meeting, confidence):
        table.insert(0, "detector", detector)
        found.setdefault((kind, level), []).append(table)
    return {place: pd.concat(tables, ignore_index=True) for place, tables in found.items()}


def _curves(meeting: Meeting, confidence: float) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame]]:
    for (detector, _), table in meeting.scores.items():
        for level in LEVELS:
            yield ("roc", level, detector), roc_table(table, level, meeting.aggregate)
            band = roc_band(
                meeting.draws,
                table["score"].to_numpy(),
                level=level,
                how=meeting.aggregate,
                confidence=confidence,
            )
            columns = {"fpr": band.fpr, "tpr": band.tpr, "low": band.low, "high": band.high}
            yield ("band", level, detector), pd.DataFrame(columns)


def _fold_mean(row: Row, folds: Sequence[Row], reference: str) -> Row:
    """What the row of all fakes carries beside its pooled AUCs, if its protocol has folds."""
    if row["stratum"] != "all" or not folds:
        return {}
    return {"fold_mean": mean_of_folds([fold for fold in folds if fold["level"] == row["level"]], reference)}


def _folds(evaluations: Evaluations, splits: Sequence[str], manipulation: str) -> list[Row]:
    rows = []
    for split in splits:
        fold = fold_of(split)
        if fold is not None:
            files: dict[str, list[Any]] = {}
            for (detector, _), by_split in evaluations.items():
                files.setdefault(detector, []).append(by_split[split])
            rows += fold_rows(files, manipulation, fold)
    return rows
