"""The binormal model: probabilities against scipy, variances against simulated AUCs and their bootstrap."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm, t

from clipforensics.core.faults import InputError
from clipforensics.statistics.binormal import Design, _are_shown, _covariance


@pytest.mark.parametrize("correlation", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize(("first", "second"), [(0.8, 0.8), (0.3, 1.5), (-0.5, 2.2)])
def test_covariances_are_a_bivariate_normal_less_a_product(first, second, correlation):
    both = multivariate_normal.cdf([first, second], cov=[[1, correlation], [correlation, 1]])
    expected = both - norm.cdf(first) * norm.cdf(second)
    assert _covariance(first, second, correlation) == pytest.approx(expected, abs=1e-6)


def test_the_same_pair_has_the_variance_of_one_outcome():
    auc = norm.cdf(0.8)
    assert _covariance(0.8, 0.8, 1.0) == pytest.approx(auc * (1 - auc), abs=1e-6)


def outcomes(rng, n, auc, correlation):
    """Which fake outscores which real: two detectors' tables, (n_real, n_fake)."""
    found, common = [], [rng.normal(size=size) for size in n]
    for value in auc:
        real, fake = (
            np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * rng.normal(size=len(shared))
            for shared in common
        )
        found.append(fake[None, :] + math.sqrt(2) * norm.ppf(value) > real[:, None])
    return [table.astype(float) for table in found]


def bootstrap_parts(table):
    """Exact variance that drawing rows and columns of a table gives its mean: rows, columns, and pairs."""
    rows, columns, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    rest = table - rows[:, None] - columns[None, :] + mean
    n_real, n_fake = table.shape
    return [np.var(rows) / n_real, np.var(columns) / n_fake, (rest**2).mean() / (n_real * n_fake)]


@pytest.mark.parametrize(("n", "correlation"), [((8, 12), 0.0), ((8, 12), 0.8), ((20, 5), 0.5)])
def test_variances_are_those_of_simulated_differences_and_of_their_bootstrap(n, correlation):
    rng, auc = np.random.default_rng(2), (0.75, 0.9)
    tables = [outcomes(rng, n, auc, correlation) for _ in range(6000)]
    differences = [two.mean() - one.mean() for one, two in tables]
    truth, parts = Design(auc[0], *n, correlation).variance(auc[1] - auc[0])
    assert np.mean(differences) == pytest.approx(0.15, abs=0.006)
    assert np.var(differences) == pytest.approx(truth, rel=0.07)
    drawn = np.mean([bootstrap_parts(two - one) for one, two in tables], axis=0)
    corrected = drawn * [n[0] / (n[0] - 1), n[1] / (n[1] - 1), math.prod(n) / math.prod(k - 1 for k in n)]
    assert corrected.sum() == pytest.approx(sum(part.variance for part in parts), rel=0.05)
    assert [part.n for part in parts] == list(n)


def slow_is_shown(table, confidence):
    """One run's test from the parts that the bootstrap has without end of draws."""
    sizes = np.array(table.shape)
    rows, columns, pairs = bootstrap_parts(table)
    parts = np.array([rows, columns]) * sizes / (sizes - 1)
    degrees = parts.sum() ** 2 / (parts**2 / (sizes - 1)).sum()
    return abs(table.mean()) > t.ppf((1 + confidence) / 2, degrees) * math.sqrt(parts.sum() + pairs)


def test_runs_are_tested_one_by_one_or_together_alike():
    rng = np.random.default_rng(4)
    tables = np.stack(
        [two - one for one, two in (outcomes(rng, (8, 12), (0.6, 0.9), 0.5) for _ in range(300))]
    )
    expected = [slow_is_shown(table, 0.9) for table in tables]
    assert 0.1 < np.mean(expected) < 0.9
    assert _are_shown(tables, 0.9).tolist() == expected
    assert _are_shown(np.zeros((1, 4, 4)), 0.9).tolist() == [False]


def test_simulated_power_is_the_formulas_where_videos_are_many():
    design = Design(0.775, 100, 100, 0.5)
    assert design.simulated_power(0.06, n_runs=1000) == pytest.approx(design.power(0.06), abs=0.05)
    assert design.simulated_power(0.0, n_runs=1000) == pytest.approx(0.05, abs=0.021)
    assert design.simulated_power(0.06, n_runs=300) == design.simulated_power(0.06, n_runs=300)
    with pytest.raises(InputError, match="below 1"):
        design.simulated_power(0.3)


def test_power_grows_with_everything_that_helps():
    few, many = Design(0.78, 20, 20, 0.5), Design(0.78, 100, 100, 0.5)
    assert few.power(0.06) < many.power(0.06) < many.power(0.1)
    assert many.power(0.06) < Design(0.78, 100, 100, 0.8).power(0.06)
    assert Design(0.78, 100, 100, 0.5, confidence=0.99).power(0.06) < many.power(0.06)
    assert many.power(0.0) == pytest.approx(0.05)


def test_the_detectable_difference_has_the_power():
    design = Design(0.78, 100, 100, 0.5)
    least = design.detectable(0.8)
    assert design.power(least) == pytest.approx(0.8, abs=1e-4)
    assert design.power(least - 0.001) < 0.8
    assert Design(0.78, 10, 10, 0.5).detectable(0.99) is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"auc": 1.0}, "auc 1: must lie between"),
        ({"correlation": 1.0}, "correlation 1: must be from 0"),
        ({"correlation": -0.1}, "correlation"),
        ({"n_real": 1}, "1 reals and 20 fakes"),
    ],
)
def test_designs_that_nobody_can_make_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Design(**{"auc": 0.8, "n_real": 20, "n_fake": 20, "correlation": 0.5, **wrong})


@pytest.mark.parametrize("difference", [0.2, 0.3, -0.1])
def test_the_better_detector_has_an_auc_too(difference):
    with pytest.raises(InputError, match="their sum must be below 1"):
        Design(0.8, 20, 20, 0.5).power(difference)
