"""Thresholds for use on new data, chosen on validation scores; never give these functions test scores.

Scores and labels are as in `points`. Any cut between two neighbouring scores decides these rows alike;
each rule returns the middle, as the least tied to them. Above the highest score that is the next number,
below the lowest that score. All of it sees only which rows stand above the cut, so a strictly increasing
map of the scores moves the threshold into the same gap.
"""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import RocCurve, roc_curve
from clipforensics.metrics.points import eer, undefined_reason, vertex_within

ThresholdRule = Literal["eer", "youden", "fpr"]

RULES: tuple[ThresholdRule, ...] = get_args(ThresholdRule)
"""The rules, in the order of `choose_thresholds`."""


def eer_threshold(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Where false positive and false negative rate come as near to each other as they do; see `eer`.

    Raises:
        InputError: a class is missing.
    """
    curve = _curve(scores, labels, "eer")
    vertex = eer(scores, labels).vertex
    assert vertex is not None, "both classes are there"
    return _cut_below(curve, vertex)


def youden_threshold(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Where tpr - fpr is largest (Youden, Cancer 3 (1950) 32-35); of equal ones the highest.

    Raises:
        InputError: a class is missing.
    """
    curve = _curve(scores, labels, "youden")
    return _cut_below(curve, int(np.argmax((curve.tpr - curve.fpr).round(12))))


def fpr_threshold(scores: npt.ArrayLike, labels: npt.ArrayLike, budget: float) -> float:
    """The lowest threshold whose false positive rate is at most `budget`, hence with the largest tpr.

    With n real rows the rate moves in steps of 1/n: a budget below 1/n allows no false positive. The
    budget holds on these rows; on new data the rate scatters around it, the more so the fewer they are
    (with ten real videos and a budget of .1, one of ten lies above the cut).

    Args:
        scores: Validation scores.
        labels: Validation labels.
        budget: In [0, 1].

    Raises:
        InputError: a class is missing, or the budget is not in [0, 1].
    """
    curve = _curve(scores, labels, "fpr")
    return _cut_below(curve, vertex_within(curve, budget))


def choose_thresholds(
    scores: npt.ArrayLike, labels: npt.ArrayLike, *, fpr_budget: float
) -> dict[ThresholdRule, float]:
    """A threshold by each rule of `RULES`.

    Args:
        scores: Validation scores.
        labels: Validation labels.
        fpr_budget: Of the rule `fpr`, in [0, 1].

    Raises:
        InputError: a class is missing, or the budget is not in [0, 1].
    """
    return {
        "eer": eer_threshold(scores, labels),
        "youden": youden_threshold(scores, labels),
        "fpr": fpr_threshold(scores, labels, fpr_budget),
    }


def _curve(scores: npt.ArrayLike, labels: npt.ArrayLike, rule: ThresholdRule) -> RocCurve:
    reason = undefined_reason(labels)
    if reason:
        raise InputError(f"threshold by {rule}: {reason}; give validation both classes")
    return roc_curve(scores, labels)


def _cut_below(curve: RocCurve, vertex: int) -> float:
    """A threshold that decides as the vertex does, midway to the next lower score."""
    thresholds = curve.thresholds
    if vertex == 0:
        return float(np.nextafter(thresholds[1], np.inf))
    accepted = float(thresholds[vertex])
    if vertex == len(thresholds) - 1:
        return accepted
    middle = accepted / 2 + float(thresholds[vertex + 1]) / 2
    # Neighbouring floats have no middle.
    return middle if thresholds[vertex + 1] < middle <= accepted else accepted
