"""What a verdict is worth where fakes are rarer than in the test: predictive values against prevalence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from clipforensics.report.figures.axes import Box, band, drawing, grid, line

LOWEST, HIGHEST = 0.001, 0.9
TICKS = ((0.001, ".1%"), (0.01, "1%"), (0.1, "10%"), (0.5, "50%"))
RATES = tuple((tick, f"{tick:g}".replace("0.", ".")) for tick in (0.0, 0.25, 0.5, 0.75, 1.0))
PREVALENCES = np.geomspace(LOWEST, HIGHEST, 60)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its bounds, all in [0, 1]; the bounds may be None."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The bounds; without any, the value twice."""
        if self.low is None or self.high is None:
            return self.value, self.value
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Operating:
    """A detector at its threshold: true and false positive rate."""

    name: str
    tpr: Rate
    fpr: Rate

    @property
    def is_bounded(self) -> bool:
        """Whether both rates have bounds."""
        return None not in (self.tpr.low, self.tpr.high, self.fpr.low, self.fpr.high)


def exact_interval(n_called: int, n: int, confidence: float) -> tuple[float, float]:
    """Binomial interval of a rate, which a rate of 0 or 1 has too (Clopper and Pearson, Biometrika 1934).

    Args:
        n_called: How many of the `n` were called so, 0 to n.
        n: At least 1; taken as independent.
        confidence: In (0, 1); half of what is missing lies beyond either bound.

    Returns:
        Bounds in [0, 1] that hold n_called / n.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if n_called == 0 else float(beta.ppf(tail, n_called, n - n_called + 1))
    high = 1.0 if n_called == n else float(beta.ppf(1 - tail, n_called + 1, n - n_called))
    return low, high


def positive_value(prevalence: ArrayLike, tpr: float, fpr: float) -> NDArray[np.float64]:
    """PPV, the chance that a video called manipulated is: tpr p / (tpr p + fpr (1 - p)), by Bayes.

    Args:
        prevalence: Share p of manipulated videos, in (0, 1).
        tpr: Share of manipulated videos called so.
        fpr: Share of real videos called manipulated.

    Returns:
        The same shape; NaN where nothing is called manipulated.
    """
    p = np.asarray(prevalence, dtype=float)
    called = tpr * p + fpr * (1 - p)
    return np.divide(tpr * p, called, out=np.full_like(called, np.nan), where=called > 0)


def negative_value(prevalence: ArrayLike, tpr: float, fpr: float) -> NDArray[np.float64]:
    """NPV, the chance that a video called real is: (1 - fpr)(1 - p) / ((1 - fpr)(1 - p) + (1 - tpr) p)."""
    return positive_value(1 - np.asarray(prevalence, dtype=float), 1 - fpr, 1 - tpr)


def bounds_of(one: Operating, prevalence: ArrayLike, *, positive: bool) -> NDArray[np.float64]:
    """Value and bounds of PPV or NPV, shape (3, n).

    The bounds join the worst with the worst and the best with the best of both rates, which rest on different
    videos (TPR on fakes, FPR on reals): the interval is wider than its level says.
    """
    of = positive_value if positive else negative_value
    (tpr_low, tpr_high), (fpr_low, fpr_high) = one.tpr.bounds, one.fpr.bounds
    return np.stack([
        of(prevalence, one.tpr.value, one.fpr.value), of(prevalence, tpr_low, fpr_high),
        of(prevalence, tpr_high, fpr_low),
    ])  # fmt: skip


def prevalence_figure(detectors: Sequence[Operating], *, positive: bool, label: str) -> Markup:
    """PPV or NPV against prevalence on a logarithmic axis, one line a detector with its band.

    Args:
        detectors: Drawn in this order; the i-th has the class `series-<i modulo 5>`, which the page
            has to name.
            What is undefined at a prevalence is not drawn there.
        positive: PPV, else NPV.
        label: What a screen reader says the figure shows.
    """
    span = (float(np.log10(LOWEST)), float(np.log10(HIGHEST)))
    box = Box(width=300, height=190, x=span)
    ticks = [(float(np.log10(value)), text) for value, text in TICKS]
    name = "called manipulated, and is" if positive else "called real, and is"
    parts = [grid(box, ticks, RATES, "share of manipulated videos", name)]
    lines = []
    for index, one in enumerate(detectors):
        values = bounds_of(one, PREVALENCES, positive=positive)
        known = np.isfinite(values).all(axis=0)
        if not known.any():
            continue
        x, (value, low, high) = np.log10(PREVALENCES[known]), values[:, known]
        lines.append(line(box.pixels(x, value), index, one.name))
        if one.is_bounded:
            parts.append(band(box.pixels(x, low), box.pixels(x, high), index))
    return drawing(box.size, label, [*parts, *lines])
