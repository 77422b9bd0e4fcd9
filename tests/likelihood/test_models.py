"""From frames to videos; ratios from validation alone, held within their bounds, or a reason."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clipforensics.core.faults import InputError
from clipforensics.likelihood.calibrate import cross_fitted, fit
from clipforensics.likelihood.elub import elub
from clipforensics.likelihood.models import Ratios, describe, fit_ratios, together, videos_of
from tests.support.scored_models import model, videos


def test_frames_become_videos_with_the_group_and_manipulation_of_their_split():
    frames = pd.DataFrame({"key": ["b", "a", "b"], "label": [1, 0, 1], "score": [0.2, 0.5, 0.6]})
    split = pd.DataFrame({"key": ["c", "b", "a"], "group": [7, 8, 9], "manipulation": ["X", "FS", "real"]})
    found = videos_of(frames, split, "mean")
    assert found.keys.tolist() == ["a", "b"]
    assert found.scores == pytest.approx([0.5, 0.4])
    assert [column.tolist() for column in found[2:]] == [[0, 1], [9, 8], ["real", "FS"]]


def test_one_manipulation_is_set_against_all_reals_and_folds_are_sorted_by_key():
    test = videos(1, ["NT", "FS"])
    chosen = test.against("NT")
    assert set(chosen.manipulations.tolist()) == {"real", "NT"}
    assert len(chosen.keys) == 40
    joined = together([test.chosen(np.arange(30, 60)), test.chosen(np.arange(30))])
    assert all((a == b).all() for a, b in zip(joined, test, strict=True))


def test_a_video_that_two_parts_test_is_refused():
    first = videos(1, ["NT"])
    with pytest.raises(InputError, match="'NT/022' is in two, and each must be in one; pool folds alone"):
        together([first, first.chosen(np.arange(2, 5))])


@pytest.mark.parametrize("method", ["logistic", "pav"])
def test_map_and_bounds_are_validations_and_no_test_score_moves_them(method):
    one = model()
    found = fit_ratios(one, method)
    val = one.val
    assert found.map == fit(val.scores, val.labels, method)
    unseen, _ = cross_fitted(val.scores, val.labels, val.groups, method)
    assert found.bounds == elub(unseen, val.labels)
    other = fit_ratios(one.__class__(one.split, val, videos(9, ["NT"]), one.usable, 0.1, ["NT"]), method)
    assert other == found


def test_reported_ratios_never_leave_the_bounds():
    found = fit_ratios(model(), "logistic")
    scores = np.linspace(0, 1, 101)
    low, high = found.bounds
    assert found.unbounded(scores).min() < low < 0 < high < found.unbounded(scores).max()
    assert found.bounded(scores) == pytest.approx(np.clip(found.unbounded(scores), low, high))


def test_a_detector_at_chance_gives_no_ratio_and_says_why():
    found = fit_ratios(model(usable={"usable": False, "reason": "AUC .5 [.4, .6]"}), "pav")
    assert found == Ratios(None, None, "grouped: AUC .5 [.4, .6]")
    with pytest.raises(AssertionError, match="AUC"):
        found.bounded(np.zeros(1))


def test_one_group_of_a_class_gives_no_bounds_hence_no_ratio():
    one = model()
    lumped = one.val._replace(groups=np.where(one.val.labels == 0, -1, one.val.groups))
    found = fit_ratios(one.__class__(one.split, lumped, one.test, one.usable, 0.5, one.tested), "logistic")
    assert found.map is None
    assert "without identity group -1" in found.reason


def test_what_was_fitted_is_described():
    one = model()
    found = describe(fit_ratios(one, "logistic"), one)
    assert (found["split"], found["n_real"], found["n_fake"], found["n_groups"]) == ("grouped", 20, 20, 20)
    fewer = replace(one, val=one.val.chosen(np.flatnonzero((one.val.labels == 1) | (one.val.groups % 4 > 0))))
    counts = describe(fit_ratios(fewer, "logistic"), fewer)
    assert (counts["n_real"], counts["n_fake"], counts["n_groups"]) == (15, 20, 20)
    assert found["elub_low"] < 0 < found["elub_high"]
    assert found["slope"] > 0
    assert "slope" not in describe(fit_ratios(one, "pav"), one)
