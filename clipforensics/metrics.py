"""Point metrics of scores against labels, at frame or video level.

Conventions that hold for every function here:

- `scores` come first, shape (n,), finite, higher means manipulated; `labels` next, shape (n,), 0 real
  and 1 manipulated. Order of rows never matters.
- A prediction is manipulated if score >= threshold.
- Undefined is NaN, never a plausible number: a metric that compares the classes is NaN where only one
  is there, and `undefined_reason` says why. `json_ready` turns NaN into null.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from clipforensics.faults import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Pooling = Literal["mean", "median", "max"]
ThresholdRule = Literal["eer", "youden"]

RANKING = ("auc", "ap", "eer")
"""Metrics that need no threshold."""
AT_THRESHOLD = ("accuracy", "balanced_accuracy", "f1")


class RocCurve(NamedTuple):
    """Vertices of the receiver operating characteristic, one a distinct score, and (0, 0) before.

    Attributes:
        fpr: False positive rate: share of real rows with score >= threshold; ascending from 0 to 1.
        tpr: True positive rate: the same of manipulated rows; ascending from 0 to 1.
        thresholds: Descending; the first is infinite (nothing is predicted manipulated).
    """

    fpr: Floats
    tpr: Floats
    thresholds: Floats


class Eer(NamedTuple):
    """Equal error rate in [0, 1], and the usable threshold nearest to it; see `eer`."""

    rate: float
    threshold: float


class Confusion(NamedTuple):
    """Counts at a threshold; positive means predicted manipulated."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int


def roc_curve(scores: npt.ArrayLike, labels: npt.ArrayLike) -> RocCurve:
    """The ROC with all its vertices; equal scores make one vertex, hence a slope between classes.

    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006) 861-874. The same
    as scikit-learn's `roc_curve(..., drop_intermediate=False)`. Without real (manipulated) rows, fpr
    (tpr) is NaN.
    """
    values, n_real, n_fake = _by_score(scores, labels)
    return RocCurve(
        fpr=_share(np.r_[0, np.cumsum(n_real)], n_real.sum()),
        tpr=_share(np.r_[0, np.cumsum(n_fake)], n_fake.sum()),
        thresholds=np.r_[np.inf, values],
    )


def roc_auc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Area under the ROC: the chance that a manipulated row outscores a real one, ties counting 1/2.

    The Mann-Whitney U over n_real * n_fake (Hanley & McNeil, Radiology 143 (1982) 29-36); in [0, 1], .5
    is chance. Counted in whole halves, so it is exact. NaN where a class is missing.
    """
    _, n_real, n_fake = _by_score(scores, labels)
    if not n_real.sum() or not n_fake.sum():
        return math.nan
    above = np.cumsum(n_fake) - n_fake
    twice_wins = int((n_real * (2 * above + n_fake)).sum())
    return twice_wins / (2 * int(n_real.sum()) * int(n_fake.sum()))


def average_precision(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Sum over thresholds of (gain in recall) * precision, in (0, 1]; chance is the share of fakes.

    No interpolation, equal scores are taken at once; scikit-learn's `average_precision_score`. NaN where
    a class is missing: without real rows it would be 1 for any scores.
    """
    _, n_real, n_fake = _by_score(scores, labels)
    if not n_real.sum() or not n_fake.sum():
        return math.nan
    hits = np.cumsum(n_fake)
    precision = hits / (hits + np.cumsum(n_real))
    return float((n_fake * precision).sum() / n_fake.sum())


def eer(scores: npt.ArrayLike, labels: npt.ArrayLike) -> Eer:
    """Equal error rate: where the ROC, its vertices joined by straight lines, meets fpr = 1 - tpr.

    A point inside a segment is reached by choosing at random between the two thresholds at its ends
    (Fawcett 2006, section 8). This rate moves smoothly, unlike the fpr of the vertex where |fpr - fnr|
    is least, which moves in steps of 1/n_real and is what some papers print.

    Returns:
        `rate`, and as `threshold` a cut between two neighbouring scores (see `choose_threshold`) at the
        end of the segment where |fpr - fnr| is smaller (the higher threshold if they are equal). Both
        NaN where a class is missing.
    """
    curve = roc_curve(scores, labels)
    if np.isnan(curve.fpr[0] + curve.tpr[0]):
        return Eer(math.nan, math.nan)
    gap = curve.fpr - (1 - curve.tpr)
    after = int(np.argmax(gap.round(12) >= 0))  # gap rises from -1 to 1, so `after` is at least 1
    before = after - 1
    step = -gap[before] / (gap[after] - gap[before])
    rate = curve.fpr[before] + step * (curve.fpr[after] - curve.fpr[before])
    nearer = after if abs(gap[after]).round(12) < abs(gap[before]).round(12) else before
    return Eer(float(rate), _cut_below(curve.thresholds, nearer))


def choose_threshold(scores: npt.ArrayLike, labels: npt.ArrayLike, rule: ThresholdRule) -> float:
    """A threshold for use on other data; give it validation scores, never test scores.

    Any cut between two neighbouring scores decides these rows alike; the middle is returned, as the
    least tied to them. Above the highest score it is the next number, below the lowest that score.

    Args:
        scores: Validation scores.
        labels: Validation labels.
        rule: `eer`: false positive and false negative rate as near as they come; `youden`: largest
            tpr - fpr (Youden, Cancer 3 (1950) 32-35), the highest such threshold.

    Raises:
        InputError: a class is missing, or the rule is not one of these.
    """
    if rule not in get_args(ThresholdRule):
        raise InputError(f"threshold rule {rule!r}: must be one of {', '.join(get_args(ThresholdRule))}")
    reason = undefined_reason(labels)
    if reason:
        raise InputError(f"threshold by {rule}: {reason}; give validation both classes")
    if rule == "eer":
        return eer(scores, labels).threshold
    curve = roc_curve(scores, labels)
    return _cut_below(curve.thresholds, int(np.argmax((curve.tpr - curve.fpr).round(12))))


def confusion(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> Confusion:
    """Count right and wrong predictions at score >= threshold."""
    values, truth = _checked(scores, labels)
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


def ranking_metrics(scores: npt.ArrayLike, labels: npt.ArrayLike) -> dict[str, float]:
    """`auc`, `ap` and `eer` (the rate only: the threshold of the test set itself is an oracle's)."""
    return {
        "auc": roc_auc(scores, labels),
        "ap": average_precision(scores, labels),
        "eer": eer(scores, labels).rate,
    }


def threshold_metrics(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> dict[str, float]:
    """`accuracy`, `balanced_accuracy` and `f1` at a threshold."""
    return {
        "accuracy": accuracy(scores, labels, threshold),
        "balanced_accuracy": balanced_accuracy(scores, labels, threshold),
        "f1": f1(scores, labels, threshold),
    }


def point_metrics(scores: npt.ArrayLike, labels: npt.ArrayLike, threshold: float) -> dict[str, Any]:
    """All metrics of one table of scores.

    Returns:
        `auc`, `ap`, `eer`, `accuracy`, `balanced_accuracy`, `f1` (floats; NaN if undefined), `n_real` and
        `n_fake` (rows), and `undefined`: the reason of each NaN by metric, empty if there is none.
    """
    values = ranking_metrics(scores, labels) | threshold_metrics(scores, labels, threshold)
    reason = undefined_reason(labels)
    n_real, n_fake = _class_counts(labels)
    undefined = {name: reason for name, value in values.items() if math.isnan(value)}
    return {**values, "n_real": n_real, "n_fake": n_fake, "undefined": undefined}


def all_fake_reference(labels: npt.ArrayLike) -> dict[str, Any]:
    """`point_metrics` of calling everything manipulated: what a detector has to beat."""
    return point_metrics(np.ones(np.shape(labels)), labels, 0.5)


def undefined_reason(labels: npt.ArrayLike) -> str:
    """Why metrics over these labels are undefined; empty if they are defined."""
    n_real, n_fake = _class_counts(labels)
    if n_real and n_fake:
        return ""
    return f"needs both classes, got {n_real} real and {n_fake} manipulated"


def pool_by_video(
    scores: npt.ArrayLike, labels: npt.ArrayLike, videos: npt.ArrayLike, how: Pooling = "mean"
) -> tuple[Floats, Ints]:
    """One score and one label a video from scores of frames.

    Args:
        scores: Shape (n_frames,).
        labels: Shape (n_frames,).
        videos: Shape (n_frames,): what a video is told by, its key or a code of it. Never its name:
            000_003 exists under every manipulation.
        how: `mean`, `median` or `max` of a video's frames.

    Returns:
        Scores and labels, each of shape (n_videos,), in the sorted order of `videos`
        (that of `numpy.unique(videos)`). Bit for bit independent of the order of rows.

    Raises:
        InputError: a video has frames of both labels, or `how` is not one of these.
    """
    if how not in get_args(Pooling):
        raise InputError(f"pooling {how!r}: must be one of {', '.join(get_args(Pooling))}; choose one")
    values, truth = _checked(scores, labels)
    keys, codes = np.unique(np.asarray(videos), return_inverse=True)
    if codes.shape != values.shape:
        raise InputError(f"videos: shape {codes.shape}, scores {values.shape}; give one entry a frame")
    if not len(keys):
        return np.empty(0), np.empty(0, dtype=np.int64)
    order = np.lexsort((values, codes))  # within a video by score: sums in one order, medians in place
    values, truth = values[order], truth[order]
    starts = np.searchsorted(codes[order], np.arange(len(keys)))
    low, high = np.minimum.reduceat(truth, starts), np.maximum.reduceat(truth, starts)
    if (low != high).any():
        raise InputError(f"video {str(keys[low != high][0])!r} has frames of both labels; give it one label")
    return _pool(values, starts, how), low


def json_ready(value: Any) -> Any:
    """Copy nested mappings and sequences with NaN and infinities as None, and numpy's numbers as Python's."""
    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return json_ready(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [json_ready(item) for item in value]
    if isinstance(value, np.generic):
        return json_ready(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _pool(values: Floats, starts: Ints, how: Pooling) -> Floats:
    """Pool runs of ascending scores that begin at `starts`."""
    ends = np.r_[starts[1:], len(values)]
    if how == "max":
        return values[ends - 1]
    low, high = values[starts], values[ends - 1]
    if how == "median":
        pooled = values[(starts + ends - 1) // 2] / 2 + values[(starts + ends) // 2] / 2
    else:
        pooled = np.add.reduceat(values, starts) / (ends - starts)
    # Rounding may carry a mean of equal scores off that score, which would undo ties.
    return np.clip(pooled, low, high)


def _checked(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    values, truth = np.asarray(scores, dtype=np.float64), _labels(labels)
    if values.ndim != 1 or values.shape != truth.shape:
        raise InputError(
            f"scores and labels: shapes {values.shape} and {truth.shape}; give one label a score"
        )
    if not np.isfinite(values).all():
        n_bad = int((~np.isfinite(values)).sum())
        raise InputError(
            f"scores: {n_bad} of {len(values)} are not finite; a score must be a number; mend them"
        )
    return values, truth


def _labels(labels: npt.ArrayLike) -> Ints:
    truth = np.asarray(labels)
    if not np.isin(truth, (0, 1)).all():
        raise InputError(
            f"labels {np.unique(truth)[:5].tolist()}: must be 0 (real) or 1 (manipulated); mend them"
        )
    return truth.astype(np.int64)


def _class_counts(labels: npt.ArrayLike) -> tuple[int, int]:
    truth = _labels(labels)
    return int((truth == 0).sum()), int((truth == 1).sum())


def _by_score(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints, Ints]:
    """Distinct scores, descending, with how many real and manipulated rows have each."""
    values, truth = _checked(scores, labels)
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.empty(0, int)
    n_fake = np.add.reduceat(truth, starts) if len(values) else np.empty(0, np.int64)
    n_all = np.diff(np.r_[starts, len(values)])
    return values[starts], n_all - n_fake, n_fake


def _share(counts: Ints, whole: int) -> Floats:
    return counts / whole if whole else np.full(len(counts), math.nan)


def _cut_below(thresholds: Floats, vertex: int) -> float:
    """A threshold that decides as the vertex does, midway to the next lower score."""
    if vertex == 0:
        return float(np.nextafter(thresholds[1], np.inf))
    accepted = float(thresholds[vertex])
    if vertex == len(thresholds) - 1:
        return accepted
    middle = accepted / 2 + float(thresholds[vertex + 1]) / 2
    # Neighbouring floats have no middle.
    return middle if thresholds[vertex + 1] < middle <= accepted else accepted
