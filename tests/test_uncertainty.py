"""The bootstrap against a slow loop over scikit-learn, its pairing, strata, and where it must refuse."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from clipforensics import uncertainty
from clipforensics.faults import InputError
from clipforensics.metrics import pool_by_video, roc_auc


def table(seed: int, n_real: int = 4, n_fake: int = 6, digits: int = 1):
    """Frames of videos of different lengths, with ties, rows shuffled; scores of two detectors."""
    rng = np.random.default_rng(seed)
    truth = np.r_[np.zeros(n_real, int), np.ones(n_fake, int)]
    codes = rng.permutation(np.repeat(np.arange(len(truth)), rng.integers(1, 5, len(truth))))
    labels = truth[codes]
    scores = {
        name: np.round(rng.random(len(codes)) + shift * labels, digits)
        for name, shift in (("a", 0.1), ("b", 0.5))
    }
    return scores, labels, codes


def slow_replicates(scores, labels, codes, weights):
    """AUCs (2, n_detectors, n_replicates) by scikit-learn, under weights of videos."""
    out = np.empty((2, len(scores), len(weights)))
    for d, values in enumerate(scores.values()):
        pooled, truth = pool_by_video(values, labels, codes)
        for r, weight in enumerate(weights):
            out[0, d, r] = roc_auc_score(labels, values, sample_weight=weight[codes])
            out[1, d, r] = roc_auc_score(truth, pooled, sample_weight=weight)
    return out


def drawn_weights(labels, codes, clusters, n, seed):
    truth = pool_by_video(np.zeros(len(labels)), labels, codes)[1]
    return np.concatenate(list(uncertainty._draw_weights(truth, clusters, n, seed)))


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(2, 7), st.integers(0, 2))
@settings(deadline=None, max_examples=25)
def test_replicates_equal_a_loop_over_scikit_learn(seed, n_real, n_fake, digits):
    scores, labels, codes = table(seed, n_real, n_fake, digits)
    found = uncertainty.draw_replicates(scores, labels, codes, n_replicates=8, seed=seed)
    weights = drawn_weights(labels, codes, np.arange(n_real + n_fake), 8, seed)
    np.testing.assert_allclose(found.draws, slow_replicates(scores, labels, codes, weights), atol=1e-12)


def test_replicates_with_clusters_equal_a_loop_over_scikit_learn():
    scores, labels, codes = table(3)
    groups = np.array([0, 0, 1, 2, 2, 2, 3, 3, 4, 4])  # real only, mixed (2), fake only
    found = uncertainty.draw_replicates(
        scores, labels, codes, n_replicates=20, seed=3, clusters=groups[codes]
    )
    weights = drawn_weights(labels, codes, groups, 20, 3)
    np.testing.assert_allclose(found.draws, slow_replicates(scores, labels, codes, weights), atol=1e-12)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_values_are_the_metrics(seed):
    scores, labels, codes = table(seed)
    found = uncertainty.bootstrap_auc(scores, labels, codes, n_replicates=1, seed=0, how="median")
    for name, values in scores.items():
        assert found[name]["frame"].value == roc_auc(values, labels)
        assert found[name]["video"].value == roc_auc(*pool_by_video(values, labels, codes, "median"))


def test_a_drawn_video_counts_as_often_as_it_was_drawn():
    """The meaning of a weight: rows literally repeated give the same AUC."""
    scores, labels, codes = table(5)
    found = uncertainty.draw_replicates(scores, labels, codes, n_replicates=5, seed=9)
    for r, weight in enumerate(drawn_weights(labels, codes, np.arange(10), 5, 9)):
        rows = np.repeat(np.arange(len(codes)), weight[codes].astype(int))
        for d, values in enumerate(scores.values()):
            assert found.draws[0, d, r] == pytest.approx(roc_auc(values[rows], labels[rows]), abs=1e-12)


def test_weights_are_stratified_multinomial_counts():
    truth = np.array([0] * 5 + [1] * 20)
    weights = np.concatenate(list(uncertainty._draw_weights(truth, np.arange(25), 4000, 1)))
    assert (weights[:, :5].sum(axis=1) == 5).all()
    assert (weights[:, 5:].sum(axis=1) == 20).all()
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.08)
    np.testing.assert_allclose(weights[:, :5].var(axis=0), 1 - 1 / 5, atol=0.1)
    np.testing.assert_allclose(weights[:, 5:].var(axis=0), 1 - 1 / 20, atol=0.1)


def test_clusters_are_drawn_whole_and_no_replicate_lacks_a_class():
    truth = np.array([0, 0, 1, 1, 0, 1, 1])
    groups = np.array([0, 1, 1, 1, 2, 2, 3])  # 0 real only, 1 and 2 both, 3 fake only
    weights = np.concatenate(list(uncertainty._draw_weights(truth, groups, 300, 1)))
    assert (weights[:, 1] == weights[:, 2]).all()
    assert (weights[:, 4] == weights[:, 5]).all()
    assert (weights[:, 1] + weights[:, 4] == 2).all()
    assert (weights[:, [0, 6]] == 1).all()
    assert weights[:, truth == 0].sum(axis=1).min() > 0
    assert weights[:, truth == 1].sum(axis=1).min() > 0


def test_the_seed_alone_decides_the_draws(monkeypatch):
    scores, labels, codes = table(1)
    whole = uncertainty.draw_replicates(scores, labels, codes, n_replicates=50, seed=4)
    other = uncertainty.draw_replicates(scores, labels, codes, n_replicates=50, seed=5)
    assert whole.draws.tobytes() != other.draws.tobytes()
    monkeypatch.setattr(uncertainty, "_BLOCK", 70)  # seven replicates at a time
    blocks = uncertainty.draw_replicates(scores, labels, codes, n_replicates=50, seed=4)
    assert blocks.draws.tobytes() == whole.draws.tobytes()


def test_detectors_share_their_replicates():
    scores, labels, codes = table(2)
    both = uncertainty.draw_replicates(scores, labels, codes, n_replicates=40, seed=4)
    alone = uncertainty.draw_replicates({"b": scores["b"]}, labels, codes, n_replicates=40, seed=4)
    assert both.draws[:, 1].tolist() == alone.draws[:, 0].tolist()
    order = np.random.default_rng(0).permutation(len(codes))
    shuffled = uncertainty.draw_replicates(
        {name: values[order] for name, values in scores.items()},
        labels[order],
        codes[order],
        n_replicates=40,
        seed=4,
    )
    assert shuffled.draws.tolist() == both.draws.tolist()


def test_the_difference_of_a_detector_with_itself_is_none():
    scores, labels, codes = table(2)
    twice = {"a": scores["a"], "same": 2 * scores["a"]}
    found = uncertainty.bootstrap_difference(
        twice, labels, codes, first="same", second="a", n_replicates=100, seed=1
    )
    assert found["frame"] == uncertainty.Interval(0.0, 0.0, 0.0, 1.0)
    assert found["video"].p == 1.0


def test_intervals_are_percentiles_and_p_counts_the_far_side():
    scores, labels, codes = table(7, 6, 9)
    drawn = uncertainty.draw_replicates(scores, labels, codes, n_replicates=200, seed=1)
    difference = drawn.difference("b", "a", "video", confidence=0.8)
    draws = drawn.draws[1, 1] - drawn.draws[1, 0]
    assert (difference.low, difference.high) == pytest.approx(tuple(np.quantile(draws, [0.1, 0.9])))
    assert difference.value == drawn.values[1, 1] - drawn.values[1, 0]
    far = min((draws.round(12) <= 0).sum(), (draws.round(12) >= 0).sum())
    assert difference.p == min(1, 2 * (far + 1) / 201)
    backwards = drawn.difference("a", "b", "video", confidence=0.8)
    assert backwards.p == difference.p
    assert backwards.low == pytest.approx(-difference.high)
    above = drawn.interval("b", "frame")
    far = min((drawn.draws[0, 1].round(12) <= 0.5).sum(), (drawn.draws[0, 1].round(12) >= 0.5).sum())
    assert above.p == min(1, 2 * (far + 1) / 201)
    assert above.low <= above.value <= above.high


def test_p_is_small_for_a_clear_difference_and_large_for_none():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    scores = {
        "blind": rng.random(120),
        "sharp": rng.random(120) + 0.8 * labels,
        "also blind": rng.random(120),
    }
    drawn = uncertainty.draw_replicates(scores, labels, np.arange(120), n_replicates=500, seed=1)
    assert drawn.difference("sharp", "blind", "video").p < 0.01
    assert drawn.difference("also blind", "blind", "video").p > 0.05
    assert drawn.interval("blind", "video").p > 0.05
    assert drawn.interval("sharp", "video").p == 2 / 501


def test_frames_of_a_video_do_not_narrow_the_interval():
    """Copies of a video's frame are no new evidence: the interval stays exactly as it was."""
    rng = np.random.default_rng(0)
    labels, scores = np.repeat([0, 1], 15), rng.random(30)
    few = uncertainty.bootstrap_auc({"a": scores}, labels, np.arange(30), n_replicates=300, seed=1)
    rows = np.repeat(np.arange(30), 20)
    many = uncertainty.bootstrap_auc({"a": scores[rows]}, labels[rows], rows, n_replicates=300, seed=1)
    assert many["a"]["frame"] == few["a"]["frame"]
    assert many["a"]["video"] == few["a"]["video"]


def test_larger_clusters_widen_the_interval():
    rng = np.random.default_rng(0)
    groups = np.arange(60) // 5
    labels = np.repeat([0, 1], 30)
    scores = {"a": rng.random(12)[groups] + 0.3 * labels}  # alike within a group
    alone = uncertainty.bootstrap_auc(scores, labels, np.arange(60), n_replicates=500, seed=1)["a"]["video"]
    grouped = uncertainty.bootstrap_auc(
        scores, labels, np.arange(60), n_replicates=500, seed=1, clusters=groups
    )
    grouped = grouped["a"]["video"]
    assert grouped.high - grouped.low > 1.4 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("labels", "value", "reason"),
    [
        ([0, 1, 1, 1], 1.0, "got 1 of 1 real videos"),
        ([0, 0, 0, 1], 1.0, "got 1 of 1 manipulated videos"),
        ([1, 1, 1, 1], math.nan, "got 0 of 0 real videos"),
        ([0, 0, 0, 0], math.nan, "got 0 of 0 manipulated videos"),
    ],
)
def test_too_few_videos_make_no_interval(labels, value, reason):
    found = uncertainty.bootstrap_auc(
        {"a": [0.1, 0.2, 0.3, 0.4]}, labels, list("wxyz"), n_replicates=9, seed=1
    )
    for interval in found["a"].values():
        assert interval.value == pytest.approx(value, nan_ok=True)
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)
        assert math.isnan(interval.p)
        assert reason in interval.undefined


def test_one_cluster_of_a_class_makes_no_interval():
    found = uncertainty.bootstrap_auc(
        {"a": [0.1, 0.2, 0.3, 0.4]}, [0, 0, 1, 1], [0, 1, 2, 3], n_replicates=9, seed=1, clusters=[7, 7, 8, 9]
    )
    assert "got 1 of 2 real videos" in found["a"]["video"].undefined


def test_wrong_input_is_refused():
    scores, labels, codes = table(1)
    call = uncertainty.draw_replicates
    with pytest.raises(InputError, match="one each"):
        call({}, labels, codes, n_replicates=5, seed=1)
    with pytest.raises(InputError, match="one each"):
        call(scores, labels, codes, n_replicates=0, seed=1)
    with pytest.raises(InputError, match="clusters: shape"):
        call(scores, labels, codes, n_replicates=5, seed=1, clusters=[1])
    with pytest.raises(InputError, match="is in two clusters"):
        call({"a": [0.1] * 4}, [0, 0, 1, 1], [0, 0, 1, 1], n_replicates=5, seed=1, clusters=[0, 1, 2, 2])
    drawn = call(scores, labels, codes, n_replicates=5, seed=1)
    with pytest.raises(InputError, match=r"'c'.* must be one of a, b and one of frame, video"):
        drawn.interval("c", "video")
    with pytest.raises(InputError, match="confidence 95"):
        drawn.interval("a", "video", confidence=95)
