"""Families on the same draws: max-t against a slow reference, its bounds, and who is part of it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from clipforensics.core.faults import InputError
from clipforensics.statistics.simultaneous import max_t
from tests.support.families import differences

GAINS = (1.0, 1.1, 1.9, 1.0, 0.7)


def slow_max_t(members, confidence):
    """One replicate, one member at a time; adjusted p and the level at which each interval is made."""
    n_replicates = len(next(iter(members.values())).draws)
    centres = {name: np.mean(one.draws) for name, one in members.items()}
    spreads = {name: np.std(one.draws, ddof=1) for name, one in members.items()}
    largest = [
        max(abs(one.draws[i] - centres[name]) / spreads[name] for name, one in members.items())
        for i in range(n_replicates)
    ]

    def adjusted(p):
        z = norm.isf(p / 2)
        share = (1 + sum(value >= z for value in largest)) / (1 + n_replicates)
        return min(max(share, p), min(1.0, p * len(members)))

    # The level is the largest p of a single test whose adjusted p is still below 1 - confidence.
    low, high = 0.0, 1 - confidence
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if adjusted(middle) < 1 - confidence else (low, middle)
    return {name: adjusted(one.interval(confidence=confidence).p) for name, one in members.items()}, low


@pytest.mark.parametrize(("confidence", "n_replicates"), [(0.95, 400), (0.8, 400), (0.95, 30), (0.95, 10)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_p_and_intervals_are_those_of_the_slow_reference(seed, confidence, n_replicates):
    """Of 30 replicates the largest alone is the critical value; of 10 none is, so it is Bonferroni's."""
    members = differences(GAINS, seed=seed, n_replicates=n_replicates)
    found = max_t(members, confidence=confidence)
    p, level = slow_max_t(members, confidence)
    assert {name: one.p for name, one in found.items()} == pytest.approx(p)
    for name, one in found.items():
        expected = members[name].interval(confidence=1 - level)
        assert (one.low, one.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_a_member_is_shown_by_its_p_if_and_only_if_by_its_interval(seed):
    for confidence in (0.9, 0.95):
        for one in max_t(differences(GAINS, seed=seed), confidence=confidence).values():
            assert (one.p < 1 - confidence) == (not one.low <= 0 <= one.high)


def test_no_interval_is_shorter_than_alone_or_longer_than_bonferronis():
    members = differences(GAINS, seed=3)
    for name, one in max_t(members).items():
        alone, most = members[name].interval(), members[name].interval(confidence=1 - 0.05 / len(members))
        assert most.low - 1e-12 <= one.low < alone.low
        assert alone.high < one.high <= most.high + 1e-12
        assert alone.p < one.p <= min(1, len(members) * alone.p) + 1e-12


def test_a_family_of_one_is_tested_as_it_stands():
    (member,) = differences((1.0, 1.4)).items()
    (one,) = max_t(dict([member])).values()
    alone = member[1].interval()
    assert (one.low, one.high) == pytest.approx((alone.low, alone.high), abs=1e-12)
    assert one.p == pytest.approx(alone.p, abs=1e-12)


def test_members_that_are_the_same_cost_nothing_much():
    """The largest of equal deviations is each of them: the critical value is that of one, or nearly."""
    (one,) = differences((1.0, 1.4), n_replicates=20000).values()
    (first, *_) = max_t(dict.fromkeys("abcdefgh", one)).values()
    alone, eight = one.interval(), one.interval(confidence=1 - 0.05 / 8)
    assert first.high - first.low < (alone.high - alone.low) * 1.04 < eight.high - eight.low


def test_what_has_no_interval_is_no_part_of_the_family():
    members = differences(GAINS)
    lost = replace(members["d1"], undefined="too few")
    rest = {name: one for name, one in members.items() if name != "d1"}
    assert max_t({**members, "d1": lost}) == max_t(rest)
    assert max_t({"d1": lost}) == {}
    assert max_t({}) == {}


def test_replicates_that_lack_a_class_for_one_member_count_for_the_others():
    members = differences(GAINS)
    few = members["d1"].draws.copy()
    few[:5] = np.nan
    found = max_t({**members, "d1": replace(members["d1"], draws=few)})
    assert set(found) == set(members)
    assert not any(math.isnan(value) for one in found.values() for value in one)


def test_a_detector_that_equals_the_reference_is_not_shown():
    members = differences((1.0, 1.4, 0.9))
    same = members["d1"] - members["d1"]
    found = max_t({**members, "same": same})
    assert found["same"] == (0.0, 0.0, 1.0)


def test_different_draws_are_refused():
    one, two = differences((1.0, 1.4), seed=1), differences((1.0, 1.4), seed=2)
    with pytest.raises(InputError, match="same draws"):
        max_t({"one": one["d1"], "two": two["d1"]})
