"""How sure a metric is where not the test videos alone could have been others, but the training set as well.

One split measures *these trained models*. Repeats of a split (or folds) train on other people each time; the
mean of their metrics says what the method reaches on training sets of this size, if its interval holds three
things. As in multi-reader studies (Obuchowski & Rockette, Communications in Statistics - Simulation and
Computation 24 (1995) 285-308), with trained models for readers, its squared standard error is the sum of

- *videos*: the variance of the mean over test videos, the models being what they are. A jackknife of
  clusters, which are left out of all test sets at once, since repeats share test videos.
- *models*: S^2 / R, where S^2 is the variance of the metric between the R training sets.
- *overlap*: R repeats of one data set are not R data sets. If the effect of a training set is the sum of
  small effects of its videos, two sets that share o of their videos correlate by o. So the part T of S^2 that
  is training's (S^2 less what the jackknife ascribes to test videos, at least 0) adds T o / (1 - o) to the
  variance of the mean. Nadeau & Bengio, Machine Learning 52 (2003) 239-281, correct the naive S^2 / R in the
  same way, by n_test / n_train, which is right where only the test videos matter.
- *seeds*, with two or more: the variance between seeds over their number, less the interaction's part.

S^2 holds some of the videos' variance too, which so counts twice: no unbiased estimate of this variance
exists (Bengio & Grandvalet, JMLR 5 (2004) 1089-1105), and this one errs on the wide side. Degrees of freedom
are Satterthwaite's. How often it holds: docs/explanation/training-variance.md.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, stdtr, stdtrit

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats
from clipforensics.statistics.uncertainty import Estimate, Interval

Influence = Mapping[tuple[int, Hashable], float]
"""(stratum, cluster) -> what the cluster adds to the metric's deviation; squares sum to the variance."""

SAME_SPLIT = "the training sets are one and the same, so nothing says how another would do"
FEW = "an interval over training sets needs two or more with a value, got {}"
STEADY = "neither videos nor training sets move it, so nothing tells how sure it is"


@dataclass(frozen=True, eq=False)
class Trained:
    """A metric, or a difference of two, of the models that one training set gave.

    Attributes:
        values: Shape (n_seeds,), a model each.
        influence: Of the test videos on the mean over seeds.
        null: The value of no effect; NaN if there is none.
        bounds: Smallest and largest possible value. (0, 1) is put on the logit scale.
        undefined: Why there is no value or no interval; empty if there is one.
    """

    values: Floats
    influence: Influence
    null: float = math.nan
    bounds: tuple[float, float] = (0.0, 1.0)
    undefined: str = ""

    @classmethod
    def of_seeds(cls, estimates: Sequence[Estimate], clusters: Sequence[Hashable]) -> "Trained":
        """The models of one training set.

        Args:
            estimates: The same metric of each training seed, on the same draws.
            clusters: Name of each cluster of these draws, in their order; a cluster has one name in every
                test set that it is in.

        Raises:
            InputError: no estimate, or not one name a cluster.
        """
        if not estimates or len(clusters) != len(estimates[0].replicates.strata):
            raise InputError(
                "a trained model needs an estimate a seed, and a name for each cluster; give them"
            )
        first = estimates[0]
        jackknife = np.mean([one.jackknife for one in estimates], axis=0)
        influence: dict[tuple[int, Hashable], float] = {}
        for stratum in np.unique(first.replicates.strata[first.active]):
            inside = np.flatnonzero(first.active & (first.replicates.strata == stratum))
            n, ours = len(inside), jackknife[inside]
            moved = math.sqrt((n - 1) / n) * (ours - ours.mean())
            influence |= {
                (int(stratum), clusters[i]): float(m) for i, m in zip(inside.tolist(), moved, strict=True)
            }
        values = np.array([one.value for one in estimates])
        lost = next((one.undefined for one in estimates if one.undefined), "")
        return cls(values, influence, first.null, first.bounds, lost)

    def __sub__(self, other: "Trained") -> "Trained":
        """The paired difference on the same test videos, seed by seed; no effect is 0.

        It is undefined where no video moves either side, as for two AUCs that are both 1: that they are equal
        is then no more certain than either is.

        Raises:
            InputError: other clusters, or another number of seeds.
        """
        if self.influence.keys() != other.influence.keys() or self.values.shape != other.values.shape:
            raise InputError("a paired difference needs the same test videos and seeds on both sides")
        still = not any(map(abs, (*self.influence.values(), *other.influence.values())))
        return Trained(
            self.values - other.values,
            {where: moved - other.influence[where] for where, moved in self.influence.items()},
            0.0,
            (self.bounds[0] - other.bounds[1], self.bounds[1] - other.bounds[0]),
            self.undefined or other.undefined or (STEADY if still else ""),
        )


def over_training_sets(several: Sequence[Trained], *, overlap: float, confidence: float = 0.95) -> Interval:
    """The mean over training sets, with the interval that the head of this module describes.

    Training sets without a value (a fold may lack a class) are left out; one that has a value and no interval
    leaves the mean without one.

    Args:
        several: The same metric for each training set.
        overlap: Share of its videos that a training set has in common with another, on average; in [0, 1].
        confidence: For instance .95.

    Returns:
        `covers` is `videos and training sets`, with two or more seeds `videos, training sets and seeds`. No
        ends, and a reason, where fewer than two training sets have a value, or all are the same set.

    Raises:
        InputError: an overlap or a confidence out of range, or training sets with other numbers of seeds.
    """
    if not (0 <= overlap <= 1 and 0 < confidence < 1):
        raise InputError(f"overlap {overlap}, confidence {confidence}: must be from 0 to 1; mend them")
    known = [one for one in several if not np.isnan(one.values).any()]
    if len({len(one.values) for one in known}) > 1:
        raise InputError("training sets have other numbers of seeds; train each with the same")
    value = float(np.mean([one.values.mean() for one in known])) if known else math.nan
    covers = _covers(len(known[0].values) if known else 1)
    if reason := _why_not(several, known, overlap):
        return Interval(value, math.nan, math.nan, math.nan, reason, covers)
    variance, degrees = _pooled([*_videos(known), *_models(known, overlap), *_seeds(known)])
    if not variance > 0:
        return _exactly(value, value == known[0].null == 0.0, covers)
    ends = _ends(value, math.sqrt(variance), degrees, known[0], confidence)
    return Interval(value, *ends, "", covers)


@dataclass(frozen=True, slots=True, eq=False)
class OverTrainingSets:
    """A difference over training sets that a family can take: its interval at any confidence.

    Attributes:
        several: The same difference for each training set.
        overlap: As `over_training_sets` takes it.
    """

    several: Sequence[Trained]
    overlap: float

    def interval(self, *, confidence: float = 0.95) -> Interval:
        """As `over_training_sets`."""
        return over_training_sets(self.several, overlap=self.overlap, confidence=confidence)


def _why_not(several: Sequence[Trained], known: Sequence[Trained], overlap: float) -> str:
    """Why there is no interval; empty if there is one."""
    reasons = [one.undefined for one in (several if len(known) < 2 else known) if one.undefined]
    if len(known) < 2:
        return reasons[0] if len(several) > 1 and reasons else FEW.format(len(known))
    return SAME_SPLIT if overlap == 1 else next(iter(reasons), "")


def _covers(n_seeds: int) -> str:
    return "videos, training sets and seeds" if n_seeds > 1 else "videos and training sets"


def _exactly(value: float, same: bool, covers: str) -> Interval:
    """A detector differs from itself by 0 for certain; anything else that never moves is unknown."""
    if same:
        return Interval(0.0, 0.0, 0.0, 1.0, "", covers)
    return Interval(value, math.nan, math.nan, math.nan, STEADY, covers)


def _matrix(known: Sequence[Trained]) -> tuple[list[int], Floats]:
    """Stratum of each cluster, and influences, shape (n_sets, n_clusters); 0 where it is not tested."""
    places = sorted(set().union(*(one.influence for one in known)), key=repr)
    moved = np.array([[one.influence.get(place, 0.0) for place in places] for one in known])
    return [stratum for stratum, _ in places], moved


def _videos(known: Sequence[Trained]) -> list[tuple[float, int]]:
    """Variance over test videos of the mean, and degrees of freedom, a stratum each."""
    strata, moved = _matrix(known)
    squares, of = moved.mean(axis=0) ** 2, np.array(strata)
    return [(float(squares[of == h].sum()), int((of == h).sum()) - 1) for h in np.unique(of)]


def _models(known: Sequence[Trained], overlap: float) -> list[tuple[float, int]]:
    """Variance of training: between sets, and what they have in common."""
    n, (_, moved) = len(known), _matrix(known)
    between = float(np.var([one.values.mean() for one in known], ddof=1))
    one_set = float((moved**2).sum()) / n
    shared = float((moved.sum(axis=0) ** 2).sum() - (moved**2).sum()) / (n * (n - 1))
    training = max(0.0, between - (one_set - shared))
    return [(between / n + training * overlap / (1 - overlap), n - 1)]


def _seeds(known: Sequence[Trained]) -> list[tuple[float, int]]:
    """Variance of what a seed does alike in all training sets."""
    values = np.array([one.values for one in known])
    n_sets, n_seeds = values.shape
    if n_seeds < 2:
        return []
    rows, columns = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True)
    left = values - rows - columns + values.mean()
    interaction = float((left**2).sum()) / ((n_sets - 1) * (n_seeds - 1))
    main = max(0.0, float(np.var(columns, ddof=1)) - interaction / n_sets)
    return [(main / n_seeds, n_seeds - 1)]


def _pooled(parts: Sequence[tuple[float, int]]) -> tuple[float, float]:
    """Sum of variances, and Satterthwaite's degrees of freedom of it."""
    told = [(variance, degrees) for variance, degrees in parts if variance > 0 and degrees > 0]
    total = sum(variance for variance, _ in told)
    if not total > 0:
        return 0.0, math.nan
    return total, total**2 / sum(variance**2 / degrees for variance, degrees in told)


def _ends(
    value: float, se: float, degrees: float, like: Trained, confidence: float
) -> tuple[float, float, float]:
    """Low, high and p; on the logit scale as `uncertainty.Estimate` has it."""
    t = float(stdtrit(degrees, (1 + confidence) / 2))
    if like.bounds == (0.0, 1.0) and 0 < value < 1:
        centre, se = float(logit(value)), se / (value * (1 - value))
        low, high = float(expit(centre - t * se)), float(expit(centre + t * se))
        distance = centre - float(logit(like.null))
    else:
        low, high = (float(np.clip(value + sign * t * se, *like.bounds)) for sign in (-1, 1))
        distance = value - like.null
    return low, high, float(2 * stdtr(degrees, -abs(distance) / se))
