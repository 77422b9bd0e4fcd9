"""The AUC of many rows without a table of all pairs: in memory and time that grow as the rows do.

`weighted.wins` holds a number for each pair of a real and a manipulated video, which is the quickest way for
some thousands of videos and none for a million. Here rows are sorted once, and a sum over pairs is one along
that order. Wins are counted in whole halves, so where these are below 2^53 both ways give the same bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clipforensics.metrics.auc import Floats, Ints
from clipforensics.statistics.replicates import STRATA, Bools, Replicates
from clipforensics.statistics.weighted import cumulated, share, variance_of_independent


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Rows of one class, ascending by score, and where each stands among the other class's.

    Attributes:
        scores: Shape (n,).
        videos: Shape (n,), number of each row's video.
        below: Shape (n,): how many rows of the other class have a lower score.
        upto: Shape (n,): how many have a lower or the same one.
    """

    scores: Floats
    videos: Ints
    below: Ints
    upto: Ints

    def twice_below(self, others: Bools) -> Ints:
        """Of each row twice the number of those other rows below it, ties counting half: shape (n,)."""
        counts = np.concatenate([[0], np.cumsum(others)])
        return np.asarray(counts[self.below] + counts[self.upto])

    def twice_above(self, others: Bools) -> Ints:
        """The same of those above it."""
        return np.asarray(2 * int(others.sum()) - self.twice_below(others))


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """Scored rows of one level, sorted once.

    Attributes:
        real: Real rows.
        fake: Manipulated rows.
        sizes: Shape (n_videos,), rows of each video.
        truth: Shape (n_videos,).
    """

    real: Side
    fake: Side
    sizes: Ints
    truth: Ints

    def chosen(self, subset: Bools) -> Bools:
        """Which manipulated rows are of a subset of the videos: shape of `fake.videos`."""
        return subset[self.fake.videos]


def sort_rows(scores: Floats, videos: Ints, truth: Ints) -> Sorted:
    """Sort rows of one level.

    Args:
        scores: Shape (n_rows,).
        videos: Shape (n_rows,), video of each row.
        truth: Shape (n_videos,).
    """
    of_class = [np.flatnonzero(truth[videos] == label) for label in (0, 1)]
    ordered = [rows[np.argsort(scores[rows], kind="stable")] for rows in of_class]
    values = [scores[rows] for rows in ordered]
    real, fake = (
        Side(
            values[ours],
            videos[ordered[ours]],
            np.searchsorted(values[1 - ours], values[ours], "left"),
            np.searchsorted(values[1 - ours], values[ours], "right"),
        )
        for ours in (0, 1)
    )
    return Sorted(real, fake, np.bincount(videos, minlength=len(truth)), truth)


def auc(rows: Sorted, subsets: Sequence[Bools], weights: Floats) -> Floats:
    """The AUC over each subset of the manipulated videos under each row of weights, as `auc_from_wins`.

    Args:
        rows: Of one detector.
        subsets: Bool of shape (n_videos,) each.
        weights: Shape (n, n_videos), whole numbers.

    Returns:
        Shape (n_subsets, n).
    """
    below = cumulated(weights, rows.real.videos)
    twice = np.take(below, rows.fake.below, axis=1) + np.take(below, rows.fake.upto, axis=1)
    by_video = [np.bincount(rows.fake.videos, weights=row, minlength=weights.shape[1]) for row in twice]
    fakes = np.array([subset & (rows.truth == 1) for subset in subsets], dtype=np.float64)
    won = (weights * np.array(by_video) / 2) @ fakes.T
    n_real, n_fake = weights @ (rows.sizes * (rows.truth == 0)), (weights * rows.sizes) @ fakes.T
    return share(won.T, n_real * n_fake.T)


def variance(rows: Sorted, subset: Bools) -> float:
    """What `weighted.independent_variance` gives for one detector and subset."""
    n, real, fake = len(rows.truth), rows.truth == 0, subset & (rows.truth == 1)
    won = np.bincount(rows.fake.videos, rows.fake.twice_below(_all(rows.real)), n) / 2
    lost = np.bincount(rows.real.videos, rows.real.twice_above(rows.chosen(subset)), n) / 2
    return variance_of_independent(lost[real], won[fake], rows.sizes[real], rows.sizes[fake])


def leaving_out(rows: Sorted, subset: Bools, replicates: Replicates) -> Floats:
    """The AUC over a subset without each cluster in turn, in the weights of the jackknife: (n_clusters,).

    A cluster's weight is that of its stratum, so wins under weights are those of nine tables, reals of each
    stratum against fakes of each, less what the cluster that is left out has in them.
    """
    strata, clusters = replicates.strata, replicates.clusters
    chosen, real, fake = rows.chosen(subset), clusters[rows.real.videos], clusters[rows.fake.videos]
    n = len(strata)
    lost = [np.bincount(real, rows.real.twice_above(chosen & (strata[fake] == s)), n) / 2 for s in STRATA]
    won = [np.bincount(fake, rows.fake.twice_below(strata[real] == s) * chosen, n) / 2 for s in STRATA]
    of_reals, of_fakes = np.bincount(real, minlength=n), np.bincount(fake[chosen], minlength=n)
    weights, own = replicates.weights_of_others()
    tables = [[of_stratum[strata == s].sum() for s in STRATA] for of_stratum in won]
    total = np.einsum("kn,ln,kl->n", weights, weights, np.array(tables))
    total -= own * (weights * (np.array(lost) + won)).sum(axis=0)
    total += own**2 * _within(rows, chosen, real, fake, n)
    n_real, n_fake = (
        np.array([float(counts[strata == s].sum()) for s in STRATA]) @ weights - own * counts
        for counts in (of_reals, of_fakes)
    )
    return share(total, n_real * n_fake)


def _within(rows: Sorted, chosen: Bools, real: Ints, fake: Ints, n: int) -> Floats:
    """Wins of the chosen fakes of each cluster over its own reals: shape (n_clusters,).

    Args:
        rows: Of one detector.
        chosen: Which manipulated rows count.
        real: Cluster of each real row.
        fake: Of each manipulated one.
        n: Clusters.
    """
    both = (np.bincount(real, minlength=n) > 0) & (np.bincount(fake[chosen], minlength=n) > 0)
    if not both.any():
        return np.zeros(n)
    of_real, of_fake = both[real], chosen & both[fake]
    clusters = np.r_[real[of_real], fake[of_fake]]
    scores = np.r_[rows.real.scores[of_real], rows.fake.scores[of_fake]]
    is_fake = np.arange(len(clusters)) >= of_real.sum()
    order = np.lexsort((scores, clusters))
    clusters, scores, is_fake = clusters[order], scores[order], is_fake[order]
    changes = (np.diff(clusters) != 0, (np.diff(clusters) != 0) | (np.diff(scores) != 0))
    _, cluster_end = _ends(changes[0])
    tie_start, tie_end = _ends(changes[1])
    fakes = np.concatenate([[0], np.cumsum(is_fake)])
    twice = 2 * fakes[cluster_end] - fakes[tie_end] - fakes[tie_start]  # above, and half of those beside
    return np.bincount(clusters[~is_fake], twice[~is_fake], n) / 2


def _ends(changes: Bools) -> tuple[Ints, Ints]:
    """Of each place of a row the first of its run, and the one behind its last; `changes` between places."""
    starts = np.flatnonzero(np.concatenate([[True], changes]))
    run = np.cumsum(np.concatenate([[0], changes]))
    return starts[run], np.append(starts, len(run))[run + 1]


def _all(side: Side) -> Bools:
    return np.ones(len(side.videos), dtype=bool)
