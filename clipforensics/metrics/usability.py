"""Whether a detector may be used at all: is its validation AUC above chance, beyond what chance would give?

The interval is of the AUC of clustered data: Obuchowski, "Nonparametric analysis of clustered ROC curve
data", Biometrics 53 (1997) 567-578. With one row a cluster it is DeLong's variance. Rows are frames or
videos, clusters identity groups, which may hold both classes. It is taken on the logit scale, with Student's
t of as many degrees of freedom as the class of fewer groups has, minus 1.

A detector that ranks validation without error has no such variance. Then k pairs of a real and a manipulated
row, no two from one group, are all ranked right, with k the groups of the class that has fewer, or half of
all groups if that is less; the bound is that of k hits of k (Clopper & Pearson, Biometrika 26 (1934)
404-413): with five pairs or fewer it holds .5.

The data that say it are those that chose the model: of k candidates at chance the best looks better than
chance far more often than one. So the interval's error is divided by the settings tried (Bonferroni). Epochs,
of which validation chose too, are not counted; where there are many, chance passes more often than it should.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit
from scipy.stats import rankdata

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats, checked_scores, class_counts

CONFIDENCE = 0.95


class AucInterval(NamedTuple):
    """An AUC with its interval; `undefined` says why the ends are NaN, if they are."""

    auc: float
    low: float
    high: float
    undefined: str = ""


def usable(
    scores: npt.ArrayLike, labels: npt.ArrayLike, groups: npt.ArrayLike, *, n_tried: int = 1
) -> dict[str, Any]:
    """Whether a detector is better than chance on these rows, which are validation's.

    Args:
        scores: As `clustered_auc`.
        labels: As there.
        groups: As there.
        n_tried: Among how many candidates these rows chose the detector's settings; epochs are not counted.

    Returns:
        `usable`: whether the interval of the AUC, of confidence 1 - .05 / n_tried, lies above .5; `reason`,
        empty where it does; `auc`, `low`, `high`.

    Raises:
        InputError: as `clustered_auc`, or nothing was tried.
    """
    if n_tried < 1:
        raise InputError(f"n_tried {n_tried}: must be 1 (nothing was chosen) or more; mend choices.json")
    found = clustered_auc(scores, labels, groups, confidence=1 - (1 - CONFIDENCE) / n_tried)
    above = found.low > 0.5
    numbers = {"auc": found.auc, "low": found.low, "high": found.high}
    return {"usable": bool(above), "reason": "" if above else _reason(found, n_tried), **numbers}


def clustered_auc(
    scores: npt.ArrayLike, labels: npt.ArrayLike, groups: npt.ArrayLike, *, confidence: float = CONFIDENCE
) -> AucInterval:
    """AUC with an interval by groups.

    Args:
        scores: Shape (n,), of frames or of videos.
        labels: Shape (n,), 0 real, 1 manipulated.
        groups: Shape (n,): rows of different groups are independent, those of one need not be.
        confidence: Of the interval.

    Returns:
        The interval; NaN with a reason where a class has fewer than two groups.

    Raises:
        InputError: scores or labels as `auc.checked_scores` refuses them, or not one group a row.
    """
    values, truth = checked_scores(scores, labels)
    _, numbers = np.unique(np.asarray(groups), return_inverse=True)
    if numbers.shape != values.shape:
        raise InputError(f"groups: shape {numbers.shape}, scores {values.shape}; give one entry a row")
    of_class = [numbers[truth == label] for label in (0, 1)]
    n_groups = [len(np.unique(of)) for of in of_class]
    if min(n_groups) < 2:
        counts = (
            f"{n_groups[0]} of {len(of_class[0])} real and {n_groups[1]} of {len(of_class[1])} manipulated"
        )
        reason = f"an interval needs two identity groups of each class, got {counts} rows"
        return AucInterval(_auc(values, truth), math.nan, math.nan, reason)
    wins = _wins(values, truth)
    auc, variance = _auc_and_variance(wins, of_class, n_groups)
    if auc in (0.0, 1.0):
        end = ((1 - confidence) / 2) ** (1 / min(*n_groups, len(np.unique(numbers)) // 2))
        return AucInterval(auc, *((end, 1.0) if auc else (0.0, 1 - end)))
    t = float(stdtrit(min(n_groups) - 1, (1 + confidence) / 2))
    reach = t * math.sqrt(variance) / (auc * (1 - auc))
    return AucInterval(auc, float(expit(logit(auc) - reach)), float(expit(logit(auc) + reach)))


def _reason(found: AucInterval, n_tried: int) -> str:
    if found.undefined:
        return f"whether validation is ranked better than by chance is not known: {found.undefined}"
    best = f", the best of {n_tried} tried there" if n_tried > 1 else ""
    ends = f"AUC {found.auc:.3f} [{found.low:.3f}, {found.high:.3f}]{best}"
    if found.high < 0.5:
        return f"validation is ranked the wrong way round: {ends}"
    return f"validation is not shown to be ranked better than by chance: {ends}"


def _auc(values: Floats, truth: npt.NDArray[np.int64]) -> float:
    n_real, n_fake = class_counts(truth)
    return float(_wins(values, truth)[1].sum() / (n_real * n_fake)) if n_real and n_fake else math.nan


def _wins(values: Floats, truth: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """How many of the other class each real, and each manipulated row is ranked right against; ties: half."""
    real, fake = values[truth == 0], values[truth == 1]
    ranks = rankdata(values)
    of_real = len(fake) - (ranks[truth == 0] - rankdata(real))
    return of_real, ranks[truth == 1] - rankdata(fake)


def _auc_and_variance(
    wins: tuple[Floats, Floats], of_class: list[npt.NDArray[np.int64]], n_groups: list[int]
) -> tuple[float, float]:
    """Obuchowski's estimate: sums of each group's deviations, per class, and their covariance."""
    n_real, n_fake = (len(of) for of in of_class)
    auc = float(wins[1].sum()) / (n_real * n_fake)
    size = 1 + max(int(of.max()) for of in of_class)
    real, fake = (
        np.bincount(of, weights=won / n_other - auc, minlength=size)
        for of, won, n_other in zip(of_class, wins, (n_fake, n_real), strict=True)
    )
    n_both = len(np.union1d(*of_class))
    parts = [k / (k - 1) * float((sums**2).sum()) / len(of) ** 2
             for k, sums, of in zip(n_groups, (real, fake), of_class, strict=True)]  # fmt: skip
    shared = 2 * n_both / (n_both - 1) * float((real * fake).sum()) / (n_real * n_fake)
    return auc, max(sum(parts) + shared, 0.0)
