"""Pooling of frames to videos against numpy on each video; ties, order, namesakes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.metrics import auc, points
from clipforensics.metrics.pooling import most_suspect, pool_by_video
from tests.support.score_tables import tables


@given(tables(), st.sampled_from(["mean", "median", "max"]))
def test_videos_of_one_frame_have_the_metrics_of_their_frames(table, how):
    scores, labels = table
    pooled = pool_by_video(scores, labels, np.arange(len(scores)), how)
    assert points.point_metrics(*pooled, 0.5) == points.point_metrics(scores, labels, 0.5)


def test_one_video_is_no_test():
    pooled = pool_by_video([0.2, 0.9, 0.7], [1, 1, 1], ["a"] * 3)
    found = points.point_metrics(*pooled, 0.5)
    assert (found["n_real"], found["n_fake"], found["tpr"]) == (0, 1, 1.0)
    assert math.isnan(found["auc"])
    assert found["undefined"]["auc"] == "needs both classes, got 0 real and 1 manipulated"


def test_merging_namesakes_of_two_manipulations_would_change_the_metrics():
    # 000_003 under two manipulations: one is missed, one is found; merged they look found, and as one.
    names, kinds = ["000_003"] * 2 + ["000"], ["FaceSwap", "NeuralTextures", "real"]
    keys = [f"{kind}/{name}" for kind, name in zip(kinds, names, strict=True)]
    scores, labels = [0.2, 0.9, 0.4], [1, 1, 0]
    assert auc.roc_auc(*pool_by_video(scores, labels, keys)) == 0.5
    assert auc.roc_auc(*pool_by_video(scores, labels, names)) == 1.0


def test_videos_are_told_by_key_not_by_name():
    keys = ["d/FaceSwap/-/000_003", "d/NeuralTextures/-/000_003", "d/FaceSwap/-/000_003", "d/real/-/000"]
    scores, labels = pool_by_video([0.2, 0.9, 0.4, 0.1], [1, 1, 1, 0], keys)
    np.testing.assert_allclose(scores, [0.3, 0.9, 0.1])
    assert labels.tolist() == [1, 1, 0]


frames = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1)), min_size=1, max_size=20)


@given(frames, st.sampled_from(["mean", "median", "max"]), st.randoms(use_true_random=False))
def test_pooling_equals_numpy_on_each_video_whatever_the_order(rows, how, random):
    videos, scores = zip(*rows, strict=True)
    labels = [int(v in "ab") for v in videos]
    pooled, truth = pool_by_video(scores, labels, videos, how)
    for key, value, label in zip(sorted(set(videos)), pooled, truth, strict=True):
        own = [s for v, s in rows if v == key]
        assert value == pytest.approx(getattr(np, how)(own), abs=1e-12)
        assert min(own) <= value <= max(own)
        assert label == int(key in "ab")
    shuffled = rows[:]
    random.shuffle(shuffled)
    videos, scores = zip(*shuffled, strict=True)
    again, _ = pool_by_video(scores, [int(v in "ab") for v in videos], videos, how)
    assert again.tolist() == pooled.tolist()  # to the last bit


def test_equal_frames_make_equal_videos():
    pooled, _ = pool_by_video([0.1] * 10, [0] * 3 + [1] * 7, [0] * 3 + [1] * 7)
    assert pooled[0] == pooled[1] == 0.1  # a sum of three tenths over 3 is not .1


def test_wrong_pooling_is_refused():
    with pytest.raises(InputError, match="'a' has frames of both labels"):
        pool_by_video([0.1, 0.2], [0, 1], ["a", "a"])
    with pytest.raises(InputError, match="'min': must be one of mean, median, max"):
        pool_by_video([0.1, 0.2], [0, 1], ["a", "b"], "min")
    with pytest.raises(InputError, match="give one entry a frame"):
        pool_by_video([0.1, 0.2], [0, 1], ["a"])
    assert [len(a) for a in pool_by_video([], [], [])] == [0, 0]


crowds = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=1, max_size=30
)
"""(frame, score) of each row: many ties, any order."""


@given(crowds)
def test_a_frame_is_judged_by_its_most_suspect_person(rows):
    numbers, scores = (np.array(of) for of in zip(*rows, strict=True))
    moments = np.unique(numbers, return_inverse=True)[1]
    slow = []
    for frame in sorted(set(numbers.tolist())):
        best = None
        for place, (number, score) in enumerate(rows):
            if number == frame and (best is None or score > rows[best][1]):
                best = place
        slow.append(best)
    assert most_suspect(scores, moments).tolist() == slow
    assert scores[most_suspect(scores, moments)].tolist() == [
        max(score for number, score in rows if number == frame) for frame in sorted(set(numbers.tolist()))
    ]


def test_a_score_that_is_none_is_not_hidden_behind_another_persons():
    assert most_suspect(np.array([0.9, math.nan, 0.2]), np.array([0, 0, 1])).tolist() == [1, 2]
    assert most_suspect(np.empty(0), np.empty(0, dtype=np.int64)).tolist() == []
