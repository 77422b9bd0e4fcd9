"""Pool adjacent violators: the monotone map from scores to probabilities that fits labels best."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clipforensics.metrics.auc import Floats, Ints, checked_scores, class_counts


class Steps(NamedTuple):
    """A rising step function: at each distinct value, ascending, the probability of being manipulated."""

    values: Floats
    probabilities: Floats


def class_weights(labels: npt.ArrayLike) -> Floats:
    """Weights (n,) under which both classes, which must be there, weigh 1/2: then odds are LRs."""
    n_real, n_fake = class_counts(labels)
    return np.where(np.asarray(labels) == 1, 0.5 / n_fake, 0.5 / n_real)


def pool_adjacent_violators(scores: npt.ArrayLike, labels: npt.ArrayLike) -> Steps:
    """The rising map of least squared error to labels (hence of largest likelihood); a class has mass 1/2.

    Ayer et al., Annals of Mathematical Statistics 26 (1955) 641-647; for likelihood ratios Brummer & du
    Preez, Computer Speech & Language 20 (2006) 230-275. Equal scores share one probability. It is exactly 0
    (1) below the lowest manipulated (above the highest real) score.

    Args:
        scores: Shape (n,), finite.
        labels: Shape (n,), 0 real, 1 manipulated, both there.

    Raises:
        InputError: as `auc.checked_scores`.
    """
    values, truth = checked_scores(scores, labels)
    distinct, codes = np.unique(values, return_inverse=True)
    return Steps(distinct, _probabilities(codes, truth, len(distinct)))


def _probabilities(codes: Ints, truth: Ints, n: int) -> Floats:
    from scipy.optimize import isotonic_regression  # a detector that is opened does not wait for it

    mass = class_weights(truth)
    whole = np.bincount(codes, weights=mass, minlength=n)
    share = np.bincount(codes, weights=mass * truth, minlength=n) / whole
    pooled = np.asarray(isotonic_regression(share, weights=whole).x, dtype=np.float64)
    # Sums of equal masses leave pure blocks a rounding off 0 and 1.
    return np.where(pooled < 1e-12, 0.0, np.where(pooled > 1 - 1e-12, 1.0, pooled))
