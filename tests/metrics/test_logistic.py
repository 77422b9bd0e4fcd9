"""The weighted fit against a plain minimiser, repeated rows and logits that are all alike."""

import numpy as np
import pytest
from scipy.optimize import minimize

from clipforensics.metrics.logistic import exact_sum, maximise_likelihood


def rows(n=60, seed=3):
    rng = np.random.default_rng(seed)
    logits = np.sort(rng.normal(size=n))
    targets = (rng.random(n) < 1 / (1 + np.exp(-2 * logits + 0.5))).astype(float)
    return logits, targets, rng.integers(1, 5, n).astype(float)


def slow_loss(line, logits, targets, weights):
    total = 0.0
    for x, y, w in zip(logits, targets, weights, strict=True):
        chance = 1 / (1 + np.exp(-(line[0] * x + line[1])))
        total -= w * (y * np.log(chance) + (1 - y) * np.log(1 - chance))
    return total


def test_the_weighted_fit_is_that_of_a_plain_minimiser():
    logits, targets, weights = rows()
    slow = minimize(
        slow_loss, [1.0, 0.0], (logits, targets, weights), method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000},
    )  # fmt: skip
    assert maximise_likelihood(logits, targets, weights=weights) == pytest.approx(slow.x, abs=1e-5)


def test_a_whole_weight_is_a_row_so_many_times():
    logits, targets, weights = rows()
    times = weights.astype(int)
    repeated = maximise_likelihood(np.repeat(logits, times), np.repeat(targets, times))
    assert maximise_likelihood(logits, targets, weights=weights) == pytest.approx(repeated, abs=1e-9)


def test_without_intercept_the_line_passes_the_origin():
    logits, targets, weights = rows()
    slope, intercept = maximise_likelihood(logits, targets, with_intercept=False, weights=weights)
    assert intercept == 0
    for step in (-1e-3, 1e-3):
        assert slow_loss((slope + step, 0), logits, targets, weights) > slow_loss(
            (slope, 0), logits, targets, weights
        )


def test_logits_all_alike_say_nothing():
    assert maximise_likelihood(np.zeros(3), np.array([0.0, 1.0, 1.0])) == (0.0, 0.0)


def test_a_sum_is_free_of_the_order_of_rows():
    values = np.array([1e16, 1.0, -1e16])
    assert exact_sum(values) == exact_sum(values[::-1]) == 1.0
