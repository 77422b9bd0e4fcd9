"""Bounds of LRs: the expected utilities by loops, n + 1 by hand, and what cannot have any."""

import math

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.likelihood.elub import elub


def slow(llrs, labels):
    """Thresholds one by one, from 1 outwards, until deciding by the LRs is worse than deciding without."""

    def worse(threshold):
        h1 = [x > threshold for x, y in zip(llrs, labels, strict=True) if y == 1] + [False]
        h2 = [x > threshold for x, y in zip(llrs, labels, strict=True) if y == 0] + [True]
        t = 10**threshold
        with_lrs = (len(h1) - sum(h1)) / len(h1) + t * sum(h2) / len(h2)
        without = t if threshold < 0 else 1.0
        return with_lrs > without

    def walk(direction, furthest):
        last = 0.0
        for step in range(0, 400):
            threshold = direction * step * 0.01
            if worse(threshold):
                return max(last, 0.0) if direction > 0 else min(last, 0.0)
            if abs(threshold) >= abs(furthest):
                return threshold
            last = threshold
        raise AssertionError("no end")

    low = max(min(llrs), -math.log10(sum(labels == 1) + 1))
    high = min(max(llrs), math.log10(sum(labels == 0) + 1))
    return walk(-1, math.floor(low / 0.01) * 0.01), walk(1, (math.floor(high / 0.01) + 1) * 0.01)


@pytest.mark.parametrize("seed", range(8))
def test_bounds_are_where_expected_utility_turns(seed):
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], [25, 40])
    llrs = (0.6 + 0.1 * seed) * (rng.normal(size=65) + 1.5 * labels - 0.7)
    assert elub(llrs, labels) == pytest.approx(slow(llrs, labels), abs=1e-9)


@pytest.mark.parametrize(("n_real", "n_fake"), [(10, 10), (20, 100), (100, 20)])
def test_videos_that_are_parted_bound_the_lr_by_their_number(n_real, n_fake):
    """With one misleading LR added, n reals show an LR of n + 1 and no more."""
    labels = np.repeat([0, 1], [n_real, n_fake])
    found = elub(np.where(labels == 1, 8.0, -8.0), labels)
    # all manipulated but the added one are found: 1/(n_fake+1) + t/(n_real+1) <= 1
    high = math.log10((n_real + 1) * n_fake / (n_fake + 1))
    low = -math.log10((n_fake + 1) * n_real / (n_real + 1))
    assert found == pytest.approx((low, high), abs=0.0101)
    assert found.high <= math.log10(n_real + 1)


def test_lrs_that_mislead_are_held_at_1():
    labels = np.repeat([0, 1], 20)
    assert elub(np.where(labels == 1, -1.0, 1.0), labels) == (0, 0)


def test_lrs_too_far_from_1_are_held_where_they_still_pay():
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], 200)
    fair = 2 * rng.normal(size=400) + 4 * labels - 2  # natural log LRs of normals a distance 2 apart
    honest, boastful = elub(fair / math.log(10), labels), elub(3 * fair / math.log(10), labels)
    assert boastful.high < honest.high
    assert boastful.low > honest.low


def test_infinite_lrs_and_the_input_are_left_as_they_are():
    llrs = np.array([-math.inf, -1.0, 0.5, math.inf])
    elub(llrs, [0, 0, 1, 1])
    assert llrs.tolist() == [-math.inf, -1.0, 0.5, math.inf]


def test_a_missing_class_is_refused():
    with pytest.raises(InputError, match="needs both classes"):
        elub([1.0, 2.0], [1, 1])
