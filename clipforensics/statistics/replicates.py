"""The draws of a paired, stratified cluster bootstrap: made once for a set of videos, used for every metric.

Frames of a video are near copies, so frames are never drawn: whole videos are, or whole identity
groups (`clusters`). Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 8 and 16; for
clusters Field & Welsh, J. R. Stat. Soc. B 69 (2007) 369-390.

Drawing a video c times is the same as weighting it by c, so a replicate is a row of weights. Whatever is
computed on the rows of one `Replicates` is paired: detectors, levels, metrics, and subsets of the fakes
(for which the weights of the others are set to 0).

Each set of rows begins with the data as they are (weights 1) and with every cluster left out once (the
jackknife, which says how much of the variance each stratum brings). All weights are whole numbers, so
sums of counts are exact, hence the same bit for bit whatever the number of threads.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.pooling import pool_by_video

Bools = npt.NDArray[np.bool_]

STRATA = (1, 2, 3)
"""Of clusters: with real videos alone, with manipulated ones alone, with both."""

MOST_LEFT_OUT = 1_000_000_000
"""Numbers that leaving out single clusters may pass over, clusters times what a row of weights needs; 20,000
videos by video. Beyond, groups of clusters are left out (`evaluate`)."""

GROUPS = (100, 1000)
"""Least and most groups of a stratum that are left out then."""

BLOCK = 2_000_000
"""Numbers that one array of a block may hold: 16 MB of float64. Results do not depend on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Videos of one test set, and how they are drawn. Make it with `draw_replicates`.

    Attributes:
        keys: Shape (n_videos,), sorted; the order of all arrays over videos.
        codes: Shape (n_frames,), number of each frame's video.
        truth: Shape (n_videos,), 0 real, 1 manipulated.
        clusters: Shape (n_videos,), number of each video's cluster, from 0.
        strata: Shape (n_clusters,), stratum of each cluster: 1 real videos only, 2 manipulated only,
            3 both; a stratum of a single cluster joins another.
        n_replicates: How many.
        seed: Of the draws.
    """

    keys: npt.NDArray[Any]
    codes: Ints
    truth: Ints
    clusters: Ints
    strata: Ints
    n_replicates: int
    seed: int

    @property
    def n_rows(self) -> int:
        """Rows of weights: the data, each cluster left out, the replicates."""
        return 1 + len(self.strata) + self.n_replicates

    def same_draws(self, other: "Replicates") -> bool:
        """Whether a row means the same draw of the same videos in both."""
        if self is other:
            return True
        counts = (self.n_replicates, self.seed) == (other.n_replicates, other.seed)
        arrays = ("keys", "truth", "clusters")
        return counts and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in arrays)

    def videos_of(self, subset: Collection[Any] | None) -> Bools:
        """Shape (n_videos,): reals, and fakes whose key is in the subset (None: all of them)."""
        if subset is None:
            return np.ones(len(self.keys), dtype=bool)
        chosen = np.array([key in subset for key in self.keys.tolist()], dtype=bool)
        return chosen | (self.truth == 0)

    def clusters_of(self, videos: Bools) -> Bools:
        """Shape (n_clusters,): clusters that hold one of these videos."""
        return np.bincount(self.clusters[videos], minlength=len(self.strata)) > 0

    def undefined(self, videos: Bools) -> str:
        """Why these videos (bool, one a video) have no interval; empty if they have."""
        for label, name in ((0, "real"), (1, "manipulated")):
            of_class = videos & (self.truth == label)
            n_videos, n_clusters = int(of_class.sum()), int(self.clusters_of(of_class).sum())
            if n_clusters < 2:
                remedy = "; compare.cluster: video draws single videos" if n_videos > 1 else ""
                return (
                    f"an interval needs two or more clusters of each class, got {n_clusters}"
                    f" of {n_videos} {name} videos{remedy}"
                )
        return ""

    def evaluate(
        self, compute: Callable[[Floats], Floats], *, width: int, jackknife: Floats | None = None
    ) -> Floats:
        """What `compute` makes of every row of weights.

        Where so many clusters meet so many numbers that leaving out each takes hours (`MOST_LEFT_OUT`),
        groups of them, drawn once, are left out (delete-a-group jackknife: Kott, Journal of Official
        Statistics 17 (2001) 521-526). Each cluster is given its group's number, drawn in to the mean so far
        that the variance of the stratum is what the groups say.

        Args:
            compute: Weights of shape (n, n_videos) -> array of shape (..., n).
            width: Numbers that it needs at a time for one row; bounds the memory.
            jackknife: What leaving out each cluster gives, shape (..., n_clusters), where that is known.

        Returns:
            Shape (..., n_rows).
        """
        width = max(width, len(self.keys), 1)
        size = max(1, BLOCK // width)
        whole = compute(np.ones((1, len(self.keys))))
        if jackknife is None:
            jackknife = self._left_out(compute, width, size)
        drawn = [compute(block) for block in self._drawn(size)]
        return np.concatenate([whole, jackknife, *drawn], axis=-1)

    def _left_out(self, compute: Callable[[Floats], Floats], width: int, size: int) -> Floats:
        """Of each cluster, or its group, what is computed without it: shape (..., n_clusters)."""
        if len(self.strata) * width <= MOST_LEFT_OUT:
            return np.concatenate([compute(block) for block in self._without_each(size)], axis=-1)
        groups = self._groups(int(np.clip(MOST_LEFT_OUT // width, *GROUPS)))
        found = np.concatenate([compute(block) for block in self._without_groups(groups)], axis=-1)
        return self._of_clusters(found, groups)

    def _groups(self, most: int) -> Ints:
        """Group of each cluster, numbered over all strata, at most so many of a stratum, of equal size."""
        groups, begun = np.zeros(len(self.strata), dtype=np.int64), 0
        for stratum in STRATA:
            inside = np.flatnonzero(self.strata == stratum)
            n = min(most, len(inside))
            order = np.random.default_rng([self.seed, 5, stratum]).permutation(len(inside))
            groups[inside] = begun + order % max(n, 1)
            begun += n
        return groups

    def _without_groups(self, groups: Ints) -> Iterator[Floats]:
        """Rows (1, n_videos), each without a group, whose weight goes to the others of its stratum."""
        sizes = np.bincount(self.strata, minlength=4)
        for group in range(int(groups.max(initial=-1)) + 1):
            out = groups == group
            stratum = self.strata[int(np.argmax(out))]
            left = max(int(sizes[stratum] - out.sum()), 1)
            weights = np.where(self.strata == stratum, sizes[stratum], left).astype(np.float64)
            weights[out] = 0
            yield weights[self.clusters][None]

    def _of_clusters(self, found: Floats, groups: Ints) -> Floats:
        """What leaving out groups gives, (..., n_groups), as if of clusters: shape (..., n_clusters)."""
        of_cluster = found[..., groups]
        members = np.bincount(groups)[groups]
        for stratum in STRATA:
            ours = self.strata == stratum
            n, n_groups = int(ours.sum()), len(np.unique(groups[ours]))
            if n_groups < 2:
                continue
            mean = of_cluster[..., ours].mean(axis=-1, keepdims=True)
            drawn_in = np.sqrt((n_groups - 1) / n_groups * n / (n - 1) / members[ours])
            of_cluster[..., ours] = mean + (of_cluster[..., ours] - mean) * drawn_in
        return of_cluster

    def _without_each(self, size: int) -> Iterator[Floats]:
        """Blocks of at most `size` rows, each without a cluster, of shape (n, n_videos)."""
        n_clusters = len(self.strata)
        for start in range(0, n_clusters, size):
            left_out = np.arange(start, min(start + size, n_clusters))
            yield np.take(self._without(left_out), self.clusters, axis=1)

    def _drawn(self, size: int) -> Iterator[Floats]:
        """Blocks of at most `size` rows, each a replicate, of shape (n, n_videos)."""
        n_clusters = len(self.strata)
        rngs = {int(stratum): np.random.default_rng([self.seed, stratum]) for stratum in STRATA}
        for start in range(0, self.n_replicates, size):
            counts = np.zeros((min(size, self.n_replicates - start), n_clusters))
            for stratum, rng in rngs.items():
                inside = np.flatnonzero(self.strata == stratum)
                if len(inside):
                    counts[:, inside] = _multinomial(rng, len(counts), len(inside))
            yield np.take(counts, self.clusters, axis=1)  # in C order: sums along a row keep theirs

    def weights_of_others(self) -> tuple[Floats, Floats]:
        """Weights while a cluster is left out: those of each of `STRATA` (3, n_clusters), and its own's."""
        sizes = np.bincount(self.strata, minlength=4).astype(np.float64)
        own = sizes[self.strata]
        of_strata = [np.where(self.strata == s, own, np.maximum(own - 1, 1)) for s in STRATA]
        return np.array(of_strata), own

    def _without(self, left_out: Ints) -> Floats:
        """Weights of clusters without one of them, whose weight goes to the others of its stratum.

        A stratum of n keeps its share if the others weigh n / (n - 1); times n - 1 all is whole, and no
        metric sees the scale of its weights.
        """
        sizes = np.bincount(self.strata, minlength=4)[self.strata]
        ours = self.strata[left_out][:, None] == self.strata[None, :]
        weights = np.where(ours, sizes[None, :], np.maximum(sizes[left_out] - 1, 1)[:, None])
        weights[np.arange(len(left_out)), left_out] = 0
        return weights.astype(np.float64)


def draw_replicates(
    labels: npt.ArrayLike,
    videos: npt.ArrayLike,
    *,
    n_replicates: int,
    seed: int,
    clusters: npt.ArrayLike | None = None,
) -> Replicates:
    """Plan the bootstrap of a set of videos.

    Clusters are drawn with replacement within strata: those with real videos only, with manipulated
    videos only, and with both; each stratum keeps its number of clusters. So a replicate of all videos
    never lacks a class. (With videos as clusters this is the bootstrap stratified by class.) A stratum of
    one cluster would never vary and count as known for certain: it joins another that has the same class.

    The draws depend on the seed and on which videos and clusters there are, not on scores or the order of
    frames.

    Args:
        labels: Shape (n_frames,), 0 real, 1 manipulated; one label a video.
        videos: Shape (n_frames,), key or code of each frame's video.
        n_replicates: How many; 2,000 make the ends of a 95% interval steady to about a percent.
        seed: Of the draws.
        clusters: Shape (n_frames,), what is drawn, such as the video's identity group; each video in one.
            None: each video is its own cluster.

    Raises:
        InputError: arrays of different length, labels other than 0 and 1, a video with two labels or in
            two clusters, or fewer than one replicate.
    """
    if n_replicates < 1:
        raise InputError(f"n_replicates {n_replicates}: must be at least 1; 2000 are usual")
    truth = pool_by_video(np.zeros(np.shape(labels)), labels, videos)[1]
    keys, codes = np.unique(np.asarray(videos), return_inverse=True)
    numbers = _cluster_of_video(clusters, codes, keys)
    return Replicates(keys, codes, truth, numbers, _strata(truth, numbers), n_replicates, seed)


def _cluster_of_video(clusters: npt.ArrayLike | None, codes: Ints, keys: npt.NDArray[Any]) -> Ints:
    """Cluster of each video, numbered from 0 in sorted order."""
    if clusters is None:
        return np.arange(len(keys))
    _, of_frame = np.unique(np.asarray(clusters), return_inverse=True)
    if of_frame.shape != codes.shape:
        raise InputError(f"clusters: shape {of_frame.shape}, videos {codes.shape}; give one entry a frame")
    of_video = np.zeros(len(keys), dtype=np.int64)
    of_video[codes] = of_frame
    wrong = of_video[codes] != of_frame
    if wrong.any():
        raise InputError(f"video {str(keys[codes[wrong][0]])!r} is in two clusters; give it one")
    return of_video


def _strata(truth: Ints, clusters: Ints) -> Ints:
    n_clusters = int(clusters.max()) + 1 if len(clusters) else 0
    has_real = np.bincount(clusters[truth == 0], minlength=n_clusters) > 0
    has_fake = np.bincount(clusters[truth == 1], minlength=n_clusters) > 0
    kinds = has_real + 2 * has_fake
    for single, other in ((1, 3), (2, 3), (3, 1), (3, 2)):
        if (kinds == single).sum() == 1 and (kinds == other).any():
            kinds[kinds == single] = other
    return kinds


def _multinomial(rng: np.random.Generator, n_rows: int, n: int) -> Ints:
    """Shape (n_rows, n): how often each of n is drawn in n draws with replacement."""
    drawn = rng.integers(0, n, (n_rows, n)) + np.arange(n_rows)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=n_rows * n).reshape(n_rows, n)


Cluster = Literal["identity", "video"]
