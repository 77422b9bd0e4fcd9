"""The ROC curve and the area under it: what every other metric of scores begins with."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError

Floats = npt.NDArray[np.float64]

Ints = npt.NDArray[np.int64]


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


def roc_curve(scores: npt.ArrayLike, labels: npt.ArrayLike) -> RocCurve:
    """The ROC with all its vertices; equal scores make one vertex, hence a slope between classes.

    Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006) 861-874. The same
    as scikit-learn's `roc_curve(..., drop_intermediate=False)`. Without real (manipulated) rows, fpr
    (tpr) is NaN.
    """
    values, n_real, n_fake = by_score(scores, labels)
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
    _, n_real, n_fake = by_score(scores, labels)
    if not n_real.sum() or not n_fake.sum():
        return math.nan
    above = np.cumsum(n_fake) - n_fake
    twice_wins = int((n_real * (2 * above + n_fake)).sum())
    return twice_wins / (2 * int(n_real.sum()) * int(n_fake.sum()))


def checked_scores(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    """Scores as float64 and labels as int64, both (n,).

    Raises:
        InputError: their shapes differ or are not (n,), a score is not finite, or a label is not 0 or 1.
    """
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


def class_counts(labels: npt.ArrayLike) -> tuple[int, int]:
    """How many rows are real, and how many manipulated.

    Raises:
        InputError: a label is not 0 or 1.
    """
    truth = _labels(labels)
    return int((truth == 0).sum()), int((truth == 1).sum())


def by_score(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints, Ints]:
    """Distinct scores, descending, with how many real and how many manipulated rows have each.

    Raises:
        InputError: as `checked_scores`.
    """
    values, truth = checked_scores(scores, labels)
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.empty(0, int)
    n_fake = np.add.reduceat(truth, starts) if len(values) else np.empty(0, np.int64)
    n_all = np.diff(np.r_[starts, len(values)])
    return values[starts], n_all - n_fake, n_fake


def _share(counts: Ints, whole: int) -> Floats:
    return counts / whole if whole else np.full(len(counts), math.nan)
