"""The clustered AUC's interval: Obuchowski's formula taken literally, DeLong's, and by simulation."""

import numpy as np
import pytest
from scipy.stats import t

from clipforensics.comparison.delong import delong_interval
from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import roc_auc
from clipforensics.metrics.usability import clustered_auc, usable


def slow_variance(scores, labels, groups):
    """The formulas of Obuchowski (1997), section 2, by loops."""
    rows = list(zip(scores.tolist(), labels.tolist(), groups.tolist(), strict=True))
    fakes = [(s, g) for s, y, g in rows if y == 1]
    reals = [(s, g) for s, y, g in rows if y == 0]

    def kernel(fake, real):
        return 1.0 if fake > real else 0.5 if fake == real else 0.0

    theta = sum(kernel(x, y) for x, _ in fakes for y, _ in reals) / (len(fakes) * len(reals))
    everyone = sorted(set(groups.tolist()))
    of_fake, of_real = dict.fromkeys(everyone, 0.0), dict.fromkeys(everyone, 0.0)
    for x, g in fakes:
        of_fake[g] += sum(kernel(x, y) for y, _ in reals) / len(reals) - theta
    for y, g in reals:
        of_real[g] += sum(kernel(x, y) for x, _ in fakes) / len(fakes) - theta
    n10, n01, n = len({g for _, g in fakes}), len({g for _, g in reals}), len(everyone)
    s10 = n10 / ((n10 - 1) * len(fakes)) * sum(v**2 for v in of_fake.values())
    s01 = n01 / ((n01 - 1) * len(reals)) * sum(v**2 for v in of_real.values())
    s11 = n / (n - 1) * sum(of_fake[g] * of_real[g] for g in everyone)
    return theta, s10 / len(fakes) + s01 / len(reals) + 2 * s11 / (len(fakes) * len(reals))


def clustered(rng, n_groups=20, shift=1.0):
    """Groups of one to three reals and fakes each, or of one class alone, that share an effect."""
    scores, labels, groups = [], [], []
    for group in range(n_groups):
        effect = rng.normal()
        for label in (0, 1):
            for _ in range(rng.integers(0, 4) if group % 3 else 1):
                scores.append(effect + rng.normal() + shift * label)
                labels.append(label)
                groups.append(group)
    return np.array(scores), np.array(labels), np.array(groups)


@pytest.mark.parametrize("seed", range(5))
def test_the_variance_is_obuchowskis_taken_literally(seed):
    scores, labels, groups = clustered(np.random.default_rng(seed))
    scores = scores.round(1)  # with ties
    theta, variance = slow_variance(scores, labels, groups)
    found = clustered_auc(scores, labels, groups)
    assert found.auc == pytest.approx(theta, abs=1e-12) == roc_auc(scores, labels)
    k = min(len(set(groups[labels == label])) for label in (0, 1))
    reach = t.ppf(0.975, k - 1) * variance**0.5 / (theta * (1 - theta))
    odds = [np.log(end / (1 - end)) for end in (found.low, theta, found.high)]
    assert odds[1] - odds[0] == pytest.approx(reach) == odds[2] - odds[1]


def test_with_a_row_a_group_the_variance_is_delongs():
    rng = np.random.default_rng(7)
    scores, labels = rng.normal(size=50), np.repeat([0, 1], [20, 30])
    scores = scores + labels
    _, variance = slow_variance(scores, labels, np.arange(50))
    delong = delong_interval(scores, labels)
    assert variance**0.5 == pytest.approx((delong.high - delong.low) / 2 / 1.959964, rel=1e-6)


def test_the_order_of_rows_does_not_matter():
    scores, labels, groups = clustered(np.random.default_rng(1))
    order = np.random.default_rng(2).permutation(len(scores))
    ours, theirs = (
        clustered_auc(scores, labels, groups),
        clustered_auc(scores[order], labels[order], groups[order]),
    )
    assert ours[:3] == pytest.approx(theirs[:3], abs=1e-12)


def coverage(of_groups):
    """Share of 300 data sets whose interval holds the true AUC: Phi(1.58 / sqrt(2 * 1.25)), .8413."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        effect = np.repeat(rng.normal(size=(24, 1)), 4, axis=0)
        truth = np.repeat([0, 1], 48)
        scores = (effect + 0.5 * rng.normal(size=(96, 1))).ravel() + 1.58 * truth
        found = clustered_auc(scores, truth, np.repeat(np.arange(24), 4) if of_groups else np.arange(96))
        held += found.low <= 0.8413 <= found.high
    return held / 300


def test_by_groups_the_interval_holds_the_truth_as_often_as_it_says_and_by_rows_it_does_not():
    assert coverage(of_groups=True) >= 0.92
    assert coverage(of_groups=False) < 0.85


def test_a_coin_is_not_usable_and_rarely_taken_for_one():
    rng = np.random.default_rng(11)
    labels, groups = np.repeat([0, 1], 20), np.arange(40)
    taken = [usable(rng.random(40), labels, groups) for _ in range(400)]
    assert np.mean([one["usable"] for one in taken]) <= 0.04  # a side of a 95% interval is 2.5%
    assert all(bool(one["reason"]) != one["usable"] for one in taken)


def taken_of_the_best(n_candidates, n_tried, runs=100):
    """How often the best of so many coins on validation is taken for a detector."""
    rng = np.random.default_rng(6)
    labels, groups = np.repeat([0, 1], 20), np.arange(40)
    taken = 0
    for _ in range(runs):
        coins = rng.random((n_candidates, 40))
        best = max(coins, key=lambda scores: roc_auc(scores, labels))
        taken += usable(best, labels, groups, n_tried=n_tried)["usable"]
    return taken / runs


def test_the_best_of_many_coins_is_taken_for_a_detector_unless_they_are_counted():
    assert taken_of_the_best(16, 1) > 0.15
    assert taken_of_the_best(16, 16) <= 0.05


def test_the_interval_widens_with_the_candidates_and_the_reason_names_them():
    scores, labels, groups = clustered(np.random.default_rng(1), shift=0.3)
    found = usable(scores, labels, groups, n_tried=5)
    expected = clustered_auc(scores, labels, groups, confidence=0.99)
    assert (found["low"], found["high"]) == pytest.approx(expected[1:3])
    assert found["reason"].endswith("], the best of 5 tried there")
    with pytest.raises(InputError, match="n_tried 0"):
        usable(scores, labels, groups, n_tried=0)


def test_a_good_detector_is_usable_a_reversed_one_is_not():
    rng = np.random.default_rng(3)
    labels, groups = np.repeat([0, 1], 20), np.tile(np.arange(20), 2)
    scores = rng.normal(size=40) + 1.5 * labels
    good, bad = usable(scores, labels, groups), usable(-scores, labels, groups)
    assert good["usable"]
    assert good["reason"] == ""
    assert not bad["usable"]
    assert "the wrong way round" in bad["reason"]
    assert bad["auc"] == pytest.approx(1 - good["auc"])


@pytest.mark.parametrize(("n", "is_usable"), [(5, False), (6, True)])
def test_without_an_error_five_groups_do_not_show_it_and_six_do(n, is_usable):
    labels = np.repeat([0, 1], n)
    found = usable(labels.astype(float), labels, np.arange(2 * n))
    assert (found["auc"], found["high"]) == (1.0, 1.0)
    assert found["low"] == pytest.approx(0.025 ** (1 / n))
    assert found["usable"] is is_usable
    turned = clustered_auc(1.0 - labels, labels, np.arange(2 * n))
    assert turned[:3] == pytest.approx((0.0, 0.0, 1 - 0.025 ** (1 / n)))


def test_pairs_that_share_groups_count_once():
    """Ten groups with a video of each class are five independent pairs, not ten."""
    labels = np.repeat([0, 1], 10)
    found = usable(labels.astype(float), labels, np.tile(np.arange(10), 2))
    assert found["low"] == pytest.approx(0.025 ** (1 / 5))
    assert not found["usable"]


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0, 0, 0, 0]])
def test_a_class_of_fewer_than_two_groups_has_no_interval(labels):
    found = usable([0.1, 0.2, 0.3, 0.4], labels, [0, 1, 2, 2])
    assert not found["usable"]
    assert "needs two identity groups of each class" in found["reason"]
    assert np.isnan(found["low"])
    assert np.isnan(found["auc"]) == (1 not in labels)


def test_a_group_a_row():
    with pytest.raises(InputError, match="one entry a row"):
        clustered_auc([0.1, 0.2], [0, 1], [0])
