"""Intervals: what makes them wide, when they are undefined, p, pairing, and training seeds."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import t as student

from clipforensics.core.faults import InputError
from clipforensics.statistics.newcombe import score_interval, score_p
from clipforensics.statistics.uncertainty import Interval, mean_over_seeds, spread_over_seeds
from tests.support.estimates import aucs, delong_variance, estimate, expected_error, noisy, plan


def test_the_interval_is_students_on_the_logit_scale():
    one = aucs(plan(), noisy(np.random.default_rng(3)))[0]
    found = one.interval(confidence=0.9)
    se, degrees = expected_error(one, (6, 9))
    assert 5 < degrees < 13
    reach = student.ppf(0.95, degrees) * se / (one.value * (1 - one.value))
    assert logit(found.low) == pytest.approx(logit(one.value) - reach)
    assert logit(found.high) == pytest.approx(logit(one.value) + reach)
    assert found.value == one.value
    assert found.undefined == ""


def test_a_difference_is_on_the_plain_scale():
    rng = np.random.default_rng(4)
    one, two = aucs(plan(), noisy(rng), noisy(rng))
    difference = one - two
    assert difference.value == one.value - two.value
    assert (difference.draws == one.draws - two.draws).all()
    se, degrees = expected_error(difference, (6, 9))
    found = difference.interval()
    reach = student.ppf(0.975, degrees) * se
    assert (found.low, found.high) == pytest.approx((difference.value - reach, difference.value + reach))
    assert found.p == pytest.approx(2 * student.sf(abs(difference.value) / se, degrees))
    backwards = (two - one).interval()
    assert (backwards.low, backwards.high) == pytest.approx((-found.high, -found.low))
    assert backwards.p == pytest.approx(found.p)


@pytest.mark.parametrize("pick", [0, 1])
def test_p_inverts_the_interval(pick):
    rng = np.random.default_rng(5)
    one, two = aucs(plan(), noisy(rng, 0.8), noisy(rng, 0.3))
    which = (one, one - two)[pick]
    p = which.interval().p
    assert 0.001 < p < 0.9
    touching = which.interval(confidence=1 - p)
    assert min(abs(touching.low - which.null), abs(touching.high - which.null)) < 1e-9


def test_a_value_at_the_end_of_its_range_is_clipped_there():
    high = estimate(1.0, jackknife=np.linspace(0.9, 1, 15)).interval()
    assert high.high == 1
    assert 0.8 < high.low < 1
    low = (estimate(0.05) - estimate(0.99, 0.4)).interval()
    assert low.low == -1


def test_ends_of_a_metric_stay_inside_its_range():
    found = estimate(0.98, sd=0.2).interval()
    assert 0 < found.low < 0.98 < found.high < 1


def test_few_clusters_widen_the_interval():
    few = estimate(replicates=plan(3, 3)).interval()
    many = estimate(replicates=plan(300, 300)).interval()
    assert many.high - many.low < 0.7 * (few.high - few.low)


def test_only_clusters_with_a_part_in_it_count():
    wide = estimate(active=np.r_[np.ones(6, bool), np.array([True] * 2 + [False] * 7)])
    se = expected_error(estimate(jackknife=wide.jackknife[:8], replicates=plan(6, 2)), (6, 2))
    assert wide._small_sample()[1] == pytest.approx(se[1])


def test_steps_that_no_single_cluster_moves_count_as_of_the_smallest_stratum():
    factor, degrees = estimate(jackknife=np.full(15, 0.8))._small_sample()
    assert factor == pytest.approx(math.sqrt(6 / 5))
    assert degrees == 5


def test_identical_detectors_differ_by_exactly_nothing():
    scores = noisy(np.random.default_rng(1))
    one, two = aucs(plan(), scores, 2 * scores)
    assert (one - two).interval() == Interval(0.0, 0.0, 0.0, 1.0)


def test_no_interval_where_no_replicate_differs():
    blind = aucs(plan(), np.ones(15))[0].interval()
    assert (blind.value, bool(blind.undefined)) == (0.5, True)
    assert math.isnan(blind.low)
    assert math.isnan(blind.p)
    assert "same value" in (estimate(0.9, 0.0) - estimate(0.8, 0.0)).interval().undefined
    stuck = estimate(1.0, 0.0).interval()  # a metric that is no AUC
    assert "every replicate gives the same value" in stuck.undefined


def test_an_auc_of_one_has_the_score_interval_of_its_clusters():
    apart = np.r_[np.zeros(6), np.ones(9)]
    groups = np.r_[0, 0, 1, 1, 2, 2, 3:12]
    for replicates, sizes in ((plan(), (6, 9)), (plan(clusters=groups), (3, 9))):
        found = aucs(replicates, apart)[0].interval(confidence=0.9)
        assert (found.low, found.high) == score_interval(1.0, *sizes, confidence=0.9)
        assert found.p == score_p(1.0, 0.5, *sizes)
        assert found.undefined == ""
        worst = aucs(replicates, -apart)[0].interval(confidence=0.9)
        assert (worst.low, worst.high) == pytest.approx((1 - found.high, 1 - found.low))


def test_no_auc_is_surer_than_its_score_interval():
    """Ten reals that all score alike show nothing of how reals vary, so Student's interval is too narrow."""
    scores = np.r_[np.linspace(0, 0.01, 10), np.full(15, -1.0), np.full(85, 1.0)]
    one = aucs(plan(10, 100), scores)[0]
    se, degrees = one.standard_error()
    design = se**2 / delong_variance(scores, 10)
    assert design == pytest.approx(1, abs=0.2)
    student_low, student_high, student_p = one._student(se, degrees, 0.95)
    low, high = score_interval(0.85, 10, 100, confidence=0.95, design=design)
    found = one.interval()
    assert low < student_low - 0.05
    assert high > student_high
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert found.p == pytest.approx(score_p(0.85, 0.5, 10, 100, design=design))
    assert found.p > student_p


def test_groups_that_hold_both_classes_narrow_the_score_interval_too():
    """A real and its fake rise and fall together: the design effect is below 1."""
    rng = np.random.default_rng(2)
    groups = np.tile(np.arange(30), 2)
    scores = 2 * rng.normal(size=30)[groups] + 0.3 * rng.normal(size=60) + 1.2 * np.repeat([0, 1], 30)
    alone = aucs(plan(30, 30), scores)[0].interval()
    grouped = aucs(plan(30, 30, clusters=groups), scores)[0].interval()
    assert grouped.high - grouped.low < 0.7 * (alone.high - alone.low)


def test_a_side_of_another_metric_that_is_stuck_leaves_no_difference():
    still, moving = estimate(1.0, 0.0), estimate()
    for one in (still - moving, moving - still, estimate(0.0, 0.0) - moving):
        found = one.interval()
        assert "one side is" in found.undefined
        assert math.isnan(found.low)
    assert (estimate(0.9, 0.0) - moving).interval().undefined == ""  # stuck elsewhere: a choice of the scorer
    assert (moving - moving).interval() == Interval(0.0, 0.0, 0.0, 1.0)
    level = estimate(0.8, draws=moving.draws - 0.1) - moving  # equal on the data, unequal on all draws
    assert "every replicate gives the same value, so" in level.interval().undefined


def test_the_reason_of_missing_replicates_is_not_hidden():
    none = estimate(draws=np.full(400, np.nan))
    assert "400 of 400 replicates lack a class" in (none - none).interval().undefined


def test_replicates_that_lack_a_class_are_left_out_and_counted():
    draws = 0.8 + 0.1 * np.linspace(-1, 1, 400)
    draws[:20] = np.nan
    some = estimate(draws=draws).interval()
    assert some.n_undefined == 20
    assert some.undefined == ""
    assert some == estimate(draws=np.r_[draws[:20], draws[:19:-1]]).interval()
    draws[20] = np.nan
    many = estimate(draws=draws).interval()
    assert many.undefined.startswith("21 of 400 replicates lack a class (at most 5% may)")
    assert math.isnan(many.low)
    assert many.value == 0.8
    paired = estimate() - estimate(draws=draws)
    assert paired.interval().n_undefined == 21


def test_reasons_survive_a_difference():
    bad = estimate(undefined="no reals")
    assert (bad - estimate()).interval().undefined == "no reals"
    assert (estimate() - bad).interval().undefined == "no reals"
    assert math.isnan((estimate() - bad).interval().p)


def test_a_metric_without_chance_value_has_no_p():
    found = estimate(null=math.nan).interval()
    assert math.isnan(found.p)
    assert found.low < found.high
    assert found.undefined == ""


def test_differences_need_the_same_draws():
    with pytest.raises(InputError, match="needs the same draws"):
        estimate() - estimate(replicates=plan(seed=2))
    with pytest.raises(InputError, match="'lora': its seeds stand on different draws"):
        mean_over_seeds([estimate(), estimate(replicates=plan(seed=2))], "lora")
    with pytest.raises(InputError, match="'lora': no training seed"):
        mean_over_seeds([], "lora")
    with pytest.raises(InputError, match="confidence 95"):
        estimate().interval(confidence=95)
    three = mean_over_seeds([estimate()] * 3, "lora")
    with pytest.raises(InputError, match="2 seeds against 3"):
        mean_over_seeds([estimate()] * 2, "lora") - three


def test_one_seed_covers_videos_only():
    one = estimate()
    mean = mean_over_seeds([one], "lora")
    assert mean.interval() == one.interval()
    assert mean.interval().covers == "videos"
    several = mean_over_seeds([one, estimate(0.7)], "baseline")
    assert several.interval().covers == "videos and seeds"
    assert (mean - several).interval().covers == "videos"
    assert (several - mean_over_seeds([one, one], "lora")).interval().covers == "videos and seeds"


def test_drawn_seeds_have_the_variance_of_a_mean_of_seeds():
    """Without any variation of videos, what is left is s^2 / n of the seeds."""
    values = [0.7, 0.74, 0.81]
    replicates = plan(n_replicates=20_000)
    seeds = [estimate(v, 0.0, replicates) for v in values]
    mean = mean_over_seeds(seeds, "lora")
    assert mean.value == pytest.approx(0.75)
    assert mean.draws.mean() == pytest.approx(0.75, abs=0.001)
    assert mean.draws.var() == pytest.approx(np.var(values, ddof=1) / 3, rel=0.03)


def test_with_seeds_alone_the_degrees_of_freedom_are_theirs():
    still = np.full(15, 0.8)
    mean = mean_over_seeds([estimate(v, 0.0, jackknife=still) for v in (0.7, 0.74, 0.81)], "lora")
    assert mean._small_sample() == pytest.approx((1, 2))
    both = mean_over_seeds([estimate(v) for v in (0.7, 0.74, 0.81)], "lora")
    assert 2 < both._small_sample()[1] < estimate()._small_sample()[1]


def test_what_draws_do_not_show_does_not_depend_on_the_order_of_seeds():
    seen, unseen = estimate(), replace(estimate(), unseen=0.01, caution="an end")
    found = [mean_over_seeds(several, "lora") for several in ([seen, unseen], [unseen, seen])]
    assert [one.unseen for one in found] == pytest.approx([0.005, 0.005])
    assert [one.caution for one in found] == ["an end", "an end"]


def test_seeds_widen_the_interval():
    spread = mean_over_seeds([estimate(v) for v in (0.7, 0.8, 0.9)], "lora").interval()
    alike = mean_over_seeds([estimate(0.8)] * 3, "lora").interval()
    assert spread.low < alike.low < alike.high < spread.high


def test_a_detector_draws_its_seeds_alike_everywhere_and_others_on_their_own():
    """A constant gap between two subsets stays constant, whichever seeds are drawn."""
    values = (0.7, 0.8, 0.9)
    twin = mean_over_seeds([estimate(v, 0.0) for v in values], "lora")
    rest = mean_over_seeds([estimate(v - 0.2, 0.0) for v in values], "lora")
    gap = twin - rest
    assert gap.draws == pytest.approx(np.full(400, 0.2))
    assert gap.seeds["lora"] == pytest.approx(np.zeros(3))
    other = mean_over_seeds([estimate(v, 0.0) for v in values], "baseline")
    difference = twin - other
    assert difference.draws.var() == pytest.approx(2 * twin.draws.var(), rel=0.3)
    assert set(difference.seeds) == {"lora", "baseline"}
    other_gap = mean_over_seeds([estimate(v, 0.0) for v in values], "baseline") - other
    assert (gap - other_gap).interval().undefined  # no variation at all, but not 0


def test_draws_of_seeds_depend_on_the_seed_of_the_bootstrap():
    found = [
        mean_over_seeds([estimate(v, 0.0, plan(seed=seed)) for v in (0.7, 0.8, 0.9)], "lora").draws
        for seed in (1, 1, 2)
    ]
    assert (found[0] == found[1]).all()
    assert (found[0] != found[2]).any()


def test_spread_over_seeds():
    assert spread_over_seeds([estimate(v) for v in (0.5, 0.7)]) == pytest.approx(
        (2, 0.6, math.sqrt(0.02), 0.5, 0.7)
    )
    alone = spread_over_seeds([estimate(0.5)])
    assert alone.n == 1
    assert math.isnan(alone.sd)


def test_p_is_small_for_a_clear_difference_and_large_for_none():
    rng = np.random.default_rng(0)
    replicates = plan(60, 60)
    tables = [noisy(rng, gain, 60, 60) for gain in (0, 3, 0)]
    blind, sharp, other = aucs(replicates, *tables)
    assert (sharp - blind).interval().p < 0.001
    assert (other - blind).interval().p > 0.05
    assert blind.interval().p > 0.05
    assert sharp.interval().p < 0.001


def test_larger_clusters_widen_the_interval():
    rng = np.random.default_rng(0)
    groups = np.arange(60) // 5
    scores = rng.normal(size=12)[groups] + 0.8 * np.repeat([0, 1], 30)
    alone = aucs(plan(30, 30), scores)[0].interval()
    grouped = aucs(plan(30, 30, clusters=groups), scores)[0].interval()
    assert grouped.high - grouped.low > 1.4 * (alone.high - alone.low)
