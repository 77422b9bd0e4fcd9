"""What controls say against a score: nothing more than the intervals carry, and nothing where all is well."""

import pytest

from clipforensics.report.wording.controls import (
    against,
    in_first_lines,
    in_one_sentence,
    minus_control,
    row_of,
    where,
)
from tests.support.comparison_cells import plain_spaces
from tests.support.made_up_controls import OFF, made_up


def said(controls, detectors=("baseline", "lora")):
    return [plain_spaces(text) for text in against(controls, detectors)]


def test_nothing_is_said_where_every_detector_is_shown_better():
    assert said(made_up()) == []


@pytest.mark.parametrize("controls", [None, OFF])
def test_nothing_is_said_without_controls(controls):
    assert said(controls) == []
    assert row_of(controls) is None


def test_a_control_that_is_not_shown_worse_speaks_against_a_detector():
    (text,) = said(made_up(metadata={"baseline": "better", "lora": "open"}))
    assert text == (
        "File metadata alone has video AUC .690 [.550, .810] on NeuralTextures, per class; not shown better"
        " than that: LoRA (.832, +.020 [−.110, .150]). So this test does not show that faces were read."
    )


def test_shown_worse_and_not_shown_better_are_different_sentences():
    (text,) = said(made_up(metadata={"baseline": "worse", "lora": "open"}))
    assert (
        "; shown worse than that: the baseline (.765, −.200 [−.310, −.090]); not shown better than that: LoRA"
        in text
    )
    for word in ("as well", "equal", "same"):
        assert word not in text, "an interval that holds 0 shows no equality"


def test_without_an_interval_nothing_is_shown():
    (text,) = said(made_up(metadata="none"), ["lora"])
    assert "not shown better than that: LoRA (.832, +.200 (no interval))" in text


def test_the_familys_interval_decides():
    found = made_up()
    one = found["rows"][0]["differences"]["metadata"]["lora"]
    assert one["low"] > 0
    one["simultaneous"] = {"low": -0.01, "high": 0.4, "p": 0.2}
    (text,) = said(found, ["lora"])
    assert "not shown better than that: LoRA (.832, +.200 [−.010, .400])" in text


def test_only_the_detectors_that_are_asked_about_are_told():
    found = made_up(metadata={"baseline": "open", "lora": "better"})
    assert said(found, ["lora"]) == []
    assert len(said(found, ["baseline"])) == 1


def test_a_detector_within_the_draws_of_permuted_labels_has_shown_nothing():
    found = made_up(detectors={"baseline": 0.61, "lora": 0.63})
    (text,) = said(found)
    assert "(mean of 10 draws, .400 to .620); within its draws: the baseline (.610, " in text
    assert "LoRA" not in text, ".63 lies above all draws and is shown better"
    assert text.endswith("So this test does not show that anything was learnt from the labels.")


@pytest.mark.parametrize(("chance", "told"), [((0.52, 0.6), True), ((0.4, 0.49), True), ((0.49, 0.6), False)])
def test_a_chain_that_is_not_at_chance_is_told(chance, told):
    found = said(made_up(chance=chance))
    assert (len(found) == 1) == told
    if told:
        assert "chance lies outside its interval" in found[0]
        assert "one in twenty" in found[0], "by chance it happens too"


def test_a_loss_by_what_is_taken_away_is_told_and_no_loss_is_not():
    (text,) = said(made_up(removed="better"))
    assert text == (
        "The probe on frames re-encoded alike has video AUC .700 [.500, .800] on NeuralTextures, per class,"
        " against .765 on frames as stored: −.200 [−.310, −.090], so part of what it reads is gone."
    )
    for removed in ("open", "worse", "none"):
        assert said(made_up(removed=removed)) == []


def test_another_cell_is_told_by_its_own_row():
    found = made_up()
    other = made_up(metadata="open", protocol="grouped_kfold", manipulation="unseen")["rows"][0]
    found["rows"].append(other)
    assert said(found) == []
    place = {"protocol": "grouped_kfold", "train_set": "FaceSwap", "manipulation": "unseen"}
    assert row_of(found, **place) is other
    assert where(other) == "all manipulations that training never saw, grouped folds"
    (text,) = against(found, ["lora"], other)
    assert "on all manipulations that training never saw, grouped folds" in text


@pytest.mark.parametrize(
    ("metadata", "permuted", "expected"),
    [
        ("better", "better", "every detector is shown better than every control"),
        ("open", "open", "no detector is shown better than a control"),
        ({"baseline": "open", "lora": "better"}, "better", "3 of 4 differences"),
    ],
)
def test_the_finding_in_one_sentence_counts_what_is_shown(metadata, permuted, expected):
    found = made_up(metadata, permuted)
    text = in_one_sentence(found, found["rows"][0], ["baseline", "lora"])
    assert text.startswith("On NeuralTextures, per class ")
    assert expected in text


def test_the_other_way_round_the_ends_change_sides():
    turned = minus_control(
        {"auc": 0.2, "low": 0.1, "high": 0.4, "simultaneous": {"low": 0.0, "high": 0.5, "p": 1}}
    )
    assert turned == {
        "auc": -0.2, "low": -0.4, "high": -0.1, "simultaneous": {"low": -0.5, "high": 0, "p": 1},
    }  # fmt: skip
    assert minus_control({"auc": 0.2, "low": None, "high": None})["low"] is None


def first(controls, detectors=("baseline", "lora")):
    return [plain_spaces(text) for text in in_first_lines(controls, detectors)]


def test_several_controls_are_one_sentence_in_the_first_lines():
    found = made_up(
        metadata={"baseline": "better", "lora": "open"}, permuted={"baseline": "open", "lora": "open"}
    )
    (text,) = first(found)
    assert text == (
        "Controls on NeuralTextures, per class, video AUC: file metadata alone .690 [.550, .810] and the"
        " probe on permuted labels .510 [.400, .600]. Not shown better than all of these: the baseline (.765)"
        " and LoRA (.832). So this test does not show that a manipulation was read."
    )
    assert len(said(found)) == 2, "the section has one each"
    (text,) = first(found, ["lora"])
    assert "the baseline" not in text


def test_who_is_shown_worse_than_one_of_several_is_told():
    (text,) = first(
        made_up(
            metadata={"baseline": "worse", "lora": "better"}, permuted={"baseline": "open", "lora": "open"}
        )
    )
    assert "; shown worse than one of them: the baseline. So" in text


def test_one_control_or_none_is_said_as_in_the_section():
    one = made_up(metadata={"baseline": "better", "lora": "open"})
    assert first(one) == said(one)
    assert first(made_up()) == first(None) == first(OFF) == []
