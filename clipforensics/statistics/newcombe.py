"""The score interval of an AUC of independent videos, which has a width even where no two of them overlap.

Newcombe, Statistics in Medicine 25 (2006) 559-573, method 5. The variance is not that of the scores at hand
but that of exponentially distributed ones, taken at each candidate for the true AUC (as Wilson does for a
proportion). So it has a width even where the classes do not overlap, and it expects reals that score like
fakes though none was drawn: it reaches further down than any resampling of ten reals can.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

HAIR = 1e-12
"""How near to the ends of [0, 1] a true AUC is looked for."""


def score_variance(auc: float, n_real: float, n_fake: float) -> float:
    """Variance of the AUC of exponentially distributed scores whose true AUC this is.

    Hanley & McNeil, Radiology 143 (1982) 29-36, with the mean of both sizes in place of each (Newcombe's
    method 5), so that exchanging the classes changes nothing.
    """
    others = (n_real + n_fake) / 2 - 1
    pairs = 1 + others * ((1 - auc) / (2 - auc) + auc / (1 + auc))
    return auc * (1 - auc) * pairs / (n_real * n_fake)


def score_interval(
    auc: float, n_real: int, n_fake: int, *, confidence: float, design: float = 1.0
) -> tuple[float, float]:
    """The true AUCs from which this one is no further than z standard errors, as seen from there.

    Args:
        auc: Of the data, in [0, 1].
        n_real: Independent real videos (or groups), one or more.
        n_fake: Manipulated ones.
        confidence: Of the interval.
        design: Factor on the variance, above 0: how much more the AUC varies than independent videos would
            make it (Kish's design effect).

    Returns:
        Low and high, in [0, 1], on either side of `auc`.
    """
    z = float(ndtri((1 + confidence) / 2))

    def excess(true: float) -> float:
        return (auc - true) ** 2 - z**2 * design * score_variance(true, n_real, n_fake)

    # At an AUC of exactly 1 that is 0 at 1 as well, so the search ends a hair before it; at 0 likewise.
    low = float(brentq(excess, 0, min(auc, 1 - HAIR))) if auc > 0 else 0.0
    high = float(brentq(excess, max(auc, HAIR), 1)) if auc < 1 else 1.0
    return low, high


def score_p(auc: float, null: float, n_real: int, n_fake: int, *, design: float = 1.0) -> float:
    """Two-sided p that the true AUC is `null`, in (0, 1): below 1 - confidence if the interval lacks it."""
    error = math.sqrt(design * score_variance(null, n_real, n_fake))
    return float(2 * ndtr(-abs(auc - null) / error))


class Sizes(NamedTuple):
    """What an AUC's score interval rests on, beside its value.

    Attributes:
        n_real: Real videos.
        n_fake: Manipulated videos that count.
        real_clusters: Clusters with one of these reals.
        fake_clusters: Clusters with one of these manipulated videos.
        independent: Variance that the AUC would have if all videos were independent.
        of_fakes: Shape (n_clusters,): which clusters hold one of these manipulated videos.
        videos: Shape (n_videos,): which videos it is of.
    """

    n_real: int
    n_fake: int
    real_clusters: int
    fake_clusters: int
    independent: float
    of_fakes: npt.NDArray[np.bool_]
    videos: npt.NDArray[np.bool_]

    def interval(self, auc: float, confidence: float, design: float | None) -> tuple[float, float]:
        """Low and high of so many videos; without a design effect, of as many as there are clusters."""
        return score_interval(auc, *self._counts(design), confidence=confidence, design=design or 1.0)

    def p(self, auc: float, null: float, design: float | None) -> float:
        """Two-sided p that the true AUC is `null`, likewise."""
        return score_p(auc, null, *self._counts(design), design=design or 1.0)

    def variance(self, auc: float, design: float | None) -> float:
        """The square of the interval's half width over z; of its whole width where it has only one side."""
        low, high = self.interval(auc, 0.95, design)
        reach = (high - low) / (1 if auc in (0, 1) else 2)
        return (reach / float(ndtri(0.975))) ** 2

    def _counts(self, design: float | None) -> tuple[int, int]:
        clusters = (self.real_clusters, self.fake_clusters)
        return clusters if design is None else (self.n_real, self.n_fake)
