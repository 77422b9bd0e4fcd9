"""Shares of videos with an interval that knows of identity groups, at 0 and 1 as well."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats, Ints


class Rate(NamedTuple):
    """A share in [0, 1] with its interval; NaN where there is no video.

    Attributes:
        rate: The share.
        low: Lower end.
        high: Upper end.
        n: Videos.
        n_groups: Identity groups.
    """

    rate: float
    low: float
    high: float
    n: int
    n_groups: int


def rate(
    hits: npt.ArrayLike, groups: npt.ArrayLike, *, confidence: float, each_group_once: bool = False
) -> Rate:
    """Share of hits, with Wilson's interval at the effective number of videos.

    That number is what independent videos would give the variance that is seen between groups (Korn &
    Graubard, Survey Methodology 24 (1998) 193-201, who take Clopper & Pearson's interval; Wilson's as Dean &
    Pagano, Statistics in Medicine 34 (2015) 1492-1503): at most all videos, less for the few degrees of
    freedom of few groups, and where every video or none is a hit, the number of groups.

    Args:
        hits: Shape (n,), bool.
        groups: Shape (n,): identity group of each video.
        confidence: Of the interval.
        each_group_once: The mean over groups of their shares, instead of the share of all videos.

    Raises:
        InputError: there is not one group a hit.
    """
    found, of = np.asarray(hits, dtype=np.float64), np.asarray(groups)
    if found.shape != of.shape or found.ndim != 1:
        raise InputError(f"hits and groups: shapes {found.shape} and {of.shape}; give one group a video")
    if not len(found):
        return Rate(math.nan, math.nan, math.nan, 0, 0)
    _, numbers = np.unique(of, return_inverse=True)
    sums, sizes = np.bincount(numbers, weights=found).astype(np.float64), np.bincount(numbers)
    share, variance = _mean_of_groups(sums / sizes) if each_group_once else _of_all(sums, sizes)
    n, k = len(found), len(sizes)
    low, high = _wilson(share, _effective(share, variance, n, k, confidence), confidence)
    return Rate(share, low, high, n, k)


def _of_all(sums: Floats, sizes: Ints) -> tuple[float, float]:
    """A ratio of sums over groups, with its linearised variance."""
    n, k = int(sizes.sum()), len(sizes)
    share = float(sums.sum()) / n
    spread = float(((sums - share * sizes) ** 2).sum())
    return share, k / (k - 1) * spread / n**2 if k > 1 else math.nan


def _mean_of_groups(shares: Floats) -> tuple[float, float]:
    k = len(shares)
    return float(shares.mean()), float(shares.var(ddof=1)) / k if k > 1 else math.nan


def _effective(share: float, variance: float, n: int, k: int, confidence: float) -> float:
    """How many independent videos these are worth."""
    if share in (0.0, 1.0) or k < 2:
        return k
    quantile = (1 + confidence) / 2
    few = float((ndtri(quantile) / stdtrit(k - 1, quantile)) ** 2)
    return min(n, share * (1 - share) / variance if variance > 0 else n) * few


def _wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    z = float(ndtri((1 + confidence) / 2))
    centre, reach = share + z**2 / (2 * n), z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = ((centre + sign * reach) / (1 + z**2 / n) for sign in (-1, 1))
    return (0.0 if share == 0 else max(low, 0.0)), (1.0 if share == 1 else min(high, 1.0))
