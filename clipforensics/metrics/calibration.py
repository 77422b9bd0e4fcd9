"""From scores to probabilities, by a map fitted on validation, and how good probabilities are.

Scores in [0, 1] are only scores: .8 need not mean that 80% of such videos are manipulated. After

    probability = sigmoid(slope * logit(score) + intercept)

with slope and intercept fitted on validation by maximum likelihood, they are probabilities, for data in
which the classes are as frequent as in validation. `weights_at_prior` weighs other data as if they were.

Conventions: scores, probabilities and labels have shape (n,); labels are 0 real and 1 manipulated; the
probability is that of being manipulated; `weights` (n,), not negative, count a row that many times. The
order of rows never matters, to the last bit. A measure is NaN where a class is missing, as in `points`.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.logistic import exact_sum, maximise_likelihood
from clipforensics.metrics.points import undefined_reason

CalibrationMethod = Literal["temperature", "platt"]

EDGE = 1e-7
"""Scores are moved into [EDGE, 1 - EDGE] before their logit: finite (within 16.1), and about as near to 1
as a float32 score can tell from 1."""
N_BINS = 10
"""Equal-width bins of `reliability` and `expected_calibration_error`."""


@dataclass(frozen=True)
class Calibration:
    """A fitted map from scores to probabilities.

    Attributes:
        method: `temperature` (the intercept is 0, the temperature 1 / slope) or `platt`.
        slope: Of the logit of the score, at least 0.
        intercept: Log odds.
        note: Why the slope is 0, where it is; else empty.
    """

    method: CalibrationMethod
    slope: float
    intercept: float
    note: str = ""


class Bin(NamedTuple):
    """The rows whose probability lies in (low, high]; the first bin holds 0 too.

    Attributes:
        low: Lower edge.
        high: Upper edge.
        n: Rows.
        mean_probability: Mean (weighted) of their probabilities.
        share_manipulated: Share (weighted) of manipulated rows; equal to it if calibrated.
    """

    low: float
    high: float
    n: int
    mean_probability: float
    share_manipulated: float


def fit_calibration(scores: npt.ArrayLike, labels: npt.ArrayLike, method: CalibrationMethod) -> Calibration:
    """Fit slope and intercept by maximum likelihood; give it validation scores, never test scores.

    `platt`: Platt, "Probabilistic outputs for support vector machines", Advances in Large Margin
    Classifiers (1999), on logits. `temperature`: Guo et al., "On calibration of modern neural networks",
    ICML 2017, with two classes; .5 stays .5, so it cannot mend a shift. Both are fitted to Platt's
    targets, (n_fake + 1) / (n_fake + 2) for manipulated and 1 / (n_real + 2) for real rows, in place of 1
    and 0: with these a best slope exists even where validation is separated without error, as a few
    videos often are (for temperature this departs from Guo et al., less the more rows there are). Newton's
    method with backtracking (Lin, Lin & Weng, Machine Learning 68 (2007) 267-276).

    The slope is never negative. Where the best is not above 0 (validation ranks the classes the wrong way
    round, or all alike), it is 0, the best of those allowed, and `note` says so. Then every probability
    is the same: for `platt` the (smoothed) share of manipulated rows, for `temperature` .5.

    Args:
        scores: Validation scores in [0, 1]; clipped (see `EDGE`).
        labels: Validation labels.
        method: `temperature` or `platt`.

    Raises:
        InputError: a class is missing, a score is not in [0, 1], or the method is unknown.
    """
    if method not in get_args(CalibrationMethod):
        known = ", ".join(get_args(CalibrationMethod))
        raise InputError(f"calibration method {method!r}: must be one of {known}; choose one")
    values, truth, _ = _checked(scores, labels, None, "scores")
    reason = undefined_reason(truth)
    if reason:
        raise InputError(f"calibration by {method}: {reason}; give validation both classes")
    order = np.lexsort((truth, values))  # sums in one order, whatever that of the rows
    logits, truth = _logits(values[order]), truth[order]
    targets = _platt_targets(truth)
    with_intercept = method == "platt"
    slope, intercept = maximise_likelihood(logits, targets, with_intercept=with_intercept)
    if slope <= 0:
        what = "the wrong way round" if slope else "no better than chance"
        return _flat(method, targets, f"validation scores rank the classes {what} (best slope {slope:.3g})")
    return Calibration(method, slope, intercept)


def probabilities(scores: npt.ArrayLike, *, slope: float, intercept: float) -> Floats:
    """sigmoid(slope * logit(score) + intercept), in [0, 1], of scores in [0, 1], which are clipped first.

    A slope above 0 keeps the order of scores (but makes those equal that lie beyond `EDGE`).

    Raises:
        InputError: a score is not in [0, 1].
    """
    values = _unit_interval(scores, "scores")
    return np.asarray(expit(slope * _logits(values) + intercept), dtype=np.float64)


def share_manipulated(labels: npt.ArrayLike) -> float:
    """Share of manipulated rows: the prior that probabilities fitted on these rows are right for."""
    truth = np.asarray(labels)
    return float((truth == 1).mean()) if truth.size else math.nan


def weights_at_prior(labels: npt.ArrayLike, prior: float) -> Floats:
    """Weights (n,) under which the share of manipulated rows is `prior`, and which sum to n.

    All 1 where the share is `prior` already; NaN where a class is missing.

    Raises:
        InputError: the prior is not strictly between 0 and 1.
    """
    if not 0 < prior < 1:
        raise InputError(f"prior {prior}: must lie between 0 and 1; give the share of manipulated rows")
    truth, share = np.asarray(labels), share_manipulated(labels)
    if undefined_reason(truth):
        return np.full(len(truth), math.nan)
    return np.where(truth == 1, prior / share, (1 - prior) / (1 - share))


def brier(predicted: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Mean squared difference of probability and label, in [0, 1]; 0 is best.

    Brier, Monthly Weather Review 78 (1950) 1-3, in the form for two classes that counts one of them
    (scikit-learn's `brier_score_loss`; Brier's own sum over both is twice that). Always answering the
    share q of manipulated rows gives q (1 - q). It rewards good ranking as well as calibration. NaN where
    a class is missing: it would be one class's error alone.

    Raises:
        InputError: a probability is not in [0, 1], or shapes differ.
    """
    values, truth, mass = _checked(predicted, labels, weights, "probabilities")
    if undefined_reason(truth):
        return math.nan
    return exact_sum(mass * (values - truth) ** 2) / exact_sum(mass)


def expected_calibration_error(
    predicted: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Mean over rows of |mean probability - share of manipulated rows| of their bin, in [0, 1]; 0 is best.

    Naeini, Cooper & Hauskrecht, AAAI 2015: ten bins of equal width, of the probability of the manipulated
    class (Guo et al. 2017 bin the probability of the predicted class instead). See `reliability`. It is
    biased upwards with few rows: with 20 videos it is large even for perfect probabilities. NaN where a
    class is missing.

    Raises:
        InputError: a probability is not in [0, 1], or shapes differ.
    """
    values, truth, mass = _checked(predicted, labels, weights, "probabilities")
    if undefined_reason(truth):
        return math.nan
    bins = _bin_numbers(values)
    gaps = [abs(exact_sum((mass * (values - truth))[bins == number])) for number in range(N_BINS)]
    return math.fsum(gaps) / exact_sum(mass)


def reliability(
    predicted: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> list[Bin]:
    """The bins of a reliability diagram, from low to high; those without rows are left out.

    Ten of equal width, (0, .1], (.1, .2], ..., the first with 0: closed above as in scikit-learn's
    `calibration_curve(strategy="uniform")`. DeGroot & Fienberg, The Statistician 32 (1983) 12-22.

    Raises:
        InputError: a probability is not in [0, 1], or shapes differ.
    """
    values, truth, mass = _checked(predicted, labels, weights, "probabilities")
    numbers = _bin_numbers(values)
    found = []
    for number in range(N_BINS):
        inside = numbers == number
        whole = exact_sum(mass[inside])
        if whole > 0:
            mean, share = (exact_sum((mass * part)[inside]) / whole for part in (values, truth))
            edges = number / N_BINS, (number + 1) / N_BINS
            found.append(Bin(*edges, int(inside.sum()), mean, share))
    return found


def calibration_metrics(
    predicted: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> dict[str, Any]:
    """`brier`, `ece`, and `reliability` as a list of mappings."""
    return {
        "brier": brier(predicted, labels, weights),
        "ece": expected_calibration_error(predicted, labels, weights),
        "reliability": [row._asdict() for row in reliability(predicted, labels, weights)],
    }


def _flat(method: CalibrationMethod, targets: Floats, why: str) -> Calibration:
    """The best map of slope 0."""
    intercept = float(logit(exact_sum(targets) / len(targets))) if method == "platt" else 0.0
    return Calibration(method, 0.0, intercept, f"{why}: the slope is 0, every probability the same")


def _platt_targets(truth: Ints) -> Floats:
    n_fake = int(truth.sum())
    n_real = len(truth) - n_fake
    return np.where(truth == 1, (n_fake + 1) / (n_fake + 2), 1 / (n_real + 2))


def _logits(values: Floats) -> Floats:
    return np.asarray(logit(np.clip(values, EDGE, 1 - EDGE)), dtype=np.float64)


def _bin_numbers(values: Floats) -> Ints:
    return np.searchsorted(np.arange(1, N_BINS) / N_BINS, values, side="left").astype(np.int64)


def _unit_interval(values: npt.ArrayLike, what: str) -> Floats:
    checked = np.asarray(values, dtype=np.float64)
    if checked.ndim != 1:
        raise InputError(f"{what}: shape {checked.shape}; give one number a row")
    outside = ~((checked >= 0) & (checked <= 1))
    if outside.any():
        raise InputError(
            f"{what}: {int(outside.sum())} of {len(checked)} are not in [0, 1], such as"
            f" {checked[outside][0]:.6g}; map them there, logits by a sigmoid"
        )
    return checked


def _checked(
    values: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None, what: str
) -> tuple[Floats, Ints, Floats]:
    checked, truth = _unit_interval(values, what), np.asarray(labels)
    undefined_reason(truth)  # refuses labels other than 0 and 1
    mass = np.ones(len(checked)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not checked.shape == truth.shape == mass.shape:
        shapes = f"{checked.shape}, {truth.shape} and {mass.shape}"
        raise InputError(f"{what}, labels and weights: shapes {shapes}; give one of each a row")
    if not undefined_reason(truth) and not ((mass >= 0).all() and 0 < exact_sum(mass) < math.inf):
        raise InputError("weights: must be finite, not negative and not all 0; mend them")
    return checked, truth.astype(np.int64), mass
