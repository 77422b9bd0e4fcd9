"""Whether a video looks like the footage that a detector was trained on, by its frozen embedding.

A detector says something of any picture, also of a cartoon or a landscape. How far a video lies from what
training has seen is the squared Mahalanobis distance of probabilistic PCA (Tipping & Bishop, Journal of the
Royal Statistical Society B 61 (1999) 611-622), fitted on one embedding a training video. Validation videos,
which the fit has not seen, say how far is usual: the share of them that lie as far is a conformal p-value
(Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World" (2005), 2.2). Nothing of a single video is
kept but its distance.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats

LEVEL = 0.05
"""At or below such a share of validation videos as far away a video counts as unlike the training data."""

MOST = 32
"""Components at most; and no more than one for every five training videos."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """The shape of the training videos' cloud, and how far from it validation lies.

    Attributes:
        mean: Shape (d,).
        components: Orthonormal rows, shape (m, d).
        variances: Along each component, descending, shape (m,).
        rest: Mean variance of every other direction, above 0.
        reference: Distances of validation videos, ascending, shape (n,).
    """

    mean: Floats
    components: Floats
    variances: Floats
    rest: float
    reference: Floats

    def distances(self, embeddings: npt.ArrayLike) -> Floats:
        """Squared distance of each row, shape (n,), of embeddings (n, d) of videos."""
        apart = np.asarray(embeddings, dtype=np.float64) - self.mean
        along = apart @ self.components.T
        outside = (apart**2).sum(axis=1) - (along**2).sum(axis=1)
        return np.asarray((along**2 / self.variances).sum(axis=1) + np.maximum(outside, 0) / self.rest)

    def p_value(self, distance: float) -> float:
        """Share of validation videos, with this one among them, that lie at least as far."""
        n_as_far = len(self.reference) - int(np.searchsorted(self.reference, distance, side="left"))
        return (1 + n_as_far) / (1 + len(self.reference))

    @property
    def can_tell(self) -> bool:
        """Whether there are enough validation videos for any to count as unlike: 19 at `LEVEL`."""
        return 1 / (1 + len(self.reference)) <= LEVEL + 1e-12


def fit_likeness(train: npt.ArrayLike, val: npt.ArrayLike) -> Likeness:
    """From one embedding a video (`video_embedding`).

    Args:
        train: Of training videos, shape (n, d), at least 2.
        val: Of validation videos, shape (m, d).

    Raises:
        InputError: there are fewer than two training videos, or they are all alike.
    """
    values = np.asarray(train, dtype=np.float64)
    n, width = values.shape
    if n < 2:
        raise InputError(f"likeness: {n} training videos have no spread; train on more")
    mean = values.mean(axis=0)
    _, lengths, rows = np.linalg.svd(values - mean, full_matrices=False)
    spread = lengths**2 / (n - 1)
    if not spread[0] > 0:
        raise InputError("likeness: all training videos have one embedding; check the frames")
    kept = max(1, min(MOST, n // 5, width - 1, int((spread > spread[0] * 1e-9).sum())))
    rest = float(spread[kept:].sum() / (width - kept)) or float(spread[kept - 1])
    cloud = Likeness(mean, rows[:kept] * _signs(rows[:kept]), spread[:kept], rest, np.empty(0))
    return replace(cloud, reference=np.sort(cloud.distances(val)))


def video_embedding(frames: npt.ArrayLike) -> Floats:
    """One embedding of a video, shape (d,): the mean of its frames' (n, d), each brought to unit length."""
    rows = np.asarray(frames, dtype=np.float64)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(unit.mean(axis=0))


def _signs(rows: Floats) -> Floats:
    """±1 a row, shape (m, 1), so that its largest entry is positive: singular vectors have no sign."""
    largest = np.abs(rows).argmax(axis=1)
    return np.where(rows[np.arange(len(rows)), largest] < 0, -1.0, 1.0)[:, None]
