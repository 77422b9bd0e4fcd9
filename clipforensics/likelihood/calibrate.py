"""From scores to likelihood ratios, by a map fitted on validation.

A likelihood ratio (LR) is how much likelier a score is if the video is manipulated (H1) than if it is real
(H2). Both classes weigh the same in every fit here, whatever their numbers, so that posterior odds are LRs:
the prior of validation does not enter, and that of a case is the court's. LRs are given as log10 ("llr").
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from clipforensics.core.faults import InputError
from clipforensics.likelihood.pav import class_weights, pool_adjacent_violators
from clipforensics.metrics.auc import Floats, checked_scores
from clipforensics.metrics.calibration import EDGE
from clipforensics.metrics.logistic import maximise_likelihood
from clipforensics.metrics.points import undefined_reason

Method = Literal["logistic", "pav"]
METHODS: tuple[Method, ...] = get_args(Method)

LN10 = math.log(10)


@dataclass(frozen=True)
class LogisticLR:
    """log10 LR = (slope * logit(score) + intercept) / ln 10.

    Attributes:
        slope: At least 0; 0 where the fit ranks the classes the wrong way round or not at all: every LR is 1.
        intercept: Natural log odds at even priors.
    """

    slope: float
    intercept: float

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """log10 LR, shape (n,), of scores in [0, 1]."""
        return (self.slope * logits(scores) + self.intercept) / LN10


@dataclass(frozen=True)
class PavLR:
    """log10 LR by steps of pooled adjacent violators, joined by straight lines of the probability.

    Attributes:
        at: Logits of scores, ascending, shape (n,).
        probabilities: At even priors, rising, strictly between 0 and 1, shape (n,).
    """

    at: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """log10 LR, shape (n,), of scores in [0, 1]; beyond the outermost as of them."""
        chance = np.interp(logits(scores), self.at, self.probabilities)
        return np.asarray(logit(chance) / LN10, dtype=np.float64)


LRMap = LogisticLR | PavLR


def fit(scores: npt.ArrayLike, labels: npt.ArrayLike, method: Method) -> LRMap:
    """Fit the map from validation scores to LRs; never give it test scores.

    Raises:
        InputError: a class is missing, a score is not in [0, 1], or the method is unknown.
    """
    if method not in METHODS:
        raise InputError(f"likelihood.method {method!r}: must be one of {', '.join(METHODS)}; choose one")
    return fit_logistic(scores, labels) if method == "logistic" else fit_pav(scores, labels)


def fit_logistic(scores: npt.ArrayLike, labels: npt.ArrayLike, *, smoothing: float = 1.0) -> LogisticLR:
    """Logistic regression on the logit of the score, both classes of equal mass.

    Morrison, "Tutorial on logistic-regression calibration and fusion", Australian Journal of Forensic
    Sciences 45 (2013) 173-197. As in `metrics.calibration` it is fitted to Platt's targets: each of the n
    videos of a class counts as the other class with a share of 1 / (n + 2). So there is a best slope where
    no error is made too, and LRs from few videos are drawn towards 1, as Morrison & Poh ask for (Science &
    Justice 58 (2018) 200-218).

    Args:
        scores: Validation scores in [0, 1], shape (n,); clipped, see `metrics.calibration.EDGE`.
        labels: 0 real, 1 manipulated, shape (n,).
        smoothing: s of the share s / (n + 2 s); 0: the largest likelihood, for classes that overlap.

    Raises:
        InputError: a class is missing, a score is not in [0, 1], or classes do not overlap at smoothing 0.
    """
    values, truth = _checked(scores, labels)
    order = np.lexsort((truth, values))
    values, truth = values[order], truth[order]
    if not smoothing and values[truth == 0].max() < values[truth == 1].min():
        raise InputError("smoothing 0: validation is ranked without error, so no slope is best; choose 1")
    n = np.where(truth == 1, (truth == 1).sum(), (truth == 0).sum())
    right = (n + smoothing) / (n + 2 * smoothing)
    targets = np.where(truth == 1, right, 1 - right)
    slope, intercept = maximise_likelihood(values, targets, weights=class_weights(truth))
    return LogisticLR(slope, intercept) if slope > 0 else LogisticLR(0.0, 0.0)


def fit_pav(scores: npt.ArrayLike, labels: npt.ArrayLike, *, misleading: int = 1) -> PavLR:
    """Pool adjacent violators, with so many misleading videos added: real above all, manipulated below all.

    Without them the LR beyond the last error would be infinite, which no finite number of videos shows. They
    stand one unit of the logit beyond the outermost scores, as in the package `lir` (`add_misleading`).

    Raises:
        InputError: a class is missing, a score is not in [0, 1], or `misleading` is below 1.
    """
    if misleading < 1:
        raise InputError(f"misleading {misleading}: must be at least 1, or LRs are infinite; give 1")
    values, truth = _checked(scores, labels)
    added = np.repeat([values.max() + 1, values.min() - 1], misleading)
    steps = pool_adjacent_violators(np.r_[values, added], np.r_[truth, np.repeat([0, 1], misleading)])
    return PavLR(tuple(steps.values.tolist()), tuple(steps.probabilities.tolist()))


def cross_fitted(
    scores: npt.ArrayLike, labels: npt.ArrayLike, groups: npt.ArrayLike, method: Method
) -> tuple[Floats, str]:
    """log10 LR of validation videos, each by a map fitted without its identity group.

    LRs of the videos that a map was fitted on look better than those of others.

    Returns:
        Shape (n,), and the empty text; or NaN and the reason, where a class has no video outside a group.
    """
    values, truth = checked_scores(scores, labels)
    of, found = np.asarray(groups), np.full(len(values), math.nan)
    for group in np.unique(of).tolist():
        inside = of == group
        reason = undefined_reason(truth[~inside])
        if reason:
            return np.full(len(values), math.nan), f"without identity group {group}, validation {reason}"
        found[inside] = fit(values[~inside], truth[~inside], method)(values[inside])
    return found, ""


def logits(scores: npt.ArrayLike) -> Floats:
    """Logits of scores in [0, 1], clipped to be finite.

    Raises:
        InputError: a score is not in [0, 1].
    """
    values = np.asarray(scores, dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise InputError("scores: must be numbers in [0, 1] for likelihood ratios; map logits by a sigmoid")
    return np.asarray(logit(np.clip(values, EDGE, 1 - EDGE)), dtype=np.float64)


def _checked(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Logits and labels."""
    values, truth = checked_scores(scores, labels)
    reason = undefined_reason(truth)
    if reason:
        raise InputError(f"likelihood ratios: validation {reason}; give it both classes")
    return logits(values), truth
