"""Predictive values against the formula worked by hand, and the figure taken apart."""

import math

import numpy as np
import pytest

from clipforensics.report.figures import prevalence
from clipforensics.report.figures.prevalence import Operating, Rate
from tests.support.drawings import elements_of


def by_counting(share, tpr, fpr, n=1_000_000):
    """PPV and NPV of n videos, counted out."""
    fakes = share * n
    reals = n - fakes
    caught, accused = tpr * fakes, fpr * reals
    return caught / (caught + accused), (reals - accused) / (reals - accused + fakes - caught)


@pytest.mark.parametrize(("share", "tpr", "fpr"), [(0.01, 0.9, 0.1), (0.5, 0.4, 0.2), (0.2, 1.0, 0.05)])
def test_values_are_those_of_counting(share, tpr, fpr):
    positive, negative = by_counting(share, tpr, fpr)
    assert prevalence.positive_value(share, tpr, fpr) == pytest.approx(positive)
    assert prevalence.negative_value(share, tpr, fpr) == pytest.approx(negative)


def test_worked_by_hand():
    """Of 1000 videos 10 are fake: 9 are caught, 99 of 990 reals accused; 9 of 108."""
    assert prevalence.positive_value(0.01, 0.9, 0.1) == pytest.approx(9 / 108)
    assert prevalence.negative_value(0.01, 0.9, 0.1) == pytest.approx(891 / 892)
    assert prevalence.positive_value([0.01, 0.5], 0.9, 0.1).tolist() == pytest.approx([9 / 108, 0.9])


def test_undefined_where_nothing_is_called_so():
    assert math.isnan(prevalence.positive_value(0.1, 0.0, 0.0))
    assert math.isnan(prevalence.negative_value(0.1, 1.0, 1.0))
    assert prevalence.positive_value(0.1, 0.0, 0.2) == 0.0


def test_bounds_join_worst_with_worst():
    one = Operating("a", Rate(0.8, 0.6, 0.9), Rate(0.1, 0.05, 0.3))
    value, low, high = prevalence.bounds_of(one, np.array([0.1]), positive=True)[:, 0]
    assert (value, low, high) == pytest.approx((0.08 / 0.17, 0.06 / 0.33, 0.09 / 0.135))
    _, low, high = prevalence.bounds_of(one, np.array([0.1]), positive=False)[:, 0]
    assert (low, high) == pytest.approx((0.63 / 0.67, 0.855 / 0.865))


def binomial_tail(k, n, p):
    """P(at most k of n), summed."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (3, 20), (1, 1)])
def test_the_exact_interval_leaves_half_of_what_is_missing_beyond_either_bound(k, n):
    low, high = prevalence.exact_interval(k, n, 0.95)
    assert low <= k / n <= high
    if k < n:
        assert binomial_tail(k, n, high) == pytest.approx(0.025)
    if k:
        assert 1 - binomial_tail(k - 1, n, low) == pytest.approx(0.025)
    assert (low == 0.0) == (k == 0)
    assert (high == 1.0) == (k == n)


def test_none_of_ten_reals_accused_is_no_proof_of_none():
    assert prevalence.exact_interval(0, 10, 0.95)[1] == pytest.approx(1 - 0.025**0.1)


def test_the_figure_has_a_line_and_a_band_each_and_leaves_out_what_is_undefined():
    found = [
        Operating("a<b", Rate(0.8, 0.6, 0.9), Rate(0.1, 0.05, 0.3)),
        Operating("silent", Rate(0.0), Rate(0.0)),
        Operating("bare", Rate(0.5), Rate(0.2)),
    ]
    svg = prevalence.prevalence_figure(found, positive=True, label="x")
    paths = elements_of(svg, "path")
    assert [p.get("class") for p in paths if "line" in p.get("class")] == ["line series-0", "line series-2"]
    assert [p.get("class") for p in paths if "band" in p.get("class")] == ["band fill-0"]
    assert [t.text for t in elements_of(svg, "text")[:4]] == [".1%", "1%", "10%", "50%"]
