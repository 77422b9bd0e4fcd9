"""Metrics under weights against the point metrics, and scikit-learn, on rows repeated as often."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from clipforensics.metrics import auc, calibration, points
from clipforensics.report.wording.names import METRICS
from clipforensics.statistics import weighted
from tests.support.resampling import repeated, table


def slow_ece(predicted, labels, row_weights):
    """Written from the definition: ten bins, closed above."""
    found = 0.0
    for number in range(10):
        inside = (predicted > number / 10) & (predicted <= (number + 1) / 10) | (
            (number == 0) & (predicted == 0)
        )
        mass = row_weights[inside].sum()
        if mass:
            mean = (row_weights * predicted)[inside].sum() / mass
            share = (row_weights * labels)[inside].sum() / mass
            found += mass / row_weights.sum() * abs(mean - share)
    return found


def at_threshold(scores, labels, codes, weights, threshold):
    counts = weighted.threshold_counts(scores, labels, codes, weights.shape[1], threshold)
    return weighted.threshold_metrics(counts, weights)


def slow_tpr_at_fpr(scores, labels, budget):
    curve = auc.roc_curve(scores, labels)
    return max(t for f, t in zip(curve.fpr, curve.tpr, strict=True) if f <= budget)


def slow(scores, labels, threshold, row_weights):
    at = points.confusion(scores, labels, threshold)
    mass = row_weights
    return {
        "auc": roc_auc_score(labels, scores),
        "ap": points.average_precision(scores, labels),
        "eer": points.eer(scores, labels).rate,
        "eer_at_nearest_threshold": points.eer_at_nearest_threshold(scores, labels),
        "partial_auc": roc_auc_score(labels, scores, max_fpr=0.1),
        "wide_partial_auc": roc_auc_score(labels, scores, max_fpr=0.6),
        **{f"tpr_{b}": slow_tpr_at_fpr(scores, labels, b) for b in (0.0, 0.1, 0.25, 1 / 3, 0.5, 1.0)},
        **points.threshold_metrics(scores, labels, threshold),
        "tpr": at.true_positive / (labels == 1).sum(),
        "fpr": at.false_positive / (labels == 0).sum(),
        "brier": (mass * (scores - labels) ** 2).sum() / mass.sum(),
        "ece": slow_ece(scores, labels, mass),
    }


def fast(scores, labels, codes, weights, threshold, prior=None):
    curve = weighted.trace(weighted.rank_rows(scores, labels, codes), weights)
    return {
        "auc": weighted.auc(curve),
        "ap": weighted.average_precision(curve),
        "eer": weighted.eer(curve),
        "eer_at_nearest_threshold": weighted.eer_at_nearest_threshold(curve),
        "partial_auc": weighted.partial_auc(curve, 0.1),
        "wide_partial_auc": weighted.partial_auc(curve, 0.6),
        **{f"tpr_{b}": weighted.tpr_at_fpr(curve, b) for b in (0.0, 0.1, 0.25, 1 / 3, 0.5, 1.0)},
        **at_threshold(scores, labels, codes, weights, threshold),
        **weighted.probability_metrics(scores, labels, codes, weights, prior),
    }


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 7), st.integers(0, 3))
@settings(deadline=None, max_examples=60)
def test_weights_are_repeated_rows(seed, n_real, n_fake, digits):
    scores, labels, codes = table(seed, n_real, n_fake, digits)
    values, rng = scores["b"], np.random.default_rng(seed)
    weights = rng.integers(0, 4, (7, n_real + n_fake)).astype(float)
    weights[0] = 1
    weights[:, 0] += weights[:, :n_real].sum(axis=1) == 0  # both classes stay
    weights[:, -1] += weights[:, n_real:].sum(axis=1) == 0
    threshold = float(rng.choice(values))
    found = fast(values, labels, codes, weights, threshold)
    for r, weight in enumerate(weights):
        rows = repeated(weight, codes)
        expected = slow(values[rows], labels[rows], threshold, np.ones(len(rows)))
        assert {name: row[r] for name, row in found.items()} == pytest.approx(expected, abs=1e-10)


def test_a_prior_weights_the_classes():
    scores, labels, codes = table(3, digits=2)
    values = scores["b"]
    weights = np.array([[1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [2, 0, 1, 1, 0, 3, 0, 1, 1, 1]], float)
    found = fast(values, labels, codes, weights, 0.5, prior=0.3)
    for r, weight in enumerate(weights):
        rows = repeated(weight, codes)
        share = labels[rows].mean()
        mass = np.where(labels[rows] == 1, 0.3 / share, 0.7 / (1 - share))
        expected = slow(values[rows], labels[rows], 0.5, mass)
        assert found["brier"][r] == pytest.approx(expected["brier"])
        assert found["ece"][r] == pytest.approx(expected["ece"])


def test_probabilities_on_the_edge_of_a_bin_lie_below_it():
    predicted, labels = np.array([0.05, 0.1, 0.3, 0.6, 0.7, 1.0]), np.array([0, 1, 0, 1, 0, 1])
    found = weighted.probability_metrics(predicted, labels, np.arange(6), np.ones((1, 6)))
    assert found["ece"][0] == pytest.approx(slow_ece(predicted, labels, np.ones(6)))
    assert found["ece"][0] == pytest.approx((0.85 + 0.3 + 0.4 + 0.7 + 0) / 6)  # the first two share one


def test_without_weight_in_a_class_all_is_undefined():
    scores, labels, codes = table(1, 2, 2)
    weights = np.array([[0, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1]], float)
    for prior in (None, 0.5):
        for name, row in fast(scores["a"], labels, codes, weights, 0.5, prior).items():
            assert np.isnan(row).tolist() == [True, True, True, False], name
    curve = weighted.trace(weighted.rank_rows(scores["a"], labels, codes), weights)
    grid = weighted.tpr_on_grid(curve, np.array([0.0, 0.5, 1.0]))
    assert np.isnan(grid).all(axis=0).tolist() == [True, True, True, False]


def test_tpr_on_a_grid_joins_vertices_and_takes_the_upper_end_of_a_step():
    scores, labels = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.1]), np.array([1, 0, 1, 0, 1, 0])
    curve = weighted.trace(weighted.rank_rows(scores, labels, np.arange(6)), np.ones((1, 6)))
    grid = np.array([0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 0.9, 1])
    found = weighted.tpr_on_grid(curve, grid)[:, 0]
    np.testing.assert_allclose(found, [1 / 3, 1 / 3, 2 / 3, 5 / 6, 1, 1, 1])


def test_corners_leave_straight_parts_out():
    scores = np.array([9, 8, 7, 6, 5, 5, 4, 4, 3, 2, 1])
    labels = np.array([1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0])
    ranking = weighted.rank_rows(scores, labels, np.arange(11))
    # Runs: two manipulated, two real, two ties, two manipulated, one real.
    assert ranking.corners.tolist() == [[0, 0, 2, 3, 4, 4, 5], [0, 2, 2, 3, 4, 6, 6]]


def test_the_nearest_threshold_may_lie_on_a_straight_part():
    """Four reals between two fakes: the ROC runs level past equal rates, and its corners miss the nearest."""
    scores, labels = np.array([9.0, 8, 7, 6, 5, 4]), np.array([1, 0, 0, 0, 0, 1])
    curve = weighted.trace(weighted.rank_rows(scores, labels, np.arange(6)), np.ones((1, 6)))
    assert curve.fpr.tolist() == [[0, 0, 1, 1]]
    assert (
        weighted.eer_at_nearest_threshold(curve)[0] == 0.5
    )  # two of four reals above, one of two fakes below


def test_independent_variance_is_delongs_for_one_row_a_video_and_follows_subsets():
    rng = np.random.default_rng(0)
    truth, scores = np.repeat([0, 1], [5, 8]), rng.normal(size=13).round(1)
    subset = np.arange(13) < 9
    won = weighted.wins(scores, np.arange(13), truth)[None]
    found = weighted.independent_variance(won, np.ones(13, int), truth, [truth >= 0, subset, truth == 0])
    for row, fakes in ((0, scores[5:]), (1, scores[5:9])):
        table = (fakes > scores[:5, None]) + 0.5 * (fakes == scores[:5, None])
        expected = sum(np.var(table.mean(axis=a), ddof=1) / table.shape[1 - a] for a in (0, 1))
        assert found[row, 0] == pytest.approx(expected)
    assert np.isnan(found[2, 0])


def test_independent_variance_of_frames_is_that_of_drawing_whole_videos():
    """Against the spread of the AUC over many draws of videos, reals and fakes apart."""
    scores, _, codes = table(5, 30, 40, 2)
    truth, values = np.repeat([0, 1], [30, 40]), scores["b"]
    won, sizes = weighted.wins(values, codes, truth)[None], np.bincount(codes)
    subsets = [truth >= 0]
    found = weighted.independent_variance(won, sizes, truth, subsets)[0, 0]
    rng = np.random.default_rng(1)
    weights = np.concatenate([rng.multinomial(n, np.full(n, 1 / n), 20_000) for n in (30, 40)], axis=1)
    drawn = weighted.auc_from_wins(won, sizes, truth, subsets, weights.astype(float))[0, 0]
    assert found == pytest.approx(drawn.var(), rel=0.08)


def test_large_counts_do_not_overflow():
    labels = np.array([0, 1, 0, 1, 0, 1])
    curve = weighted.trace(weighted.rank_rows(np.arange(6.0), labels, np.arange(6)), np.full((1, 6), 1e9))
    assert curve.true[0, -1] == 3e9
    assert weighted.auc(curve)[0] == pytest.approx(6 / 9)


def test_auc_from_wins_over_subsets():
    scores, labels, codes = table(8)
    truth = np.r_[np.zeros(4, int), np.ones(6, int)]
    weights = np.random.default_rng(0).integers(0, 3, (5, 10)).astype(float)
    weights[:, [0, 4]] += 1
    subsets = [np.ones(10, bool), np.r_[np.ones(6, bool), np.zeros(4, bool)], truth == 0]
    won = np.array([weighted.wins(s, codes, truth) for s in scores.values()])
    found = weighted.auc_from_wins(won, np.bincount(codes), truth, subsets, weights)
    assert found.shape == (3, 2, 5)
    assert np.isnan(found[2]).all()
    for s, subset in enumerate(subsets[:2]):
        for d, values in enumerate(scores.values()):
            for r, weight in enumerate(weights):
                rows = repeated(weight * subset, codes)
                assert math.isclose(found[s, d, r], roc_auc_score(labels[rows], values[rows]))


def test_no_metric_lacks_its_definition_its_interval_or_its_name():
    scores, labels, codes = table(1, 2, 2)
    values, weights = scores["a"], np.ones((1, 4))
    found = points.ranking_metrics(values, labels)
    defined = {f"tpr_at_fpr_{budget}" for budget in found.pop("tpr_at_fpr")} | set(found)
    assert set(found) == set(points.RANKING)
    curve = weighted.trace(weighted.rank_rows(values, labels, codes), weights)
    assert set(weighted.ranking_metrics(curve, points.FPR_BUDGETS, points.PARTIAL_AUC_FPR)) == defined
    cut = set(points.threshold_metrics(values, labels, 0.5))
    assert set(at_threshold(values, labels, codes, weights, 0.5)) == cut
    assert cut == set(points.AT_THRESHOLD)
    chances = set(calibration.calibration_metrics(values, labels)) - {"reliability"}
    assert set(weighted.probability_metrics(values, labels, codes, weights)) == chances
    named = {metric for kind in METRICS.values() for metric in kind}
    assert defined | cut | chances <= named


def test_the_bins_are_those_of_reliability():
    assert weighted.N_BINS == calibration.N_BINS
