"""Videos that look alike to the frozen encoder, grouped: whether a detector's errors share a cause."""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import AgglomerativeClustering

from clipforensics.core.faults import InputError


@dataclass(frozen=True)
class SimilarErrors:
    """Videos that look alike.

    Attributes:
        members: Their positions in the input, ascending.
        medoid: The member with the smallest mean distance to all members, the first of equal ones.
    """

    members: tuple[int, ...]
    medoid: int


def cosine_distances(vectors: np.ndarray, center: np.ndarray) -> np.ndarray:
    """1 - cosine between vectors seen from a centre, in [0, 2].

    Embeddings of faces all point nearly the same way; only what sets a video apart from the
    average is compared. 1 means that two videos differ from the average in unrelated ways.

    Args:
        vectors: (n, d).
        center: (d,), subtracted first. A vector equal to it has no direction: its distance to others is 1.

    Returns:
        float64 (n, n), symmetric, zero on the diagonal.
    """
    moved = np.asarray(vectors, dtype=np.float64) - center
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    unit = np.divide(moved, norms, out=np.zeros_like(moved), where=norms > 0)
    distances = np.clip(1 - unit @ unit.T, 0, 2)
    np.fill_diagonal(distances, 0)
    return (distances + distances.T) / 2


def group_similar(distances: np.ndarray, max_distance: float) -> list[SimilarErrors]:
    """Agglomerative clustering with average linkage (scikit-learn's): join the nearest until too far.

    Args:
        distances: As `cosine_distances` returns them, n >= 2.
        max_distance: Clusters are joined while the mean distance between their members is below it.

    Returns:
        The clusters, the largest first, equal ones by their first member. Every position is in
        exactly one; a video unlike all others is a cluster of its own.

    Raises:
        InputError: fewer than two videos.
    """
    if len(distances) < 2:
        raise InputError(f"clusters: at least 2 videos are needed, got {len(distances)}")
    model = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=max_distance
    )
    labels = model.fit_predict(distances)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    ranked = sorted(members, key=lambda chosen: (-len(chosen), chosen[0]))
    return [SimilarErrors(tuple(chosen.tolist()), _medoid(distances, chosen)) for chosen in ranked]


def _medoid(distances: np.ndarray, members: np.ndarray) -> int:
    """Distances equal but for rounding count as equal."""
    means = distances[np.ix_(members, members)].mean(axis=1)
    return int(members[np.argmin(np.round(means, 9))])
