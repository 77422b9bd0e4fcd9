"""The linear probe: logistic regression on frozen embeddings, its penalty chosen on validation.

The baseline is one (`detectors/baseline.py`, which cites its source); controls fit the same on other labels
or on altered frames.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, cast

import numpy as np
from pydantic import Field
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.training.validation import Validation


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
    """Fit one logistic regression (L-BFGS) a candidate C and keep the best on validation.

    Args:
        embeddings: Unit-length, (n, d).
        labels: 0 real, 1 manipulated, (n,).
        validation: Labels and video codes of the validation frames.
        validation_embeddings: Unit-length, (m, d).
        inverse_l2: Candidate C, scikit-learn's inverse strength of the L2 penalty; of equals the smallest.
        class_weight: `balanced` weighs each class by n / (2 n_class); `none` does not.
        max_iterations: Of L-BFGS.

    Raises:
        InputError: L-BFGS did not converge.
    """
    best, curve, iterations = None, [], 0
    for number, strength in enumerate(sorted(inverse_l2), 1):
        model = _fit_one(embeddings, labels, strength, class_weight, max_iterations)
        probe = Probe(model.coef_[0], float(model.intercept_[0]), strength, [])
        rank = validation.rank(probe.score(validation_embeddings))
        curve.append(
            {"epoch": number, "inverse_l2": strength, "val_video_auc": rank[0], "val_frame_auc": rank[1]}
        )
        iterations += int(model.n_iter_[0])
        if best is None or rank > best[0]:
            best = rank, probe
    assert best is not None  # the section asks for one candidate at least
    chosen = best[1]
    return Probe(chosen.weight, chosen.bias, chosen.inverse_l2, curve, iterations)


def _fit_one(
    embeddings: np.ndarray, labels: np.ndarray, strength: float, class_weight: str, max_iterations: int
) -> LogisticRegression:
    weights = None if class_weight == "none" else class_weight
    model = LogisticRegression(C=strength, class_weight=weights, max_iter=max_iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return model.fit(embeddings.astype(np.float64), labels)
        except ConvergenceWarning as error:
            raise InputError(
                f"the probe with inverse_l2 {strength:g} is not at its optimum after {max_iterations}"
                " iterations; raise methods.baseline.max_iterations"
            ) from error
