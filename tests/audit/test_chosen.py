"""The largest of several equal numbers, against draws."""

import numpy as np
import pytest

from clipforensics.audit.chosen import expected_maximum, quantile


@pytest.mark.parametrize("n", [1, 2, 3, 27, 1000])
def test_the_mean_of_the_largest_is_that_of_many_draws(n):
    drawn = np.random.default_rng(n).normal(size=(4_000, n)).max(axis=1)
    assert expected_maximum(n) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / 4_000**0.5)


def test_of_two_it_is_one_over_the_root_of_pi():
    assert expected_maximum(1) == pytest.approx(0, abs=1e-9)
    assert expected_maximum(2) == pytest.approx(np.pi**-0.5)
    with pytest.raises(ValueError, match="n must be at least 1, is 0"):
        expected_maximum(0)


def test_half_the_width_of_a_central_interval():
    assert quantile(0.95) == pytest.approx(1.959964, abs=1e-6)
