"""Logistic regression on one variable: slope and intercept of the largest likelihood, to the last digits.

Newton's method with backtracking (Lin, Lin & Weng, Machine Learning 68 (2007) 267-276). Sums are correctly
rounded, so that the order of rows never matters once they are sorted.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

from clipforensics.metrics.auc import Floats

MAX_STEPS = 100


def maximise_likelihood(
    logits: Floats, targets: Floats, *, with_intercept: bool = True, weights: Floats | None = None
) -> tuple[float, float]:
    """Slope and intercept (0 unless asked for) of the largest likelihood; (0, 0) where all logits are alike.

    Args:
        logits: Shape (n,), ascending. They are centred and scaled meanwhile, so that those close to each
            other do no harm.
        targets: Shape (n,), in [0, 1]: the share of class 1 that a row counts for. Strictly between 0 and 1
            a best slope exists for any logits; with 0 and 1 only where the classes overlap (else it grows
            until rounding stops it).
        with_intercept: Whether the line may leave the origin.
        weights: Shape (n,), above 0; None: all 1.

    Raises:
        ArithmeticError: it does not converge.
    """
    centre = exact_sum(logits) / len(logits) if with_intercept else 0.0
    scale = float(logits[-1] - logits[0] if with_intercept else np.abs(logits).max())
    if not scale:
        return 0.0, 0.0
    columns = np.stack([(logits - centre) / scale, np.ones(len(logits))])[: 1 + with_intercept]
    mass = np.ones(len(logits)) if weights is None else weights
    found = np.zeros(len(columns))
    for _ in range(MAX_STEPS):
        step = _downhill(found, _newton_step(found, columns, targets, mass), columns, targets, mass)
        found = found + step
        if _is_tiny(step, found):
            # Where the best slope is 0, rounding leaves one of either sign.
            slope = float(found[0]) / scale if abs(found[0]) > 1e-9 else 0.0
            return slope, float(found[1]) - slope * centre if with_intercept else 0.0
    raise ArithmeticError(f"Newton's method has not converged in {MAX_STEPS} steps")


def exact_sum(values: npt.NDArray[Any]) -> float:
    """A sum that is correctly rounded, hence free of the order of rows."""
    return math.fsum(values.tolist())


def _downhill(found: Floats, step: Floats, columns: Floats, targets: Floats, mass: Floats) -> Floats:
    """The step, halved until it does not raise the loss; 0 where rounding lets none pass."""
    loss = _loss(found, columns, targets, mass)
    while _loss(found + step, columns, targets, mass) > loss:
        step = step / 2
        if _is_tiny(step, found):
            return np.zeros(len(step))
    return step


def _is_tiny(step: Floats, found: Floats) -> bool:
    return bool(np.abs(step).max() <= 1e-12 * (1 + np.abs(found).max()))


def _loss(found: Floats, columns: Floats, targets: Floats, mass: Floats) -> float:
    """Minus the log likelihood; convex, and without bound in every direction as targets are not 0 or 1."""
    odds = (found[:, None] * columns).sum(axis=0)
    return -exact_sum(mass * (targets * log_expit(odds) + (1 - targets) * log_expit(-odds)))


def _newton_step(found: Floats, columns: Floats, targets: Floats, mass: Floats) -> Floats:
    chance = expit((found[:, None] * columns).sum(axis=0))
    gradient = (columns * (mass * (chance - targets))).sum(axis=1)
    spread = mass * (chance * (1 - chance))
    hessian = (columns[:, None] * columns[None] * spread).sum(axis=2)
    ridge = 1e-12 * np.trace(hessian) * np.eye(len(found))  # only where it is singular to the last digits
    return -np.linalg.solve(hessian + ridge, gradient)
