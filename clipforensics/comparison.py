"""Where detectors meet: their AUCs and differences with intervals, in every stratum of every cell."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from clipforensics.bootstrap import bootstrap_auc, bootstrap_intervals
from clipforensics.delong import delong_difference, delong_interval
from clipforensics.evaluation import against_reals, in_stratum, strata_keys
from clipforensics.metrics import Pooling, json_ready, pool_by_video, roc_curve
from clipforensics.replicates import Replicates, draw_replicates
from clipforensics.uncertainty import LEVELS, Estimate, Interval, mean_over_seeds, spread_over_seeds

Cluster = Literal["identity", "video"]

Row = dict[str, Any]

GAP = ("twin", "no_twin")
"""The leak gap: AUC on fakes with a twin in training minus AUC on those without."""

Scores = Mapping[tuple[str, int], pd.DataFrame]
"""(detector, seed) -> table of frame scores; all of one train set, on the same frames."""


@dataclass(frozen=True, eq=False)
class Meeting:
    """All detectors on one train set and test manipulation, and the draws that they share.

    Attributes:
        manipulation: Set against all reals of the part.
        scores: Frames of both, of every detector and training seed.
        videos: Table of the videos, with identity groups and (in a test part) leak flags.
        draws: Of the bootstrap.
        aggregate: How frame scores become a video's.
    """

    manipulation: str
    scores: Scores
    videos: pd.DataFrame
    draws: Replicates
    aggregate: Pooling

    @property
    def frames(self) -> pd.DataFrame:
        """The frames that all detectors have scored."""
        return next(iter(self.scores.values()))

    def counts(self, keys: Collection[str] | None, level: str) -> dict[str, int]:
        """n_real, n_fake (rows of the level) and n_groups of all videos, or of reals and these fakes."""
        table = self.frames if keys is None else in_stratum(self.frames, set(keys))
        labels = table.drop_duplicates("key")["label"] if level == "video" else table["label"]
        groups = self.videos.set_index("key")["group"][table["key"].unique()]
        n_real, n_fake = ((labels == label).sum() for label in (0, 1))
        return {"n_real": int(n_real), "n_fake": int(n_fake), "n_groups": int(groups.nunique())}

    def average(self, estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
        """Mean over training seeds of each detector; estimates by `<seed>/<detector>`."""
        return {name: mean_over_seeds(several, name) for name, several in _by_detector(estimates).items()}


def meet(
    scores: Scores,
    videos: pd.DataFrame,
    manipulation: str,
    *,
    aggregate: Pooling,
    cluster: Cluster,
    n_replicates: int,
    seed: int,
    part: str = "test",
) -> Meeting:
    """Bring detectors together on the same videos and the same bootstrap replicates of them.

    Args:
        scores: Scores of every detector and training seed.
        videos: The part of the split, with identity groups and (for test) leak flags.
        manipulation: Set against all reals of the part.
        aggregate: How frame scores become a video's.
        cluster: What the bootstrap draws: whole identity groups, or videos.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
        part: `test`, or `val`, on which thresholds and weights were chosen.

    Raises:
        ValueError: the tables are of different frames, or in different order.
    """
    _check_same_frames(scores)
    chosen = {name: against_reals(table, manipulation, part) for name, table in scores.items()}
    first, groups = next(iter(chosen.values())), videos.set_index("key")["group"]
    draws = draw_replicates(
        first["label"].to_numpy(),
        first["key"].to_numpy(),
        clusters=groups[first["key"]].to_numpy() if cluster == "identity" else None,
        n_replicates=n_replicates,
        seed=seed,
    )
    return Meeting(manipulation, chosen, videos, draws, aggregate)


def compare_aucs(
    meeting: Meeting, *, reference: str, confidence: float, strata: bool = True
) -> tuple[list[Row], list[Row]]:
    """AUCs and their differences, whole and in every leak stratum, and what the leak is worth.

    Differences between detectors are paired, and so are those between strata. With several training
    seeds a detector's AUC is the mean over them, and the bootstrap's interval covers seeds as well.

    Args:
        meeting: The detectors.
        reference: Detector that the others are subtracted from: difference = other - reference.
        confidence: Of the intervals, for instance .95.
        strata: Whether to look into leak strata; else only the whole.

    Returns:
        One row a stratum and level; and one a level for AUC with a twin minus AUC without, whose
        `differences` say how much more the other detector gains from twins than the reference. JSON-ready.
    """
    subsets = {"all": None, **(strata_keys(meeting.videos) if strata else {})}
    scores = {f"{seed}/{name}": table["score"].to_numpy() for (name, seed), table in meeting.scores.items()}
    found = bootstrap_auc(meeting.draws, scores, how=meeting.aggregate, subsets=subsets)
    cells = []
    for stratum, keys in subsets.items():
        delong = _delong(meeting, keys, reference, confidence)
        for level in LEVELS:
            place = {"manipulation": meeting.manipulation, "stratum": stratum, "level": level}
            body = _intervals(
                found[stratum][level], reference, confidence, delong if level == "video" else {}
            )
            cells.append(json_ready({**place, **meeting.counts(keys, level), **body}))
    gaps = [_gap(meeting, found, level, reference, confidence) for level in LEVELS] if strata else []
    return cells, gaps


def _gap(
    meeting: Meeting,
    found: Mapping[str, Mapping[str, Mapping[str, Estimate]]],
    level: str,
    reference: str,
    confidence: float,
) -> Row:
    with_twin, without = (found[stratum][level] for stratum in GAP)
    gaps = {name: with_twin[name] - without[name] for name in with_twin}
    place = {"manipulation": meeting.manipulation, "level": level, "minuend": GAP[0], "subtrahend": GAP[1]}
    body = _intervals(gaps, reference, confidence, {})
    row: Row = json_ready({**place, **meeting.counts(None, level), **body})
    return row


def roc_table(scores: pd.DataFrame, level: str, aggregate: Pooling) -> pd.DataFrame:
    """Vertices (fpr, tpr) of the ROC, without those on a straight line between their neighbours."""
    values, labels = scores["score"].to_numpy(), scores["label"].to_numpy()
    if level == "video":
        values, labels = pool_by_video(values, labels, scores["key"].to_numpy(), how=aggregate)
    curve = roc_curve(values, labels)
    steps = np.stack([np.diff(curve.fpr), np.diff(curve.tpr)])
    turns = np.abs(steps[0, :-1] * steps[1, 1:] - steps[0, 1:] * steps[1, :-1]) > 1e-12
    kept = np.r_[True, turns, True]
    return pd.DataFrame({"fpr": curve.fpr[kept], "tpr": curve.tpr[kept]})


def fold_rows(
    evaluations: Mapping[str, Sequence[Mapping[str, Any]]], manipulation: str, fold: int
) -> list[Row]:
    """AUC of every detector on one fold alone: means over seeds, a row a level.

    Args:
        evaluations: Detector to the fold's evaluate files, one a seed.
        manipulation: Test manipulation.
        fold: Its number.
    """
    rows = []
    for level in LEVELS:
        points = {
            name: [e["test"][manipulation][level] for e in files] for name, files in evaluations.items()
        }
        first = next(iter(points.values()))[0]
        counts = {name: first[name] for name in ("n_real", "n_fake", "n_groups")}
        aucs = {name: {"auc": _mean([point["auc"] for point in several])} for name, several in points.items()}
        rows.append({"fold": fold, "manipulation": manipulation, "level": level, **counts, "detectors": aucs})
    return rows


def headline_metrics(evaluations: Sequence[Mapping[str, Any]], manipulation: str) -> dict[str, Any]:
    """The flat metrics of one detector that experiments are compared by: means over its seeds (and folds).

    F1, accuracy and balanced accuracy are at the threshold chosen on validation.
    """
    points = [evaluation["test"][manipulation] for evaluation in evaluations]
    metrics: dict[str, Any] = {}
    for level in ("video", "frame"):
        flat = [{**p[level], **p[level]["at_validation"]} for p in points]
        names = ["auc", "ap", "eer", "partial_auc", "f1", "accuracy", "balanced_accuracy", "tpr", "fpr"]
        names += ["n_real", "n_fake", "n_groups"]
        metrics[level] = {name: _mean([row[name] for row in flat]) for name in names}
    strata = points[0]["strata"]
    metrics["strata"] = {
        name: {
            "video_auc": _mean([p["strata"][name]["video_auc"] for p in points]),
            "n_fake": strata[name]["n_fake"],
        }
        for name in strata
    }
    validation = [evaluation["validation"]["video"]["auc"] for evaluation in evaluations]
    metrics["validation"] = {"video_auc": _mean(validation)}
    return metrics


def _mean(values: Sequence[float | int | None]) -> float | int | None:
    """Mean of the numbers; null as soon as one is undefined; a whole number stays one."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        return None
    return numbers[0] if len(set(numbers)) == 1 else float(np.mean(numbers))


def _by_detector(estimates: Mapping[str, Estimate]) -> dict[str, list[Estimate]]:
    """Estimates of each detector's seeds, from names `<seed>/<detector>`."""
    found: dict[str, list[Estimate]] = {}
    for name, estimate in estimates.items():
        found.setdefault(name.split("/", 1)[1], []).append(estimate)
    return found


def _intervals(
    estimates: Mapping[str, Estimate],
    reference: str,
    confidence: float,
    delong: Mapping[tuple[str, ...], Interval],
) -> dict[str, Any]:
    """Rows of detectors and differences; estimates by `<seed>/<detector>`."""
    seeds = _by_detector(estimates)
    means = {name: mean_over_seeds(several, name) for name, several in seeds.items()}
    detectors, differences = bootstrap_intervals(means, reference, confidence=confidence)
    spread = {name: spread_over_seeds(several)._asdict() for name, several in seeds.items()}
    rows = {
        "detectors": {
            n: {**_row(i, delong.get((n,))), "covers": i.covers, "seeds": spread[n]}
            for n, i in detectors.items()
        },
        "differences": {
            n: {**_row(i, delong.get((n, reference)), with_p=True), "covers": i.covers}
            for n, i in differences.items()
        },
    }
    reasons = [i.undefined for i in (*detectors.values(), *differences.values()) if i.undefined]
    return {**rows, "undefined": "; ".join(dict.fromkeys(reasons))} if reasons else rows


def _delong(
    meeting: Meeting, keys: Collection[str] | None, reference: str, confidence: float
) -> dict[tuple[str, ...], Interval]:
    """DeLong's interval of each detector, and of each pair (detector, reference)."""
    pooled: dict[str, list[np.ndarray]] = {}
    for (name, _), whole in meeting.scores.items():
        table = whole if keys is None else in_stratum(whole, set(keys))
        scores, truth, videos = (table[column].to_numpy() for column in ("score", "label", "key"))
        values, labels = pool_by_video(scores, truth, videos, how=meeting.aggregate)
        pooled.setdefault(name, []).append(values)
    of = {name: np.array(several) for name, several in pooled.items()}
    found: dict[tuple[str, ...], Interval] = {}
    for name, ours in of.items():
        found[name,] = delong_interval(ours, labels, confidence=confidence)
        if name != reference:
            found[name, reference] = delong_difference(ours, of[reference], labels, confidence=confidence)
    return found


def _row(interval: Interval, delong: Interval | None, *, with_p: bool = False) -> dict[str, Any]:
    row: dict[str, Any] = {"auc": interval.value, "low": interval.low, "high": interval.high, "p": interval.p}
    if delong is not None:
        row["delong"] = {"low": delong.low, "high": delong.high, **({"p": delong.p} if with_p else {})}
    return row


def _check_same_frames(scores: Scores) -> None:
    """Raise ValueError unless all tables have the same frames in the same order (pairing needs it)."""
    (_, first), *others = scores.items()
    for name, table in others:
        if not table[["key", "frame", "part"]].equals(first[["key", "frame", "part"]]):
            raise ValueError(f"the scores of {name} are of other frames than those of {next(iter(scores))}")
