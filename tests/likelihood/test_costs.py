"""Cllr by loops and by hand; its least by trying maps; its interval by resampling and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given

from clipforensics.likelihood.costs import cllr, cllr_interval, cllr_min, costs
from clipforensics.likelihood.pav import pool_adjacent_violators
from clipforensics.statistics.replicates import draw_replicates
from tests.support.resampling import drawn_weights
from tests.support.score_tables import tables


def slow_cllr(llrs, labels):
    h1 = [math.log2(1 + 1 / 10**x) for x, y in zip(llrs, labels, strict=True) if y == 1]
    h2 = [math.log2(1 + 10**x) for x, y in zip(llrs, labels, strict=True) if y == 0]
    return (sum(h1) / len(h1) + sum(h2) / len(h2)) / 2


@given(tables())
def test_cllr_is_the_mean_surprise_of_both_classes(table):
    llrs, labels = 3 * table[0] - 1, table[1]
    found = costs(llrs, labels)
    assert found.cllr == pytest.approx(slow_cllr(llrs, labels))
    assert found.cllr_min + found.cllr_cal == pytest.approx(found.cllr)
    assert 0 <= found.cllr_min <= found.cllr + 1e-12


def test_by_hand():
    assert cllr([0, 0, 0], [0, 0, 1]) == 1
    assert cllr([-1, 1], [0, 1]) == pytest.approx(math.log2(1.1))
    assert cllr([1, -1], [0, 1]) == pytest.approx(math.log2(11))
    assert cllr([-math.inf, math.inf], [0, 1]) == 0
    assert cllr([math.inf, math.inf], [0, 1]) == math.inf
    assert math.isnan(cllr([1.0, 2.0], [1, 1]))


@given(tables(min_each=2))
def test_cllr_min_sees_only_the_ranking_and_no_rising_map_costs_less(table):
    llrs, labels = 4 * table[0] - 2, table[1]
    least = cllr_min(llrs, labels)
    assert cllr_min(np.exp(llrs), labels) == pytest.approx(least)
    steps = pool_adjacent_violators(llrs, labels)
    with np.errstate(divide="ignore"):
        best = np.log10(steps.probabilities / (1 - steps.probabilities))[np.searchsorted(steps.values, llrs)]
    assert cllr(best, labels) == pytest.approx(least)
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = np.sort(rng.normal(size=len(steps.values)))[np.searchsorted(steps.values, llrs)]
        assert slow_cllr(other, labels) >= least - 1e-9


def test_infinite_lrs_are_ranked_like_others():
    assert cllr_min([-math.inf, -1, 1, math.inf], [0, 1, 0, 1]) == cllr_min([1, 2, 3, 4], [0, 1, 0, 1])


def videos(rng, n_groups, scale=1.0):
    """A real and two manipulated videos a group, whose LRs share an effect."""
    effect = np.repeat(rng.normal(size=n_groups), 3)
    labels, groups = np.tile([0, 1, 1], n_groups), np.repeat(np.arange(n_groups), 3)
    return scale * (labels - 0.5 + 0.5 * effect + 0.3 * rng.normal(size=3 * n_groups)), labels, groups


def test_the_interval_stands_on_the_cllr_of_every_resampled_set():
    llrs, labels, groups = videos(np.random.default_rng(2), 12)
    draws = draw_replicates(labels, np.arange(36), clusters=groups, n_replicates=30, seed=3)
    found = cllr_interval(llrs, draws, confidence=0.9)
    slow = []
    for weights in drawn_weights(draws):
        rows = np.repeat(np.arange(36), weights.astype(int))
        slow.append(math.log(slow_cllr(llrs[rows], labels[rows])))
    assert found.value == pytest.approx(slow_cllr(llrs, labels))
    middle, reach = math.log(found.value), math.log(found.high / found.low) / 2
    assert math.log(found.low) == pytest.approx(middle - reach)
    # one stratum of 12 groups: the standard deviation over replicates, times t with 11 degrees of freedom
    assert reach == pytest.approx(np.std(slow, ddof=1) * math.sqrt(12 / 11) * 1.795885, rel=1e-4)
    assert (found.p < 0.1) == (found.high < 1 or found.low > 1)


def coverage(by_group, true):
    rng, held = np.random.default_rng(8), 0
    for _ in range(200):
        llrs, labels, groups = videos(rng, 30)
        clusters = groups if by_group else None
        draws = draw_replicates(labels, np.arange(90), clusters=clusters, n_replicates=200, seed=1)
        found = cllr_interval(llrs, draws, confidence=0.95)
        held += found.low <= true <= found.high
    return held / 200


def test_by_groups_the_interval_holds_the_truth_as_often_as_it_says():
    llrs, labels, _ = videos(np.random.default_rng(9), 200_000)
    true = cllr(llrs, labels)
    assert coverage(True, true) >= 0.92


def test_one_group_of_a_class_has_no_interval():
    draws = draw_replicates([0, 0, 1], [0, 1, 2], n_replicates=5, seed=1)
    found = cllr_interval([0.0, 1.0, 2.0], draws, confidence=0.95)
    assert math.isnan(found.low)
    assert "needs two or more clusters" in found.undefined
