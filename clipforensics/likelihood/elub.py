"""Empirical lower and upper bounds of LRs: how far from 1 so many validation videos let an LR go."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.likelihood.surprise import surprise
from clipforensics.metrics.auc import Floats
from clipforensics.metrics.points import undefined_reason

STEP = 0.01
"""Of the grid of log10 LRs on which bounds lie."""
EXTREME = 9.0
"""Log10 LRs beyond it count as it."""


class Bounds(NamedTuple):
    """log10 LRs: at most 0 below, at least 0 above."""

    low: float
    high: float


def elub(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> Bounds:
    """The bounds of Vergeer et al., Science & Justice 56 (2016) 482-491, as the package `lir` computes them.

    One misleading LR is added to each class. At each threshold the expected utility of deciding by these LRs
    is compared with that of deciding without any (LR = 1). Bounds are the first thresholds on either side of
    1 at which the LRs do worse, less one step of the grid. So n videos of H2 never let an LR above n + 1, and
    badly calibrated LRs are held closer, at worst to 1.

    Args:
        llrs: log10 LRs, shape (n,).
        labels: 0 (H2, real) or 1 (H1, manipulated), shape (n,).

    Raises:
        InputError: a class is missing, or as `costs.surprise`.
    """
    _, truth = surprise(llrs, labels)
    reason = undefined_reason(truth)
    if reason:
        raise InputError(f"bounds of likelihood ratios: {reason}; give videos of both")
    values = np.clip(np.asarray(llrs, dtype=np.float64), -EXTREME, EXTREME)
    of = [np.sort(values[truth == label]) for label in (0, 1)]
    least, most = -np.log10(len(of[1]) + 1), np.log10(len(of[0]) + 1)
    grid = _grid(max(float(values.min()), float(least)), min(float(values.max()), float(most)))
    worse = np.minimum(1.0, 10**grid) < _loss(of, grid)
    low = (grid[worse & (grid <= 0)] + STEP).max(initial=grid[0])
    high = (grid[worse & (grid >= 0)] - STEP).min(initial=grid[-1])
    return Bounds(min(float(low), 0.0), max(float(high), 0.0))


def _grid(low: float, high: float) -> Floats:
    """Whole steps from just below `low` (at most 0) to just above `high` (at least 0)."""
    first, last = min(0, int(low // STEP)), max(0, int(high // STEP) + 1)
    return np.arange(first, last + 1, dtype=np.float64) * STEP


def _loss(of: list[Floats], grid: Floats) -> Floats:
    """Missed manipulated plus threshold times accused reals, with one misleading LR added to each class."""
    above = [len(values) - np.searchsorted(values, grid, side="right") for values in of]
    missed, accused = 1 - above[1] / (len(of[1]) + 1), (above[0] + 1) / (len(of[0]) + 1)
    return np.asarray(missed + 10**grid * accused, dtype=np.float64)
