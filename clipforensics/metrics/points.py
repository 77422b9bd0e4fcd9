"""One number for a table of scores: EER, average precision, partial AUC, TPR at FPR, accuracy, F1, ...

Conventions that hold for every function here:

- `scores` come first, shape (n,), finite, higher means manipulated; `labels` next, shape (n,), 0 real
  and 1 manipulated. Order of rows never matters.
- A prediction is manipulated if score >= threshold.
- Undefined is NaN, never a plausible number: a metric that compares the classes is NaN where only one
  is there, and `undefined_reason` says why. `files.json_ready` turns NaN into null.
- A metric at a threshold is given one that was chosen elsewhere (`thresholds`, on validation). What is
  read off the ROC itself (`eer`, `tpr_at_fpr`) needs no choice, and says how well the classes can be
  parted; no user reaches it but by luck, who has to fix a threshold before seeing the labels.

Each metric is defined here, over one table; its interval comes from `statistics.weighted`, which has it again
for thousands of resampled tables at once. A test holds the two equal.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import RocCurve, by_score, checked_scores, class_counts, roc_auc, roc_curve

RANKING = ("auc", "ap", "eer", "eer_at_nearest_threshold", "partial_auc")
"""Metrics that need no threshold; beside them stands `tpr_at_fpr` at each of `FPR_BUDGETS`."""
FPR_BUDGETS = (0.01, 0.05, 0.1)
"""False positive rates at which `ranking_metrics` gives the true positive rate."""
PARTIAL_AUC_FPR = 0.1
"""Up to which false positive rate `partial_auc` looks, unless told otherwise."""
ORACLE = ("eer", "tpr_at_fpr")
"""Metrics at a threshold that is read off the same rows, labels and all: those that begin so."""
AT_THRESHOLD = ("accuracy", "balanced_accuracy", "f1", "tpr", "fpr")


class Eer(NamedTuple):
    """Equal error rate in [0, 1], and the vertex of `roc_curve` nearest to it; see `eer`."""

    rate: float
    vertex: int | None


class Confusion(NamedTuple):
    """Counts at a threshold; positive means predicted manipulated."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int


def average_precision(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Sum over thresholds of (gain in recall) * precision, in (0, 1]; chance is the share of fakes.

    No interpolation, equal scores are taken at once; scikit-learn's `average_precision_score`. NaN where
    a class is missing: without real rows it would be 1 for any scores.
    """
    _, n_real, n_fake = by_score(scores, labels)
    if not n_real.sum() or not n_fake.sum():
        return math.nan
    hits = np.cumsum(n_fake)
    precision = hits / (hits + np.cumsum(n_real))
    return float((n_fake * precision).sum() / n_fake.sum())


def partial_auc(scores: npt.ArrayLike, labels: npt.ArrayLike, max_fpr: float = PARTIAL_AUC_FPR) -> float:
    """Area under the ROC up to a false positive rate, standardised so that chance is .5 and 1 is best.

    The area left of max_fpr, the ROC's vertices joined by straight lines, is mapped linearly: that under
    the diagonal to .5, the whole strip to 1 (McClish, Medical Decision Making 9 (1989) 190-195). Worse
    than chance is below .5, at worst .5 - max_fpr / (4 - 2 max_fpr). Equal to scikit-learn's
    `roc_auc_score(max_fpr=...)`; up to 1 it is the `roc_auc`. NaN where a class is missing.

    Raises:
        InputError: max_fpr is not in (0, 1].
    """
    if not 0 < max_fpr <= 1:
        raise InputError(f"max_fpr {max_fpr}: must be above 0 and at most 1; 0.1 is usual")
    curve = roc_curve(scores, labels)
    if np.isnan(curve.fpr[0] + curve.tpr[0]):
        return math.nan
    inside = int(np.searchsorted(curve.fpr, max_fpr, side="right"))
    fpr = np.r_[curve.fpr[:inside], max_fpr]
    tpr = np.r_[curve.tpr[:inside], np.interp(max_fpr, curve.fpr, curve.tpr)]
    area = float((np.diff(fpr) * (tpr[1:] + tpr[:-1])).sum()) / 2
    chance = max_fpr**2 / 2
    return (1 + (area - chance) / (max_fpr - chance)) / 2


def tpr_at_fpr(scores: npt.ArrayLike, labels: npt.ArrayLike, budget: float) -> float:
    """Largest true positive rate among the ROC's vertices with fpr <= budget, in [0, 1].

    Nothing is interpolated: it is the rate of a threshold that exists. The threshold belongs to these
    rows: on new data the same false positive rate is met only by chance (for that,
    `thresholds.fpr_threshold`). With n real rows fpr moves in steps of 1/n, so no budget below 1/n (0
    among them) can be measured: of ten real videos, .01 and .05 would both be the rate at no false
    positive, under another name. NaN there (`budget_reason`), and where a class is missing.

    Raises:
        InputError: the budget is not in [0, 1].
    """
    curve = roc_curve(scores, labels)
    vertex = vertex_within(curve, budget)
    if budget_reason(class_counts(labels)[0], [budget]):
        return math.nan
    return float(curve.tpr[vertex])


def budget_reason(n_real: int, budgets: Sequence[float] = FPR_BUDGETS) -> str:
    """Why `tpr_at_fpr` at some of these budgets is NaN for this many real rows; empty if all are defined.

    A budget is measurable if it allows at least one of the real rows.
    """
    small = [f"{budget:g}" for budget in budgets if round(budget * n_real, 9) < 1]
    return f"tpr_at_fpr {', '.join(small)}: needs 1/budget real rows, got {n_real}" if small else ""


def vertex_within(curve: RocCurve, budget: float) -> int:
    """The last vertex (lowest threshold) with fpr <= budget; without meaning where fpr is NaN.

    Raises:
        InputError: the budget is not in [0, 1].
    """
    if not 0 <= budget <= 1:
        raise InputError(f"false positive budget {budget}: must lie in [0, 1]; 0.1 allows one real in ten")
    return int(np.searchsorted(curve.fpr, budget, side="right")) - 1


def eer(scores: npt.ArrayLike, labels: npt.ArrayLike) -> Eer:
    """Equal error rate: where the ROC, its vertices joined by straight lines, meets fpr = 1 - tpr.

    A point inside a segment is reached by choosing at random between the two thresholds at its ends
    (Fawcett 2006, section 8). This rate moves smoothly, unlike what papers print of the vertex where
    |fpr - fnr| is least: its fpr, its fnr or their mean (`eer_at_nearest_threshold`). Nobody gets to choose
    the threshold of the test set: at one from validation, the two rates (`threshold_metrics`) differ.

    Returns:
        `rate`, and as `vertex` the end of that segment where |fpr - fnr| is smaller (the higher
        threshold if they are equal). NaN and None where a class is missing.
    """
    curve = roc_curve(scores, labels)
    if np.isnan(curve.fpr[0] + curve.tpr[0]):
        return Eer(math.nan, None)
    gap = curve.fpr - (1 - curve.tpr)
    after = int(np.argmax(gap.round(12) >= 0))  # gap rises from -1 to 1, so `after` is at least 1
    before = after - 1
    step = -gap[before] / (gap[after] - gap[before])
    rate = curve.fpr[before] + step * (curve.fpr[after] - curve.fpr[before])
    nearer = after if abs(gap[after]).round(12) < abs(gap[before]).round(12) else before
    return Eer(float(rate), nearer)


def eer_at_nearest_threshold(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Mean of fpr and fnr at the threshold where they are nearest to each other, in [0, 1].

    What many published tables call EER, where `eer` interpolates between thresholds. It moves in steps: with
    ten real rows the two may be .05 apart. Of thresholds that are equally near, the one with the smaller mean
    counts. Every distinct score is a threshold: where a library thins the ROC first, as scikit-learn's
    `roc_curve` does by default, the nearest one may be missed. (Other tables print the fpr alone at that
    threshold, or the fnr alone.) NaN where a class is missing.
    """
    curve = roc_curve(scores, labels)
    if np.isnan(curve.fpr[0] + curve.tpr[0]):
        return math.nan
    fnr = 1 - curve.tpr
    nearest = np.abs(curve.fpr - fnr).round(12)
    return float(((curve.fpr + fnr) / 2)[nearest == nearest.min()].min())


def confusion(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> Confusion:
    """Count right and wrong predictions at score >= threshold."""
    values, truth = checked_scores(scores, labels)
    if math.isnan(threshold):
        raise InputError("threshold nan: must be a number; choose one on validation")
    predicted, manipulated = values >= threshold, truth == 1
    return Confusion(
        true_positive=int((predicted & manipulated).sum()),
        false_positive=int((predicted & ~manipulated).sum()),
        true_negative=int((~predicted & ~manipulated).sum()),
        false_negative=int((~predicted & manipulated).sum()),
    )


def accuracy(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> float:
    """Share of right predictions, in [0, 1]; NaN where a class is missing (it would be a mere recall)."""
    tp, fp, tn, fn = confusion(scores, labels, threshold)
    return (tp + tn) / (tp + fp + tn + fn) if tp + fn and tn + fp else math.nan


def balanced_accuracy(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> float:
    """Mean of the recalls of both classes, in [0, 1]; chance is .5; NaN where a class is missing."""
    tp, fp, tn, fn = confusion(scores, labels, threshold)
    return (tp / (tp + fn) + tn / (tn + fp)) / 2 if tp + fn and tn + fp else math.nan


def f1(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> float:
    """F1 of the manipulated class, 2 TP / (2 TP + FP + FN), in [0, 1]; NaN where a class is missing.

    It rises with the share of fakes: compare with `all_fake_reference`.
    """
    tp, fp, tn, fn = confusion(scores, labels, threshold)
    return 2 * tp / (2 * tp + fp + fn) if tp + fn and tn + fp else math.nan


def true_positive_rate(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> float:
    """Share of manipulated rows that are called so (recall), in [0, 1]; NaN where there are none."""
    tp, _, _, fn = confusion(scores, labels, threshold)
    return tp / (tp + fn) if tp + fn else math.nan


def false_positive_rate(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> float:
    """Share of real rows that are called manipulated, in [0, 1]; NaN where there are none."""
    _, fp, tn, _ = confusion(scores, labels, threshold)
    return fp / (fp + tn) if fp + tn else math.nan


def ranking_metrics(scores: npt.ArrayLike, labels: npt.ArrayLike) -> dict[str, Any]:
    """The metrics of `RANKING` (of `eer` the rate), and `tpr_at_fpr` by budget: `0.01`, `0.05`, `0.1`.

    They see only the order of scores: a strictly monotone map of the scores changes none. A budget that
    the real rows cannot measure is NaN.
    """
    return {
        "auc": roc_auc(scores, labels),
        "ap": average_precision(scores, labels),
        "eer": eer(scores, labels).rate,
        "eer_at_nearest_threshold": eer_at_nearest_threshold(scores, labels),
        "partial_auc": partial_auc(scores, labels),
        "tpr_at_fpr": {str(budget): tpr_at_fpr(scores, labels, budget) for budget in FPR_BUDGETS},
    }


def threshold_metrics(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> dict[str, float]:
    """The metrics of `AT_THRESHOLD`; the threshold comes from validation or is .5, never from test."""
    return {
        "accuracy": accuracy(scores, labels, threshold),
        "balanced_accuracy": balanced_accuracy(scores, labels, threshold),
        "f1": f1(scores, labels, threshold),
        "tpr": true_positive_rate(scores, labels, threshold),
        "fpr": false_positive_rate(scores, labels, threshold),
    }


def point_metrics(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> dict[str, Any]:
    """All metrics of one table of scores.

    Returns:
        Those of `ranking_metrics` and `threshold_metrics` (NaN if undefined), `n_real` and `n_fake`
        (rows), and `undefined`: the reason of each NaN by metric, empty if there is none.
    """
    values = ranking_metrics(scores, labels) | threshold_metrics(scores, labels, threshold)
    reason = undefined_reason(labels)
    n_real, n_fake = class_counts(labels)
    whys = {"tpr_at_fpr": reason or budget_reason(n_real)}
    undefined = {name: whys.get(name, reason) for name, value in values.items() if _holds_nan(value)}
    return {**values, "n_real": n_real, "n_fake": n_fake, "undefined": undefined}


def all_fake_reference(labels: npt.ArrayLike) -> dict[str, Any]:
    """`point_metrics` of calling everything manipulated: what a detector has to beat."""
    return point_metrics(np.ones(np.shape(labels)), labels, 0.5)


def undefined_reason(labels: npt.ArrayLike) -> str:
    """Why metrics over these labels are undefined; empty if they are defined.

    That `tpr_at_fpr` may still be undefined at small budgets, `budget_reason` says.
    """
    n_real, n_fake = class_counts(labels)
    if n_real and n_fake:
        return ""
    return f"needs both classes, got {n_real} real and {n_fake} manipulated"


def _holds_nan(value: float | Mapping[str, float]) -> bool:
    return any(map(math.isnan, value.values())) if isinstance(value, Mapping) else math.isnan(value)
