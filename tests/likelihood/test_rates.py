"""Shares with intervals: Wilson's by hand, clusters by loops, and by simulation, at 0 too."""

import math

import numpy as np
import pytest
from scipy.stats import t

from clipforensics.core.faults import InputError
from clipforensics.likelihood.rates import rate


def wilson(share, n, z=1.959964):
    """The two shares that lie z standard errors from the one found, by the quadratic formula."""
    a, b, c = 1 + z**2 / n, -(2 * share + z**2 / n), share**2
    root = math.sqrt(b**2 - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def clustered(seed=1, n_groups=12):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), rng.integers(1, 6, n_groups))
    return rng.random(len(groups)) < 0.3 * rng.random(n_groups)[groups] + 0.2, groups


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_is_wilsons_at_the_number_that_groups_are_worth(seed):
    hits, groups = clustered(seed)
    n, names = len(hits), sorted(set(groups))
    share = sum(hits) / n
    spread = sum((sum(hits[groups == g]) - share * sum(groups == g)) ** 2 for g in names)
    variance = len(names) / (len(names) - 1) * spread / n**2
    few = (1.959964 / t.ppf(0.975, len(names) - 1)) ** 2
    effective = min(n, share * (1 - share) / variance) * few
    found = rate(hits, groups, confidence=0.95)
    assert found[:1] + found[3:] == (pytest.approx(share), n, len(names))
    assert (found.low, found.high) == pytest.approx(wilson(share, effective), abs=1e-6)


def test_each_group_once_is_the_mean_of_shares():
    hits, groups = clustered(3)
    shares = [np.mean(hits[groups == g]) for g in sorted(set(groups))]
    found = rate(hits, groups, confidence=0.95, each_group_once=True)
    assert found.rate == pytest.approx(np.mean(shares))
    k, share = len(shares), np.mean(shares)
    effective = min(len(hits), share * (1 - share) / (np.var(shares, ddof=1) / k))
    few = (1.959964 / t.ppf(0.975, k - 1)) ** 2
    assert (found.low, found.high) == pytest.approx(wilson(share, effective * few), abs=1e-6)


def test_without_a_hit_the_groups_count_and_not_their_videos():
    found = rate(np.zeros(40, bool), np.repeat(np.arange(8), 5), confidence=0.95)
    assert found == (0, 0, pytest.approx(wilson(0, 8)[1]), 40, 8)
    turned = rate(np.ones(40, bool), np.repeat(np.arange(8), 5), confidence=0.95)
    assert turned[:3] == (1, pytest.approx(wilson(1, 8)[0]), 1)


def coverage(by_group, draws=400):
    """Groups of five videos that mostly share their fate; the true share is .3."""
    rng, held = np.random.default_rng(6), 0
    for _ in range(draws):
        fate = np.repeat(rng.random(20) < 0.3, 5)
        hits = np.where(rng.random(100) < 0.8, fate, rng.random(100) < 0.3)
        found = rate(hits, np.repeat(np.arange(20), 5) if by_group else np.arange(100), confidence=0.95)
        held += found.low <= 0.3 <= found.high
    return held / draws


def test_by_groups_the_interval_holds_the_truth_and_by_videos_it_does_not():
    assert coverage(by_group=True) >= 0.92
    assert coverage(by_group=False) < 0.85


def test_no_video_has_no_rate():
    found = rate([], [], confidence=0.95)
    assert math.isnan(found.rate)
    assert (found.n, found.n_groups) == (0, 0)


def test_one_group_is_worth_one_video():
    found = rate([True, False], [3, 3], confidence=0.95)
    assert (found.low, found.high) == pytest.approx(wilson(0.5, 1), abs=1e-6)


def test_a_group_a_video():
    with pytest.raises(InputError, match="one group a video"):
        rate([True], [1, 2], confidence=0.95)
