"""Where detectors meet: their AUCs and differences with intervals, in every stratum of every cell."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.comparison.delong import delong_difference, delong_interval
from clipforensics.comparison.families import Collect
from clipforensics.core.files import json_ready
from clipforensics.metrics.auc import roc_curve
from clipforensics.metrics.pooling import LEVELS, Pooling, pool_by_video
from clipforensics.metrics.strata import against_reals, in_stratum, strata_keys
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.power import needed
from clipforensics.statistics.replicates import Cluster, Replicates, draw_replicates
from clipforensics.statistics.uncertainty import (
    Estimate,
    Interval,
    mean_over_seeds,
    spread_over_seeds,
)

Row = dict[str, Any]

GAPS = (("twin", "no_twin"), ("twin", "clean"), ("twin", "clean_of_both"))
"""Leak gaps: AUC on fakes with a twin in training minus AUC on those without, on those that show nobody
from training, and on those that show nobody from training or validation."""

Scores = Mapping[tuple[str, int], pd.DataFrame]
"""(detector, seed) -> table of frame scores; all of one train set, on the same frames."""


@dataclass(frozen=True, eq=False)
class Meeting:
    """All detectors on one train set and test manipulation, and the draws that they share.

    Attributes:
        manipulation: Set against all reals of its data set in the part.
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
    reals_of: str | None = None,
) -> Meeting:
    """Bring detectors together on the same videos and the same bootstrap replicates of them.

    Args:
        scores: Scores of every detector and training seed.
        videos: The part of the split, with identity groups and (for test) leak flags.
        manipulation: Set against all reals of its data set in the part.
        aggregate: How frame scores become a video's.
        cluster: What the bootstrap draws: whole identity groups, or videos.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
        part: `test`, or `val`, on which thresholds and weights were chosen.
        reals_of: Another data set, whose reals these fakes are set against instead.

    Raises:
        ValueError: the tables are of different frames, or in different order.
    """
    _check_same_frames(scores)
    chosen = {
        name: against_reals(table, manipulation, part, reals_of=reals_of) for name, table in scores.items()
    }
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
    meeting: Meeting,
    *,
    reference: str,
    confidence: float,
    strata: bool = True,
    leader: str | None = None,
    collect: Collect | None = None,
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
        collect: Takes the estimates that families are made of (`families`); None: nothing does.

    Returns:
        One row a stratum and level; and one a level for AUC with a twin minus AUC without, whose
        `differences` say how much more the other detector gains from twins than the reference. JSON-ready.
    """
    subsets = {"all": None, **(strata_keys(meeting.videos) if strata else {})}
    scores = {f"{seed}/{name}": table["score"].to_numpy() for (name, seed), table in meeting.scores.items()}
    found = bootstrap_auc(meeting.draws, scores, how=meeting.aggregate, subsets=subsets)
    take: Collect = collect or (lambda *_: None)
    cells = []
    for stratum, keys in subsets.items():
        delong = _delong(meeting, keys, reference, confidence)
        for level in LEVELS:
            place = {"manipulation": meeting.manipulation, "stratum": stratum, "level": level}
            sizes, means = meeting.counts(keys, "video"), meeting.average(found[stratum][level])
            body = _intervals(
                found[stratum][level], reference, confidence, delong if level == "video" else {}, sizes
            )
            take("differences", place, minus(means, reference))
            if leader is not None and (stratum, level) == ("all", "video"):
                body["to_leader"] = _to_leader(means, leader, confidence, sizes)
                take("to_leader", place, minus(means, leader))
            cells.append(json_ready({**place, **meeting.counts(keys, level), **body}))
    pairs = [(pair, level) for pair in GAPS if set(pair) <= set(subsets) for level in LEVELS]
    gaps = []
    for pair, level in pairs:
        place, sizes = (_gap_counts(meeting, subsets, pair, of) for of in (level, "video"))
        worth = {name: found[pair[0]][level][name] - found[pair[1]][level][name] for name in scores}
        take("detectors", place, meeting.average(worth))
        gaps.append({**place, **json_ready(_intervals(worth, reference, confidence, {}, sizes, gap=True))})
    return cells, gaps


def minus(estimates: Mapping[str, Estimate], reference: str) -> dict[str, Estimate]:
    """Every other detector minus the reference, paired."""
    return {name: one - estimates[reference] for name, one in estimates.items() if name != reference}


def unshown(estimate: Estimate, interval: Interval, sizes: Mapping[str, int], confidence: float) -> Row:
    """The key `power` of a difference whose interval holds 0 (`statistics.power.needed`); else nothing.

    Args:
        estimate: The difference.
        interval: Its interval.
        sizes: `n_real` and `n_fake`, videos whatever the level: nobody collects frames.
        confidence: Of the interval.
    """
    counts = {name: sizes[name] for name in ("n_real", "n_fake")}
    found = needed(estimate, interval, confidence=confidence, **counts)
    return {"power": found._asdict()} if found else {}


def _to_leader(
    means: Mapping[str, Estimate], leader: str, confidence: float, sizes: Mapping[str, int]
) -> dict[str, Any]:
    """Every other detector minus the leader, on the same draws."""
    rows = {}
    for name, one in minus(means, leader).items():
        i = one.interval(confidence=confidence)
        rows[name] = {**_row(i, None), "covers": i.covers, **unshown(one, i, sizes, confidence)}
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
    sizes: Mapping[str, int],
    *,
    gap: bool = False,
) -> dict[str, Any]:
    """Rows of detectors and differences; estimates by `<seed>/<detector>`; `gap`: of differences already."""
    seeds = _by_detector(estimates)
    means = {name: mean_over_seeds(several, name) for name, several in seeds.items()}
    apart = minus(means, reference)
    detectors, differences = (
        {name: one.interval(confidence=confidence) for name, one in found.items()} for found in (means, apart)
    )
    open_ = {n: unshown(means[n], i, sizes, confidence) if gap else {} for n, i in detectors.items()}
    spread = {name: spread_over_seeds(several)._asdict() for name, several in seeds.items()}
    rows = {
        "detectors": {
            n: {**_row(i, delong.get((n,))), "covers": i.covers, "seeds": spread[n], **open_[n]}
            for n, i in detectors.items()
        },
        "differences": {
            n: {
                **_row(i, delong.get((n, reference)), with_p=True),
                "covers": i.covers,
                **unshown(apart[n], i, sizes, confidence),
            }
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
