"""The cost of log likelihood ratios: Cllr, what of it is discrimination, and how sure it is.

Brummer & du Preez, "Application-independent evaluation of speaker detection", Computer Speech & Language 20
(2006) 230-275. Cllr is the mean over both classes, each of weight 1/2, of the bits of surprise at the truth:

    Cllr = mean over H1 of log2(1 + 1 / LR) / 2  +  mean over H2 of log2(1 + LR) / 2

0 is perfect, 1 what always answering LR = 1 costs, and above 1 the LRs mislead. All LRs are log10, (n,).
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from clipforensics.likelihood.calibrate import LN10
from clipforensics.likelihood.pav import pool_adjacent_violators
from clipforensics.likelihood.surprise import surprise
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.points import undefined_reason
from clipforensics.statistics.replicates import Replicates
from clipforensics.statistics.uncertainty import Estimate, Interval


class Costs(NamedTuple):
    """Bits; NaN where a class is missing.

    Attributes:
        cllr: Of the LRs as they are.
        cllr_min: Of the best rising map of them (PAV on these very videos): what the ranking alone costs.
        cllr_cal: The difference: what the calibration costs, at least 0.
    """

    cllr: float
    cllr_min: float
    cllr_cal: float


def costs(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> Costs:
    """Cllr and its two parts.

    Raises:
        InputError: as `surprise`.
    """
    whole, least = cllr(llrs, labels), cllr_min(llrs, labels)
    return Costs(whole, least, max(whole - least, 0.0) if math.isfinite(whole) else whole)


def cllr(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Cllr in bits; infinite where an LR of 0 or infinity misleads, NaN where a class is missing.

    Raises:
        InputError: as `surprise`.
    """
    bits, truth = surprise(llrs, labels)
    if undefined_reason(truth):
        return math.nan
    return float((bits[truth == 0].mean() + bits[truth == 1].mean()) / 2)


def cllr_min(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Cllr after PAV on the same videos: sees only the ranking; NaN where a class is missing.

    It is optimistic with few videos, since the map knows their labels.

    Raises:
        InputError: as `surprise`.
    """
    _, truth = surprise(llrs, labels)
    if undefined_reason(truth):
        return math.nan
    # Infinite LRs are ranked like others: by their place.
    places = np.unique(np.asarray(llrs, dtype=np.float64), return_inverse=True)[1].astype(np.float64)
    steps = pool_adjacent_violators(places, truth)
    return cllr(logit(steps.probabilities[places.astype(np.int64)]) / LN10, truth)


def cllr_interval(llrs: npt.ArrayLike, replicates: Replicates, *, confidence: float) -> Interval:
    """Cllr with an interval by the cluster bootstrap, taken on the log scale, since costs lean to the right.

    It covers the test videos, not the validation that the LRs were fitted on.

    Args:
        llrs: One a video, in the order of `replicates.keys`, finite.
        replicates: Of the test videos.
        confidence: Of the interval.

    Returns:
        `p` is against a Cllr of 1, no information.

    Raises:
        InputError: as `surprise`.
    """
    bits, truth = surprise(llrs, replicates.truth)
    everything = replicates.videos_of(None)
    reason = replicates.undefined(everything)
    if reason:
        return Interval(cllr(llrs, truth), math.nan, math.nan, math.nan, reason)
    values = np.log(replicates.evaluate(lambda weights: _weighted(bits, truth, weights), width=len(bits)))
    n_clusters = len(replicates.strata)
    found = Estimate(
        replicates=replicates,
        value=float(values[0]),
        draws=values[1 + n_clusters :],
        jackknife=values[1 : 1 + n_clusters],
        active=replicates.clusters_of(everything),
        null=0.0,
        bounds=(-math.inf, math.inf),
    ).interval(confidence=confidence)
    value, low, high = (math.exp(end) for end in (found.value, found.low, found.high))
    return found.__class__(value, low, high, found.p, found.undefined, found.covers, found.n_undefined)


def _weighted(bits: Floats, truth: Ints, weights: Floats) -> Floats:
    """Cllr under each row of weights, shape (n,)."""
    means = [
        (weights * bits * ours).sum(axis=1) / (weights * ours).sum(axis=1) for ours in (truth, 1 - truth)
    ]
    return np.asarray(sum(means) / 2)
