"""How far two AUCs will vary that nobody has measured yet: the binormal model. Pure.

In both classes a detector's scores are normal with variance 1, once stretched as fits (an AUC sees ranks
alone); manipulated videos lie higher by sqrt(2) times the normal quantile of the AUC (Green & Swets, "Signal
Detection Theory and Psychophysics" (1966), chapter 3). Two detectors' scores of one video correlate alike in
both classes; videos are independent.

A difference of AUCs is a mean over pairs, so its variance is a / n_real + b / n_fake + c / (n_real n_fake):
of reals, of fakes, and of what only pairs have (Hoeffding, Annals of Mathematical Statistics 19 (1948)
293-325; to plan by it: Hanley & McNeil, Radiology 148 (1983) 839-843). Each is a covariance of "this fake
outscores this real" between pairs that share a video: a bivariate normal probability less a product, which is
the integral of the density over its correlation from 0 (Plackett, Biometrika 41 (1954) 351-360).

The bootstrap finds c three times: once in the reals' own spread, once in the fakes', once in the pairs drawn.
So the test takes the error for larger than it is, which few videos and like detectors make worth counting.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats
from clipforensics.statistics.power import Part, power_of
from clipforensics.statistics.replicates import Bools

BLOCK = 500_000
"""Pairs of videos that are simulated at a time."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True, slots=True)
class Design:
    """A comparison that is planned.

    Attributes:
        auc: Of the worse detector, above 0 and below 1.
        n_real: Independent real videos, two or more.
        n_fake: Independent manipulated videos, two or more.
        correlation: Of the two detectors' scores within a class, from 0 to below 1.
        confidence: Of the interval that the test inverts.
    """

    auc: float
    n_real: int
    n_fake: int
    correlation: float
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Raise InputError for a number outside its range."""
        if not 0 < self.auc < 1:
            raise InputError(f"auc {self.auc:g}: must lie between 0 and 1, such as 0.78; mend it")
        if not 0 <= self.correlation < 1:
            raise InputError(f"correlation {self.correlation:g}: must be from 0 to below 1, such as 0.5")
        if min(self.n_real, self.n_fake) < 2:
            raise InputError(
                f"{self.n_real} reals and {self.n_fake} fakes: an interval needs two of each; plan for more"
            )

    def variance(self, difference: float) -> tuple[float, list[Part]]:
        """Of the difference found: in truth; and in parts (reals, fakes) as the test finds it on average.

        Raises:
            InputError: the better detector would have no AUC below 1.
        """
        better = self.auc + difference
        if not self.auc <= better < 1:
            raise InputError(
                f"auc {self.auc:g} and difference {difference:g}: the difference must not be negative (auc is"
                " that of the worse detector), and their sum must be below 1; choose other ones"
            )
        ours, theirs = float(ndtri(better)), float(ndtri(self.auc))
        one = _variance(ours, theirs, 0.5, self.correlation)
        pairs = _variance(ours, theirs, 1.0, self.correlation) - 2 * one
        sizes = (self.n_real, self.n_fake)
        truth = sum(one / n for n in sizes) + pairs / math.prod(sizes)
        return truth, [Part((one + 1.5 * pairs / other) / n, n) for n, other in (sizes, sizes[::-1])]

    def power(self, difference: float) -> float:
        """Chance that the test shows it.

        Raises:
            InputError: the better detector would have no AUC below 1.
        """
        if not difference:
            return 1 - self.confidence
        truth, parts = self.variance(difference)
        return power_of(difference, parts, confidence=self.confidence, error=math.sqrt(truth))

    def simulated_power(self, difference: float, *, n_runs: int = 2000, seed: int = 0) -> float:
        """Share of simulated runs in which the test shows it; `power` without what that takes for granted.

        With few videos a difference and its estimated error rise together, which no noncentral t knows. Each
        run draws scores, and tests with the variance that endless bootstrap draws would have.

        Args:
            difference: The true one.
            n_runs: 2,000 are sure to .02 or less.
            seed: Of the scores.

        Raises:
            InputError: the better detector would have no AUC below 1.
        """
        self.variance(difference)  # refuses what cannot be
        rng, shown = np.random.default_rng(seed), 0
        shifts = math.sqrt(2) * ndtri([self.auc, self.auc + difference])
        size = max(1, BLOCK // (self.n_real * self.n_fake))
        for start in range(0, n_runs, size):
            n = min(size, n_runs - start)
            real, fake = (_drawn(rng, n, of, self.correlation) for of in (self.n_real, self.n_fake))
            worse, other = (
                fake[i][:, None, :] + shift > real[i][:, :, None] for i, shift in enumerate(shifts)
            )
            shown += int(_are_shown(np.subtract(other, worse, dtype=np.float32), self.confidence).sum())
        return shown / n_runs

    def detectable(self, power: float) -> float | None:
        """The smallest difference that the test shows with this power; None where not even the largest is."""
        low, high = 0.0, 1 - self.auc - 1e-6
        if self.power(high) < power:
            return None
        while high - low > 1e-7:
            middle = (low + high) / 2
            low, high = (middle, high) if self.power(middle) < power else (low, middle)
        return high


def _drawn(rng: np.random.Generator, n_runs: int, n: int, correlation: float) -> Floats:
    """Scores of two detectors of n videos of a class, shape (2, n_runs, n)."""
    common, own = rng.normal(size=(n_runs, n)), rng.normal(size=(2, n_runs, n))
    return np.asarray(math.sqrt(correlation) * common + math.sqrt(1 - correlation) * own)


def _are_shown(tables: npt.NDArray[np.float32], confidence: float) -> Bools:
    """Whether the test shows a mean over pairs that is not 0; tables (n_runs, n_real, n_fake) of -1, 0, 1."""
    n_real, n_fake = tables.shape[1:]
    sums = [
        tables @ np.ones(n_fake, np.float32),
        np.ones(n_real, np.float32) @ tables,
    ]  # whole numbers: exact
    means = [sums[0].astype(float) / n_fake, sums[1].astype(float) / n_real]  # of each real, of each fake
    value, sizes = means[0].mean(axis=1), np.array(tables.shape[1:])[:, None]
    parts = np.stack([np.var(one, axis=1, ddof=1) for one in means]) / sizes
    # Beyond reals and fakes the bootstrap's own draws add what only pairs have.
    rest = np.count_nonzero(tables, axis=(1, 2)) / sizes.prod() - value**2 - (parts * (sizes - 1)).sum(axis=0)
    error = np.sqrt(parts.sum(axis=0) + np.maximum(rest, 0) / sizes.prod())
    with np.errstate(invalid="ignore", divide="ignore"):  # detectors that rank alike in a run are not shown
        degrees = parts.sum(axis=0) ** 2 / (parts**2 / (sizes - 1)).sum(axis=0)
        return np.asarray(np.abs(value) > stdtrit(degrees, (1 + confidence) / 2) * error)


def _variance(ours: float, theirs: float, shared: float, correlation: float) -> float:
    """Covariance, between pairs that share so much of their variance, of the difference of two outcomes."""
    crossed = _covariance(ours, theirs, shared * correlation)
    return _covariance(ours, ours, shared) + _covariance(theirs, theirs, shared) - 2 * crossed


def _covariance(first: float, second: float, correlation: float) -> float:
    """Of "below first" and "below second" of two standard normals: Phi2(first, second; r) - Phi Phi.

    With r = sin(t) the density times cos(t) has no pole at r = 1.
    """
    top = math.asin(correlation)
    t = top * (_NODES + 1) / 2
    sine, cosine = np.sin(t), np.cos(t)
    density = np.exp(-(first**2 - 2 * first * second * sine + second**2) / (2 * cosine**2)) / (2 * math.pi)
    return float(top / 2 * (_WEIGHTS * density).sum())
