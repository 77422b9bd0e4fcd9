"""Metrics on replicates against a slow loop; subsets, pairing, blocks, bands, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from clipforensics.core.faults import InputError
from clipforensics.metrics import auc as auc_
from clipforensics.metrics import points
from clipforensics.metrics.auc import roc_auc
from clipforensics.metrics.calibration import expected_calibration_error
from clipforensics.metrics.pooling import pool_by_video
from clipforensics.statistics import replicates
from clipforensics.statistics.bootstrap import (
    NO_ECE_INTERVAL,
    bootstrap_auc,
    bootstrap_intervals,
    bootstrap_metrics,
    roc_band,
)
from clipforensics.statistics.replicates import draw_replicates
from tests.support.resampling import drawn_weights, repeated, table

GROUPS = np.array([0, 0, 1, 2, 2, 2, 3, 3, 4, 4])


def plan(labels, codes, groups=None, n_replicates=12, seed=3):
    clusters = None if groups is None else groups[codes]
    return draw_replicates(labels, codes, n_replicates=n_replicates, seed=seed, clusters=clusters)


def by_level(values, labels, codes, level, how="mean"):
    if level == "frame":
        return values, labels, codes
    return *pool_by_video(values, labels, codes, how), np.arange(codes.max() + 1)


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(2, 7), st.integers(0, 2), st.booleans())
@settings(deadline=None, max_examples=25)
def test_aucs_equal_a_loop_over_scikit_learn_on_repeated_frames(seed, n_real, n_fake, digits, grouped):
    scores, labels, codes = table(seed, n_real, n_fake, digits)
    groups = np.random.default_rng(seed).integers(0, 6, n_real + n_fake) if grouped else None
    draws = plan(labels, codes, groups, seed=seed)
    if draws.undefined(draws.videos_of(None)):
        return
    found = bootstrap_auc(draws, scores)["all"]
    for level in ("frame", "video"):
        for name, values in scores.items():
            rows_of_level = by_level(values, labels, codes, level)
            assert found[level][name].value == roc_auc(*rows_of_level[:2])
            for weight, draw in zip(drawn_weights(draws), found[level][name].draws, strict=True):
                rows = repeated(weight, rows_of_level[2])
                truth = rows_of_level[1][rows]
                expected = roc_auc_score(truth, rows_of_level[0][rows]) if 0 < truth.mean() < 1 else math.nan
                assert draw == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("how", ["mean", "median", "max"])
@pytest.mark.parametrize("level", ["frame", "video"])
def test_every_metric_equals_a_loop_over_repeated_rows(level, how):
    scores, labels, codes = table(5)
    budgets = (0.25, 0.5, 1)
    options = {"level": level, "how": how, "threshold": 0.5, "probability": lambda s: s**2}
    options["budgets"] = budgets
    draws = plan(labels, codes, GROUPS)
    found = bootstrap_metrics(draws, scores["b"], **options)
    values, truth, videos = by_level(scores["b"], labels, codes, level, how)
    for r, weight in enumerate([np.ones(10), *drawn_weights(draws)]):
        rows = repeated(weight, videos)
        v, t = values[rows], truth[rows]
        at = points.confusion(v, t, 0.5)
        ranking = points.ranking_metrics(v, t)
        del ranking["tpr_at_fpr"]
        curve = auc_.roc_curve(v, t)
        shares = {f"tpr_at_fpr_{b}": curve.tpr[points.vertex_within(curve, b)] for b in budgets}
        expected = {
            **ranking,
            **shares,
            **points.threshold_metrics(v, t, 0.5),
            "partial_auc": roc_auc_score(t, v, max_fpr=0.1),
            "tpr": at.true_positive / t.sum(),
            "fpr": at.false_positive / (1 - t).sum(),
            "brier": brier_score_loss(t, v**2),
        }
        for name, value in expected.items():
            one = found[name]
            assert (one.value if r == 0 else one.draws[r - 1]) == pytest.approx(value, abs=1e-12), name
    assert list(found) == [
        *(
            "auc",
            "ap",
            "eer",
            "eer_at_nearest_threshold",
            "partial_auc",
            "tpr_at_fpr_0.25",
            "tpr_at_fpr_0.5",
            "tpr_at_fpr_1",
        ),
        *("accuracy", "balanced_accuracy", "f1", "tpr", "fpr", "brier", "ece"),
    ]


def test_metrics_at_a_threshold_and_of_probabilities_are_left_out_without_these():
    scores, labels, codes = table(5)
    found = bootstrap_metrics(plan(labels, codes), scores["a"], level="video", budgets=(0.2,))
    assert list(found) == ["auc", "ap", "eer", "eer_at_nearest_threshold", "partial_auc", "tpr_at_fpr_0.2"]


@pytest.mark.parametrize("level", ["frame", "video"])
def test_the_ranking_can_be_left_out_and_changes_nothing_else(level):
    scores, labels, codes = table(5)
    draws = plan(labels, codes, GROUPS)
    options = {"level": level, "threshold": 0.5, "probability": lambda s: s**2, "prior": 0.4}
    whole = bootstrap_metrics(draws, scores["b"], **options)
    without = bootstrap_metrics(draws, scores["b"], with_ranking=False, **options)
    assert list(without) == ["accuracy", "balanced_accuracy", "f1", "tpr", "fpr", "brier", "ece"]
    for name, one in without.items():
        np.testing.assert_array_equal(one.draws, whole[name].draws)
        assert (one.value, one.undefined) == (whole[name].value, whole[name].undefined)


def test_a_budget_below_one_real_row_has_no_value_but_a_reason():
    """By the rows of the level: ten real videos of ten frames measure .1 of videos and .01 of frames."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(30), 10)
    labels = (codes >= 10).astype(int)
    scores = {name: rng.random(300) + 0.2 * labels for name in "ab"}
    draws = plan(labels, codes, n_replicates=50)
    for level, measured in (("video", (0.1,)), ("frame", (0.01, 0.05, 0.1))):
        one, two = (bootstrap_metrics(draws, scores[name], level=level) for name in "ab")
        values, truth, _ = by_level(scores["a"], labels, codes, level)
        for budget in (0.01, 0.05, 0.1):
            name = f"tpr_at_fpr_{budget}"
            found, difference = one[name].interval(), (two[name] - one[name]).interval()
            expected = points.tpr_at_fpr(values, truth, budget)
            assert found.value == pytest.approx(expected, nan_ok=True)
            reason = f"tpr_at_fpr {budget}: needs 1/budget real rows, got 10"
            assert math.isnan(found.value) == math.isnan(difference.value) == (budget not in measured)
            assert found.undefined == difference.undefined == ("" if budget in measured else reason)
            assert np.isnan(one[name].draws).all() == (budget not in measured)  # of every replicate or none


def test_the_expected_calibration_error_has_a_value_without_an_interval():
    """Calibrated by construction, its true value is 0, yet it is above 0 in the data and every replicate."""
    rng = np.random.default_rng(0)
    chances = rng.random(200)
    labels = (rng.random(200) < chances).astype(int)
    draws = plan(labels, np.arange(200), n_replicates=100)
    options = {"level": "video", "prior": None}
    one, two = (
        bootstrap_metrics(draws, chances, probability=p, **options) for p in (lambda s: s, lambda s: s**2)
    )
    assert one["ece"].value == pytest.approx(expected_calibration_error(chances, labels))
    assert one["ece"].draws.min() > 0
    for found in (one["ece"], two["ece"] - one["ece"], one["ece"] - one["ece"]):
        interval = found.interval()
        assert interval.undefined == NO_ECE_INTERVAL
        assert not math.isnan(interval.value)
        assert all(map(math.isnan, (interval.low, interval.high, interval.p)))
    assert one["brier"].interval().undefined == ""


def test_both_ways_to_the_auc_agree():
    scores, labels, codes = table(6)
    draws = plan(labels, codes, GROUPS)
    subset = {4, 5, 7, 8}
    for level in ("frame", "video"):
        one = bootstrap_auc(draws, scores, subsets={"x": subset})["x"][level]["b"]
        two = bootstrap_metrics(draws, scores["b"], level=level, subset=subset)["auc"]
        assert one.value == two.value
        np.testing.assert_allclose(one.draws, two.draws, atol=1e-15)
        np.testing.assert_allclose(one.jackknife, two.jackknife, atol=1e-15)
        assert (one.null, one.undefined) == (two.null, two.undefined)
        assert (one.active == two.active).all()


def test_a_subset_stands_on_the_draws_of_the_whole():
    scores, labels, codes = table(7, 4, 8)
    draws = plan(labels, codes, n_replicates=200)
    found = bootstrap_auc(draws, scores, subsets={"all": None, "few": {4, 5, 6, 7, "not here"}})
    values = scores["a"]
    weights = drawn_weights(draws) * draws.videos_of({4, 5, 6, 7})
    few = found["few"]["frame"]["a"]
    for weight, draw in zip(weights[:40], few.draws, strict=False):
        rows = repeated(weight, codes)
        assert draw == pytest.approx(roc_auc_score(labels[rows], values[rows]), nan_ok=True)
    kept = (labels == 0) | (codes < 8)
    assert few.value == roc_auc(values[kept], labels[kept])
    gap = found["all"]["frame"]["a"] - few
    assert gap.value == found["all"]["frame"]["a"].value - few.value
    assert gap.interval().low < gap.value < gap.interval().high
    assert few.active.tolist() == [True] * 8 + [False] * 4


def test_a_subset_that_is_often_not_drawn_has_no_interval():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [5, 40])
    draws = draw_replicates(labels, np.arange(45), n_replicates=400, seed=0)
    subsets = {"two": {5, 6}, "four": {5, 6, 7, 8}, "one": {5}, "none": set()}
    found = bootstrap_auc(draws, {"a": rng.random(45)}, subsets=subsets)
    got = {name: found[name]["video"]["a"].interval() for name in subsets}
    assert "of 400 replicates lack a class" in got["two"].undefined
    assert got["four"].undefined == ""
    assert got["four"].n_undefined > 0
    assert "got 1 of 1 manipulated videos" in got["one"].undefined
    assert not math.isnan(got["one"].value)
    assert "got 0 of 0 manipulated videos" in got["none"].undefined
    assert math.isnan(got["none"].value)


def test_results_do_not_depend_on_blocks_order_of_frames_or_other_detectors(monkeypatch):
    scores, labels, codes = table(8, digits=3)
    options = {"level": "frame", "threshold": 0.5, "probability": lambda s: s / 2}
    draws = plan(labels, codes, GROUPS, n_replicates=50)
    aucs = bootstrap_auc(draws, scores)["all"]["frame"]
    whole = bootstrap_metrics(draws, scores["b"], **options)
    for block in (1, 100, 333):
        monkeypatch.setattr(replicates, "BLOCK", block)
        again = bootstrap_metrics(draws, scores["b"], **options)
        for name, one in whole.items():
            assert one.draws.tobytes() == again[name].draws.tobytes(), name
            assert one.jackknife.tobytes() == again[name].jackknife.tobytes(), name
    order = np.random.default_rng(0).permutation(len(codes))
    shuffled = plan(labels[order], codes[order], GROUPS, n_replicates=50)
    alone = bootstrap_auc(shuffled, {"b": scores["b"][order]})["all"]["frame"]["b"]
    assert alone.draws.tobytes() == aucs["b"].draws.tobytes()
    assert (alone - aucs["a"]).value == pytest.approx(aucs["b"].value - aucs["a"].value)


def test_frames_of_a_video_do_not_narrow_the_interval():
    """Copies of a video's frame are no new evidence: the interval stays as it was."""
    rng = np.random.default_rng(0)
    labels, scores = np.repeat([0, 1], 15), rng.random(30)
    few = bootstrap_auc(plan(labels, np.arange(30), n_replicates=300), {"a": scores})["all"]
    rows = np.repeat(np.arange(30), 20)
    many = bootstrap_auc(plan(labels[rows], rows, n_replicates=300), {"a": scores[rows]})["all"]
    for level in ("frame", "video"):
        assert many[level]["a"].interval() == few[level]["a"].interval()


@pytest.mark.parametrize("level", ["frame", "video"])
def test_one_cluster_of_a_class_gives_values_without_intervals(level):
    labels, codes, groups = np.array([0, 0, 1, 1]), np.arange(4), np.array([7, 7, 8, 9])
    draws, scores = plan(labels, codes, groups), np.array([0.1, 0.3, 0.2, 0.4])
    auc = bootstrap_auc(draws, {"a": scores})["all"][level]["a"].interval()
    assert auc.value == 0.75
    assert "got 1 of 2 real videos; compare.cluster: video" in auc.undefined
    found = bootstrap_metrics(draws, scores, level=level, threshold=0.2)
    assert found["accuracy"].interval().value == 0.75
    assert all(math.isnan(e.interval().low) and e.interval().undefined for e in found.values())
    band = roc_band(draws, scores, level=level)
    assert "got 1 of 2 real videos" in band.undefined
    assert np.isnan(band.low).all()
    assert band.tpr[0] == 0.5


def test_one_class_gives_nothing():
    labels = np.zeros(3, dtype=int)
    draws = plan(labels, np.arange(3))
    found = bootstrap_auc(draws, {"a": np.arange(3.0)})["all"]["video"]["a"].interval()
    assert math.isnan(found.value)
    assert "got 0 of 0 manipulated videos" in found.undefined
    for one in bootstrap_metrics(draws, np.arange(3.0), level="video", threshold=1).values():
        assert math.isnan(one.value)


def test_a_band_holds_the_intervals_of_the_tpr():
    scores, labels, codes = table(9, 8, 12, digits=3)
    draws = plan(labels, codes, n_replicates=300)
    band = roc_band(draws, scores["a"], level="frame", grid=[0, 0.1, 0.5, 1])
    curve = auc_.roc_curve(scores["a"], labels)
    for point, tpr in zip(band.fpr, band.tpr, strict=True):
        assert tpr == pytest.approx(np.interp(point, curve.fpr, curve.tpr))
    assert band.low[1] < band.tpr[1] < band.high[1]
    assert (band.tpr[-1], band.low[-1], band.high[-1]) == (1, 1, 1)
    assert band.undefined == ""
    sample = [
        np.interp(0.1, c.fpr, c.tpr)
        for c in (
            auc_.roc_curve(scores["a"][rows], labels[rows])
            for rows in (repeated(w, codes) for w in drawn_weights(draws))
        )
    ]
    narrow = roc_band(draws, scores["a"], level="frame", grid=[0.1], confidence=0.5)
    reach = 0.6745 * np.std(sample)
    assert (narrow.high - narrow.low)[0] == pytest.approx(2 * reach, rel=0.2)
    assert len(roc_band(draws, scores["a"], level="video").fpr) == 101


def test_intervals_of_all_detectors_and_differences():
    scores, labels, codes = table(2)
    estimates = bootstrap_auc(plan(labels, codes), scores)["all"]["video"]
    detectors, differences = bootstrap_intervals(estimates, "a", confidence=0.9)
    assert list(detectors) == ["a", "b"]
    assert detectors["a"] == estimates["a"].interval(confidence=0.9)
    assert differences == {"b": (estimates["b"] - estimates["a"]).interval(confidence=0.9)}


def test_wrong_input_is_refused():
    scores, labels, codes = table(1)
    draws = plan(labels, codes)
    with pytest.raises(InputError, match="at least one detector"):
        bootstrap_auc(draws, {})
    with pytest.raises(InputError, match="level 'clip': must be one of frame, video"):
        bootstrap_metrics(draws, scores["a"], level="clip")
    with pytest.raises(InputError, match="give one label a score"):
        bootstrap_auc(draws, {"a": scores["a"][1:]})
    with pytest.raises(InputError, match=r"must be one in \[0, 1\]"):
        bootstrap_metrics(draws, scores["a"], level="video", probability=lambda s: s + 1)


@pytest.mark.parametrize("level", ["frame", "video"])
def test_bounds_of_a_band_rise_with_the_fpr(level):
    scores, labels, codes = table(5)
    band = roc_band(plan(labels, codes, GROUPS), scores["b"], level=level)
    for bound in (band.low, band.high):
        drawn = bound[~np.isnan(bound)]
        assert len(drawn) > 10
        assert (np.diff(drawn) >= 0).all()
