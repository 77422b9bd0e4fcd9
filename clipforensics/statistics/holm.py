"""Many differences on different draws: Holm's correction, which holds whatever hangs together.

Holm, Scandinavian Journal of Statistics 6 (1979) 65-70: the smallest of m p is multiplied by m, the next by
m - 1 and so on, none below the one before. Where members stand on the same draws `simultaneous` shows more.

Holm's test has no interval of its own. The interval here is Bonferroni's, of confidence 1 - alpha / m for
each, whose ends hold for all members at once. Where Holm shows a difference that Bonferroni's interval does
not, only its sign is shown, so the nearer end is moved to 0 (as the intervals that belong to Holm's test are
for one side: Strassburger & Bretz, Statistics in Medicine 27 (2008) 4914-4927): p decides.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats
from clipforensics.statistics.simultaneous import Corrected, HasInterval, K, own_intervals


def holm(members: Mapping[K, HasInterval], *, confidence: float = 0.95) -> dict[K, Corrected]:
    """Holm's p and Bonferroni's intervals of a family of estimates.

    Args:
        members: Differences with a null value of 0; on whatever draws, or on none.
        confidence: That all intervals hold their truths.

    Returns:
        Of those members that have an interval of their own and a null value. The others were not tested, and
        are no part of the family.

    Raises:
        InputError: the confidence is not between 0 and 1.
    """
    alone = own_intervals(members, confidence=confidence)
    adjusted = adjusted_p([one.p for one in alone.values()])
    found = {}
    for name, p in zip(alone, adjusted, strict=True):
        ends = members[name].interval(confidence=1 - (1 - confidence) / len(alone))
        low, high = ends.low, ends.high
        if p < 1 - confidence and low <= 0 <= high:
            low, high = (0.0, high) if ends.value > 0 else (low, 0.0)
        found[name] = Corrected(low, high, float(p))
    return found


def adjusted_p(p: Sequence[float]) -> Floats:
    """Holm's adjusted p, in the order given.

    Args:
        p: Of each member, from 0 to 1.

    Raises:
        InputError: one is no p.
    """
    given = np.asarray(p, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise InputError(f"p {given.tolist()}: each must lie between 0 and 1; leave out what was not tested")
    order = np.argsort(given, kind="stable")
    steps = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    found = np.empty_like(given)
    found[order] = np.minimum(steps, 1)
    return found
