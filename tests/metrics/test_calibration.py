"""Calibration against scikit-learn and slow references; separated, reversed and constant scores."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from clipforensics.core.faults import InputError
from clipforensics.metrics import calibration
from clipforensics.metrics.auc import roc_auc
from clipforensics.metrics.pooling import pool_by_video
from tests.support.score_tables import read_peer, tables
from tests.support.shared_data import needs_shared

METHODS = st.sampled_from(["platt", "temperature"])
NAN = math.nan


def targets_of(labels):
    n_fake = sum(labels)
    n_real = len(labels) - n_fake
    return np.array([(n_fake + 1) / (n_fake + 2) if y else 1 / (n_real + 2) for y in labels])


def slow_loss(slope, intercept, scores, labels):
    """Minus the log likelihood of the smoothed targets."""
    total = 0.0
    for score, target in zip(scores, targets_of(labels), strict=True):
        score = min(max(score, 1e-7), 1 - 1e-7)
        chance = 1 / (1 + math.exp(-(slope * math.log(score / (1 - score)) + intercept)))
        total -= target * math.log(chance) + (1 - target) * math.log(1 - chance)
    return total


def draw(n=400, shift=-0.5, scale=2.0, seed=0):
    """Scores whose true probability is sigmoid(scale * logit + shift), and labels drawn from it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=n)
    return expit(logits), (rng.random(n) < expit(scale * logits + shift)).astype(int)


# Fitting


@given(tables(), METHODS)
def test_no_other_allowed_slope_and_intercept_is_likelier(table, method):
    scores, labels = table
    found = calibration.fit_calibration(scores, labels, method)
    assert found.slope >= 0
    best = slow_loss(found.slope, found.intercept, scores, labels)
    for slope_step in (-1e-3, 0.0, 1e-3):
        for step in (-1e-3, 0.0, 1e-3) if method == "platt" else (0.0,):
            slope = max(found.slope + slope_step, 0)
            assert slow_loss(slope, found.intercept + step, scores, labels) >= best - 1e-9


@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_the_fit_is_that_of_a_plain_minimiser_and_of_scikit_learn(method):
    scores, labels = draw(120)
    found = calibration.fit_calibration(scores, labels, method)
    platt = method == "platt"
    slow = minimize(
        lambda x: slow_loss(x[0], x[1] if platt else 0, scores, labels),
        [1.0, 0.0] if platt else [1.0],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000},
    )
    assert (found.slope, found.intercept) == pytest.approx([*slow.x, 0.0][:2], abs=1e-5)
    targets = targets_of(labels)
    model = LogisticRegression(C=np.inf, fit_intercept=platt, tol=1e-12, max_iter=1000)
    model.fit(
        np.tile(logit(scores), 2)[:, None],
        np.repeat([1, 0], len(scores)),
        sample_weight=np.r_[targets, 1 - targets],
    )
    assert found.slope == pytest.approx(model.coef_[0, 0], abs=1e-5)
    assert found.intercept == pytest.approx(model.intercept_[0] if platt else 0, abs=1e-5)
    assert found.note == ""


def test_it_finds_the_map_that_made_the_labels():
    scores, labels = draw(20_000, shift=-0.5, scale=2.0)
    found = calibration.fit_calibration(scores, labels, "platt")
    assert (found.slope, found.intercept) == pytest.approx((2.0, -0.5), abs=0.1)
    scores, labels = draw(20_000, shift=0.0, scale=0.5)
    assert calibration.fit_calibration(scores, labels, "temperature").slope == pytest.approx(0.5, abs=0.05)


@given(tables(), METHODS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_to_the_last_bit(table, method, random):
    scores, labels = table
    order = list(range(len(scores)))
    random.shuffle(order)
    found = calibration.fit_calibration(scores, labels, method)
    assert calibration.fit_calibration(scores[order], labels[order], method) == found
    chances = calibration.probabilities(scores, slope=found.slope, intercept=found.intercept)
    weights = calibration.weights_at_prior(labels, 0.3)
    for mass in (None, weights):
        again = None if mass is None else mass[order]
        measures = calibration.calibration_metrics(chances, labels, mass)
        assert calibration.calibration_metrics(chances[order], labels[order], again) == measures


@given(tables(), METHODS)
def test_probabilities_keep_the_order_of_scores(table, method):
    scores, labels = table
    found = calibration.fit_calibration(scores, labels, method)
    assume(found.slope > 0)
    chances = calibration.probabilities(scores, slope=found.slope, intercept=found.intercept)
    assert roc_auc(chances, labels) == roc_auc(scores, labels)
    assert ((chances >= 0) & (chances <= 1)).all()


@pytest.mark.parametrize("method", ["platt", "temperature"])
@pytest.mark.parametrize("scores", [[0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], [0.5, 0.5, 0.5 + 1e-12, 0.5 + 1e-12]])
def test_separated_validation_has_a_finite_slope(scores, method):
    found = calibration.fit_calibration(scores, [0, 0, 1, 1], method)
    assert 0 < found.slope < math.inf
    assert math.isfinite(found.intercept)
    if method == "platt" and len(set(scores)) == 2:  # the targets are met: 1/4 and 3/4
        chances = calibration.probabilities(scores, slope=found.slope, intercept=found.intercept)
        assert chances == pytest.approx([0.25, 0.25, 0.75, 0.75], abs=1e-3)


def test_scores_the_wrong_way_round_get_slope_0_and_a_note():
    scores, labels = [0.9, 0.8, 0.2, 0.1, 0.1], [0, 0, 1, 1, 1]
    found = calibration.fit_calibration(scores, labels, "platt")
    assert found.slope == 0
    assert "wrong way round (best slope -" in found.note
    assert expit(found.intercept) == pytest.approx((2 * 1 / 4 + 3 * 4 / 5) / 5)
    found = calibration.fit_calibration(scores, labels, "temperature")
    assert (found.slope, found.intercept) == (0, 0)
    assert "wrong way round" in found.note


def test_scores_that_say_nothing_get_slope_0_and_a_note():
    found = calibration.fit_calibration([0.1, 0.1, 0.7, 0.7], [0, 1, 0, 1], "platt")
    assert (found.slope, found.intercept) == (0, pytest.approx(0, abs=1e-12))
    assert "no better than chance" in found.note


@pytest.mark.parametrize("score", [0.0, 0.3, 0.5, 1.0])
def test_constant_scores_say_nothing(score):
    prior = (4 / 5 * 3 + 1 / 3) / 4
    found = calibration.fit_calibration([score] * 4, [1, 1, 1, 0], "platt")
    assert (found.slope, found.intercept) == pytest.approx((0, logit(prior)))
    assert found.note.startswith("validation scores rank the classes no better than chance")
    # A temperature can still bring one that lies on the right side of .5 to the share of fakes.
    found = calibration.fit_calibration([score] * 4, [1, 1, 1, 0], "temperature")
    chance = calibration.probabilities([score], slope=found.slope, intercept=found.intercept)
    assert chance == pytest.approx(prior if score > 0.5 else 0.5)
    assert bool(found.note) == (score <= 0.5)


def test_one_video_a_class_is_enough_and_one_class_is_not():
    found = calibration.fit_calibration([0.3, 0.6], [0, 1], "platt")
    chances = calibration.probabilities([0.3, 0.6], slope=found.slope, intercept=found.intercept)
    assert chances == pytest.approx([1 / 3, 2 / 3], abs=1e-6)
    for labels in ([0, 0], [1, 1]):
        with pytest.raises(InputError, match="calibration by platt: needs both classes"):
            calibration.fit_calibration([0.3, 0.6], labels, "platt")


def test_the_logit_is_clipped_as_said():
    ends = calibration.probabilities([0, 1e-9, 1 - 1e-9, 1], slope=1, intercept=0)
    np.testing.assert_allclose(ends, [1e-7, 1e-7, 1 - 1e-7, 1 - 1e-7], rtol=1e-9)
    assert calibration.probabilities([0.5], slope=3, intercept=-1)[0] == pytest.approx(expit(-1))


@pytest.mark.parametrize("wrong", [[0.1, 1.2], [0.1, NAN], [-2.0, 3.0], [[0.1, 0.2]]])
def test_what_is_no_score_or_probability_is_refused(wrong):
    match = r"not in \[0, 1\]|shape"
    with pytest.raises(InputError, match=match):
        calibration.probabilities(wrong, slope=1, intercept=0)
    with pytest.raises(InputError, match=match):
        calibration.fit_calibration(wrong, [0, 1], "platt")
    for function in MEASURES:
        with pytest.raises(InputError, match=match):
            function(wrong, [0, 1])


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="'isotonic': must be one of temperature, platt"):
        calibration.fit_calibration([0.1, 0.9], [0, 1], "isotonic")
    for prior in (0, 1, NAN):
        with pytest.raises(InputError, match="prior"):
            calibration.weights_at_prior([0, 1], prior)
    for function in MEASURES:
        with pytest.raises(InputError, match="shapes"):
            function([0.1, 0.2], [0, 1, 1])
        with pytest.raises(InputError, match="labels"):
            function([0.1, 0.2], [0, 2])
        for weights in ([-1, 2], [0, 0], [NAN, 1]):
            with pytest.raises(InputError, match="weights"):
                function([0.1, 0.2], [0, 1], weights)


# Measures

MEASURES = (calibration.brier, calibration.expected_calibration_error, calibration.reliability)


def slow_bins(chances, labels, weights):
    """(number, mean probability, share, mass, rows) of each bin that has rows."""
    for number in range(10):
        low, high = number / 10, (number + 1) / 10
        inside = [
            (p, y, w)
            for p, y, w in zip(chances, labels, weights, strict=True)
            if low < p <= high or (number == 0 and p == 0)
        ]
        if inside:
            mass = sum(w for _, _, w in inside)
            mean, share = (sum(row[i] * row[2] for row in inside) / mass for i in (0, 1))
            yield number, mean, share, mass, len(inside)


def weighted(table, prior):
    """Weights by counting: as many of each row as make the prior."""
    labels = table[1]
    n, n_fake = len(labels), sum(labels)
    return [prior * n / n_fake if y else (1 - prior) * n / (n - n_fake) for y in labels]


@given(tables(), st.sampled_from([None, 0.1, 0.5, 0.9]))
def test_measures_equal_slow_references(table, prior):
    chances, labels = table
    mass = [1.0] * len(labels) if prior is None else weighted(table, prior)
    given_ = None if prior is None else calibration.weights_at_prior(labels, prior)
    if given_ is not None:
        assert given_ == pytest.approx(mass)
    square = sum(w * (p - y) ** 2 for p, y, w in zip(chances, labels, mass, strict=True)) / sum(mass)
    assert calibration.brier(chances, labels, given_) == pytest.approx(square, abs=1e-12)
    assert calibration.brier(chances, labels, given_) == pytest.approx(
        brier_score_loss(labels, chances, sample_weight=mass, pos_label=1)
    )
    bins = list(slow_bins(chances, labels, mass))
    expected = sum(w * abs(mean - share) for _, mean, share, w, _ in bins) / sum(mass)
    assert calibration.expected_calibration_error(chances, labels, given_) == pytest.approx(
        expected, abs=1e-12
    )
    found = calibration.reliability(chances, labels, given_)
    assert [(round(row.low * 10), row.n) for row in found] == [(number, n) for number, *_, n in bins]
    for row, (_, mean, share, _, _) in zip(found, bins, strict=True):
        assert (row.mean_probability, row.share_manipulated) == pytest.approx((mean, share), abs=1e-12)


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0, 1])), min_size=1, max_size=30))
def test_reliability_is_scikit_learns(rows):
    chances, labels = (np.array(column) for column in zip(*rows, strict=True))
    edge = np.abs(chances * 10 - np.round(chances * 10)) < 1e-9
    assume(not edge[chances > 0.05].any())  # its edges are .30000000000000004 and so on
    found = calibration.reliability(chances, labels)
    share, mean = calibration_curve(labels, chances, n_bins=10, strategy="uniform")
    assert [row.share_manipulated for row in found] == pytest.approx(list(share))
    assert [row.mean_probability for row in found] == pytest.approx(list(mean))
    assert sum(row.n for row in found) == len(rows)


def test_bins_are_closed_above():
    chances = [0, 0.1, 0.3, 0.30001, 0.7, 1.0]
    found = calibration.reliability(chances, [0, 1, 0, 1, 0, 1])
    assert [(row.low, row.high, row.n) for row in found] == [
        (0.0, 0.1, 2),
        (0.2, 0.3, 1),
        (0.3, 0.4, 1),
        (0.6, 0.7, 1),
        (0.9, 1.0, 1),
    ]


def test_by_hand():
    chances, labels = [0.2, 0.2, 0.2, 0.2, 0.9], [0, 0, 0, 1, 1]
    assert calibration.brier(chances, labels) == pytest.approx((3 * 0.04 + 0.64 + 0.01) / 5)
    assert calibration.expected_calibration_error(chances, labels) == pytest.approx(
        (4 * abs(0.2 - 0.25) + 0.1) / 5
    )
    assert (
        calibration.brier([0.0, 1.0], [0, 1]) == calibration.expected_calibration_error([0, 1], [0, 1]) == 0
    )
    assert (
        calibration.brier([1.0, 0.0], [0, 1]) == calibration.expected_calibration_error([1, 0], [0, 1]) == 1
    )
    assert calibration.brier([0.5] * 3, [0, 1, 1]) == 0.25


def test_the_share_of_fakes_for_every_row_is_calibrated_and_knows_nothing():
    labels = [0, 1, 1, 1]
    assert calibration.brier([0.75] * 4, labels) == 0.75 * 0.25
    assert calibration.expected_calibration_error([0.75] * 4, labels) == 0
    # Ten times more fakes than validation had: wrong by the prior alone, which the weights take out.
    chances, labels = [0.5] * 110, [0] * 10 + [1] * 100
    weights = calibration.weights_at_prior(labels, 0.5)
    assert calibration.expected_calibration_error(chances, labels) == pytest.approx(100 / 110 - 0.5)
    assert calibration.expected_calibration_error(chances, labels, weights) == pytest.approx(0)


@given(tables())
def test_weights_at_their_own_share_change_nothing(table):
    chances, labels = table
    weights = calibration.weights_at_prior(labels, calibration.share_manipulated(labels))
    assert weights.tolist() == [1.0] * len(labels)
    assert calibration.calibration_metrics(chances, labels, weights) == calibration.calibration_metrics(
        chances, labels
    )


@given(tables())
def test_a_whole_weight_counts_a_row_that_often(table):
    chances, labels = table
    weights = np.arange(len(labels)) % 3 + 1
    for function in MEASURES[:2]:
        repeated = function(np.repeat(chances, weights), np.repeat(labels, weights))
        assert function(chances, labels, weights) == pytest.approx(repeated, abs=1e-12)


@pytest.mark.parametrize("labels", [[1, 1], [0, 0], []])
def test_one_class_is_nan(labels):
    chances = [0.2, 0.7][: len(labels)]
    weights = calibration.weights_at_prior(labels, 0.5)
    assert np.isnan(weights).all()
    for mass in (None, weights):
        found = calibration.calibration_metrics(chances, labels, mass)
        assert math.isnan(found["brier"])
        assert math.isnan(found["ece"])
    assert len(calibration.reliability(chances, labels)) == len(labels)


@needs_shared
@pytest.mark.parametrize("name", ["linear", "lora", "vpt"])
def test_peer_scores_agree_with_scikit_learn_to_four_decimals(name):
    table = read_peer(name)
    pooled = pool_by_video(table["score"], table["label"], table["key"])
    for scores, labels in ((table["score"].to_numpy(), table["label"].to_numpy()), pooled):
        assert round(calibration.brier(scores, labels), 4) == round(brier_score_loss(labels, scores), 4)
        share, mean = calibration_curve(labels, scores, n_bins=10, strategy="uniform")
        found = calibration.reliability(scores, labels)
        assert [round(row.share_manipulated, 4) for row in found] == [round(x, 4) for x in share]
        assert [round(row.mean_probability, 4) for row in found] == [round(x, 4) for x in mean]
