"""How sure a metric, or a difference of two, is: intervals from bootstrap replicates and training seeds.

An `Estimate` is a number on the data and on every replicate (`replicates`). Estimates on the same
replicates are subtracted replicate by replicate, so `lora - baseline` and `twin - no_twin` are paired, and
so is the difference of two such differences.

The interval is value ± t * se. se is the standard deviation over replicates (Efron & Tibshirani, "An
Introduction to the Bootstrap" (1993), chapters 6 and 12), with two corrections for few clusters: a
bootstrap of n clusters understates their variance by (n - 1) / n, so each stratum's part, which the
jackknife tells, is divided by that; and t has the degrees of freedom of that sum of variances
(Satterthwaite, Biometrics Bulletin 2 (1946) 110-114). Hesterberg, The American Statistician 69 (2015)
371-386, gives the reasons for both. A metric in (0, 1) is taken on the logit scale, by the delta method,
since its distribution leans away from 1 (for the AUC: Pepe, "The Statistical Evaluation of Medical Tests"
(2003), 5.2.5); at exactly 0 or 1, and for differences, on the plain scale, clipped to what is possible.

How often it holds the truth is checked by simulation (`tests/statistics/test_coverage.py`): 400 data sets
of 10 real and 100 manipulated videos, and of 100 and 100, ten frames each, with correlated videos within
identity groups, AUC .85, 500 replicates. Share of 95% intervals that hold the true value (it varies by ±.02
by chance):

    real/manipulated videos   10/100   100/100
    video AUC                  .945     .948
    difference                 .948     .955     of two detectors' video AUC, paired
    frame AUC                  .938     .950
    percentile                 .888     .930     the same replicates, their 2.5th and 97.5th percentile
    DeLong                     .895     .958     video AUC, videos taken as independent
    DeLong, difference         .928     .958
    frame bootstrap            .500     .440     frame AUC, single frames drawn: what not to do

Near AUC 1, and for metrics that move in steps (tpr at an fpr of .1 with ten reals), it is somewhat less.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, stdtr, stdtrit

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats
from clipforensics.statistics.replicates import Bools, Replicates

MAX_UNDEFINED = 0.05
"""Share of replicates that may lack a class; with more, there is no interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and how far it can be trusted.

    Attributes:
        value: The metric, or difference of metrics, of the data as they are; NaN where undefined.
        low: Lower end of the interval; NaN where undefined.
        high: Upper end.
        p: Two-sided p against no effect (an AUC of .5, a difference of 0), by inverting the interval: it
            is below 1 - confidence if and only if the interval leaves no effect out. NaN where undefined,
            and for metrics without such a value.
        undefined: Why numbers are NaN; empty if none is.
        covers: What varies in it: `videos`, or `videos and seeds` where every detector in it has two or
            more training seeds.
        n_undefined: Replicates left out because they lack a class.
    """

    value: float
    low: float
    high: float
    p: float
    undefined: str = ""
    covers: str = "videos"
    n_undefined: int = 0


class SeedSpread(NamedTuple):
    """A metric over training seeds. `sd` has n - 1 below; NaN for one seed."""

    n: int
    mean: float
    sd: float
    min: float
    max: float


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A metric, or a difference of metrics, on the data and on every replicate.

    Attributes:
        replicates: The draws that it stands on.
        value: On the data as they are.
        draws: Shape (n_replicates,); NaN where a replicate lacks a class.
        jackknife: Shape (n_clusters,): without each cluster.
        active: Shape (n_clusters,), bool: clusters that have a part in it.
        null: The value of no effect; NaN if there is none.
        bounds: Smallest and largest possible value. (0, 1) is put on the logit scale.
        seeds: Detector to the deviations of its training seeds from their mean, shape (n_seeds,). Empty:
            the seed was not considered.
        undefined: Why there is no interval; empty if there is one.
    """

    replicates: Replicates
    value: float
    draws: Floats
    jackknife: Floats
    active: Bools
    null: float = math.nan
    bounds: tuple[float, float] = (0.0, 1.0)
    seeds: Mapping[str, Floats] = field(default_factory=dict)
    undefined: str = ""

    def __sub__(self, other: "Estimate") -> "Estimate":
        """The paired difference, whose null value is 0.

        It has no interval where neither side varies over the replicates, as of two AUCs that are both 1:
        that they are equal is then no more certain than either is.

        Raises:
            InputError: the two stand on different draws.
        """
        if not self.replicates.same_draws(other.replicates):
            raise InputError(
                "a paired difference needs the same draws: same videos, clusters, n_replicates and seed"
            )
        seeds = dict(self.seeds)
        for name, deviations in other.seeds.items():
            seeds[name] = _minus(name, seeds.get(name), deviations)
        return Estimate(
            replicates=self.replicates,
            value=self.value - other.value,
            draws=self.draws - other.draws,
            jackknife=self.jackknife - other.jackknife,
            active=self.active | other.active,
            null=0.0,
            bounds=(self.bounds[0] - other.bounds[1], self.bounds[1] - other.bounds[0]),
            seeds=seeds,
            undefined=self.undefined or other.undefined or _neither_varies(self.draws, other.draws),
        )

    @property
    def covers(self) -> str:
        """Whose randomness the interval covers: `videos`, or `videos and seeds`."""
        several = [len(deviations) > 1 for deviations in self.seeds.values()]
        return "videos and seeds" if several and all(several) else "videos"

    def interval(self, *, confidence: float = 0.95) -> Interval:
        """Its interval; see the head of this module for the method.

        Undefined, with a reason: where a class has fewer than two clusters; where more than 5% of the
        replicates lack a class; where all replicates give the same number, as when the classes do not
        overlap and every AUC is 1, which would make an interval without width. The exception is a
        difference of two that vary and are equal in every replicate, as of a detector with itself:
        [0, 0], p = 1.

        Raises:
            InputError: the confidence is not between 0 and 1.
        """
        if not 0 < confidence < 1:
            raise InputError(f"confidence {confidence}: must lie between 0 and 1, such as 0.95; mend it")
        missing = int(np.isnan(self.draws).sum())
        draws = self.draws[~np.isnan(self.draws)]
        reason = self.undefined or _too_many_undefined(missing, len(self.draws))
        flat = not reason and _constant(draws)
        if flat and self.value == self.null == 0.0 and _constant(np.r_[0.0, draws]):
            return Interval(0.0, 0.0, 0.0, 1.0, "", self.covers, missing)
        if flat:
            reason = "every replicate gives the same value, so the bootstrap cannot tell how sure it is"
        if reason:
            nan = math.nan
            return Interval(self.value, nan, nan, nan, reason, self.covers, missing)
        ends = self._ends(draws, confidence)
        return Interval(self.value, *ends, "", self.covers, missing)

    def standard_error(self) -> tuple[float, float]:
        """Standard error, corrected for few clusters, on the plain scale; and its degrees of freedom."""
        factor, degrees = self._small_sample()
        return float(np.nanstd(self.draws, ddof=1)) * factor, degrees

    def _ends(self, draws: Floats, confidence: float) -> tuple[float, float, float]:
        """Low, high and p."""
        factor, degrees = self._small_sample()
        se = float(np.std(draws, ddof=1)) * factor if len(draws) > 1 else math.nan
        t = float(stdtrit(degrees, (1 + confidence) / 2))
        if self.bounds == (0.0, 1.0) and 0 < self.value < 1:
            centre, se = float(logit(self.value)), se / (self.value * (1 - self.value))
            low, high = float(expit(centre - t * se)), float(expit(centre + t * se))
            distance = centre - float(logit(self.null))
        else:
            low, high = (float(np.clip(self.value + s * t * se, *self.bounds)) for s in (-1, 1))
            distance = self.value - self.null
        return low, high, float(2 * stdtr(degrees, -abs(distance) / se))

    def _small_sample(self) -> tuple[float, float]:
        """Factor by which the bootstrap's standard deviation is too small, and degrees of freedom."""
        parts, sizes = [], []
        for stratum in np.unique(self.replicates.strata[self.active]):
            values = self.jackknife[self.active & (self.replicates.strata == stratum)]
            if len(values) > 1:
                sizes.append(len(values))
                parts.append((len(values) - 1) * float(np.var(values)))
        seeds = [d for d in self.seeds.values() if len(d) > 1]
        n = np.array(sizes + [len(d) for d in seeds], dtype=float)
        variances = np.array(parts + [float(np.var(d, ddof=1)) / len(d) for d in seeds])
        if not variances.sum() > 0:  # steps that no single cluster moves: assume the smallest stratum's
            return math.sqrt(n.min() / (n.min() - 1)), n.min() - 1
        # The draws of seeds are stretched already, so their part is not understated.
        understated = np.where(np.arange(len(n)) < len(parts), (n - 1) / n, 1.0)
        factor = math.sqrt(variances.sum() / (variances * understated).sum())
        return factor, float(variances.sum() ** 2 / (variances**2 / (n - 1)).sum())


def mean_over_seeds(estimates: Sequence[Estimate], detector: str) -> Estimate:
    """A detector's metric as the mean over its training seeds, with both seeds and videos varying.

    In each replicate as many seeds are drawn with replacement as there are, from a stream of random
    numbers of the detector's own. A bootstrap of n values understates the variance of their mean by
    (n - 1) / n, so the drawn mean's deviation from the mean of all is stretched by sqrt(n / (n - 1)). A
    detector's seeds are drawn alike for all its metrics, levels and subsets, so their differences are
    paired by seed; different detectors draw independently.

    Few seeds say little of how seeds vary: with two, the interval is wide where the seeds disagree, by
    Student's t with few degrees of freedom. With one seed only the videos vary, and `covers` says so.

    Args:
        estimates: The same metric of each seed, on the same draws.
        detector: Its name, which keys the random numbers and pairs the seeds.

    Raises:
        InputError: no estimate, or estimates on different draws.
    """
    if not estimates:
        raise InputError(f"detector {detector!r}: no training seed to take a mean over; give one")
    first, n = estimates[0], len(estimates)
    if not all(first.replicates.same_draws(other.replicates) for other in estimates):
        raise InputError(f"detector {detector!r}: its seeds stand on different draws; score the same videos")
    values = np.array([e.value for e in estimates])
    draws = np.stack([e.draws for e in estimates])
    return replace(
        first,
        value=float(values.mean()),
        draws=_drawn_mean(draws, [first.replicates.seed, 4, *detector.encode()]),
        jackknife=np.mean([e.jackknife for e in estimates], axis=0),
        seeds={detector: values - values.mean() if n > 1 else np.zeros(1)},
        undefined=next((e.undefined for e in estimates if e.undefined), ""),
    )


def spread_over_seeds(estimates: Sequence[Estimate]) -> SeedSpread:
    """Mean, sd and range of a metric over training seeds."""
    values = np.array([e.value for e in estimates])
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return SeedSpread(len(values), float(values.mean()), sd, float(values.min()), float(values.max()))


def _drawn_mean(draws: Floats, seed: Sequence[int]) -> Floats:
    """Mean over drawn rows, stretched; draws of shape (n_seeds, n_replicates)."""
    n, n_replicates = draws.shape
    whole = draws.mean(axis=0)
    if n == 1 or not n_replicates:
        return whole
    chosen = np.random.default_rng(seed).integers(0, n, (n_replicates, n)).T
    drawn = np.take_along_axis(draws, chosen, axis=0).mean(axis=0)
    return np.asarray(whole + (drawn - whole) * math.sqrt(n / (n - 1)))


def _minus(detector: str, ours: Floats | None, theirs: Floats) -> Floats:
    if ours is None:
        return -theirs
    if ours.shape != theirs.shape:
        raise InputError(f"detector {detector!r}: {len(ours)} seeds against {len(theirs)}; use the same")
    return ours - theirs


def _constant(values: Floats) -> bool:
    """Whether all are the same, but for the rounding of exact fractions."""
    return float(np.ptp(values)) <= 1e-12


def _neither_varies(ours: Floats, theirs: Floats) -> str:
    """Why two metrics whose replicates are all alike have no interval of their difference; else empty."""
    sides = [draws[~np.isnan(draws)] for draws in (ours, theirs)]
    if not all(len(draws) and _constant(draws) for draws in sides):
        return ""
    return (
        "every replicate gives the same value of both, so the bootstrap cannot tell how sure their"
        " difference is"
    )


def _too_many_undefined(missing: int, n: int) -> str:
    if missing <= MAX_UNDEFINED * n:
        return ""
    return (
        f"{missing} of {n} replicates lack a class (at most {MAX_UNDEFINED:.0%} may): too few of its clusters"
        " are in this subset; use a larger one"
    )
