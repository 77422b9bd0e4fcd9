"""Intervals: what makes them wide, when they are undefined, p, pairing, and training seeds."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import norm
from scipy.stats import t as student

from clipforensics.core.faults import InputError
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.newcombe import score_interval, score_p
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.uncertainty import Estimate, Interval, mean_over_seeds, spread_over_seeds


def plan(n_real=6, n_fake=9, n_replicates=400, seed=1, clusters=None):
    labels = np.repeat([0, 1], [n_real, n_fake])
    return draw_replicates(
        labels, np.arange(len(labels)), n_replicates=n_replicates, seed=seed, clusters=clusters
    )


def estimate(value=0.8, sd=0.05, replicates=None, **changes):
    """Made by hand: draws of a given spread, real and fake clusters that matter alike."""
    replicates = replicates or plan()
    n = len(replicates.strata)
    draws = value + sd * np.linspace(-1, 1, replicates.n_replicates)
    fields = {
        "replicates": replicates,
        "value": value,
        "draws": draws,
        "jackknife": value + 0.01 * (-1.0) ** np.arange(n),
        "active": np.ones(n, dtype=bool),
        "null": 0.5,
    }
    return Estimate(**{**fields, **changes})


def aucs(replicates, *tables):
    found = bootstrap_auc(replicates, {str(i): table for i, table in enumerate(tables)})["all"]["video"]
    return list(found.values())


def noisy(rng, gain=1.0, n_real=6, n_fake=9):
    return rng.normal(size=n_real + n_fake) + gain * np.repeat([0, 1], [n_real, n_fake])


def expected_error(one, sizes):
    """Standard error and degrees of freedom from their definition; sizes of the strata, in order."""
    parts, start = [], 0
    for n in sizes:
        values = one.jackknife[start : start + n]
        parts.append((n - 1) / n * sum((values - values.mean()) ** 2))
        start += n
    whole = sum(parts)
    understated = sum(part * (n - 1) / n for part, n in zip(parts, sizes, strict=True))
    degrees = whole**2 / sum(part**2 / (n - 1) for part, n in zip(parts, sizes, strict=True))
    return np.nanstd(one.draws, ddof=1) * math.sqrt(whole / understated), degrees


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


def test_a_difference_of_subsets_counts_the_clusters_of_both():
    first, second = (np.r_[np.ones(6, bool), np.arange(9) // 4 == k] for k in (0, 1))
    both = estimate(active=first) - estimate(active=second)
    assert both.active.tolist() == [True] * 14 + [False]


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


def delong_variance(scores, n_real):
    """From its definition: the variance of each class's placements, over its size."""
    real, fake = scores[:n_real], scores[n_real:]
    won = (fake[None, :] > real[:, None]) + 0.5 * (fake[None, :] == real[:, None])
    parts = (won.mean(axis=1), won.mean(axis=0))
    return sum(np.var(part, ddof=1) / len(part) for part in parts)


def test_groups_that_hold_both_classes_narrow_the_score_interval_too():
    """A real and its fake rise and fall together: the design effect is below 1."""
    rng = np.random.default_rng(2)
    groups = np.tile(np.arange(30), 2)
    scores = 2 * rng.normal(size=30)[groups] + 0.3 * rng.normal(size=60) + 1.2 * np.repeat([0, 1], 30)
    alone = aucs(plan(30, 30), scores)[0].interval()
    grouped = aucs(plan(30, 30, clusters=groups), scores)[0].interval()
    assert grouped.high - grouped.low < 0.7 * (alone.high - alone.low)


def test_a_side_of_one_is_not_certain():
    """Twin AUC below 1, no_twin AUC 1: the gap's variance has that of the no_twin's score interval in it."""
    scores = np.r_[np.linspace(0, 0.5, 6), 0.05, 0.3, np.linspace(0.6, 1, 7)]
    subsets = {"twin": set(range(6, 11)), "no_twin": set(range(11, 15))}
    found = bootstrap_auc(plan(), {"a": scores, "b": scores**2}, subsets=subsets)
    twin, no_twin = (found[name]["video"]["a"] for name in subsets)
    assert (no_twin.value, twin.value < 0.9) == (1, True)
    gap = twin - no_twin
    low, high = score_interval(1.0, 6, 4, confidence=0.95)
    unseen = ((high - low) / norm.ppf(0.975)) ** 2
    drawn, degrees = expected_error(gap, (6, 5, 4))
    # The twin's own side is no surer than its score interval, at the design effect of its draws.
    alone = twin.standard_error()[0] ** 2
    assert twin.sizes.independent == pytest.approx(delong_variance(scores[:11], 6))
    ends = score_interval(twin.value, 6, 5, confidence=0.95, design=alone / twin.sizes.independent)
    lacking = max(0, ((ends[1] - ends[0]) / 2 / norm.ppf(0.975)) ** 2 - alone)
    se, found_degrees = gap.standard_error()
    whole = drawn**2 + unseen + lacking
    assert se**2 == pytest.approx(whole)
    assert found_degrees == pytest.approx(whole**2 / (drawn**4 / degrees + (unseen + lacking) ** 2 / 3))
    degrees = found_degrees
    one = gap.interval()
    reach = student.ppf(0.975, degrees) * se
    assert (one.low, one.high) == pytest.approx((max(gap.value - reach, -1), min(gap.value + reach, 1)))
    assert one.low < 0 < one.high
    gain = gap - (found["twin"]["video"]["b"] - found["no_twin"]["video"]["b"])
    assert gain.unseen >= 2 * unseen
    assert gain.interval().low < 0 < gain.interval().high


def test_a_gap_has_the_degrees_of_freedom_of_its_smaller_stratum():
    """Ten fakes without a twin among a hundred: not the ninety-nine degrees of all fakes."""
    rng = np.random.default_rng(8)
    scores = rng.normal(size=200) + 1.5 * np.repeat([0, 1], 100)
    subsets = {"twin": set(range(100, 190)), "no_twin": set(range(190, 200))}
    found = bootstrap_auc(plan(100, 100), {"a": scores}, subsets=subsets)
    gap = found["twin"]["video"]["a"] - found["no_twin"]["video"]["a"]
    assert gap._small_sample()[1] < 25
    assert gap._small_sample()[1] == pytest.approx(expected_error(gap, (100, 90, 10))[1])


def test_a_gap_counts_the_groups_of_its_fakes_even_where_reals_are_in_all_of_them():
    rng, groups = np.random.default_rng(8), np.tile(np.arange(30), 2)
    scores = rng.normal(size=60) + 1.2 * np.repeat([0, 1], 30)
    subsets = {"twin": set(range(30, 54)), "no_twin": set(range(54, 60))}
    found = bootstrap_auc(plan(30, 30, clusters=groups), {"a": scores}, subsets=subsets)
    gap = found["twin"]["video"]["a"] - found["no_twin"]["video"]["a"]
    assert sorted(int(ours.sum()) for ours in gap._strata()) == [6, 24]
    assert gap._small_sample()[1] == pytest.approx(expected_error_of(gap, [groups[54:], groups[30:54]]))


def expected_error_of(one, groups):
    """Degrees of freedom by hand: the jackknife's variance of each set of groups."""
    parts = [(one.jackknife[g] - one.jackknife[g].mean()) ** 2 for g in groups]
    variances = [(len(p) - 1) / len(p) * p.sum() for p in parts]
    return sum(variances) ** 2 / sum(v**2 / (len(p) - 1) for v, p in zip(variances, parts, strict=True))


def test_detectors_on_the_same_videos_keep_their_paired_error():
    rng = np.random.default_rng(4)
    one, two = aucs(plan(), noisy(rng), noisy(rng))
    assert (one - two).unseen == 0


def test_two_aucs_of_one_do_not_differ_by_nothing_for_certain():
    apart = np.r_[np.zeros(6), np.linspace(0.5, 1, 9)]
    subsets = {"twin": set(range(6, 11)), "no_twin": set(range(11, 15))}
    found = bootstrap_auc(plan(), {"a": apart, "b": apart**2}, subsets=subsets)
    twin, no_twin = (found[name]["video"] for name in subsets)
    gap, other = (twin[name] - no_twin[name] for name in "ab")
    for one in map(Estimate.interval, [gap, other, twin["a"] - twin["b"], gap - other]):
        assert one.value == 0
        assert one.low < -0.2
        assert one.high > 0.2
        assert (one.p, one.undefined) == (pytest.approx(1), "")


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
