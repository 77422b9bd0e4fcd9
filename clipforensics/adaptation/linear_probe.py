"""The linear probe: logistic regression on frozen embeddings, its penalty chosen on validation.

The baseline is one (`detectors/baseline.py`, which cites its source); controls fit the same on other labels
or on altered frames.

The loss is scikit-learn's (`LogisticRegression`, L2), the way to its optimum is not. Embeddings lie along few
directions, so in their own coordinates L-BFGS takes hundreds of steps, and scikit-learn's stops at a slope of
1e-4: with much data and a weak penalty far from the optimum, and without a word. In coordinates in which the
embeddings' covariance plus the penalty is a sphere the optimum is tens of steps away, and a fit that does not
reach it is refused. Measured in one thread on made-up embeddings of 720 videos, 101 frames each, 512 numbers
a frame, with permuted labels and the eight candidates as shipped: 7 and 5 s, against 79 and 54 s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit, log_expit

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.training.validation import Validation

Floats = NDArray[np.float64]

SLOPE = 1e-8
"""Of the mean loss in whitened coordinates, at which L-BFGS stops; it may stop before, where rounding hides
any further step."""

STEEP = 1e-6
"""Slope, as a part of the loss, above which a fit is not at its optimum, for whatever reason it stopped: of
classes that are parted, under a weak penalty, loss and slopes are small long before it."""

_EASY = {"ftol": 0.0, "maxcor": 20}


class Settings(Section):
    """Section `methods.baseline` of params.yaml.

    Attributes:
        inverse_l2: Candidates for scikit-learn's C, the inverse strength of the L2 penalty.
        max_iterations: Of L-BFGS.
    """

    inverse_l2: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)
    max_iterations: int = Field(ge=1)


@dataclass(frozen=True)
class Probe:
    """A fitted probe: score = sigmoid(weight . x + bias) of a unit-length embedding x.

    Attributes:
        weight: float64 (d,).
        bias: Of the log odds.
        inverse_l2: scikit-learn's C, chosen on validation.
        curve: One row a candidate: epoch (its number), inverse_l2, val_video_auc, val_frame_auc.
        iterations: That L-BFGS took for all candidates together.
    """

    weight: np.ndarray
    bias: float
    inverse_l2: float
    curve: list[dict[str, float]]
    iterations: int = 0

    def score(self, embeddings: np.ndarray) -> np.ndarray:
        """Unit-length embeddings (n, d) -> scores (n,) in [0, 1], higher means manipulated."""
        return cast(np.ndarray, expit(embeddings.astype(np.float64) @ self.weight + self.bias))


def fit_probe(
    embeddings: np.ndarray,
    labels: np.ndarray,
    validation: Validation,
    validation_embeddings: np.ndarray,
    *,
    inverse_l2: Sequence[float],
    class_weight: str,
    max_iterations: int,
) -> Probe:
    """Fit one logistic regression a candidate C, in ascending order, and keep the best on validation.

    Args:
        embeddings: Unit-length, (n, d).
        labels: 0 real, 1 manipulated, (n,).
        validation: Labels and video codes of the validation frames.
        validation_embeddings: Unit-length, (m, d).
        inverse_l2: Candidate C, scikit-learn's inverse strength of the L2 penalty; of equals the smallest.
        class_weight: `balanced` weighs each class by n / (2 n_class); `none` does not.
        max_iterations: Of L-BFGS.

    Raises:
        InputError: a candidate is not at its optimum after `max_iterations`.
    """
    whitened = Whitened(embeddings, labels, class_weight)
    best, curve, iterations = None, [], 0
    for number, strength in enumerate(sorted(inverse_l2), 1):
        probe = whitened.fit(strength, max_iterations)
        rank = validation.rank(probe.score(validation_embeddings))
        curve.append(
            {"epoch": number, "inverse_l2": strength, "val_video_auc": rank[0], "val_frame_auc": rank[1]}
        )
        iterations += probe.iterations
        if best is None or rank > best[0]:
            best = rank, probe
    assert best is not None  # the section asks for one candidate at least
    return replace(best[1], curve=curve, iterations=iterations)


class Whitened:
    """Embeddings less their mean, their principal axes, and labels with weights."""

    def __init__(self, embeddings: np.ndarray, labels: np.ndarray, class_weight: str) -> None:
        """Find the axes.

        Args:
            embeddings: Unit-length, (n, d).
            labels: 0 real, 1 manipulated, (n,).
            class_weight: As in `fit_probe`.
        """
        self._x = embeddings.astype(np.float64)
        self._mean = self._x.mean(axis=0)
        self._x -= self._mean
        spread, self._axes = np.linalg.eigh(self._x.T @ self._x / len(self._x))
        self._spread = np.maximum(spread, 0)
        counts = np.bincount(labels, minlength=2)
        balanced = len(labels) / (2 * counts[labels])
        weights = np.ones(len(labels)) if class_weight == "none" else balanced
        self._total = float(weights.sum())
        self._share, self._sign = weights / self._total, np.where(labels == 1, 1.0, -1.0)
        self._last = np.zeros(len(self._spread) + 1)

    def fit(self, strength: float, max_iterations: int) -> Probe:
        """The probe at the optimum for one C, from the optimum of the last C that was asked for.

        Args:
            strength: scikit-learn's C.
            max_iterations: Of L-BFGS.

        Raises:
            InputError: it does not converge.
        """
        from scipy.optimize import minimize  # a detector that is opened does not wait for it

        penalty = 1 / (strength * self._total)
        scale = np.append(1 / np.sqrt(self._spread / 4 + penalty), 2.0)
        options = {"maxfun": 20 * max_iterations, **_EASY}
        point, slope, iterations = self._last / scale, SLOPE, 0
        while iterations < max_iterations:
            options |= {"maxiter": max_iterations - iterations, "gtol": slope}
            found: Any = minimize(self._loss, point, (scale, penalty), "L-BFGS-B", jac=True, options=options)
            iterations += int(found.nit)
            steep = not np.abs(found.jac).max() <= STEEP * found.fun
            if not steep or not found.nit:
                break
            point, slope = found.x, SLOPE * found.fun
        if steep:
            raise InputError(
                f"the probe with inverse_l2 {strength:g} is not at its optimum after {iterations}"
                " iterations; raise methods.baseline.max_iterations"
            )
        self._last = found.x * scale
        weight = self._axes @ self._last[:-1]
        return Probe(weight, float(self._last[-1] - weight @ self._mean), strength, [], iterations)

    def _loss(self, point: Floats, scale: Floats, penalty: float) -> tuple[float, Floats]:
        """Mean loss with the penalty, and its slope, at a point of whitened coordinates."""
        along = point * scale
        odds = self._sign * (self._x @ (self._axes @ along[:-1]) + along[-1])
        loss = -(self._share @ log_expit(odds)) + penalty * (along[:-1] @ along[:-1]) / 2
        pull = -self._sign * self._share * expit(-odds)
        slope = np.append((pull @ self._x) @ self._axes + penalty * along[:-1], pull.sum())
        return float(loss), slope * scale
