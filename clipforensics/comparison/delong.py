"""DeLong's nonparametric variance of an AUC, and of the difference of two AUCs of the same videos.

DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837-845, with the midranks of Sun & Xu, IEEE Signal
Processing Letters 21 (2014) 1389-1393, in n log n time.

It takes the scores as independent: give it one score a video, never frames, and know that videos of one
identity are not quite independent either (the cluster bootstrap of `bootstrap` allows for that). It says
nothing of training seeds; where several are given, it is of the mean AUC of these.

Intervals are Wald's: value ± z * standard error, the normal quantile, clipped to [0, 1] (a difference to
[-1, 1]). With ten real videos and a high AUC they are too short, most of all above: quote the bootstrap's.
"""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats
from clipforensics.metrics.pooling import pool_by_video
from clipforensics.statistics.uncertainty import Interval


def delong_interval(scores: npt.ArrayLike, labels: npt.ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Interval of an AUC; p against chance (.5).

    Args:
        scores: Shape (n_videos,), or (n_seeds, n_videos) for the mean AUC over seeds.
        labels: Shape (n_videos,), 0 real, 1 manipulated.
        confidence: Of the interval.

    Returns:
        The interval; NaN with a reason where a class has fewer than two videos, or where the estimated
        variance is 0 (the classes do not overlap).
    """
    return _wald(_components(scores, labels), null=0.5, bounds=(0, 1), confidence=confidence)


def delong_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, labels: npt.ArrayLike, *, confidence: float = 0.95
) -> Interval:
    """Interval of the AUC of `first` minus that of `second`, paired; p against 0.

    Arguments as for `delong_interval`; the numbers of seeds may differ.

    Returns:
        The interval; NaN with a reason where a class has fewer than two videos, or where the estimated
        variance is 0. The exception is a difference of exactly 0 without variance of two AUCs that do
        have a variance, as of a detector with itself: [0, 0] with p 1. That two AUCs of 1 are equal is
        no more certain than either is.
    """
    ours, theirs = _components(first, labels), _components(second, labels)
    # Sums of whole halves over a common denominator: equal detectors differ by exactly 0.
    n = ours[2] * theirs[2]
    parts = [a * theirs[2] - b * ours[2] for a, b in zip(ours[:2], theirs[:2], strict=True)]
    same = _vary(ours[:2]) and not any(part.any() for part in parts)
    return _wald((parts[0], parts[1], n), null=0.0, bounds=(-1, 1), confidence=confidence, same=same)


def _components(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Floats, int]:
    """Structural components: wins of each manipulated video, of each real one, and number of seeds.

    Both are sums over seeds in whole halves: the component of a manipulated video is its wins over
    n_real * n_seeds.
    """
    tables = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    order = np.arange(tables.shape[-1])
    checked = [pool_by_video(row, labels, order) for row in tables]
    if not checked:
        raise InputError("scores: no training seed; give one row a seed")
    truth = checked[0][1]
    real, fake = truth == 0, truth == 1
    of_fake, of_real = np.zeros(int(fake.sum())), np.zeros(int(real.sum()))
    for values, _ in checked:
        ranks = rankdata(values)
        of_fake += ranks[fake] - rankdata(values[fake])
        of_real += len(of_fake) - (ranks[real] - rankdata(values[real]))
    return of_fake, of_real, len(checked)


def _vary(components: Iterable[Floats]) -> bool:
    """Whether any class has videos with different components; of halves, so exact."""
    return any(len(wins) > 0 and np.ptp(wins) > 0 for wins in components)


def _wald(
    components: tuple[Floats, Floats, int],
    *,
    null: float,
    bounds: tuple[float, float],
    confidence: float,
    same: bool = False,
) -> Interval:
    """Wald's interval; `same`: of a difference of two that vary and have equal components."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence {confidence}: must lie between 0 and 1, such as 0.95; mend it")
    of_fake, of_real, n_seeds = components
    n_fake, n_real = len(of_fake), len(of_real)
    value = float(of_fake.sum() / (n_real * n_fake * n_seeds)) if n_real and n_fake else math.nan
    if min(n_real, n_fake) < 2:
        return _undefined(value, f"DeLong needs two videos of each class, got {n_real} real, {n_fake} fake")
    shares = of_fake / (n_real * n_seeds), of_real / (n_fake * n_seeds)
    spread = [_vary([wins]) for wins in (of_fake, of_real)]
    variance = sum(np.var(v, ddof=1) / len(v) for v, varies in zip(shares, spread, strict=True) if varies)
    if not variance:
        if same:
            return Interval(0.0, 0.0, 0.0, 1.0)
        return _undefined(value, "DeLong's variance is 0: no video is ranked otherwise than the rest")
    error = math.sqrt(variance)
    z = float(ndtri((1 + confidence) / 2))
    low, high = (float(np.clip(value + sign * z * error, *bounds)) for sign in (-1, 1))
    return Interval(value, low, high, float(2 * ndtr(-abs(value - null) / error)))


def _undefined(value: float, reason: str) -> Interval:
    return Interval(value, math.nan, math.nan, math.nan, reason)
