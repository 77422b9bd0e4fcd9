"""Every metric of every detector on the same bootstrap replicates, as estimates with intervals.

Usage: plan the draws of a set of videos once, then measure whatever is to be compared on them.

    draws = draw_replicates(labels, videos, clusters=groups, n_replicates=2000, seed=0)
    aucs = bootstrap_auc(draws, {"lora": scores, "baseline": others}, subsets={"all": None, "twin": keys})
    (aucs["all"]["video"]["lora"] - aucs["all"]["video"]["baseline"]).interval(confidence=0.95)
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.points import FPR_BUDGETS, PARTIAL_AUC_FPR, budget_reason
from clipforensics.metrics.pooling import LEVELS, Pooling, pool_by_video
from clipforensics.statistics import pairs, weighted
from clipforensics.statistics.newcombe import Sizes
from clipforensics.statistics.replicates import Bools, Replicates
from clipforensics.statistics.uncertainty import Estimate, Interval

MOST_PAIRS = 4_000_000
"""Pairs of a real and a manipulated video up to which a table of all of them is held, 32 MB a detector."""

GRID = np.linspace(0, 1, 101)
"""False positive rates of a band."""
NO_ECE_INTERVAL = "no interval: binning biases it upward, so one would not hold the truth"


class Rows(NamedTuple):
    """Scored rows of one level: scores, labels, and the number of each row's video."""

    scores: Floats
    labels: Ints
    videos: Ints


class RocBand(NamedTuple):
    """A ROC with an interval of its tpr at each fpr.

    Attributes:
        fpr: Shape (n_grid,).
        tpr: Shape (n_grid,): of the data, vertices joined by lines, on a step its upper end.
        low: Shape (n_grid,), lower ends; NaN where undefined.
        high: Shape (n_grid,), upper ends.
        undefined: Why the whole band is NaN; empty if it is not.
    """

    fpr: Floats
    tpr: Floats
    low: Floats
    high: Floats
    undefined: str


def bootstrap_auc(
    replicates: Replicates,
    scores: Mapping[str, npt.ArrayLike],
    *,
    how: Pooling = "mean",
    subsets: Mapping[str, Collection[Any] | None] | None = None,
) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Frame and video AUC of every detector, over all fakes and over subsets of them.

    Args:
        replicates: The draws.
        scores: Detector (or detector and seed) to scores of the frames, in the order that the replicates
            were planned in.
        how: How a video's score comes from its frames: `mean`, `median` or `max`.
        subsets: Name to the keys of the fakes that count, each against all reals; None: all fakes. Keys
            of other videos are passed over. By default {"all": None}.

    Returns:
        `estimates[subset][level][detector]`; no effect is .5.

    Raises:
        InputError: no detector, or scores that are none, as `auc.checked_scores` tells.
    """
    if not scores:
        raise InputError("no scores: must be of at least one detector; add some")
    chosen = subsets if subsets is not None else {"all": None}
    videos = [replicates.videos_of(subset) for subset in chosen.values()]
    found: dict[str, dict[str, dict[str, Estimate]]] = {subset: {} for subset in chosen}
    for level in LEVELS:
        tables = [_rows(replicates, s, level, how) for s in scores.values()]
        drawn, variances = _auc_rows(replicates, tables, videos)
        for subset, ours, by_detector, apart in zip(chosen, videos, drawn, variances, strict=True):
            found[subset][level] = {
                name: replace(
                    _estimate(replicates, row, ours, null=0.5), sizes=_sizes(replicates, ours, variance)
                )
                for name, row, variance in zip(scores, by_detector, apart, strict=True)
            }
    return found


def bootstrap_metrics(
    replicates: Replicates,
    scores: npt.ArrayLike,
    *,
    level: str,
    how: Pooling = "mean",
    threshold: float | None = None,
    probability: Callable[[Floats], npt.ArrayLike] | None = None,
    prior: float | None = None,
    subset: Collection[Any] | None = None,
    budgets: Sequence[float] = FPR_BUDGETS,
    max_fpr: float = PARTIAL_AUC_FPR,
    with_ranking: bool = True,
) -> dict[str, Estimate]:
    """Every metric of one detector at one level.

    Args:
        replicates: The draws.
        scores: Shape (n_frames,).
        level: `frame` or `video`.
        how: How a video's score comes from its frames.
        threshold: Adds `accuracy`, `balanced_accuracy`, `f1`, `tpr`, `fpr` at it. Chosen on other data.
        probability: Map of scores of this level to probabilities, fitted on other data; adds `brier`, `ece`.
        prior: Share of manipulated rows at which `brier` and `ece` are taken; None: that of the rows.
        subset: Keys of the fakes that count; None: all.
        budgets: False positive rates of `tpr_at_fpr_<budget>`.
        max_fpr: Where `partial_auc` ends.
        with_ranking: Whether to add the metrics of the ranking, which need neither threshold nor
            probability: they take most of the time.

    Returns:
        By name: `auc`, `ap`, `eer`, `partial_auc`, `tpr_at_fpr_<budget>`... of the ranking; and those
        added. A budget that the real rows of the level cannot measure has no value, in any replicate.
        `ece` has a value but no interval, nor have its differences: noise within bins makes it larger
        than it is, so that no interval around it would hold a true 0.
    """
    rows = _rows(replicates, scores, level, how)
    videos = replicates.videos_of(subset)
    ranking = weighted.rank_rows(*rows)
    predicted = None if probability is None else _probabilities(probability, rows.scores)
    counts = None if threshold is None else weighted.threshold_counts(*rows, len(videos), threshold)

    def measure(weights: Floats) -> dict[str, Floats]:
        weights = weights * videos
        found: dict[str, Floats] = {}
        if with_ranking:
            found |= weighted.ranking_metrics(weighted.trace(ranking, weights), budgets, max_fpr)
        if counts is not None:
            found |= weighted.threshold_metrics(counts, weights)
        if predicted is not None:
            found |= weighted.probability_metrics(predicted, rows.labels, rows.videos, weights, prior)
        return found

    names = list(measure(np.ones((1, len(videos)))))
    values = _evaluate(
        replicates,
        lambda weights: np.stack(list(measure(weights).values())),
        videos,
        width=2 * len(rows.scores),
    )
    nulls = {"auc": 0.5, "partial_auc": 0.5}
    found = {
        name: _estimate(replicates, row, videos, null=nulls.get(name, np.nan))
        for name, row in zip(names, values, strict=True)
    }
    if with_ranking:
        found["auc"] = replace(
            found["auc"], sizes=_sizes(replicates, videos, _independent(replicates, rows, videos))
        )
    return _withheld(found, budgets if with_ranking else (), n_real=int((rows.labels == 0).sum()))


def roc_band(
    replicates: Replicates,
    scores: npt.ArrayLike,
    *,
    level: str,
    how: Pooling = "mean",
    grid: npt.ArrayLike = GRID,
    confidence: float = 0.95,
) -> RocBand:
    """Pointwise intervals of the tpr over a grid of false positive rates, for ROC and DET.

    Each holds at its own fpr; that the whole curve lies inside is less likely (vertical averaging: Fawcett,
    Pattern Recognition Letters 27 (2006), section 8.1). Where no replicate moves the tpr, as where it is 1
    in all, the ends are NaN; at fpr 1 it is 1 by definition.
    """
    rows = _rows(replicates, scores, level, how)
    ranking, points = weighted.rank_rows(*rows), np.asarray(grid, dtype=np.float64)
    videos = replicates.videos_of(None)
    values = _evaluate(
        replicates,
        lambda weights: weighted.tpr_on_grid(weighted.trace(ranking, weights), points),
        videos,
        width=2 * len(rows.scores),
    )
    intervals = [_estimate(replicates, row, videos).interval(confidence=confidence) for row in values]
    low = np.fmax.accumulate([one.low for one in intervals])  # a tpr never falls along the curve, so
    high = np.fmin.accumulate([one.high for one in intervals][::-1])[::-1]  # neither do its bounds
    ends = np.where(np.isnan([[one.low] for one in intervals]), np.nan, np.stack([low, high], axis=1))
    reason = replicates.undefined(videos)
    if not reason:
        ends[points == 1] = 1
    return RocBand(points, values[:, 0], ends[:, 0], ends[:, 1], reason)


def bootstrap_intervals(
    estimates: Mapping[str, Estimate], reference: str, *, confidence: float = 0.95
) -> tuple[dict[str, Interval], dict[str, Interval]]:
    """Interval of every detector, and of every other detector minus the reference."""
    return (
        {name: one.interval(confidence=confidence) for name, one in estimates.items()},
        {
            name: (one - estimates[reference]).interval(confidence=confidence)
            for name, one in estimates.items()
            if name != reference
        },
    )


def _withheld(found: Mapping[str, Estimate], budgets: Sequence[float], n_real: int) -> dict[str, Estimate]:
    """Without the values and intervals that the data cannot give, as `bootstrap_metrics` tells."""
    kept = dict(found)
    for budget in budgets:
        name = weighted.at_budget(budget)
        if (reason := budget_reason(n_real, [budget])) and not np.isnan(kept[name].value):
            kept[name] = _without_value(kept[name], reason)
    if "ece" in kept:
        kept["ece"] = replace(kept["ece"], undefined=kept["ece"].undefined or NO_ECE_INTERVAL)
    return kept


def _without_value(one: Estimate, reason: str) -> Estimate:
    draws, jackknife = (np.full_like(values, np.nan) for values in (one.draws, one.jackknife))
    return replace(one, value=np.nan, draws=draws, jackknife=jackknife, undefined=reason)


def _auc_rows(
    replicates: Replicates, tables: Sequence[Rows], videos: Sequence[Bools]
) -> tuple[Floats, Floats]:
    """Shape (n_subsets, n_detectors, n_rows), and their variances if videos were independent."""
    truth, everything = replicates.truth, replicates.videos_of(None)
    if _pairs(truth) > MOST_PAIRS:
        return _auc_rows_sorted(replicates, tables, videos)
    won = np.array([weighted.wins(rows.scores, rows.videos, truth) for rows in tables])
    sizes = np.bincount(tables[0].videos, minlength=len(truth))
    drawn = _evaluate(
        replicates,
        lambda weights: weighted.auc_from_wins(won, sizes, truth, videos, weights),
        everything,
        width=len(videos) * len(tables),
    )
    return drawn, weighted.independent_variance(won, sizes, truth, videos)


def _auc_rows_sorted(
    replicates: Replicates, tables: Sequence[Rows], videos: Sequence[Bools]
) -> tuple[Floats, Floats]:
    """The same without a table of all pairs, one detector after the other."""
    everything, drawn, variances = replicates.videos_of(None), [], []
    for scored in tables:
        rows = pairs.sort_rows(scored.scores, scored.videos, replicates.truth)
        known = [pairs.leaving_out(rows, subset, replicates) for subset in videos]
        drawn.append(
            _evaluate(
                replicates,
                partial(pairs.auc, rows, videos),
                everything,
                width=2 * len(scored.scores),
                jackknife=np.array(known),
            )
        )
        variances.append([pairs.variance(rows, subset) for subset in videos])
    return np.stack(drawn, axis=1), np.array(variances).T


def _pairs(truth: Ints) -> int:
    """Of a real and a manipulated video."""
    return int((truth == 0).sum()) * int((truth == 1).sum())


def _independent(replicates: Replicates, rows: Rows, videos: Bools) -> float:
    """Variance of one AUC if the videos were independent."""
    if _pairs(replicates.truth) > MOST_PAIRS:
        return pairs.variance(pairs.sort_rows(*rows[::2], replicates.truth), videos)
    won = weighted.wins(rows.scores, rows.videos, replicates.truth)[None]
    sizes = np.bincount(rows.videos, minlength=len(replicates.truth))
    return float(weighted.independent_variance(won, sizes, replicates.truth, [videos])[0, 0])


def _sizes(replicates: Replicates, videos: Bools, independent: float) -> Sizes:
    """How many videos and clusters of each class an AUC stands on."""
    real, fake = (videos & (replicates.truth == label) for label in (0, 1))
    of_reals, of_fakes = replicates.clusters_of(real), replicates.clusters_of(fake)
    n_real, n_fake, real_clusters, fake_clusters = (
        int(one.sum()) for one in (real, fake, of_reals, of_fakes)
    )
    return Sizes(n_real, n_fake, real_clusters, fake_clusters, float(independent), of_fakes, videos)


def _rows(replicates: Replicates, scores: npt.ArrayLike, level: str, how: Pooling) -> Rows:
    if level not in LEVELS:
        raise InputError(f"level {level!r}: must be one of {', '.join(LEVELS)}")
    labels = replicates.truth[replicates.codes]
    pooled, truth = pool_by_video(scores, labels, replicates.codes, how)
    if level == "video":
        return Rows(pooled, truth, np.arange(len(truth)))
    return Rows(np.asarray(scores, dtype=np.float64), labels, replicates.codes)


def _probabilities(probability: Callable[[Floats], npt.ArrayLike], scores: Floats) -> Floats:
    predicted = np.asarray(probability(scores), dtype=np.float64)
    if predicted.shape != scores.shape or not ((predicted >= 0) & (predicted <= 1)).all():
        raise InputError(
            "probabilities: must be one in [0, 1] a score; map scores there, logits by a sigmoid"
        )
    return predicted


def _evaluate(
    replicates: Replicates,
    compute: Callable[[Floats], Floats],
    videos: Bools,
    *,
    width: int,
    jackknife: Floats | None = None,
) -> Floats:
    """All rows of weights; the data alone where a class of the videos has nothing to draw."""
    if replicates.undefined(videos):
        return compute(np.ones((1, len(replicates.keys))))
    return replicates.evaluate(compute, width=width, jackknife=jackknife)


def _estimate(replicates: Replicates, values: Floats, videos: Bools, null: float = np.nan) -> Estimate:
    """From the values of all rows of weights."""
    reason = replicates.undefined(videos)
    n_clusters = len(replicates.strata)
    jackknife, draws = values[1 : 1 + n_clusters], values[1 + n_clusters :]
    if reason:
        jackknife, draws = np.full(n_clusters, np.nan), np.full(replicates.n_replicates, np.nan)
    return Estimate(
        replicates=replicates,
        value=float(values[0]),
        draws=draws,
        jackknife=jackknife,
        active=replicates.clusters_of(videos),
        null=null,
        undefined=reason,
    )
