"""Each metric against a slow reference and scikit-learn; ties, one class, shuffled rows; published values."""

import json
import math
from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn import metrics as sk

from clipforensics.core.faults import InputError
from clipforensics.metrics import auc
from clipforensics.metrics import points as metrics
from clipforensics.metrics.pooling import pool_by_video
from tests.support.score_tables import read_peer, slow_rates, tables
from tests.support.shared_data import PEER_SCORES, needs_shared

NAN = math.nan


def wins(scores, labels):
    pairs = [
        (r, f) for (r, a), (f, b) in product(zip(scores, labels, strict=True), repeat=2) if (a, b) == (0, 1)
    ]
    return sum((f > r) + (f == r) / 2 for r, f in pairs) / len(pairs)


def slow_partial_auc(scores, labels, max_fpr):
    """Trapezia from vertex to vertex, the last cut off at max_fpr; then chance to .5 and all to 1."""
    points = []
    for t in [math.inf, *sorted(set(scores), reverse=True)]:
        fpr, fnr = slow_rates(scores, labels, t)
        points.append((fpr, 1 - fnr))
    area = 0.0
    for (x, y), (x2, y2) in pairwise(points):
        end = min(x2, max_fpr)
        if end > x:
            area += (end - x) * (y + y + (y2 - y) * (end - x) / (x2 - x)) / 2
    chance = max_fpr * max_fpr / 2
    return 0.5 + 0.5 * (area - chance) / (max_fpr - chance)


def slow_tpr_at_fpr(scores, labels, budget):
    if budget + 1e-9 < 1 / (labels == 0).sum():
        return NAN  # no false positive is allowed
    every = (slow_rates(scores, labels, t) for t in [math.inf, *scores])
    return max(1 - fnr for fpr, fnr in every if fpr <= budget)


def slow_eer(scores, labels):
    """Walk along the ROC's segments and cut the one on which fpr overtakes fnr."""
    points = [slow_rates(scores, labels, t) for t in [math.inf, *sorted(set(scores), reverse=True)]]
    for (fpr_a, fnr_a), (fpr_b, fnr_b) in pairwise(points):
        if fpr_b >= fnr_b:
            # fpr_a + x (fpr_b - fpr_a) = fnr_a + x (fnr_b - fnr_a)
            x = (fnr_a - fpr_a) / ((fpr_b - fpr_a) - (fnr_b - fnr_a))
            return fpr_a + x * (fpr_b - fpr_a)
    raise AssertionError("the last vertex has fpr 1 and fnr 0")


def slow_nearest(scores, labels):
    """Mean of both rates at every threshold; of the nearest pairs the least mean."""
    every = [slow_rates(scores, labels, t) for t in [math.inf, *scores]]
    least = min(abs(fpr - fnr) for fpr, fnr in every)
    return min((fpr + fnr) / 2 for fpr, fnr in every if abs(fpr - fnr) < least + 1e-9)


@given(tables())
def test_ranking_metrics_equal_slow_references(table):
    scores, labels = table
    assert auc.roc_auc(scores, labels) == pytest.approx(wins(scores, labels), abs=1e-12)
    assert auc.roc_auc(scores, labels) == pytest.approx(sk.roc_auc_score(labels, scores), abs=1e-12)
    assert metrics.eer(scores, labels).rate == pytest.approx(slow_eer(scores, labels), abs=1e-12)
    nearest = metrics.eer_at_nearest_threshold(scores, labels)
    assert nearest == pytest.approx(slow_nearest(scores, labels), abs=1e-12)
    expected = sk.average_precision_score(labels, scores)
    assert metrics.average_precision(scores, labels) == pytest.approx(expected, abs=1e-12)


@given(tables(), st.sampled_from([0.01, 0.1, 0.25, 1 / 3, 0.5, 1.0]))
def test_partial_auc_equals_a_slow_reference_and_scikit_learn(table, max_fpr):
    scores, labels = table
    found = metrics.partial_auc(scores, labels, max_fpr)
    assert found == pytest.approx(slow_partial_auc(scores, labels, max_fpr), abs=1e-12)
    assert found == pytest.approx(sk.roc_auc_score(labels, scores, max_fpr=max_fpr), abs=1e-12)
    assert 0.5 - max_fpr / (4 - 2 * max_fpr) - 1e-12 <= found <= 1 + 1e-12


@given(tables(), st.sampled_from([0.0, 0.01, 0.1, 0.25, 1 / 3, 0.5, 1.0]))
def test_tpr_at_fpr_is_the_best_vertex_within_the_budget(table, budget):
    scores, labels = table
    found = metrics.tpr_at_fpr(scores, labels, budget)
    assert found == pytest.approx(slow_tpr_at_fpr(scores, labels, budget), abs=1e-12, nan_ok=True)
    if not math.isnan(found):
        fpr, tpr, _ = sk.roc_curve(labels, scores, drop_intermediate=False)
        assert found == tpr[fpr <= budget].max()


def test_tpr_at_fpr_by_hand():
    # One real of four on top, then three fakes, then a tie of both classes.
    scores, labels = [0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.1, 0.1], [0, 1, 1, 1, 0, 1, 0, 0]
    assert math.isnan(metrics.tpr_at_fpr(scores, labels, 0.2499))  # the first step of 1/4 is not allowed
    assert metrics.tpr_at_fpr(scores, labels, 0.25) == 0.75
    assert metrics.tpr_at_fpr(scores, labels, 0.49) == 0.75  # not interpolated towards (.5, 1)
    assert metrics.tpr_at_fpr(scores, labels, 0.5) == 1
    assert metrics.partial_auc([0.1, 0.2, 0.8], [0, 0, 1]) == 1
    assert metrics.partial_auc([0.8, 0.9, 0.1], [0, 0, 1]) == pytest.approx(0.5 - 0.1 / 3.8)


@pytest.mark.parametrize("n", [1, 3, 7, 10, 49, 100, 103])
def test_a_budget_of_one_real_row_is_the_smallest_that_is_measured(n):
    """1/n * n is below 1 in floating point for n of 49 and 103."""
    scores, labels = np.arange(2 * n), np.repeat([0, 1], n)
    assert metrics.tpr_at_fpr(scores, labels, 1 / n) == 1
    assert metrics.budget_reason(n, [1 / n]) == ""
    for small in (0, 0.99 / n):
        assert math.isnan(metrics.tpr_at_fpr(scores, labels, small))
        assert metrics.budget_reason(n, [small, 1 / n]) == (
            f"tpr_at_fpr {small:g}: needs 1/budget real rows, got {n}"
        )


def test_with_ten_reals_small_budgets_are_not_measured():
    rng = np.random.default_rng(0)
    scores, labels = rng.random(110), np.array([0] * 10 + [1] * 100)
    found = metrics.ranking_metrics(scores, labels)["tpr_at_fpr"]
    assert list(found) == ["0.01", "0.05", "0.1"]
    assert math.isnan(found["0.01"])
    assert math.isnan(found["0.05"])
    assert found["0.1"] == (scores[10:] > np.sort(scores[:10])[-2]).mean()
    reason = "tpr_at_fpr 0.01, 0.05: needs 1/budget real rows, got 10"
    assert metrics.point_metrics(scores, labels, 0.5)["undefined"] == {"tpr_at_fpr": reason}


@pytest.mark.parametrize("wrong", [-0.1, 1.1, NAN])
def test_a_budget_is_a_rate(wrong):
    with pytest.raises(InputError, match="false positive budget"):
        metrics.tpr_at_fpr([0.1, 0.9], [0, 1], wrong)
    with pytest.raises(InputError, match="max_fpr"):
        metrics.partial_auc([0.1, 0.9], [0, 1], wrong)


@given(tables())
def test_average_precision_by_counting(table):
    scores, labels = table
    total, recall = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        chosen = labels[scores >= threshold]
        total += (chosen.sum() / labels.sum() - recall) * chosen.mean()
        recall = chosen.sum() / labels.sum()
    assert metrics.average_precision(scores, labels) == pytest.approx(total, abs=1e-12)


@given(tables())
def test_the_eer_is_the_root_on_the_interpolated_roc(table):
    scores, labels = table
    fpr, tpr, _ = sk.roc_curve(labels, scores, drop_intermediate=False)
    if len(set(fpr)) == len(fpr):  # interp1d wants a function of fpr
        root = brentq(lambda x: 1 - x - interp1d(fpr, tpr)(x), 0, 1)
        assert metrics.eer(scores, labels).rate == pytest.approx(root, abs=1e-9)


@given(tables(), st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0, 2.0]))
def test_threshold_metrics_are_scikit_learns(table, threshold):
    scores, labels = table
    predicted = (scores >= threshold).astype(int)
    found = metrics.threshold_metrics(scores, labels, threshold)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(labels, predicted))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(labels, predicted))
    assert found["f1"] == pytest.approx(sk.f1_score(labels, predicted))
    tn, fp, fn, tp = sk.confusion_matrix(labels, predicted, labels=[0, 1]).ravel()
    assert metrics.confusion(scores, labels, threshold) == (tp, fp, tn, fn)
    assert found["tpr"] == pytest.approx(sk.recall_score(labels, predicted))
    fpr, fnr = slow_rates(scores, labels, threshold)
    assert (found["fpr"], found["tpr"]) == pytest.approx((fpr, 1 - fnr))


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(table, random):
    scores, labels = table
    order = list(range(len(scores)))
    random.shuffle(order)
    assert metrics.point_metrics(scores[order], labels[order], 0.5) == metrics.point_metrics(
        scores, labels, 0.5
    )


@given(tables())
def test_ranking_metrics_see_only_the_order_of_scores(table):
    scores, labels = table
    for mapped in (np.exp(5 * scores), scores**3 - 7, np.log1p(scores) / 1e6):
        assert metrics.ranking_metrics(mapped, labels) == metrics.ranking_metrics(scores, labels)


@given(tables())
def test_exchanging_the_classes_keeps_auc_and_eer(table):
    scores, labels = table
    assert auc.roc_auc(1 - scores, 1 - labels) == auc.roc_auc(scores, labels)
    assert metrics.eer(1 - scores, 1 - labels).rate == pytest.approx(
        metrics.eer(scores, labels).rate, abs=1e-12
    )


def test_constant_scores_are_chance():
    labels = np.repeat([0, 1], [300, 100])
    found = metrics.point_metrics([0.3] * 400, labels, 0.5)
    assert (found["auc"], found["ap"], found["eer"]) == (0.5, 0.25, 0.5)
    assert (found["accuracy"], found["balanced_accuracy"], found["f1"]) == (0.75, 0.5, 0.0)
    assert (found["tpr"], found["fpr"]) == (0, 0)
    assert found["partial_auc"] == pytest.approx(0.5)
    assert found["tpr_at_fpr"] == {"0.01": 0, "0.05": 0, "0.1": 0}


def test_by_hand():
    scores, labels = [0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1]
    assert auc.roc_auc(scores, labels) == 3.5 / 4
    assert metrics.average_precision(scores, labels) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    # From (0, .5) the tie climbs to (.5, 1): it meets fpr = 1 - tpr halfway, at .25.
    assert metrics.eer(scores, labels).rate == 0.25
    assert metrics.ranking_metrics([0.1, 0.2] * 50 + [0.8, 0.9], np.repeat([0, 1], [100, 2])) == {
        "auc": 1.0,
        "ap": 1.0,
        "eer": 0.0,
        "eer_at_nearest_threshold": 0.0,
        "partial_auc": 1.0,
        "tpr_at_fpr": {"0.01": 1.0, "0.05": 1.0, "0.1": 1.0},
    }


@pytest.mark.parametrize(
    ("labels", "text"), [([1, 1], "0 real and 2"), ([0, 0], "2 real and 0"), ([], "0 real and 0")]
)
def test_one_class_is_nan_with_a_reason(labels, text):
    scores = [0.2, 0.7][: len(labels)]
    found = metrics.point_metrics(scores, labels, 0.5)
    # What is a share of one class alone stays defined where that class is there.
    defined = {name for name, label in (("tpr", 1), ("fpr", 0)) if label in labels}
    names = {*metrics.RANKING, *metrics.AT_THRESHOLD, "tpr_at_fpr"} - defined
    assert {name: found[name] for name in defined} == dict.fromkeys(defined, 0.5)
    assert all(map(math.isnan, found["tpr_at_fpr"].values()))
    assert all(math.isnan(found[name]) for name in names - {"tpr_at_fpr"})
    assert found["undefined"] == dict.fromkeys(names, f"needs both classes, got {text} manipulated")
    assert metrics.eer(scores, labels).vertex is None
    curve = auc.roc_curve(scores, labels)
    assert np.isnan(curve.fpr).all() == (0 not in labels)
    assert np.isnan(curve.tpr).all() == (1 not in labels)


def test_defined_metrics_have_no_reasons():
    found = metrics.point_metrics([0.2] * 100 + [0.7], [0] * 100 + [1], 0.5)
    assert (found["n_real"], found["n_fake"], found["undefined"]) == (100, 1, {})


def test_all_fake_is_as_good_as_the_share_of_fakes():
    found = metrics.all_fake_reference([0] * 10 + [1] * 100)  # the report's test set
    assert round(found["accuracy"], 3) == 0.909
    assert round(found["f1"], 3) == 0.952
    assert (found["auc"], found["eer"], found["balanced_accuracy"]) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, NAN], [0, 1], "1 of 2 are not finite"),
        ([0.1, math.inf], [0, 1], "not finite"),
        ([0.1], [0, 1], r"shapes \(1,\) and \(2,\)"),
        ([0.1, 0.2], [0, 2], r"labels \[0, 2\]"),
        ([0.1, 0.2], [0, NAN], "labels"),
        ([[0.1, 0.2]], [[0, 1]], "shapes"),
        ([0, 1], [0.1, 0.2], "labels"),  # arguments exchanged
    ],
)
def test_wrong_input_is_refused(scores, labels, message):
    ranking = (auc.roc_auc, metrics.average_precision, metrics.eer, metrics.partial_auc)
    ranking += (metrics.eer_at_nearest_threshold,)
    for function in (*ranking, auc.roc_curve, metrics.ranking_metrics):
        with pytest.raises(InputError, match=message):
            function(scores, labels)
    with_threshold = (metrics.accuracy, metrics.balanced_accuracy, metrics.f1, metrics.point_metrics)
    rates = (metrics.true_positive_rate, metrics.false_positive_rate, metrics.tpr_at_fpr)
    for function in (*with_threshold, *rates):
        with pytest.raises(InputError, match=message):
            function(scores, labels, 0.5)


def test_a_threshold_must_be_a_number():
    with pytest.raises(InputError, match="threshold nan"):
        metrics.threshold_metrics([0.1, 0.2], [0, 1], NAN)


@given(tables())
def test_the_eers_vertex_is_the_nearest_end_of_its_segment(table):
    scores, labels = table
    curve = auc.roc_curve(scores, labels)
    gaps = np.abs(curve.fpr - (1 - curve.tpr)).round(12)
    vertex = metrics.eer(scores, labels).vertex
    assert gaps[vertex] == gaps.min()


# Published scores
def twins():
    train = pd.read_csv(PEER_SCORES / "train.csv", dtype=str)
    return set(train["video"][train["manipulation"] == "FaceSwap"])


@needs_shared
@pytest.mark.parametrize("name", ["linear", "lora", "vpt"])
def test_peer_scores_give_the_expected_values(name):
    expected = json.loads((PEER_SCORES / "expected.json").read_text(encoding="utf-8"))[name]
    table = read_peer(name)
    twin = table["video"].isin(twins()) & (table["label"] == 1)
    real = table["label"] == 0

    def video_auc(rows):
        return auc.roc_auc(*pool_by_video(rows["score"], rows["label"], rows["key"]))

    pooled, labels = pool_by_video(table["score"], table["label"], table["key"])
    found = {
        "frame_auc": auc.roc_auc(table["score"], table["label"]),
        "video_auc": auc.roc_auc(pooled, labels),
        "video_auc_twin": video_auc(table[twin | real]),
        "video_auc_no_twin": video_auc(table[~twin | real]),
        "n_real": int((labels == 0).sum()),
        "n_fake": int((labels == 1).sum()),
        "n_twin": table["key"][twin].nunique(),
    }
    assert {key: round(value, 4) for key, value in found.items()} == expected


@needs_shared
@pytest.mark.parametrize(
    ("name", "frame", "video"),
    [
        ("lora", (0.8663, 0.1990, 0.8207, 0.8943), (0.8690, 0.2000, 0.8364, 0.9043)),
        ("vpt", (0.8636, 0.1990, 0.8220, 0.8941), (0.8790, 0.2000, 0.8364, 0.9032)),
    ],
)
def test_peer_scores_give_the_authors_values(name, frame, video):
    """The author's threshold is .5; the EER is the fpr of the vertex where |fpr - fnr| is least."""
    table = read_peer(name)
    levels = (
        (table["score"].to_numpy(), table["label"].to_numpy()),
        pool_by_video(table["score"], table["label"], table["key"]),
    )
    for (scores, labels), published in zip(levels, (frame, video), strict=True):
        found = metrics.point_metrics(scores, labels, 0.5)
        curve = auc.roc_curve(scores, labels)
        nearest = curve.fpr[np.argmin(np.abs(curve.fpr - (1 - curve.tpr)))]
        values = (found["auc"], nearest, found["accuracy"], found["f1"])
        assert tuple(round(float(value), 4) for value in values) == published
        assert abs(found["eer"] - nearest) < 0.001  # the interpolated rate: .1994 for LoRA's frames


@needs_shared
def test_the_conventions_give_other_equal_error_rates_of_the_same_published_frames():
    """Fpr and fnr at the nearest threshold, their mean, and where the ROC's straight lines cross."""
    table = read_peer("lora")
    scores, labels = table["score"].to_numpy(), table["label"].to_numpy()
    vertex, curve = metrics.eer(scores, labels).vertex, auc.roc_curve(scores, labels)
    rates = (curve.fpr[vertex], 1 - curve.tpr[vertex])
    assert rates == pytest.approx((0.19901, 0.19941), abs=5e-6)
    assert metrics.eer_at_nearest_threshold(scores, labels) == pytest.approx(0.19921, abs=5e-6)
    assert metrics.eer(scores, labels).rate == pytest.approx(0.19941, abs=5e-6)


@needs_shared
@pytest.mark.parametrize(("name", "thinned"), [("lora", 0.19), ("vpt", 0.22)])
def test_a_thinned_curve_misses_the_nearest_threshold_of_published_videos(name, thinned):
    """scikit-learn's roc_curve drops vertices on straight parts unless told not to."""
    table = read_peer(name)
    scores, labels = pool_by_video(table["score"], table["label"], table["key"])

    def nearest(**options):
        fpr, tpr, _ = sk.roc_curve(labels, scores, **options)
        vertex = np.argmin(np.abs(fpr - (1 - tpr)))
        return (fpr[vertex] + 1 - tpr[vertex]) / 2

    assert nearest() == pytest.approx(thinned)
    assert metrics.eer_at_nearest_threshold(scores, labels) == pytest.approx(0.2)
    assert nearest(drop_intermediate=False) == pytest.approx(0.2)


@needs_shared
@pytest.mark.parametrize("name", ["linear", "lora", "vpt"])
def test_peer_scores_agree_with_scikit_learn_to_four_decimals(name):
    table = read_peer(name)
    pooled = pool_by_video(table["score"], table["label"], table["key"])
    for scores, labels in ((table["score"].to_numpy(), table["label"].to_numpy()), pooled):
        found = metrics.ranking_metrics(scores, labels)
        fpr, tpr, _ = sk.roc_curve(labels, scores, drop_intermediate=False)
        assert round(found["auc"], 4) == round(sk.roc_auc_score(labels, scores), 4)
        assert round(found["ap"], 4) == round(sk.average_precision_score(labels, scores), 4)
        assert round(found["partial_auc"], 4) == round(sk.roc_auc_score(labels, scores, max_fpr=0.1), 4)
        n_real = int((np.asarray(labels) == 0).sum())
        for budget, share in found["tpr_at_fpr"].items():
            measured = float(budget) * n_real >= 1
            expected = tpr[fpr <= float(budget)].max() if measured else NAN
            assert share == pytest.approx(expected, abs=0, nan_ok=True)
