"""Real, manipulated, or no opinion: conformal prediction by class, in which an identity group counts once.

Guarantee, for each class on its own: take an identity group that is exchangeable with validation's groups of
that class (drawn alike, in no way chosen by what the detector makes of it), and of its videos of that class
one at random. Over validation sets and such groups, the chance that the class is excluded is at most alpha.
So at most alpha of real videos, each group counting once, are called manipulated, and at most alpha of
manipulated ones real. Nothing is promised of fakes of other methods than validation's, of a share among those
called manipulated, or of videos drawn one by one where groups differ in number.

All of that is of scores that validation had no part in. Here validation also chose the checkpoint and the
settings, so errors may exceed alpha: of 20 groups and candidates whose errors are independent, which is the
upper end, the best of 10 excludes .15 to .17 of reals at alpha .1, and the best of 50 .18 to .20.

Split conformal by class (Vovk, "Conditional validity of inductive conformal predictors", Machine Learning 92
(2013) 349-376), with hierarchical weights (Lee, Barber & Willett, "Distribution-free inference with
hierarchical data", arXiv:2306.06342): each of K groups has mass 1 / (K + 1), spread evenly over its videos.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.likelihood.rates import rate
from clipforensics.metrics.auc import Floats, checked_scores

REAL, MANIPULATED, NO_OPINION = "real", "manipulated", "no opinion"
GUARANTEE = (
    "Of each class at most alpha is called the other, if identity groups count once and are drawn as"
    " validation's were; of fakes by other methods than validation's nothing is promised; validation also"
    " chose the checkpoint and settings, so errors may exceed alpha."
)


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Validation scores of one class.

    Attributes:
        scores: Ascending, shape (n,).
        above: Groups' mass at or above each score and (last) beyond all, shape (n + 1,).
        below: Mass below each score, and (last) of all, shape (n + 1,).
        n_groups: K.
    """

    scores: Floats
    above: Floats
    below: Floats
    n_groups: int


@dataclass(frozen=True, eq=False)
class Abstainer:
    """Calls a video only where validation of one class, and of one alone, speaks against it.

    Attributes:
        real: Scores of real validation videos.
        manipulated: Of manipulated ones.
        alpha: In (0, 1): the chance of error that is allowed.
    """

    real: ClassScores
    manipulated: ClassScores
    alpha: float

    @property
    def can_call(self) -> dict[str, bool]:
        """Whether anything can be called `manipulated`, and `real`: that takes 1 / alpha - 1 groups."""
        return {
            MANIPULATED: 1 / (self.real.n_groups + 1) <= self.alpha + 1e-12,
            REAL: 1 / (self.manipulated.n_groups + 1) <= self.alpha + 1e-12,
        }

    def p_values(self, scores: npt.ArrayLike) -> tuple[Floats, Floats]:
        """p of each class, shape (n,) both: small where the score is too high for real, too low for fake."""
        values = np.asarray(scores, dtype=np.float64)
        at_least = self.real.above[np.searchsorted(self.real.scores, values, side="left")]
        at_most = self.manipulated.below[np.searchsorted(self.manipulated.scores, values, side="right")]
        return (1 + at_least) / (self.real.n_groups + 1), (1 + at_most) / (self.manipulated.n_groups + 1)

    def decide(self, scores: npt.ArrayLike) -> npt.NDArray[np.str_]:
        """`real`, `manipulated` or `no opinion` of each score: the class that is left if one is excluded.

        Where none is excluded, or both (the score is like neither), there is no opinion.
        """
        no_real, no_fake = (p <= self.alpha + 1e-12 for p in self.p_values(scores))
        return np.where(no_real & ~no_fake, MANIPULATED, np.where(no_fake & ~no_real, REAL, NO_OPINION))


def fit_abstainer(
    scores: npt.ArrayLike, labels: npt.ArrayLike, groups: npt.ArrayLike, *, alpha: float
) -> Abstainer:
    """From validation videos and their identity groups; never test videos.

    Raises:
        InputError: alpha is not in (0, 1), there is not one group a video, or as `auc.checked_scores`.
    """
    values, truth = checked_scores(scores, labels)
    of = np.asarray(groups)
    if of.shape != values.shape:
        raise InputError(f"groups: shape {of.shape}, scores {values.shape}; give one group a video")
    if not 0 < alpha < 1:
        raise InputError(f"likelihood.alpha {alpha}: must lie between 0 and 1, such as 0.1; mend it")
    real, fake = (_of_class(values[truth == label], of[truth == label]) for label in (0, 1))
    return Abstainer(real, fake, alpha)


def outcomes(
    decisions: npt.NDArray[np.str_], labels: npt.ArrayLike, groups: npt.ArrayLike, *, confidence: float
) -> dict[str, Any]:
    """What became of test videos of each class, each identity group counting once.

    Returns:
        By class (`real`, `manipulated`): `wrong` (called the other class) with `low` and `high`,
        `no_opinion`, `n`, `n_groups`. Rates are means over groups.
    """
    truth, of = np.asarray(labels), np.asarray(groups)
    found = {}
    for label, (name, other) in enumerate(((REAL, MANIPULATED), (MANIPULATED, REAL))):
        ours, where = decisions[truth == label], of[truth == label]
        wrong, silent = (
            rate(ours == word, where, confidence=confidence, each_group_once=True)
            for word in (other, NO_OPINION)
        )
        counts = {"n": wrong.n, "n_groups": wrong.n_groups}
        found[name] = {"wrong": wrong.rate, "low": wrong.low, "high": wrong.high, "no_opinion": silent.rate}
        found[name] |= counts
    return found


def _of_class(scores: Floats, groups: npt.NDArray[Any]) -> ClassScores:
    order = np.argsort(scores, kind="stable")
    _, numbers, sizes = np.unique(groups[order], return_inverse=True, return_counts=True)
    mass = np.r_[0.0, np.cumsum(1 / sizes[numbers])]
    return ClassScores(scores[order], mass[-1] - mass, mass, len(sizes))
