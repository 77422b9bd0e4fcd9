"""Metrics under weights of videos, for many rows of weights at a time: what the bootstrap draws.

A row of weights says how often each video counts; weights are whole numbers. Under weights all 1 each
function gives what its namesake of `metrics.points` (or `metrics.calibration`) gives, under others what
that gives if the rows of a video are repeated that often. NaN where a class has no weight.

Each metric is so written twice, and on purpose. There it is the definition, over one table, sum by sum as the
literature has it, and what `evaluate` reports; here it is a few passes over arrays for thousands of tables at
once, whose last digits are others. A test holds the two equal on rows repeated as often as the weights say.

`weights` have the shape (n, n_videos), results (n,). Counts are exact, so the AUC is bit for bit
independent of threads; the other sums run along a row in fixed order, without BLAS.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clipforensics.metrics.auc import Floats, Ints

N_BINS = 10
"""Bins of the expected calibration error, as many as `calibration.reliability` has, which a test holds. Said
again, since importing that module would make the stage `robustness` run again for every word in it."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scored rows of one level, sorted once so that any weights can be summed along them.

    Attributes:
        real: Video of each real row, from the highest score down.
        fake: The same of manipulated rows.
        corners: Shape (2, n): number of real and of manipulated rows at or above each vertex where the ROC
            can turn; the first is (0, 0). Between them it is straight under any weights.
        hits: Shape (2, n): the same at each distinct score that a manipulated row has.
        vertices: Shape (2, n): the same at every distinct score; the first is (0, 0).
    """

    real: Ints
    fake: Ints
    corners: Ints
    hits: Ints
    vertices: Ints


@dataclass(frozen=True, slots=True)
class Curve:
    """Weighted counts along a ranking, each of shape (n, n_vertices) or (n,).

    Attributes:
        false: Weight of real rows at or above each corner.
        true: Weight of manipulated rows.
        false_at_hits: Weight of real rows at or above each distinct score of manipulated rows.
        true_at_hits: Weight of manipulated rows.
        fpr: `false` over its last column: ascending from 0 to 1; NaN without real rows.
        tpr: `true` over its last column.
        near: Shape (2, 2, n): fpr and fnr, at the last vertex (corner or not) where fpr is less than fnr and
            at the next.
    """

    false: npt.NDArray[np.integer]
    true: npt.NDArray[np.integer]
    false_at_hits: npt.NDArray[np.integer]
    true_at_hits: npt.NDArray[np.integer]
    fpr: Floats
    tpr: Floats
    near: Floats


def rank_rows(scores: Floats, labels: Ints, videos: Ints) -> Ranking:
    """Sort rows of one level.

    Args:
        scores: Shape (n_rows,).
        labels: Shape (n_rows,).
        videos: Shape (n_rows,), column of each row's video in the weights.
    """
    order = np.argsort(-scores, kind="stable")
    values, truth = scores[order], labels[order]
    ends = np.flatnonzero(np.r_[values[1:] != values[:-1], True]) if len(values) else np.empty(0, np.int64)
    counts = np.stack([np.cumsum(1 - truth), np.cumsum(truth)])[:, ends]
    gains = np.diff(counts, axis=1, prepend=0) > 0
    kind = gains[0] + 2 * gains[1]  # of the step down to each vertex: real rows, manipulated, both
    straight = np.r_[(kind[1:] == kind[:-1]) & (kind[1:] != 3), False]
    start, ordered = np.zeros((2, 1), dtype=np.int64), videos[order]
    return Ranking(
        real=ordered[truth == 0],
        fake=ordered[truth == 1],
        corners=np.concatenate([start, counts[:, ~straight]], axis=1),
        hits=counts[:, gains[1]],
        vertices=np.concatenate([start, counts], axis=1),
    )


def trace(ranking: Ranking, weights: Floats) -> Curve:
    """Weighted counts along a ranking; exact."""
    real, fake = cumulated(weights, ranking.real), cumulated(weights, ranking.fake)
    false, true = np.take(real, ranking.corners[0], axis=1), np.take(fake, ranking.corners[1], axis=1)
    return Curve(
        false=false,
        true=true,
        false_at_hits=np.take(real, ranking.hits[0], axis=1),
        true_at_hits=np.take(fake, ranking.hits[1], axis=1),
        fpr=share(false, false[:, -1:]),
        tpr=share(true, true[:, -1:]),
        near=_around_equal_rates(ranking.vertices, real, fake),
    )


def ranking_metrics(curve: Curve, budgets: Sequence[float], max_fpr: float) -> dict[str, Floats]:
    """The metrics of `points.ranking_metrics`, each (n,); `tpr_at_fpr` has a name a budget (`at_budget`)."""
    return {
        "auc": auc(curve),
        "ap": average_precision(curve),
        "eer": eer(curve),
        "eer_at_nearest_threshold": eer_at_nearest_threshold(curve),
        "partial_auc": partial_auc(curve, max_fpr),
        **{at_budget(budget): tpr_at_fpr(curve, budget) for budget in budgets},
    }


def at_budget(budget: float) -> str:
    """What `tpr_at_fpr` at a budget is called: `tpr_at_fpr_0.05`."""
    return f"tpr_at_fpr_{budget:g}"


def auc(curve: Curve) -> Floats:
    """Area under the ROC, as `auc.roc_auc`."""
    false, true = curve.false.astype(np.float64), curve.true.astype(np.float64)
    twice = np.einsum("nk,nk->n", np.diff(false, axis=1), true[:, 1:] + true[:, :-1])
    return share(twice, 2 * false[:, -1] * true[:, -1])


def average_precision(curve: Curve) -> Floats:
    """Average precision, as `points.average_precision`."""
    hits = curve.true_at_hits
    precision = hits / np.maximum(hits + curve.false_at_hits, 1)  # without weight the gain is 0 as well
    gains = hits.astype(np.float64)
    gains[:, 1:] -= hits[:, :-1]
    total = np.einsum("nk,nk->n", gains, precision)
    return np.where(curve.false[:, -1] > 0, share(total, curve.true[:, -1]), np.nan)


def eer(curve: Curve) -> Floats:
    """Equal error rate, as the rate of `points.eer`."""
    fpr, gap = curve.fpr, curve.fpr - (1 - curve.tpr)
    before = np.maximum(
        (gap < -5e-13).sum(axis=1) - 1, 0
    )  # where the gap rounds, to 12 digits, to less than 0
    after = np.minimum(before + 1, gap.shape[1] - 1)
    rows = np.arange(len(gap))
    with np.errstate(invalid="ignore", divide="ignore"):
        step = -gap[rows, before] / (gap[rows, after] - gap[rows, before])
    return np.asarray(fpr[rows, before] + step * (fpr[rows, after] - fpr[rows, before]))


def eer_at_nearest_threshold(curve: Curve) -> Floats:
    """Mean of fpr and fnr at the nearest vertex, as `points.eer_at_nearest_threshold`."""
    apart, mean = np.abs(curve.near[0] - curve.near[1]).round(12), curve.near.mean(axis=0)
    return np.where(apart[0] == apart[1], mean.min(axis=0), np.where(apart[0] < apart[1], mean[0], mean[1]))


def partial_auc(curve: Curve, max_fpr: float) -> Floats:
    """Area under the ROC up to max_fpr, standardised so that chance is .5, as `points.partial_auc`."""
    fpr, tpr = curve.fpr, curve.tpr
    widths = np.diff(np.minimum(fpr, max_fpr), axis=1)
    area = np.einsum("nk,nk->n", widths, tpr[:, 1:] + tpr[:, :-1]) / 2
    # The segment that crosses max_fpr was counted with the tpr of its far end.
    rows, before, after, share = _crossing(fpr, max_fpr)
    excess = (1 - share) * (tpr[rows, after] - tpr[rows, before])
    area -= (max_fpr - np.minimum(fpr[rows, before], max_fpr)) * excess / 2
    chance = max_fpr**2 / 2
    return np.where(np.isnan(fpr[:, 0]), np.nan, (1 + (area - chance) / (max_fpr - chance)) / 2)


def tpr_at_fpr(curve: Curve, budget: float) -> Floats:
    """As `points.tpr_at_fpr`, without interpolation; but also at a budget that too few real rows can measure.

    That is for the caller to refuse, by the real rows of the data and not by those of each row of weights.
    """
    last = np.maximum((curve.fpr <= budget).sum(axis=1) - 1, 0)
    found = curve.tpr[np.arange(len(last)), last]
    return np.where(np.isnan(curve.fpr[:, 0]), np.nan, found)


def tpr_on_grid(curve: Curve, grid: Floats) -> Floats:
    """tpr at each fpr of the grid, shape (n_grid, n): vertices joined by lines, on a step its upper end."""
    found = np.stack([np.interp(grid, x, y) for x, y in zip(curve.fpr, curve.tpr, strict=True)], axis=1)
    return np.where(np.isnan(curve.fpr[:, 0] + curve.tpr[:, 0]), np.nan, found)


def threshold_counts(scores: Floats, labels: Ints, videos: Ints, n_videos: int, threshold: float) -> Floats:
    """What `threshold_metrics` needs of the rows, counted once: shape (4, n_videos).

    Rows of each video: manipulated and called so, manipulated, real and called manipulated, real.
    """
    called = scores >= threshold
    kinds = [rows for label in (1, 0) for rows in (called & (labels == label), labels == label)]
    return np.array([np.bincount(videos[rows], minlength=n_videos) for rows in kinds], dtype=np.float64)


def threshold_metrics(counts: Floats, weights: Floats) -> dict[str, Floats]:
    """The metrics of `points.threshold_metrics` at score >= threshold, each (n,), of `threshold_counts`."""
    true, fakes, false, reals = (_weighed(weights, of_video) for of_video in counts)
    fakes, reals = (np.where((fakes > 0) & (reals > 0), n, np.nan) for n in (fakes, reals))
    return {
        "accuracy": (true + reals - false) / (fakes + reals),
        "balanced_accuracy": (true / fakes + (reals - false) / reals) / 2,
        "f1": 2 * true / (true + false + fakes),
        "tpr": true / fakes,
        "fpr": false / reals,
    }


def probability_metrics(
    predicted: Floats, labels: Ints, videos: Ints, weights: Floats, prior: float | None = None
) -> dict[str, Floats]:
    """`brier` and `ece` of probabilities.

    Args:
        predicted: Shape (n_rows,), in [0, 1].
        labels: Shape (n_rows,).
        videos: Shape (n_rows,), column of each row's video.
        weights: Shape (n, n_videos).
        prior: Share that manipulated rows are to have, by weighting the classes; None: as it is.
    """
    n_videos = weights.shape[1]
    of_class = [labels == label for label in (0, 1)]
    sizes = [_summed(videos[rows], n_videos, weights) for rows in of_class]
    both = np.where((sizes[0] > 0) & (sizes[1] > 0), 1.0, np.nan)
    if prior is None:
        whole, masses = sizes[0] + sizes[1], [both, both]
    else:
        whole, masses = (
            np.ones(len(weights)),
            [share(both * (1 - prior), sizes[0]), share(both * prior, sizes[1])],
        )

    def mean(values: Floats, rows: npt.NDArray[np.bool_]) -> Floats:
        """Sum over rows, each class by its mass, over the whole."""
        parts = [
            mass * _summed(videos[rows & ours], n_videos, weights, values[rows & ours])
            for mass, ours in zip(masses, of_class, strict=True)
        ]
        return share(parts[0] + parts[1], whole)

    bins = np.searchsorted(np.arange(1, N_BINS) / N_BINS, predicted, side="left")
    gaps = [np.abs(mean(predicted - labels, bins == number)) for number in range(N_BINS)]
    everything = np.ones(len(labels), dtype=bool)
    return {"brier": mean((predicted - labels) ** 2, everything), "ece": sum(gaps[1:], start=gaps[0])}


def wins(scores: Floats, codes: Ints, truth: Ints) -> Floats:
    """Pairs of rows that the manipulated video wins, ties counting half: shape (n_real, n_fake).

    Searches in the sorted rows of each real video: time n_real * rows of fakes * log.

    Args:
        scores: Shape (n_rows,).
        codes: Shape (n_rows,), video of each row.
        truth: Shape (n_videos,).
    """
    of_fake = truth[codes] == 1
    column = np.cumsum(truth) - 1  # the number of a manipulated video among its kind
    order = np.flatnonzero(of_fake)[np.argsort(scores[of_fake], kind="stable")]
    fakes, columns = scores[order], column[codes[order]]
    n_fake = int(truth.sum())
    found = np.empty((len(truth) - n_fake, n_fake))
    real_order = np.argsort(codes[~of_fake], kind="stable")
    real_scores = scores[~of_fake][real_order]
    ends = np.cumsum(np.bincount(codes[~of_fake], minlength=len(truth))[truth == 0])
    for row, values in enumerate(np.split(real_scores, ends[:-1]) if len(ends) else []):
        values = np.sort(values)
        below = np.searchsorted(values, fakes, "left") + np.searchsorted(values, fakes, "right")
        found[row] = np.bincount(columns, weights=below, minlength=n_fake) / 2
    return found


def auc_from_wins(
    won: Floats, sizes: Ints, truth: Ints, subsets: Sequence[npt.NDArray[np.bool_]], weights: Floats
) -> Floats:
    """AUC of several detectors over several subsets of the videos.

    Under weights w it is sum_ij w_i w_j U_ij / (sum_i w_i m_i  sum_j w_j m_j), with i over real and j over
    manipulated videos, m rows in a video, and U of `wins`: the scores are sorted once, and every row of
    weights is a small matrix product.

    Args:
        won: Shape (n_detectors, n_real, n_fake).
        sizes: Shape (n_videos,), rows of each video.
        truth: Shape (n_videos,).
        subsets: Bool of shape (n_videos,) each: the manipulated videos that count.
        weights: Shape (n, n_videos).

    Returns:
        Shape (n_subsets, n_detectors, n).
    """
    real, fake = weights[:, truth == 0], weights[:, truth == 1]
    chosen = np.array([subset[truth == 1] for subset in subsets], dtype=np.float64)
    n_real, n_fake = real @ sizes[truth == 0], fake @ (chosen * sizes[truth == 1]).T
    total = np.empty((len(chosen), len(won), len(weights)))
    for detector, table in enumerate(won):
        total[:, detector] = ((real @ table) * fake @ chosen.T).T
    return share(total, (n_real * n_fake.T)[:, None, :])


def independent_variance(
    won: Floats, sizes: Ints, truth: Ints, subsets: Sequence[npt.NDArray[np.bool_]]
) -> Floats:
    """Variance that each AUC of `auc_from_wins` would have if the videos were independent.

    The sum over both classes of the variance of a video's part in the AUC: DeLong's (Biometrics 44 (1988)
    837-845) for one row a video, else its extension to clusters of rows (Obuchowski, Biometrics 53 (1997)
    567-578), without a term for videos that hold both classes, since none does.

    Args:
        won: Shape (n_detectors, n_real, n_fake), of `wins`.
        sizes: Shape (n_videos,), rows of each video.
        truth: Shape (n_videos,).
        subsets: As for `auc_from_wins`.

    Returns:
        Shape (n_subsets, n_detectors); NaN with fewer than two videos of a class.
    """
    found = np.full((len(subsets), len(won)), np.nan)
    rows_of_reals = sizes[truth == 0]
    for number, subset in enumerate(subsets):
        chosen = subset[truth == 1]
        for detector, table in enumerate(won[:, :, chosen]):
            sums = table.sum(axis=1), table.sum(axis=0)
            found[number, detector] = variance_of_independent(*sums, rows_of_reals, sizes[truth == 1][chosen])
    return found


def variance_of_independent(lost: Floats, won: Floats, rows_of_reals: Ints, rows_of_fakes: Ints) -> float:
    """The variance of `independent_variance`, of one detector and subset.

    Args:
        lost: Shape (n_real,): pairs of rows that each real video loses.
        won: Shape (n_fake,): pairs that each manipulated video wins.
        rows_of_reals: Shape (n_real,).
        rows_of_fakes: Shape (n_fake,).
    """
    reals, fakes = rows_of_reals.astype(np.float64), rows_of_fakes.astype(np.float64)
    n_pairs, n_real, n_fake = reals.sum() * fakes.sum(), len(reals), len(fakes)
    if min(n_real, n_fake) < 2:
        return math.nan
    auc = won.sum() / n_pairs
    real = (lost - auc * reals * fakes.sum()) / n_pairs
    fake = (won - auc * fakes * reals.sum()) / n_pairs
    return float((real @ real) * n_real / (n_real - 1) + (fake @ fake) * n_fake / (n_fake - 1))


def cumulated(weights: Floats, videos: Ints) -> npt.NDArray[np.integer]:
    """Shape (n, n_rows + 1): weight of the first 0, 1, 2, ... rows; whole numbers."""
    largest = float(weights.max(initial=0)) * len(videos)
    counts = np.zeros((len(weights), len(videos) + 1), dtype=np.int32 if largest < 2**31 else np.int64)
    np.cumsum(np.take(weights.astype(counts.dtype), videos, axis=1), axis=1, out=counts[:, 1:])
    return counts


def _around_equal_rates(
    vertices: Ints, real: npt.NDArray[np.integer], fake: npt.NDArray[np.integer]
) -> Floats:
    """fpr and fnr on both sides of where they meet, as `Curve.near`; found by bisection, as neither turns."""
    rows = np.arange(len(real))

    def rates(vertex: Ints) -> Floats:
        false, true = real[rows, vertices[0, vertex]], fake[rows, vertices[1, vertex]]
        return np.stack([share(false, real[:, -1]), 1 - share(true, fake[:, -1])])

    before, after = np.zeros(len(rows), dtype=np.int64), np.full(len(rows), vertices.shape[1] - 1)
    while (after - before > 1).any():
        middle = (before + after) // 2
        fpr, fnr = rates(middle)
        less = fpr - fnr < -5e-13  # where it rounds, to 12 digits, to less than 0
        before, after = np.where(less, middle, before), np.where(less, after, middle)
    return np.stack([rates(before), rates(after)], axis=1)


def _crossing(fpr: Floats, at: float) -> tuple[Ints, Ints, Ints, Floats]:
    """Rows, vertices before and after a given fpr, and how far between them it lies."""
    rows = np.arange(len(fpr))
    before = np.maximum((fpr <= at).sum(axis=1) - 1, 0)
    after = np.minimum(before + 1, fpr.shape[1] - 1)
    step = fpr[rows, after] - fpr[rows, before]
    share = np.divide(at - fpr[rows, before], step, out=np.zeros(len(fpr)), where=step > 0)
    return rows, before, after, share


def _summed(videos: Ints, n_videos: int, weights: Floats, values: Floats | None = None) -> Floats:
    """Weighted sum over rows; exact for counts."""
    return _weighed(weights, np.bincount(videos, weights=values, minlength=n_videos).astype(float))


def _weighed(weights: Floats, of_video: Floats) -> Floats:
    return np.asarray(np.einsum("nv,v->n", weights, of_video))


def share(part: npt.NDArray[np.number], whole: npt.NDArray[np.number]) -> Floats:
    """part / whole, NaN where the whole is 0; the whole is broadcast."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part / np.where(whole == 0, np.nan, whole))
