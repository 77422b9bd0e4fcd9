"""DeLong against the structural components of the paper, pair by pair; and where it must refuse."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from clipforensics.comparison.delong import delong_difference, delong_interval
from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import roc_auc


def slow_components(scores, labels):
    """V10 of each manipulated video and V01 of each real one: O(n m)."""
    real, fake = scores[labels == 0], scores[labels == 1]
    win = np.array([[(f > r) + 0.5 * (f == r) for r in real] for f in fake], dtype=float)
    return win.mean(axis=1), win.mean(axis=0)


def slow_covariance(tables, labels):
    parts = [slow_components(t, labels) for t in tables]
    fakes, reals = (np.cov(np.array(p), ddof=1) for p in zip(*parts, strict=True))
    return fakes / (labels == 1).sum() + reals / (labels == 0).sum()


def tables(seed, n_real, n_fake, digits, n=2):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([0, 1], [n_real, n_fake]))
    return np.round(rng.random((n, len(labels))) + 0.3 * labels, digits), labels


@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(2, 12), st.integers(0, 2))
@settings(deadline=None, max_examples=50)
def test_variances_are_those_of_the_structural_components(seed, n_real, n_fake, digits):
    scores, labels = tables(seed, n_real, n_fake, digits)
    covariance = slow_covariance(scores, labels)
    aucs = [roc_auc(s, labels) for s in scores]
    found = delong_interval(scores[0], labels, confidence=0.9)
    assert found.value == pytest.approx(aucs[0], abs=1e-15)
    if covariance[0, 0] > 1e-15:
        reach = norm.ppf(0.95) * math.sqrt(covariance[0, 0])
        expected = np.clip([aucs[0] - reach, aucs[0] + reach], 0, 1)
        assert (found.low, found.high) == pytest.approx(expected)
        z = abs(aucs[0] - 0.5) / math.sqrt(covariance[0, 0])
        assert found.p == pytest.approx(2 * norm.sf(z))
    contrast = np.array([1, -1])
    variance = contrast @ covariance @ contrast
    both = delong_difference(scores[0], scores[1], labels)
    assert both.value == pytest.approx(aucs[0] - aucs[1], abs=1e-12)
    if variance > 1e-15:
        error = math.sqrt(variance)
        expected = np.clip([both.value - 1.959964 * error, both.value + 1.959964 * error], -1, 1)
        assert (both.low, both.high) == pytest.approx(expected, abs=1e-6)
        assert both.p == pytest.approx(2 * norm.sf(abs(both.value) / error))


def test_several_seeds_are_a_contrast_of_their_mean():
    scores, labels = tables(3, 9, 14, 2, n=5)
    covariance = slow_covariance(scores, labels)
    aucs = np.array([roc_auc(s, labels) for s in scores])
    for contrast, found in (
        (np.r_[np.full(3, 1 / 3), 0, 0], delong_interval(scores[:3], labels)),
        (np.r_[np.full(3, 1 / 3), np.full(2, -1 / 2)], delong_difference(scores[:3], scores[3:], labels)),
    ):
        assert found.value == pytest.approx(contrast @ aucs)
        half = 1.959964 * math.sqrt(contrast @ covariance @ contrast)
        assert (found.high - found.low) / 2 == pytest.approx(half, rel=1e-6)


def test_a_known_example():
    """By hand: wins 1, 1/2, 1 of fakes; 1/2 and 1 ... over two reals and three fakes."""
    found = delong_interval([0.5, 0.1, 0.9, 0.3, 0.6], [0, 0, 1, 1, 1])
    # Components of fakes 1, 1/2, 1: variance 1/12; of reals 2/3, 1: variance 1/18.
    assert found.value == pytest.approx(5 / 6)
    error = math.sqrt(1 / 12 / 3 + 1 / 18 / 2)
    assert found.low == pytest.approx(5 / 6 - 1.959964 * error)
    assert found.high == 1


def test_a_detector_with_itself_differs_by_exactly_nothing():
    scores, labels = tables(1, 5, 7, 3)
    found = delong_difference(scores[0], 3 * scores[0] - 1, labels)
    assert (found.value, found.low, found.high, found.p, found.undefined) == (0, 0, 0, 1, "")
    again = delong_difference(scores[[0, 0, 0]], scores[0], labels)
    assert (again.value, again.p) == (0, 1)


def test_no_variance_is_undefined():
    labels = np.array([0, 0, 1, 1])
    apart, backwards = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.8, 0.9, 0.1, 0.2])
    for found, value in (
        (delong_interval(apart, labels), 1),
        (delong_interval(np.ones(4), labels), 0.5),
        (delong_difference(apart, backwards, labels), 1),
        (delong_difference(apart, apart, labels), 0),  # as unsure as either of the two
        (delong_difference(apart, apart**2, labels), 0),
        (delong_difference(np.ones(4), np.zeros(4), labels), 0),
    ):
        assert found.value == value
        assert math.isnan(found.low)
        assert math.isnan(found.high)
        assert math.isnan(found.p)
        assert "variance is 0" in found.undefined


@pytest.mark.parametrize(
    ("labels", "value"), [([0, 1, 1, 1], 1), ([0, 0, 0, 1], 1), ([1, 1, 1, 1], math.nan), ([], math.nan)]
)
def test_too_few_videos_are_undefined(labels, value):
    scores = np.arange(len(labels)) / 4
    found = delong_interval(scores, labels)
    assert found.value == pytest.approx(value, nan_ok=True)
    assert math.isnan(found.low)
    assert "needs two videos of each class" in found.undefined
    assert math.isnan(delong_difference(scores, scores, labels).p)


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="confidence 1"):
        delong_interval([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], confidence=1)
    with pytest.raises(InputError, match="give one label a score"):
        delong_interval([0.1, 0.2, 0.3], [0, 1])
    with pytest.raises(InputError, match="no training seed"):
        delong_interval(np.empty((0, 2)), [0, 1])
