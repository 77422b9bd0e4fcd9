"""Which fakes stand against all reals: by manipulation, by what training knows of them, at which level."""

import pandas as pd
import pytest

from clipforensics.metrics.strata import against_reals, at_level, in_stratum, strata_keys

TEST = pd.DataFrame(
    [("r", 0, 0, 1, 0, 1), ("a", 1, 1, 1, 0, 0), ("b", 1, 0, 1, 0, 0), ("c", 1, 0, 0, 0, 1),
     ("d", 1, 0, 0, 0, 0), ("u", 1, 0, 0, 1, 0), ("v", 1, 0, 1, 1, 0), ("w", 1, 1, 1, 1, 0)],
    columns=["key", "label", "twin", "any_seen", "unknown", "val_any_seen"],
)  # fmt: skip
SCORES = pd.DataFrame(
    [("r", "real", 0, "test", 0.1), ("r", "real", 0, "test", 0.3), ("a", "X", 1, "test", 0.9),
     ("b", "Y", 1, "test", 0.8), ("v", "X", 1, "val", 0.5)],
    columns=["key", "manipulation", "label", "part", "score"],
)  # fmt: skip


def test_strata_hold_fakes_alone_by_hand():
    assert strata_keys(TEST) == {
        "twin": {"a", "w"}, "no_twin": {"b", "c", "d"}, "unknown": {"u", "v"},
        "seen_identity": {"a", "b", "v", "w"}, "clean": {"c", "d"}, "clean_of_both": {"d"},
    }  # fmt: skip


def test_an_unknown_fake_is_never_among_those_that_training_does_not_know():
    found = strata_keys(TEST)
    unknown = set(TEST["key"][TEST["unknown"] == 1])
    assert not unknown & (found["no_twin"] | found["clean"] | found["clean_of_both"])
    parted = [found[name] for name in ("twin", "no_twin", "unknown")]
    assert sum(map(len, parted)) == 7
    assert set().union(*parted) == set(TEST["key"][TEST["label"] == 1])


def test_without_flags_against_validation_nothing_is_said_of_it():
    assert set(strata_keys(TEST)) - set(strata_keys(TEST.drop(columns="val_any_seen"))) == {"clean_of_both"}


def test_a_stratum_without_fakes_is_there_and_empty():
    found = strata_keys(TEST[TEST["key"].isin(["r", "a"])])
    assert found["unknown"] == found["no_twin"] == found["clean_of_both"] == set()


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
