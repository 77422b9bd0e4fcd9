"""Where detectors meet: their AUCs and differences with intervals, in every stratum of every cell."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.comparison.delong import delong_difference, delong_interval
from clipforensics.core.files import json_ready
from clipforensics.metrics.auc import roc_curve
from clipforensics.metrics.pooling import LEVELS, Pooling, pool_by_video
from clipforensics.metrics.strata import against_reals, in_stratum, strata_keys
from clipforensics.statistics.bootstrap import bootstrap_auc, bootstrap_intervals
from clipforensics.statistics.replicates import Cluster, Replicates, draw_replicates
from clipforensics.statistics.uncertainty import (
    Estimate,
    Interval,
    mean_over_seeds,
    spread_over_seeds,
)

Row = dict[str, Any]

GAPS = (("twin", "no_twin"), ("twin", "clean"))
"""Leak gaps: AUC on fakes with a twin in training minus AUC on those without, and on those that show
nobody from training."""

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
    meeting: Meeting, *, reference: str, confidence: float, strata: bool = True, leader: str | None = None
) -> tuple[list[Row], list[Row]]:
    """AUCs and their differences, whole and in every leak stratum, and what the leak is worth.

    Differences between detectors are paired, and so are those between strata. With several training
    seeds a detector's AUC is the mean over them, and the bootstrap's interval covers seeds as well.

    Args:
        meeting: The detectors.
        reference: Detector that the others are subtracted from: difference = other - reference.
        confidence: Of the intervals, for instance .95.
        strata: Whether to look into leak strata; else only the whole.
        leader: Detector from which all others are subtracted as well (`to_leader`: other - leader), by
            video and over all fakes; None for nobody.

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
            if leader is not None and (stratum, level) == ("all", "video"):
                body["to_leader"] = _to_leader(meeting, found[stratum][level], leader, confidence)
            cells.append(json_ready({**place, **meeting.counts(keys, level), **body}))
    pairs = [(pair, level) for pair in GAPS for level in LEVELS] if strata else []
    gaps = [
        {**_gap_counts(meeting, subsets, pair, level), **_gap(found, pair, level, reference, confidence)}
        for pair, level in pairs
    ]
    return cells, gaps


def _to_leader(
    meeting: Meeting, estimates: Mapping[str, Estimate], leader: str, confidence: float
) -> dict[str, Any]:
    """Every other detector minus the leader, on the same draws."""
    _, differences = bootstrap_intervals(meeting.average(estimates), leader, confidence=confidence)
    rows = {n: {**_row(i, None), "covers": i.covers} for n, i in differences.items()}
    return {"leader": leader, "differences": rows}


def _gap_counts(
    meeting: Meeting, subsets: Mapping[str, set[str] | None], pair: tuple[str, str], level: str
) -> Row:
    """Where a gap is, and the counts of both its sides."""
    sides = [meeting.counts(subsets[stratum], level) for stratum in pair]
    both = meeting.counts(set().union(*(subsets[stratum] or set() for stratum in pair)), level)
    return {
        "manipulation": meeting.manipulation,
        "level": level,
        "minuend": pair[0],
        "subtrahend": pair[1],
        **both,
        "n_minuend": sides[0]["n_fake"],
        "n_subtrahend": sides[1]["n_fake"],
    }


def _gap(
    found: Mapping[str, Mapping[str, Mapping[str, Estimate]]],
    pair: tuple[str, str],
    level: str,
    reference: str,
    confidence: float,
) -> Row:
    first, second = (found[stratum][level] for stratum in pair)
    gaps = {name: first[name] - second[name] for name in first}
    row: Row = json_ready(_intervals(gaps, reference, confidence, {}))
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
        manipulation: Test manipulation; the fold may have no video of it.
        fold: Its number.
    """
    rows = []
    for level in LEVELS:
        points = {
            name: [e["test"].get(manipulation, {}).get(level, {}) for e in files]
            for name, files in evaluations.items()
        }
        first = next(iter(points.values()))[0]
        counts = {name: first.get(name, 0) for name in ("n_real", "n_fake", "n_groups")}
        aucs = {name: {"auc": _mean([p.get("auc") for p in several])} for name, several in points.items()}
        reason = first.get("undefined") if first else f"no {manipulation} video is in this fold"
        lost = {"undefined": reason} if any(a["auc"] is None for a in aucs.values()) else {}
        place = {"fold": fold, "manipulation": manipulation, "level": level}
        rows.append({**place, **counts, "detectors": aucs, **lost})
    return rows


def mean_of_folds(rows: Sequence[Row], reference: str) -> Row:
    """Mean over folds of each detector's AUC, and of its difference to the reference.

    A pooled AUC compares scores of different models, so a detector whose scale drifts from fold to fold
    loses by it; this mean does not compare across folds. Folds without an AUC are left out.
    """
    known = [row for row in rows if all(v["auc"] is not None for v in row["detectors"].values())]
    if not known:
        return {}
    names = list(known[0]["detectors"])
    means = {name: float(np.mean([row["detectors"][name]["auc"] for row in known])) for name in names}
    differences = {name: means[name] - means[reference] for name in names if name != reference}
    return {"detectors": means, "differences": differences, "n_folds": len(known)}


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
    if interval.caution:
        row["caution"] = interval.caution
    if delong is not None:
        row["delong"] = {"low": delong.low, "high": delong.high, **({"p": delong.p} if with_p else {})}
    return row


def _check_same_frames(scores: Scores) -> None:
    """Raise ValueError unless all tables have the same frames in the same order (pairing needs it)."""
    (_, first), *others = scores.items()
    for name, table in others:
        if not table[["key", "frame", "part"]].equals(first[["key", "frame", "part"]]):
            raise ValueError(f"the scores of {name} are of other frames than those of {next(iter(scores))}")
