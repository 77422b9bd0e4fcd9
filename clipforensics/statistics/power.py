"""What a test can show: the smallest difference that it finds, and the videos that a smaller one would need.

The test is that of `uncertainty`: a difference is shown where value ± t * se leaves out 0. If the true
difference is d, (value / se) has about the noncentral t distribution with noncentrality d / se and the
degrees of freedom of se, so the power is its share beyond ± t (Cohen, "Statistical Power Analysis for the
Behavioral Sciences", 2nd ed. (1988), chapter 2; Johnson, Kotz & Balakrishnan, "Continuous Univariate
Distributions" 2 (1995), chapter 31). se is taken as it was found, as if it did not depend on d. So this is
no "observed power": the difference that was found has no part in `detectable`, only in the videos that it
would need (Hoenig & Heisey, The American Statistician 55 (2001) 19-24, on why the former says nothing new).

A variance is a sum of parts: one a stratum of clusters (reals, fakes, groups of both), each falling with the
number of its clusters, and where training seeds were varied one a detector, which more videos do not make
smaller. k times as many videos of both classes, with as many a cluster as now, divide the former by k.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import nctdtr, nctdtrinc, stdtrit

from clipforensics.core.faults import InputError
from clipforensics.statistics.uncertainty import Estimate, Interval

POWER = 0.8
"""Chance of showing a difference that is there at which a test is usually planned (Cohen 1988, 2.4)."""

MOST_VIDEOS = 1_000_000
"""Nobody will collect more; a difference that needs more cannot be told from none."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the variance of a difference.

    Attributes:
        variance: That part.
        n: Clusters (or training seeds) that it was estimated from, at least 2.
        falls: Whether more videos make it smaller; not with training seeds.
    """

    variance: float
    n: float
    falls: bool = True


class Needed(NamedTuple):
    """What a difference that is not shown leaves open.

    Attributes:
        level: The power that is asked for.
        detectable: Smallest true difference, in size, that this test shows with that power; NaN where it is
            larger than any difference can be.
        n_real: Real videos with which a true difference of the size found would be shown with that power,
            if fakes grow in the same ratio; None where it is 0 or no such number up to a million does.
        n_fake: Manipulated videos alike.
        by_seeds: Whether the spread over training seeds alone forbids it, which no number of videos makes
            smaller; more seeds do.
    """

    level: float
    detectable: float
    n_real: int | None
    n_fake: int | None
    by_seeds: bool = False


def power_of(
    difference: float, parts: Sequence[Part], *, confidence: float = 0.95, error: float | None = None
) -> float:
    """Chance that a two-sided test shows a true difference.

    Args:
        difference: The true one.
        parts: Of its variance, as the test estimates it.
        confidence: Of the interval that the test inverts.
        error: Standard deviation that the difference found has in truth; None: as the test estimates it.

    Raises:
        InputError: the confidence is not between 0 and 1.
    """
    _check("confidence", confidence)
    se, degrees = standard_error(parts)
    error = se if error is None else error
    t, shift = float(stdtrit(degrees, (1 + confidence) / 2)) * se / error, abs(difference) / error
    return float(1 - nctdtr(degrees, shift, t) + nctdtr(degrees, shift, -t))


def detectable(parts: Sequence[Part], *, confidence: float = 0.95, power: float = POWER) -> float:
    """The smallest true difference that the test shows with this power.

    That it be shown on the wrong side, less than .001 at a power above .5, is not counted.

    Args:
        parts: Of its variance.
        confidence: Of the interval that the test inverts.
        power: Above .5 and below 1.

    Raises:
        InputError: a confidence or power that is none.
    """
    se, degrees = standard_error(parts)
    return se * _shift(degrees, confidence, power)


def times_as_many(
    difference: float, parts: Sequence[Part], *, confidence: float = 0.95, power: float = POWER
) -> float:
    """How many times as many videos show a true difference with this power; infinite where none do.

    Args:
        difference: The true one.
        parts: Of its variance, as it is now.
        confidence: Of the interval that the test inverts.
        power: Above .5 and below 1.

    Raises:
        InputError: a confidence or power that is none.
    """
    falling = sum(part.variance for part in parts if part.falls)
    times, wanted = 1.0, 0.0
    for _ in range(100):  # the noncentrality hangs on the degrees of freedom, and hardly on those beyond ten
        wanted = (difference / _shift(standard_error(grown(parts, times))[1], confidence, power)) ** 2
        left = wanted - sum(part.variance for part in parts if not part.falls)
        if left <= 0 or falling > left * MOST_VIDEOS:
            return math.inf
        before, times = times, max(falling / left, 1e-3)
        if abs(times - before) <= 1e-9 * times:
            break
    return times


def grown(parts: Sequence[Part], times: float) -> list[Part]:
    """The parts with so many times as many videos of every kind; no stratum falls below two clusters."""
    return [
        Part(part.variance / times, max(part.n * times, 2.0), True) if part.falls else part for part in parts
    ]


def standard_error(parts: Sequence[Part]) -> tuple[float, float]:
    """Root of the sum of the parts, and its degrees of freedom (Satterthwaite 1946, as in `uncertainty`)."""
    variances = np.array([part.variance for part in parts])
    spread = variances**2 / (np.array([part.n for part in parts]) - 1)
    return math.sqrt(variances.sum()), float(variances.sum() ** 2 / spread.sum())


def parts_of(estimate: Estimate) -> list[Part]:
    """Parts of an estimate's variance: their shares are the jackknife's, their sum is the interval's.

    Args:
        estimate: One that has an interval.
    """
    whole, degrees = estimate.standard_error()
    parts = []
    for stratum in np.unique(estimate.replicates.strata[estimate.active]):
        values = estimate.jackknife[estimate.active & (estimate.replicates.strata == stratum)]
        if len(values) > 1:
            parts.append(Part((len(values) - 1) * float(np.var(values)), len(values)))
    for deviations in estimate.seeds.values():
        if len(deviations) > 1:
            variance = float(np.var(deviations, ddof=1)) / len(deviations)
            parts.append(Part(variance, len(deviations), falls=False))
    total = sum(part.variance for part in parts)
    if not total > 0:  # steps that no single cluster moves, as `Estimate` treats them
        return [Part(whole**2, degrees + 1)]
    scale = whole**2 / total
    return [Part(part.variance * scale, part.n, part.falls) for part in parts if part.variance > 0]


def needed(
    estimate: Estimate,
    interval: Interval,
    *,
    n_real: int,
    n_fake: int,
    confidence: float = 0.95,
    power: float = POWER,
) -> Needed | None:
    """What a difference leaves open whose interval holds 0; None where it does not, or where there is none.

    Args:
        estimate: The difference.
        interval: Its interval, at this confidence.
        n_real: Real videos that it is of.
        n_fake: Manipulated videos that it is of.
        confidence: Of the interval.
        power: That is asked for, above .5 and below 1.

    Raises:
        InputError: a confidence or power that is none.
    """
    if interval.undefined or not interval.low <= 0 <= interval.high or not interval.low < interval.high:
        return None
    parts = parts_of(estimate)
    least = detectable(parts, confidence=confidence, power=power)
    times = times_as_many(estimate.value, parts, confidence=confidence, power=power)
    counts = [_whole(times * n) for n in (n_real, n_fake)]
    if None in counts:
        counts = [None, None]
    falling = [part for part in parts if part.falls]
    by_seeds = len(falling) < len(parts) and math.isinf(times) and estimate.value != 0
    if by_seeds and falling:  # or are there too few videos as well?
        by_seeds = not math.isinf(times_as_many(estimate.value, falling, confidence=confidence, power=power))
    least = least if least <= estimate.bounds[1] else math.nan
    return Needed(power, least, counts[0], counts[1], by_seeds)


def _whole(n: float) -> int | None:
    """Rounded up, but for the noise of the last digits; None beyond `MOST_VIDEOS`."""
    return math.ceil(n - 1e-6) if n <= MOST_VIDEOS else None


def _shift(degrees: float, confidence: float, power: float) -> float:
    """The noncentrality at which so great a share of a noncentral t lies above the critical value."""
    _check("confidence", confidence)
    if not 0.5 < power < 1:
        raise InputError(f"power {power}: must lie above 0.5 and below 1, such as 0.8; mend it")
    return float(nctdtrinc(degrees, 1 - power, float(stdtrit(degrees, (1 + confidence) / 2))))


def _check(name: str, share: float) -> None:
    if not 0 < share < 1:
        raise InputError(f"{name} {share}: must lie between 0 and 1, such as 0.95; mend it")
