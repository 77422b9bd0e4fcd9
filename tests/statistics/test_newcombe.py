"""The score interval of an AUC: against a grid of candidates, its symmetries, and where it has to help."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from clipforensics.statistics.newcombe import Sizes, score_interval, score_p, score_variance

SIZES = st.integers(2, 200)


def slow_variance(auc, n_real, n_fake):
    """Hanley & McNeil's three terms, with the mean size less one before both of the later ones."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    others = (n_real + n_fake) / 2 - 1
    return (auc * (1 - auc) + others * (q1 - auc**2) + others * (q2 - auc**2)) / (n_real * n_fake)


def slow_interval(auc, n_real, n_fake, confidence, design=1.0):
    """All of 20,001 candidates that are no further away than they may be."""
    grid = np.linspace(0, 1, 20_001)
    reach = norm.ppf((1 + confidence) / 2) * np.sqrt(design * slow_variance(grid, n_real, n_fake))
    inside = grid[np.abs(grid - auc) <= reach + 1e-12]
    return inside.min(), inside.max()


@given(st.floats(0, 1), SIZES, SIZES, st.sampled_from([0.8, 0.95, 0.99]), st.sampled_from([0.3, 1, 4]))
def test_it_holds_every_true_auc_that_is_near_enough(auc, n_real, n_fake, confidence, design):
    found = score_interval(auc, n_real, n_fake, confidence=confidence, design=design)
    expected = slow_interval(auc, n_real, n_fake, confidence, design)
    if expected[1] - expected[0] > 2e-4:
        assert found == pytest.approx(expected, abs=1e-4)
    assert 0 <= found[0] <= auc <= found[1] <= 1


@given(st.floats(0, 1), SIZES, SIZES)
def test_the_variance_is_hanley_and_mcneils_at_the_mean_size(auc, n_real, n_fake):
    found = score_variance(auc, n_real, n_fake)
    assert found == pytest.approx(slow_variance(auc, n_real, n_fake), abs=1e-12)
    assert found == pytest.approx(score_variance(1 - auc, n_fake, n_real), abs=1e-12)


def test_one_pair_is_one_trial():
    assert score_variance(0.3, 1, 1) == pytest.approx(0.3 * 0.7)


@pytest.mark.parametrize("auc", [0.0, 1.0])
def test_it_has_a_width_where_the_classes_do_not_overlap(auc):
    low, high = score_interval(auc, 10, 10, confidence=0.95)
    assert high - low == pytest.approx(0.204, abs=0.01)
    assert auc in (low, high)
    wider = score_interval(auc, 5, 10, confidence=0.95)
    assert wider[1] - wider[0] > high - low


@given(st.floats(0.01, 0.99), SIZES, SIZES, st.sampled_from([0.5, 1, 2]))
def test_p_inverts_the_interval(auc, n_real, n_fake, design):
    p = score_p(auc, 0.5, n_real, n_fake, design=design)
    if 1e-6 < p < 0.99:
        ends = score_interval(auc, n_real, n_fake, confidence=1 - p, design=design)
        assert min(abs(end - 0.5) for end in ends) < 1e-6


def test_sizes_take_clusters_where_there_is_no_design_effect():
    sizes = Sizes(20, 40, 5, 8, 0.01, np.ones(13, dtype=bool), np.ones(60, dtype=bool))
    assert sizes.interval(1.0, 0.9, None) == score_interval(1.0, 5, 8, confidence=0.9)
    low, high = sizes.interval(0.8, 0.95, 2.0)
    assert (low, high) == score_interval(0.8, 20, 40, confidence=0.95, design=2.0)
    assert sizes.p(0.8, 0.5, 2.0) == score_p(0.8, 0.5, 20, 40, design=2.0)
    assert sizes.variance(0.8, 2.0) == pytest.approx(((high - low) / 2 / norm.ppf(0.975)) ** 2)
    low, high = sizes.interval(1.0, 0.95, None)
    assert sizes.variance(1.0, None) == pytest.approx(((high - low) / norm.ppf(0.975)) ** 2)
