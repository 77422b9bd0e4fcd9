"""Gaps between strata: how sure each side is, and of how many groups the degrees of freedom are."""

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.newcombe import score_interval
from clipforensics.statistics.uncertainty import Estimate
from tests.support.estimates import aucs, delong_variance, estimate, expected_error, noisy, plan


def test_a_side_of_one_is_not_certain():
    """Twin AUC below 1, no_twin AUC 1: the gap's variance has that of the no_twin's score interval in it."""
    scores = np.r_[np.linspace(0, 0.5, 6), 0.05, 0.3, np.linspace(0.6, 1, 7)]
    subsets = {"twin": set(range(6, 11)), "no_twin": set(range(11, 15))}
    found = bootstrap_auc(plan(), {"a": scores, "b": scores**2}, subsets=subsets)
    twin, no_twin = (found[name]["video"]["a"] for name in subsets)
    assert (no_twin.value, twin.value < 0.9) == (1, True)
    gap = twin - no_twin
    low, high = score_interval(1.0, 6, 4, confidence=0.95)
    unseen = ((high - low) / norm.ppf(0.975)) ** 2
    drawn, degrees = expected_error(gap, (6, 5, 4))
    # The twin's own side is no surer than its score interval, at the design effect of its draws.
    alone = twin.standard_error()[0] ** 2
    assert twin.sizes.independent == pytest.approx(delong_variance(scores[:11], 6))
    ends = score_interval(twin.value, 6, 5, confidence=0.95, design=alone / twin.sizes.independent)
    lacking = max(0, ((ends[1] - ends[0]) / 2 / norm.ppf(0.975)) ** 2 - alone)
    se, found_degrees = gap.standard_error()
    whole = drawn**2 + unseen + lacking
    assert se**2 == pytest.approx(whole)
    assert found_degrees == pytest.approx(whole**2 / (drawn**4 / degrees + (unseen + lacking) ** 2 / 3))
    degrees = found_degrees
    one = gap.interval()
    reach = student.ppf(0.975, degrees) * se
    assert (one.low, one.high) == pytest.approx((max(gap.value - reach, -1), min(gap.value + reach, 1)))
    assert one.low < 0 < one.high
    gain = gap - (found["twin"]["video"]["b"] - found["no_twin"]["video"]["b"])
    assert gain.unseen >= 2 * unseen
    assert gain.interval().low < 0 < gain.interval().high


def test_a_gap_has_the_degrees_of_freedom_of_its_smaller_stratum():
    """Ten fakes without a twin among a hundred: not the ninety-nine degrees of all fakes."""
    rng = np.random.default_rng(8)
    scores = rng.normal(size=200) + 1.5 * np.repeat([0, 1], 100)
    subsets = {"twin": set(range(100, 190)), "no_twin": set(range(190, 200))}
    found = bootstrap_auc(plan(100, 100), {"a": scores}, subsets=subsets)
    gap = found["twin"]["video"]["a"] - found["no_twin"]["video"]["a"]
    assert gap._small_sample()[1] < 25
    assert gap._small_sample()[1] == pytest.approx(expected_error(gap, (100, 90, 10))[1])


def test_a_gap_counts_the_groups_of_its_fakes_even_where_reals_are_in_all_of_them():
    rng, groups = np.random.default_rng(8), np.tile(np.arange(30), 2)
    scores = rng.normal(size=60) + 1.2 * np.repeat([0, 1], 30)
    subsets = {"twin": set(range(30, 54)), "no_twin": set(range(54, 60))}
    found = bootstrap_auc(plan(30, 30, clusters=groups), {"a": scores}, subsets=subsets)
    gap = found["twin"]["video"]["a"] - found["no_twin"]["video"]["a"]
    assert sorted(int(ours.sum()) for ours in gap._strata()) == [6, 24]
    assert gap._small_sample()[1] == pytest.approx(expected_error_of(gap, [groups[54:], groups[30:54]]))


def expected_error_of(one, groups):
    """Degrees of freedom by hand: the jackknife's variance of each set of groups."""
    parts = [(one.jackknife[g] - one.jackknife[g].mean()) ** 2 for g in groups]
    variances = [(len(p) - 1) / len(p) * p.sum() for p in parts]
    return sum(variances) ** 2 / sum(v**2 / (len(p) - 1) for v, p in zip(variances, parts, strict=True))


def test_detectors_on_the_same_videos_keep_their_paired_error():
    rng = np.random.default_rng(4)
    one, two = aucs(plan(), noisy(rng), noisy(rng))
    assert (one - two).unseen == 0


def test_two_aucs_of_one_do_not_differ_by_nothing_for_certain():
    apart = np.r_[np.zeros(6), np.linspace(0.5, 1, 9)]
    subsets = {"twin": set(range(6, 11)), "no_twin": set(range(11, 15))}
    found = bootstrap_auc(plan(), {"a": apart, "b": apart**2}, subsets=subsets)
    twin, no_twin = (found[name]["video"] for name in subsets)
    gap, other = (twin[name] - no_twin[name] for name in "ab")
    for one in map(Estimate.interval, [gap, other, twin["a"] - twin["b"], gap - other]):
        assert one.value == 0
        assert one.low < -0.2
        assert one.high > 0.2
        assert (one.p, one.undefined) == (pytest.approx(1), "")


def test_a_difference_of_subsets_counts_the_clusters_of_both():
    first, second = (np.r_[np.ones(6, bool), np.arange(9) // 4 == k] for k in (0, 1))
    both = estimate(active=first) - estimate(active=second)
    assert both.active.tolist() == [True] * 14 + [False]


def test_a_single_odd_group_does_not_take_a_gaps_degrees_of_freedom():
    """One pair of a real and a fake shares a group, which is a kind of its own: it has no spread to count."""
    rng = np.random.default_rng(8)
    scores = np.r_[rng.normal(size=20), rng.normal(size=20) + 1, rng.normal(size=10) + 9]
    groups = np.r_[np.arange(20), 0, 21:50]  # the first fake comes with the first real
    subsets = {"twin": set(range(20, 40)), "no_twin": set(range(40, 50))}
    found = bootstrap_auc(plan(20, 30, clusters=groups), {"a": scores}, subsets=subsets)
    gap = found["twin"]["video"]["a"] - found["no_twin"]["video"]["a"]
    assert gap.unseen > 0
    assert sorted(int(ours.sum()) for ours in gap._strata()) == [1, 10, 19, 19]
    whole, drawn = gap.standard_error()[0] ** 2, gap.standard_error()[0] ** 2 - gap.unseen
    expected = whole**2 / (drawn**2 / gap._small_sample()[1] + gap.unseen**2 / (10 - 1))
    assert gap.standard_error()[1] == pytest.approx(expected)


def test_strata_are_told_apart_by_their_videos_where_every_group_has_fakes_of_both():
    rng, groups = np.random.default_rng(2), np.tile(np.arange(10), 3)
    scores = rng.normal(size=30) + 2.3 * np.repeat([0, 1], [10, 20])
    subsets = {"twin": set(range(10, 20)), "no_twin": set(range(20, 30))}
    tables = {"a": scores, "b": scores + rng.normal(size=30) / 2}
    found = bootstrap_auc(plan(10, 20, clusters=groups), tables, subsets=subsets)
    twin, no_twin = (found[name]["video"] for name in subsets)
    assert (twin["a"].sizes.of_fakes == no_twin["a"].sizes.of_fakes).all()
    gap, detectors = twin["a"] - no_twin["a"], twin["a"] - twin["b"]
    assert 0.95 < twin["a"].value < 1  # where two detectors would be doubted
    assert (gap.unseen > 0, gap.interval().caution) == (True, "")
    assert (detectors.unseen, detectors.interval().caution != "") == (0, True)
