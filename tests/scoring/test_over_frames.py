"""How far a video's score hangs on its frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.scoring import over_frames as over_frames_module
from clipforensics.scoring.over_frames import over_frames


def test_it_is_about_the_standard_error_of_a_mean():
    scores = np.random.default_rng(0).uniform(0, 1, 400)
    low, high = over_frames(scores, "mean")
    assert high - low == pytest.approx(2 * 1.96 * scores.std() / 20, rel=0.1)


def test_frames_that_agree_leave_no_room_and_one_frame_says_nothing():
    assert over_frames(np.full(5, 0.3), "median") == (0.3, 0.3)
    assert over_frames(np.array([0.3]), "mean") == (None, None)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.sampled_from(["mean", "median", "max"]))
def test_it_holds_the_score_and_stays_within_the_frames_scores(scores, pooling):
    values = np.array(scores)
    low, high = over_frames(values, pooling)
    whole = {"mean": np.mean, "median": np.median, "max": np.max}[pooling](values)
    assert values.min() - 1e-12 <= low <= whole + 1e-12
    assert whole - 1e-12 <= high <= values.max() + 1e-12
    assert over_frames(values, pooling) == (low, high)


@pytest.mark.parametrize("pooling", ["mean", "median", "max"])
def test_it_is_the_slow_bootstrap_however_many_draws_are_held_at_once(pooling, monkeypatch):
    scores = np.random.default_rng(1).uniform(0, 1, 7)
    rng = np.random.default_rng(over_frames_module.SEED)
    pool = {"mean": np.mean, "median": np.median, "max": np.max}[pooling]
    slow = [pool(scores[rng.integers(0, 7, 7)]) for _ in range(over_frames_module.N_DRAWS)]
    expected = pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])))
    assert over_frames(scores, pooling) == expected
    monkeypatch.setattr(over_frames_module, "VALUES", 100)
    assert over_frames(scores, pooling) == expected
