"""Which fakes stand against all reals: by manipulation, by what training knows of them, at which level."""

import pandas as pd
import pytest

from clipforensics.metrics.strata import against_reals, at_level, in_stratum, strata_keys

TEST = pd.DataFrame(
    [("r", 0, 0, 1), ("a", 1, 1, 1), ("b", 1, 0, 1), ("c", 1, 0, 0)],
    columns=["key", "label", "twin", "any_seen"],
)
SCORES = pd.DataFrame(
    [("r", "real", 0, "test", 0.1), ("r", "real", 0, "test", 0.3), ("a", "X", 1, "test", 0.9),
     ("b", "Y", 1, "test", 0.8), ("v", "X", 1, "val", 0.5)],
    columns=["key", "manipulation", "label", "part", "score"],
)  # fmt: skip


def test_strata_hold_fakes_alone_and_halve_them():
    assert strata_keys(TEST) == {
        "twin": {"a"}, "no_twin": {"b", "c"}, "seen_identity": {"a", "b"}, "clean": {"c"},
    }  # fmt: skip


def test_one_manipulation_stands_against_all_reals_of_its_part():
    assert against_reals(SCORES, "X")["key"].tolist() == ["r", "r", "a"]
    assert against_reals(SCORES, "X", part="val")["key"].tolist() == ["v"]


def test_a_stratum_keeps_every_real():
    assert in_stratum(SCORES, {"b"})["key"].tolist() == ["r", "r", "b"]
    assert in_stratum(SCORES, set())["key"].tolist() == ["r", "r"]


def test_a_video_has_one_score_and_a_frame_its_own():
    chosen = against_reals(SCORES, "X")
    values, labels = at_level(chosen, "frame", "mean")
    assert (values.tolist(), labels.tolist()) == ([0.1, 0.3, 0.9], [0, 0, 1])
    values, labels = at_level(chosen, "video", "mean")
    assert sorted(zip(labels, values, strict=True)) == [(0, pytest.approx(0.2)), (1, 0.9)]
