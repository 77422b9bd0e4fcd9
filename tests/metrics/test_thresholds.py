"""Thresholds chosen on validation: each rule against every threshold there is, and where it cuts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.metrics import thresholds
from clipforensics.metrics.points import threshold_metrics
from clipforensics.metrics.pooling import pool_by_video
from tests.support.score_tables import read_peer, slow_rates, tables
from tests.support.shared_data import needs_shared

BUDGETS = st.sampled_from([0.0, 0.01, 0.1, 0.25, 1 / 3, 0.5, 1.0])


def neighbours(chosen, scores):
    """The lowest score that is called manipulated and the highest that is not."""
    return min([s for s in scores if s >= chosen], default=math.inf), max(
        [s for s in scores if s < chosen], default=-math.inf
    )


@given(tables(), st.sampled_from(["eer", "youden"]))
def test_eer_and_youden_are_the_best_of_all(table, rule):
    scores, labels = table

    def cost(threshold):
        fpr, fnr = slow_rates(scores, labels, threshold)
        return abs(fpr - fnr) if rule == "eer" else fpr + fnr

    chosen = thresholds.choose_thresholds(scores, labels, fpr_budget=0.1)[rule]
    assert math.isfinite(chosen)
    # For eer, of the vertices at the ends of the crossing segment: |fpr - fnr| is least there.
    every = [math.inf, *set(scores)]
    assert cost(chosen) == pytest.approx(min(map(cost, every)), abs=1e-12)
    if rule == "youden":
        higher = [t for t in every if t > neighbours(chosen, scores)[0]]
        assert all(cost(t) > cost(chosen) + 1e-9 for t in higher), "the highest of equals"


@given(tables(), BUDGETS)
def test_fpr_is_the_lowest_threshold_within_the_budget(table, budget):
    scores, labels = table
    chosen = thresholds.fpr_threshold(scores, labels, budget)
    assert slow_rates(scores, labels, chosen)[0] <= budget
    for lower in set(scores[scores < chosen]):
        assert slow_rates(scores, labels, lower)[0] > budget


@given(tables(), BUDGETS)
def test_every_rule_cuts_midway_between_the_scores_it_parts(table, budget):
    scores, labels = table
    for chosen in thresholds.choose_thresholds(scores, labels, fpr_budget=budget).values():
        above, below = neighbours(chosen, scores)
        if math.isinf(above):
            assert chosen == np.nextafter(below, math.inf)
        elif math.isinf(below):
            assert chosen == above
        else:
            assert chosen == (above + below) / 2


@given(tables(), BUDGETS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter_and_monotone_maps_keep_every_decision(table, budget, random):
    scores, labels = table
    chosen = thresholds.choose_thresholds(scores, labels, fpr_budget=budget)
    order = list(range(len(scores)))
    random.shuffle(order)
    assert thresholds.choose_thresholds(scores[order], labels[order], fpr_budget=budget) == chosen
    mapped = thresholds.choose_thresholds(np.exp(scores), labels, fpr_budget=budget)
    for rule, cut in chosen.items():
        assert ((np.exp(scores) >= mapped[rule]) == (scores >= cut)).all()


def test_by_hand():
    scores, labels = [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]
    found = thresholds.choose_thresholds(scores, labels, fpr_budget=0.1)
    assert found == {"eer": 0.5, "youden": 0.5, "fpr": 0.5}
    assert thresholds.fpr_threshold(scores, labels, 0.5) == pytest.approx(0.15)
    assert thresholds.fpr_threshold(scores, labels, 1) == 0.1
    assert thresholds.youden_threshold([0.9, 0.1], [0, 1]) > 0.9  # best is to call nothing manipulated
    low, high = 0.5, float(np.nextafter(0.5, 1))
    assert thresholds.eer_threshold([low, high], [0, 1]) == high  # neighbours have no middle


def test_constant_scores_leave_all_or_nothing():
    scores, labels = [0.3] * 5, [0, 0, 0, 1, 1]
    assert thresholds.fpr_threshold(scores, labels, 0.1) == np.nextafter(0.3, 1)
    assert thresholds.fpr_threshold(scores, labels, 1) == 0.3


def test_a_budget_of_a_tenth_of_thirty_reals_allows_three():
    real = np.arange(30) / 100
    chosen = thresholds.fpr_threshold([*real, 0.9], [0] * 30 + [1], 0.1)
    assert (real >= chosen).sum() == 3


@pytest.mark.parametrize("rule", ["eer_threshold", "youden_threshold", "fpr_threshold"])
def test_one_class_is_refused(rule):
    budget = [0.1] if rule == "fpr_threshold" else []
    for labels in ([1, 1], [0, 0]):
        with pytest.raises(InputError, match=r"needs both classes, got .*; give validation both"):
            getattr(thresholds, rule)([0.2, 0.7], labels, *budget)


@pytest.mark.parametrize("budget", [-0.1, 1.1, math.nan])
def test_a_budget_is_a_rate(budget):
    with pytest.raises(InputError, match="false positive budget"):
        thresholds.choose_thresholds([0.2, 0.7], [0, 1], fpr_budget=budget)


@needs_shared
def test_on_peer_scores_the_budget_is_kept():
    table = read_peer("lora")
    scores, labels = pool_by_video(table["score"], table["label"], table["key"])
    found = threshold_metrics(scores, labels, thresholds.fpr_threshold(scores, labels, 0.1))
    assert found["fpr"] == 0.1
    assert found["tpr"] == (scores[labels == 1] > np.sort(scores[labels == 0])[-2]).mean()
