"""Curves of log likelihood ratios: the Tippett plot, and empirical cross entropy over prior odds."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from clipforensics.core.faults import InputError
from clipforensics.likelihood.calibrate import LN10
from clipforensics.likelihood.pav import pool_adjacent_violators
from clipforensics.likelihood.surprise import surprise
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.points import undefined_reason


class Tippett(NamedTuple):
    """At each log10 LR, ascending, the share of each class whose LR is at least it; all of shape (n,).

    Attributes:
        llr: The distinct LRs.
        h1: Of manipulated videos: it should fall far to the right of 0.
        h2: Of real videos: what it has right of 0 misleads.
    """

    llr: Floats
    h1: Floats
    h2: Floats


class CrossEntropy(NamedTuple):
    """Bits that the truth still costs at each prior; all of shape (n,).

    Attributes:
        prior: log10 of the prior odds of H1.
        ece: With these LRs.
        pav: With the best rising map of them, fitted on the same videos: what the ranking alone leaves.
        neutral: Without any (LR = 1): above it, the LRs do harm at that prior.
    """

    prior: Floats
    ece: Floats
    pav: Floats
    neutral: Floats


def tippett(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> Tippett:
    """Shares of both classes at or above each LR (Meuwly & Drygajlo, Odyssey 2001; Evett & Buckleton 1996).

    Raises:
        InputError: a class is missing, or as `costs.surprise`.
    """
    values, truth = _both(llrs, labels)
    at = np.unique(values)
    h2, h1 = (
        1 - np.searchsorted(np.sort(values[truth == label]), at, side="left") / (truth == label).sum()
        for label in (0, 1)
    )
    return Tippett(at, h1, h2)


def cross_entropy(llrs: npt.ArrayLike, labels: npt.ArrayLike, priors: npt.ArrayLike) -> CrossEntropy:
    """Empirical cross entropy (ECE) over priors; the expected calibration error merely has the same letters.

    Ramos, Gonzalez-Rodriguez, Zadora & Aitken, Journal of Forensic Sciences 58 (2013) 1503-1518. At even odds
    it is Cllr.

    Args:
        llrs: log10 LRs, shape (n,).
        labels: 0 (H2, real) or 1 (H1, manipulated), shape (n,).
        priors: log10 prior odds of H1, shape (m,).

    Raises:
        InputError: a class is missing, or as `costs.surprise`.
    """
    values, truth = _both(llrs, labels)
    places = np.unique(values, return_inverse=True)[1]
    steps = pool_adjacent_violators(places.astype(np.float64), truth)
    best = logit(steps.probabilities[places]) / LN10
    at = np.asarray(priors, dtype=np.float64)
    found = [_entropy(one, truth, at) for one in (values, best, np.zeros(len(values)))]
    return CrossEntropy(at, *found)


def _entropy(llrs: Floats, truth: Ints, priors: Floats) -> Floats:
    """Shape (m,)."""
    odds = (llrs[None, :] + priors[:, None]) * LN10
    bits = np.logaddexp(0.0, np.where(truth == 1, -odds, odds)) / np.log(2)
    chance = expit(priors * LN10)
    h1, h2 = (bits[:, truth == label].mean(axis=1) for label in (1, 0))
    return np.asarray(chance * h1 + (1 - chance) * h2)


def _both(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    _, truth = surprise(llrs, labels)
    reason = undefined_reason(truth)
    if reason:
        raise InputError(f"curves of likelihood ratios: {reason}; give videos of both")
    return np.asarray(llrs, dtype=np.float64), truth
