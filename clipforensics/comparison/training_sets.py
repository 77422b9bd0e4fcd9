"""Detectors over several training sets: means over repeats or folds, no pool of different models' scores."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.comparison.every_metric import Evaluations, measure
from clipforensics.comparison.families import Collect
from clipforensics.comparison.meeting import Meeting, Row, Scores, meet
from clipforensics.core.files import json_ready
from clipforensics.metrics.points import ORACLE
from clipforensics.metrics.pooling import LEVELS, Pooling
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import Cluster
from clipforensics.statistics.training_sets import OverTrainingSets, Trained, over_training_sets
from clipforensics.statistics.uncertainty import Estimate, Interval

BySeed = Mapping[tuple[str, int], Estimate]
"""(detector, seed) -> a metric on the test videos of one split."""


@dataclass(frozen=True, eq=False)
class TrainingSets:
    """All detectors on one test manipulation, under each of several splits.

    Attributes:
        meetings: Split to the detectors on its test part (or validation part).
        cluster: What is left out of a jackknife: whole identity groups, or videos.
        overlap: Share of its videos that a training set has in common with another, on average.
    """

    meetings: Mapping[str, Meeting]
    cluster: Cluster
    overlap: float

    def counts(self, level: str) -> dict[str, int]:
        """n_real, n_fake (rows of the level) and n_groups: what is tested at all, each once."""
        rows = pd.concat([meeting.frames for meeting in self.meetings.values()])
        rows = rows.drop_duplicates("key" if level == "video" else ["key", "frame"])
        groups = pd.concat([meeting.videos for meeting in self.meetings.values()]).drop_duplicates("key")
        n_groups = groups[groups["key"].isin(set(rows["key"]))]["group"].nunique()
        n_real, n_fake = ((rows["label"] == label).sum() for label in (0, 1))
        return {"n_real": int(n_real), "n_fake": int(n_fake), "n_groups": int(n_groups)}

    def aucs(self, level: str) -> dict[str, list[Trained]]:
        """Detector to its AUC on each training set."""

        def auc(meeting: Meeting, split: str) -> BySeed:
            scores = {who: table["score"].to_numpy() for who, table in meeting.scores.items()}
            names = {f"{seed}/{name}": (name, seed) for name, seed in scores}
            named = {one: scores[who] for one, who in names.items()}
            found = bootstrap_auc(meeting.draws, named, how=meeting.aggregate)["all"][level]
            return {names[one]: estimate for one, estimate in found.items()}

        return self._of_detectors(auc)

    def minus(self, level: str, reference: str) -> dict[str, OverTrainingSets]:
        """Every other detector's AUC minus that of one, as families take it."""
        aucs = self.aucs(level)
        return {
            name: OverTrainingSets(_minus(ours, aucs[reference]), self.overlap)
            for name, ours in aucs.items()
            if name != reference
        }

    def metrics(self, evaluations: Evaluations, level: str) -> dict[str, dict[str, list[Trained]]]:
        """Metric to detector to its values, each model at the threshold that its own validation chose."""
        found: dict[str, dict[tuple[str, int], dict[str, Estimate]]] = {}
        for split, meeting in self.meetings.items():
            for (name, seed), table in meeting.scores.items():
                chosen = {split: evaluations[name, seed][split]}
                for metric, estimate in measure(meeting, table, chosen, level).items():
                    found.setdefault(metric, {}).setdefault((name, seed), {})[split] = estimate

        def of_split(by_model: Mapping[tuple[str, int], Mapping[str, Estimate]]) -> Callable[..., BySeed]:
            return lambda _, split: {who: by_split[split] for who, by_split in by_model.items()}

        return {metric: self._of_detectors(of_split(by_model)) for metric, by_model in found.items()}

    def _of_detectors(self, estimate: Callable[[Meeting, str], BySeed]) -> dict[str, list[Trained]]:
        found: dict[str, list[Trained]] = {}
        for split, meeting in self.meetings.items():
            by_detector: dict[str, list[Estimate]] = {}
            for (name, _), one in estimate(meeting, split).items():
                by_detector.setdefault(name, []).append(one)
            names = self._clusters(meeting)
            for name, seeds in by_detector.items():
                found.setdefault(name, []).append(Trained.of_seeds(seeds, names))
        return found

    def _clusters(self, meeting: Meeting) -> list[Hashable]:
        """What each cluster of the draws is called in every split."""
        group = meeting.videos.set_index("key")["group"]
        names: dict[int, Hashable] = {}
        for key, number in zip(meeting.draws.keys.tolist(), meeting.draws.clusters.tolist(), strict=True):
            names[number] = key if self.cluster == "video" else int(group[key])
        return [names[number] for number in sorted(names)]


def meet_on_sets(
    scores: Mapping[str, Scores],
    videos: Mapping[str, pd.DataFrame],
    manipulation: str,
    *,
    overlap: float,
    aggregate: Pooling,
    cluster: Cluster,
    part: str = "test",
) -> TrainingSets:
    """Bring detectors together under each split by itself.

    Args:
        scores: Split to the scores of every detector and training seed.
        videos: Split to its part, with identity groups.
        manipulation: Set against all reals of the part.
        overlap: As `overlap_of` gives it.
        aggregate: How frame scores become a video's.
        cluster: What the jackknife leaves out. Nothing is drawn.
        part: `test` or `val`.
    """
    options: dict[str, Any] = {"aggregate": aggregate, "cluster": cluster, "n_replicates": 1, "seed": 0}
    meetings = {
        split: meet(of_split, videos[split], manipulation, part=part, **options)
        for split, of_split in scores.items()
    }
    return TrainingSets(meetings, cluster, overlap)


def overlap_of(training: Sequence[pd.DataFrame]) -> float:
    """Share of its videos that one training set has in common with another: mean over all pairs, in [0, 1].

    Args:
        training: Tables of training videos, with the column `key`.
    """
    sets = [set(table["key"]) for table in training]
    shares = [2 * len(one & other) / (len(one) + len(other)) for one, other in combinations(sets, 2)]
    return float(np.mean(shares)) if shares else 1.0


def variance_row(sets: TrainingSets, level: str, reference: str, confidence: float) -> Row:
    """AUC and differences as means over training sets; a row of comparison.json's `variance`, JSON-ready.

    Beside each interval stand `values`, those of the single training sets (means over seeds; null where one
    lacks a class), in the order of `splits`.
    """
    aucs = sets.aucs(level)
    gaps = {name: _minus(ours, aucs[reference]) for name, ours in aucs.items() if name != reference}

    def rows(of: Mapping[str, Sequence[Trained]]) -> dict[str, Row]:
        return {
            name: {
                **_auc_row(over_training_sets(several, overlap=sets.overlap, confidence=confidence)),
                "values": [float(one.values.mean()) for one in several],
            }
            for name, several in of.items()
        }

    (manipulation,) = {meeting.manipulation for meeting in sets.meetings.values()}
    place = {"manipulation": manipulation, "level": level, "splits": list(sets.meetings)}
    about = {"overlap": sets.overlap, "n_seeds": len(next(iter(aucs.values()))[0].values)}
    row: Row = {**place, **about, **sets.counts(level), "detectors": rows(aucs), "differences": rows(gaps)}
    return json_ready({**row, **_reasons(row)})


def cell_of(row: Row, sets: TrainingSets, leader: str | None, confidence: float) -> Row:
    """A row of `variance` in the shape of comparison.json's `cells`: what stands there for repeats.

    Args:
        row: Of `variance_row`.
        sets: What it is of.
        leader: Detector from which the others are subtracted as well, by video; None for nobody.
        confidence: Of the intervals.
    """
    level, aucs = row["level"], sets.aucs(row["level"])
    shown = ("auc", "low", "high", "p", "covers")
    cell: Row = {"manipulation": row["manipulation"], "stratum": "all", "level": level, **sets.counts(level)}
    for kind in ("detectors", "differences"):
        cell[kind] = {name: {key: one[key] for key in shown} for name, one in row[kind].items()}
    for name, one in cell["detectors"].items():
        one["seeds"] = _spread(np.mean([trained.values for trained in aucs[name]], axis=0))
    if leader is not None and level == "video":
        gaps = {name: _minus(ours, aucs[leader]) for name, ours in aucs.items() if name != leader}
        found = {
            name: _auc_row(over_training_sets(gap, overlap=sets.overlap, confidence=confidence))
            for name, gap in gaps.items()
        }
        cell["to_leader"] = {"leader": leader, "differences": found}
    return json_ready({**cell, **({"undefined": row["undefined"]} if "undefined" in row else {})})


def metric_rows_of(
    sets: TrainingSets,
    evaluations: Evaluations,
    reference: str,
    confidence: float,
    collect: Collect | None = None,
) -> list[Row]:
    """Rows of comparison.json's `metrics`, as `every_metric.metric_rows` makes them, over training sets."""
    (manipulation,) = {meeting.manipulation for meeting in sets.meetings.values()}
    rows = []
    for level in LEVELS:
        for metric, of in sets.metrics(evaluations, level).items():
            gaps = {name: _minus(ours, of[reference]) for name, ours in of.items() if name != reference}
            row: Row = {"manipulation": manipulation, "level": level, "metric": metric}
            row |= {"oracle": metric.startswith(ORACLE), **sets.counts(level)}
            for kind, several in (("detectors", of), ("differences", gaps)):
                row[kind] = {
                    name: _metric_row(
                        over_training_sets(one, overlap=sets.overlap, confidence=confidence),
                        with_p=kind == "differences",
                    )
                    for name, one in several.items()
                }
            if collect:
                collect(
                    "differences", row, {n: OverTrainingSets(one, sets.overlap) for n, one in gaps.items()}
                )
            rows.append(json_ready({**row, **_reasons(row)}))
    return rows


def _minus(ours: Sequence[Trained], theirs: Sequence[Trained]) -> list[Trained]:
    return [one - other for one, other in zip(ours, theirs, strict=True)]


def _auc_row(interval: Interval) -> Row:
    ends = {"auc": interval.value, "low": interval.low, "high": interval.high, "p": interval.p}
    return {**ends, "covers": interval.covers, **_why(interval)}


def _metric_row(interval: Interval, *, with_p: bool) -> Row:
    ends = {"value": interval.value, "low": interval.low, "high": interval.high}
    return {**ends, "covers": interval.covers, **({"p": interval.p} if with_p else {}), **_why(interval)}


def _why(interval: Interval) -> Row:
    return {"undefined": interval.undefined} if interval.undefined else {}


def _reasons(row: Row) -> Row:
    """Why intervals of a row are not there, each reason once; taken out of the single entries."""
    entries = [one for kind in ("detectors", "differences") for one in row[kind].values()]
    reasons = dict.fromkeys(one.pop("undefined") for one in entries if "undefined" in one)
    return {"undefined": "; ".join(reasons)} if reasons else {}


def _spread(values: np.ndarray) -> Row:
    """Mean, sd and range over seeds, as `uncertainty.spread_over_seeds`."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    ends = {"min": float(values.min()), "max": float(values.max())}
    return {"n": len(values), "mean": float(values.mean()), "sd": sd, **ends}
