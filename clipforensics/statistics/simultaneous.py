"""Many differences at once: intervals that hold all their truths together, from the draws that they share.

Of thirteen equal methods some one is further than ± t * se from the reference in a quarter of runs. A family
of differences is therefore set against the distribution of the largest of its deviations: in each replicate
every difference is divided by its own standard deviation over replicates, and the largest in size is kept
(single-step max-t: Westfall & Young, "Resampling-Based Multiple Testing" (1993), 2.5; for bootstrap draws
Romano & Wolf, Econometrica 73 (2005) 1237-1282). Differences that rise and fall together so cost little: a
family of equal members has the critical value of one.

Deviations over replicates have no tails of t, so the critical value c is one of the normal scale. It says at
which level, 2 * Phi(-c), each member must be tested; its interval at that level is then made by
`Estimate.interval`, with its own correction for few clusters and its own degrees of freedom. A family of one
has the interval that the member has alone; none is ever shorter than that, nor longer than Bonferroni's.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from scipy.special import ndtr, ndtri

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats
from clipforensics.statistics.uncertainty import Estimate, Interval

K = TypeVar("K", bound=Hashable)


class Corrected(NamedTuple):
    """One member of a family, allowing for all the others.

    Attributes:
        low: Lower end; the intervals of the family hold all their truths at once with its confidence.
        high: Upper end.
        p: Two-sided, adjusted: below 1 - confidence if and only if the member is shown.
    """

    low: float
    high: float
    p: float


class HasInterval(Protocol):
    """An estimate, as far as a correction without draws needs to know it."""

    def interval(self, *, confidence: float) -> Interval:
        """Its interval, with p against no effect."""


def max_t(members: Mapping[K, Estimate], *, confidence: float = 0.95) -> dict[K, Corrected]:
    """Simultaneous intervals and adjusted p of a family of estimates on the same draws.

    Args:
        members: Differences, each with the same null value as when it stands alone.
        confidence: That all intervals hold their truths.

    Returns:
        Of those members that have an interval of their own and a null value. The others were not tested, and
        are no part of the family.

    Raises:
        InputError: members on different draws, or a confidence that is none.
    """
    alone = own_intervals(members, confidence=confidence)
    tested = {name: members[name] for name in alone}
    first = next(iter(tested.values()), None)
    if first is None:
        return {}
    if not all(first.replicates.same_draws(one.replicates) for one in tested.values()):
        raise InputError("a family by max-t needs the same draws; take Holm's correction for different ones")
    largest = np.sort(_largest(list(tested.values())))
    level = 2 * float(ndtr(-_critical(largest, 1 - confidence, len(tested))))
    found = {}
    for name, one in tested.items():
        p = alone[name].p
        beyond = len(largest) - np.searchsorted(largest, -ndtri(p / 2), side="left")
        adjusted = float(np.clip((1 + beyond) / (1 + len(largest)), p, min(1.0, len(tested) * p)))
        ends = one.interval(confidence=1 - level)
        found[name] = Corrected(ends.low, ends.high, adjusted)
    return found


def own_intervals(members: Mapping[K, HasInterval], *, confidence: float) -> dict[K, Interval]:
    """Interval of each member alone, of those that have one and a p."""
    found = {name: one.interval(confidence=confidence) for name, one in members.items()}
    return {name: one for name, one in found.items() if not np.isnan([one.low, one.p]).any()}


def _largest(members: list[Estimate]) -> Floats:
    """Shape (n_replicates,): the largest deviation of any member in its own standard deviations."""
    found = np.zeros(len(members[0].draws))
    for one in members:
        deviations = np.abs(one.draws - np.nanmean(one.draws))
        sd = float(np.nanstd(one.draws, ddof=1)) if len(deviations) > 1 else 0.0
        if sd > 0:  # else it is a difference of two that are equal in every replicate
            found = np.fmax(found, deviations / sd)
    return found


def _critical(largest: Floats, alpha: float, n: int) -> float:
    """The value that a member's |t|, on the normal scale, must exceed to be shown.

    It is the order statistic at which the adjusted p, (1 + replicates beyond) / (1 + replicates), reaches
    alpha; within the bounds of a single test and of Bonferroni's.
    """
    reach = int(np.ceil(alpha * (len(largest) + 1) - 1 - 1e-9))
    drawn = largest[-reach] if 1 <= reach <= len(largest) else np.inf
    return float(np.clip(drawn, -ndtri(alpha / 2), -ndtri(alpha / n / 2)))
