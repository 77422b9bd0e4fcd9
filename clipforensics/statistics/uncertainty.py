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

What no video of the data shows, such as one real in ten that scores like a fake, no replicate shows either.
So an AUC's interval reaches at least as far, at either end, as the score interval of as many independent
videos (`newcombe`), whose variance is multiplied by the design effect: the variance over the draws divided by
that of independent videos (Korn & Graubard, Survey Methodology 24 (1998) 193-201, do so for proportions). At
exactly 0 or 1, where no replicate differs, that interval alone is left, of as many videos as are clusters.

In a difference such a side is not known for certain: the square of its score interval's width, over z, is
added to the variance. Between strata, whose fakes are others, each side counts as no surer than its score
interval; between detectors on the same videos what both lack cancels, so that is not done. Where another
metric is stuck at an end of its range, its differences have no interval.

How often they hold the truth: docs/explanation/intervals.md, by `python -m benchmarks.coverage`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, stdtr, stdtrit

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats
from clipforensics.statistics import cautions
from clipforensics.statistics.newcombe import Sizes
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
        caution: What stands against trusting it though it is defined; empty if nothing is known.
    """

    value: float
    low: float
    high: float
    p: float
    undefined: str = ""
    covers: str = "videos"
    n_undefined: int = 0
    caution: str = ""


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
        sizes: Of an AUC; None for other metrics and for differences.
        unseen: Of a difference, the variance that its sides have beyond what the draws show.
        parts: Of a difference, the clusters with fakes of each AUC in it (of other metrics, `active`).
        caution: Of a difference, what stands against trusting its interval; see `cautions`.
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
    sizes: Sizes | None = None
    unseen: float = 0.0
    parts: tuple[Bools, ...] = ()
    caution: str = ""

    def __sub__(self, other: "Estimate") -> "Estimate":
        """The paired difference, whose null value is 0.

        Where an AUC is exactly 0 or 1 it varies over no replicate, yet is not certain: its variance is then
        that of its score interval. There is no interval where a side of another metric is stuck at an end of
        its range, or where neither side varies.

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
            undefined=self.undefined or other.undefined or _why_no_difference(self, other),
            unseen=self._unseen_beside(other) + other._unseen_beside(self),
            parts=(*self._parts(), *other._parts()),
            caution=self._caution_beside(other),
        )

    def _at_end(self) -> str:
        """What to say of an AUC of exactly 0 or 1; empty for another."""
        if self.sizes is None or not self.stuck:
            return ""
        return cautions.at_end(self.value, self.sizes.real_clusters, self.sizes.fake_clusters)

    def _caution_beside(self, other: "Estimate") -> str:
        """What to say of the difference with another; of detectors on the same videos, also of a high AUC."""
        said = self._at_end() or other._at_end() or self.caution or other.caution
        if said or self.sizes is None or not self._same_videos(other):
            return said
        return cautions.difference(self.value, other.value, self.sizes.real_clusters)

    def _parts(self) -> tuple[Bools, ...]:
        return self.parts or (self.active if self.sizes is None else self.sizes.of_fakes,)

    @property
    def stuck(self) -> bool:
        """Whether it is at an end of its range in every replicate, so that the draws say nothing of it."""
        draws = self.draws[~np.isnan(self.draws)]
        return self.value in self.bounds and len(draws) > 0 and _constant(np.r_[self.value, draws])

    def _same_videos(self, other: "Estimate") -> bool:
        """Whether two AUCs are of the same videos: two detectors, not two strata."""
        if self.sizes is None or other.sizes is None:
            return False
        return bool(np.array_equal(self.sizes.videos, other.sizes.videos))

    def _unseen_beside(self, other: "Estimate") -> float:
        """Variance of its score interval that its draws lack, in a difference; see the module's head."""
        if self.sizes is None or self.undefined:
            return self.unseen
        if self.stuck:
            return self.sizes.variance(self.value, None)
        if other.sizes is None or self._same_videos(other):
            return 0.0
        drawn = self.standard_error()[0] ** 2
        if not (drawn > 0 and self.sizes.independent > 0):
            return 0.0
        return max(0.0, self.sizes.variance(self.value, drawn / self.sizes.independent) - drawn)

    def standard_error(self) -> tuple[float, float]:
        """Standard error on the plain scale, and degrees of freedom of Student's t."""
        draws = self.draws[~np.isnan(self.draws)]
        factor, degrees = self._small_sample()
        drawn = float(np.var(draws, ddof=1)) * factor**2 if len(draws) > 1 else math.nan
        if not self.unseen:
            return math.sqrt(drawn), degrees
        several = [n for ours in self._strata() if (n := int(ours.sum())) > 1]  # one alone has no spread
        whole, few = drawn + self.unseen, max(min(several, default=2) - 1, 1)
        return math.sqrt(whole), float(whole**2 / (drawn**2 / degrees + self.unseen**2 / few))

    @property
    def covers(self) -> str:
        """Whose randomness the interval covers: `videos`, or `videos and seeds`."""
        several = [len(deviations) > 1 for deviations in self.seeds.values()]
        return "videos and seeds" if several and all(several) else "videos"

    def interval(self, *, confidence: float = 0.95) -> Interval:
        """Its interval; see the head of this module for the method.

        Undefined, with a reason: where a class has fewer than two clusters; where more than 5% of the
        replicates lack a class; where all replicates give the same number, which would make an interval
        without width. The exceptions are an AUC of exactly 0 or 1, whose score interval it is; and a
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
        flat = not reason and not self.unseen and _constant(draws)
        if flat and self.stuck and self.sizes is not None:
            low, high = self.sizes.interval(self.value, confidence, None)
            p = self.sizes.p(self.value, self.null, None)
            return Interval(self.value, low, high, p, "", self.covers, missing, self._at_end())
        if flat and self.value == self.null == 0.0 and _constant(np.r_[0.0, draws]):
            return Interval(0.0, 0.0, 0.0, 1.0, "", self.covers, missing)
        if flat:
            reason = "every replicate gives the same value, so the bootstrap cannot tell how sure it is"
        if reason:
            nan = math.nan
            return Interval(self.value, nan, nan, nan, reason, self.covers, missing)
        ends = self._ends(confidence)
        return Interval(self.value, *ends, "", self.covers, missing, self.caution)

    def _ends(self, confidence: float) -> tuple[float, float, float]:
        """Low, high and p."""
        se, degrees = self.standard_error()
        low, high, p = self._student(se, degrees, confidence)
        if self.sizes is None or not self.sizes.independent > 0:
            return low, high, p
        design = se**2 / self.sizes.independent
        widest = self.sizes.interval(self.value, confidence, design)
        other = self.sizes.p(self.value, self.null, design)
        return min(low, widest[0]), max(high, widest[1]), max(p, other)

    def _student(self, se: float, degrees: float, confidence: float) -> tuple[float, float, float]:
        """Low, high and p of Student's t."""
        t = float(stdtrit(degrees, (1 + confidence) / 2))
        if self.bounds == (0.0, 1.0) and 0 < self.value < 1:
            centre, se = float(logit(self.value)), se / (self.value * (1 - self.value))
            low, high = float(expit(centre - t * se)), float(expit(centre + t * se))
            distance = centre - float(logit(self.null))
        else:
            low, high = (float(np.clip(self.value + s * t * se, *self.bounds)) for s in (-1, 1))
            distance = self.value - self.null
        return low, high, float(2 * stdtr(degrees, -abs(distance) / se))

    def _strata(self) -> list[Bools]:
        """Clusters that vary together: of one stratum of the draws, and with a part in the same sides."""
        differ = any((part != self.parts[0]).any() for part in self.parts)
        columns = np.stack([self.replicates.strata, *(self.parts if differ else ())])
        kinds = np.unique(columns[:, self.active], axis=1).T
        return [self.active & (columns == kind[:, None]).all(axis=0) for kind in kinds]

    def _small_sample(self) -> tuple[float, float]:
        """Factor by which the bootstrap's standard deviation is too small, and degrees of freedom."""
        parts, sizes = [], []
        for ours in self._strata():
            values = self.jackknife[ours]
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
        sizes=_mean_sizes([e.sizes for e in estimates]),
        unseen=float(np.mean([e.unseen for e in estimates])),
        caution=next((e.caution for e in estimates if e.caution), ""),
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


def _mean_sizes(sizes: Sequence[Sizes | None]) -> Sizes | None:
    """Those of seeds of one detector, which share all but the variance."""
    known = [one for one in sizes if one is not None]
    if len(known) < len(sizes):
        return None
    return known[0]._replace(independent=float(np.mean([one.independent for one in known])))


def _why_no_difference(ours: Estimate, theirs: Estimate) -> str:
    """Why two metrics have no interval of their difference though each may have one; else empty."""
    sides = [one.draws[~np.isnan(one.draws)] for one in (ours, theirs)]
    flat = [len(draws) > 0 and _constant(draws) for draws in sides]
    stuck = [one.stuck and one.sizes is None for one in (ours, theirs)]
    known = [one.unseen > 0 or (one.sizes is not None and one.stuck) for one in (ours, theirs)]
    if all(flat) and not any(known):
        return (
            "every replicate gives the same value of both, so the bootstrap cannot tell how sure their"
            " difference is"
        )
    if any(stuck):
        value = (ours if stuck[0] else theirs).value
        return (
            f"one side is {value:g} in every replicate, so the bootstrap cannot tell how sure it is,"
            " nor hence how sure the difference is"
        )
    return ""


def _too_many_undefined(missing: int, n: int) -> str:
    if missing <= MAX_UNDEFINED * n:
        return ""
    return (
        f"{missing} of {n} replicates lack a class (at most {MAX_UNDEFINED:.0%} may): too few of its clusters"
        " are in this subset; use a larger one"
    )
