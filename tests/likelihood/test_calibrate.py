"""Likelihood ratios against the package lir, plain minimisers, and by hand at both ends."""

import importlib.util
import json
import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit

from clipforensics.core.faults import InputError
from clipforensics.likelihood import calibrate
from clipforensics.likelihood.costs import cllr, cllr_min
from clipforensics.likelihood.curves import cross_entropy
from clipforensics.likelihood.elub import elub
from tests.support.lir_outputs import KEPT, PRIORS, SHAPES, made_up, of_lir

LIR = json.loads(KEPT.read_text())


def ours(name):
    """The same numbers as `lir_outputs.of_lir`."""
    logits, labels, others = made_up(name)
    pav = calibrate.fit_pav(expit(logits), labels)
    llrs = 0.4 * logits
    found = {"pav": pav(expit(others)), "pav_elub": elub(pav(expit(logits)), labels)}
    found |= {"elub": elub(llrs, labels), "cllr": cllr(llrs, labels), "cllr_min": cllr_min(llrs, labels)}
    found["ece"] = cross_entropy(llrs, labels, PRIORS).ece
    if name != "parted":
        found["logistic"] = calibrate.fit_logistic(expit(logits), labels, smoothing=0)(expit(others))
    return {key: np.asarray(value, dtype=float).ravel().tolist() for key, value in found.items()}


@pytest.mark.parametrize("name", SHAPES)
def test_every_number_is_that_of_lir_1_3_1(name):
    found = ours(name)
    assert found.keys() == LIR[name].keys()
    for key, expected in LIR[name].items():
        assert found[key] == pytest.approx(expected, abs=1e-6), key


@pytest.mark.skipif(
    not importlib.util.find_spec("lir"), reason="lir is not installed; its kept numbers are above"
)
@pytest.mark.parametrize("name", SHAPES)
def test_every_number_is_that_of_the_lir_that_is_installed(name):
    for key, expected in of_lir(name).items():
        assert ours(name)[key] == pytest.approx(expected, abs=1e-6), key


def draw(n_real=15, n_fake=25, apart=1.0, seed=4):
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], [n_real, n_fake])
    return expit(rng.normal(size=n_real + n_fake) + apart * labels), labels


def slow_loss(line, scores, labels):
    """Mean surprise of each class, each video taken for the other class with a share of 1 / (n + 2)."""
    losses = {0: [], 1: []}
    for score, label in zip(scores, labels, strict=True):
        n = sum(labels == label)
        chance = 1 / (1 + math.exp(-(line[0] * math.log(score / (1 - score)) + line[1])))
        target = (n + 1) / (n + 2) if label else 1 / (n + 2)
        losses[label].append(-target * math.log(chance) - (1 - target) * math.log(1 - chance))
    return sum(sum(of) / len(of) for of in losses.values())


def test_the_logistic_fit_is_that_of_a_plain_minimiser():
    scores, labels = draw()
    slow = minimize(slow_loss, [1.0, 0.0], (scores, labels), method="Nelder-Mead", options={"xatol": 1e-9})
    found = calibrate.fit_logistic(scores, labels)
    assert (found.slope, found.intercept) == pytest.approx(slow.x, abs=1e-5)
    expected = (slow.x[0] * np.log(0.9 / 0.1) + slow.x[1]) / np.log(10)
    assert found([0.9]) == pytest.approx([expected], abs=1e-5)


def test_an_lr_does_not_know_how_many_videos_of_a_class_validation_has():
    """A prior would: three times the real videos would lower every LR by log10 3."""
    scores, labels = draw()
    reals = scores[labels == 0]
    thrice = np.r_[scores, reals, reals], np.r_[labels, np.zeros(2 * len(reals), int)]
    found = [calibrate.fit_logistic(*one, smoothing=0)(scores) for one in (thrice, (scores, labels))]
    assert found[0] == pytest.approx(found[1])


def test_an_lr_is_the_ratio_of_densities():
    """Normal logits a unit apart: log LR = logit - 1/2, whatever the shares of the classes."""
    scores, labels = draw(20_000, 5_000)
    found = calibrate.fit_logistic(scores, labels)
    assert (found.slope, found.intercept) == pytest.approx((1, -0.5), abs=0.05)
    middle = calibrate.fit_pav(scores, labels)(expit([0.0, 0.5, 1.0]))
    assert middle * math.log(10) == pytest.approx([-0.5, 0, 0.5], abs=0.2)


def test_without_an_error_lrs_are_finite_and_by_hand():
    scores, labels = np.array([0.1, 0.2, 0.3, 0.7, 0.9]), np.array([0, 0, 0, 1, 1])
    found = calibrate.fit_pav(scores, labels)
    # above: 2 of 3 manipulated (one was added below), 1 of 4 real; below: 3 of 4 real, 1 of 3 manipulated
    assert 10 ** found([0.95, 0.05]) == pytest.approx([(2 / 3) / (1 / 4), (1 / 3) / (3 / 4)])
    logistic = calibrate.fit_logistic(scores, labels)
    assert 0 < logistic.slope < math.inf
    with pytest.raises(InputError, match="ranked without error"):
        calibrate.fit_logistic(scores, labels, smoothing=0)


def test_lrs_rise_with_the_score_and_a_reversed_validation_gives_none():
    scores, labels = draw(apart=-2)
    assert calibrate.fit_logistic(scores, labels) == calibrate.LogisticLR(0.0, 0.0)
    for method in calibrate.METHODS:
        assert (np.diff(calibrate.fit(*draw(), method)(np.linspace(0, 1, 50))) >= -1e-12).all()


def test_each_validation_video_is_judged_by_a_map_that_has_not_seen_its_group():
    scores, labels = draw(6, 6)
    groups = np.array([0, 0, 1, 1, 2, 3, 0, 1, 2, 3, 3, 3])
    for method in calibrate.METHODS:
        found, reason = calibrate.cross_fitted(scores, labels, groups, method)
        assert reason == ""
        for i, group in enumerate(groups):
            kept = groups != group
            alone = calibrate.fit(scores[kept], labels[kept], method)(scores[[i]])
            assert found[i] == pytest.approx(alone[0])


def test_a_group_that_holds_all_of_a_class_cannot_be_left_out():
    scores, labels = draw(4, 4)
    found, reason = calibrate.cross_fitted(scores, labels, labels, "pav")
    assert np.isnan(found).all()
    assert reason == "without identity group 0, validation needs both classes, got 0 real and 4 manipulated"


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: calibrate.fit([0.1, 0.2], [0, 1], "kde"), "likelihood.method 'kde'"),
        (lambda: calibrate.fit_logistic([0.1, 0.2], [0, 0]), "needs both classes"),
        (lambda: calibrate.fit_pav([0.1, 1.2], [0, 1]), r"must be numbers in \[0, 1\]"),
        (lambda: calibrate.fit_pav([0.1, 0.2], [0, 1], misleading=0), "must be at least 1"),
    ],
)
def test_what_is_refused(call, what):
    with pytest.raises(InputError, match=what):
        call()


def test_a_score_at_the_edge_has_a_finite_lr():
    found = calibrate.LogisticLR(1.0, 0.0)([0.0, 1.0])
    assert found == pytest.approx(np.array([-1, 1]) * logit(1 - 1e-7) / math.log(10))
