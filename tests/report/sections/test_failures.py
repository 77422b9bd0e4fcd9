"""Failure is said: unusable, below chance, at chance, far below validation, nothing found."""

import pytest

from clipforensics.report.sections import failures
from clipforensics.report.sections.failures import Trial
from tests.support.comparison_cells import in_protocol, plain_spaces, under_protocols


def run(name, auc=0.9, tpr=0.5, fpr=0.1, usable=None, low=None):
    one = {
        "detector": name, "validation": {"video": {"auc": auc}},
        "test": {"NeuralTextures": {"video": {"at_validation": {"tpr": tpr, "fpr": fpr}}}},
    }  # fmt: skip
    if usable is not None:
        one["usable"] = {
            "video": {"usable": usable, "reason": "its interval holds .5", "auc": auc, "low": low, "high": 1}
        }
    return one


def scored(lora, baseline=(0.8, 0.7, 0.9), **more):
    whole = in_protocol("per_class")
    whole["detectors"] = {
        name: dict(zip(("auc", "low", "high"), values, strict=True))
        for name, values in (("baseline", baseline), ("lora", lora))
    }
    return under_protocols(whole, **more)


def kinds(found):
    return {one.kind: plain_spaces(one.text) for one in found}


def test_where_nothing_failed_nothing_is_said():
    assert failures.failures(scored((0.8, 0.7, 0.9)), [run("lora", 0.85)], None) == []


def test_below_chance_is_said_plainly():
    """The measured case: .080 [.014, .352] on DFDC fakes with .833 on validation."""
    found = kinds(failures.failures(scored((0.08, 0.014, 0.352)), [run("lora", 0.833)], None))
    assert found == {
        "below": "Below chance on NeuralTextures, where fakes score lower than reals: LoRA .080 [.014,"
        " .352].",
        "fall": "Far below validation on NeuralTextures, where its interval ends below what validation"
        " promised:"
        " LoRA .833 on validation, .080 [.014, .352] on test.",
    }


def test_an_interval_that_holds_a_half_beats_no_coin_and_one_without_is_not_judged():
    assert set(kinds(failures.failures(scored((0.55, 0.4, 0.7)), [], None))) == {"coin"}
    assert failures.failures(scored((0.3, None, None)), [run("lora")], None) == []


@pytest.mark.parametrize(
    ("validation", "test", "fell"),
    [
        ({"auc": 0.9}, (0.7, 0.6, 0.8), True),
        ({"auc": 0.9, "low": 0.75, "high": 1.0}, (0.7, 0.6, 0.8), False),  # the intervals meet
        ({"auc": 0.9, "low": 0.85, "high": 1.0}, (0.7, 0.6, 0.8), True),
        ({"auc": 0.9, "low": 0.88, "high": 0.92}, (0.85, 0.84, 0.86), False),  # apart, but by .05
        ({"auc": 0.9}, (0.7, 0.5, 0.95), False),
        ({"auc": None}, (0.7, 0.6, 0.8), False),
        ({"auc": 1.0}, (0.7, None, None), False),
    ],
)
def test_a_fall_is_large_by_more_than_a_tenth_and_with_intervals_apart(validation, test, fell):
    assert Trial("lora", dict(zip(("auc", "low", "high"), test, strict=True)), validation).fell == fell


def test_the_fall_asks_the_validation_interval_of_the_file_and_means_over_seeds():
    near, far = run("lora", 0.9, usable=True, low=0.75), run("lora", 0.9, usable=True, low=0.87)
    compared = scored((0.7, 0.6, 0.8))
    assert failures.failures(compared, [near], None) == []
    assert set(kinds(failures.failures(compared, [near, far], None))) == {"fall"}, "mean low .81"


def test_unusable_detectors_come_first_with_their_reason():
    decided = {
        "lora": {"usable": False, "reason": "validation .52 [.4, .64]"},
        "baseline": {"usable": True, "reason": ""},
    }
    compared = scored((0.08, 0.014, 0.352), usable=decided)
    first, *_ = failures.failures(compared, [run("lora")], None)
    assert first.kind == "unusable"
    assert first.text.startswith(
        "Unusable: LoRA (validation .52 [.4, .64]). No threshold, probability or verdict of what is so means"
    )
    assert failures.unusable(compared, [run("baseline", usable=False)]) == {
        "lora": "validation .52 [.4, .64]"
    }
    every = scored((0.8, 0.7, 0.9), usable={n: {"usable": False, "reason": ""} for n in ("baseline", "lora")})
    assert failures.failures(every, [], None)[0].text == (
        "Unusable: the baseline and LoRA (every detector of this run). No threshold, probability or verdict"
        " of what are so means anything."
    )


def test_a_reason_that_several_share_is_told_once():
    decided = {name: {"usable": False, "reason": "too few"} for name in ("baseline", "lora")}
    (first, *_) = failures.failures(scored((0.8, 0.7, 0.9), usable=decided), [], None)
    assert first.text.startswith("Unusable: the baseline and LoRA (too few) (every detector of this run). No")
    decided["lora"]["reason"] = "at chance"
    (first, *_) = failures.failures(scored((0.8, 0.7, 0.9), usable=decided), [], None)
    assert first.text.startswith("Unusable: the baseline (too few) and LoRA (at chance) (every")


def test_one_evaluation_is_enough_to_be_unusable_where_the_comparison_says_nothing():
    runs = [run("lora", usable=True), run("lora", usable=False), run("baseline")]
    assert failures.unusable(scored((0.8, 0.7, 0.9)), runs) == {"lora": "its interval holds .5"}


def test_a_threshold_that_finds_nothing_or_accuses_everybody_is_told():
    runs = [run("lora", tpr=0.0), run("baseline", tpr=1.0, fpr=1.0)]
    assert kinds(failures.failures(scored((0.8, 0.7, 0.9)), runs, None))["silent"] == (
        "At the threshold chosen on validation, finds none of the fakes (TPR 0): LoRA; calls every real"
        " manipulated"
        " (FPR 1): the baseline."
    )


def test_one_model_of_several_that_finds_nothing_is_not_told_of_all():
    folds = [run("lora", tpr=tpr) for tpr in (0.0, 0.9, 0.8)]
    assert failures.failures(scored((0.8, 0.7, 0.9)), folds, None) == []
    none = kinds(failures.failures(scored((0.8, 0.7, 0.9)), [run("lora", tpr=0.0)] * 3, None))
    assert none["silent"].endswith("finds none of the fakes (TPR 0): LoRA.")


def test_the_protocol_beside_it_is_judged_by_chance_too():
    compared = scored((0.8, 0.7, 0.9))
    beside = in_protocol("grouped")
    beside["detectors"] = {"lora": {"auc": 0.2, "low": 0.1, "high": 0.3}}
    compared["cells"].append(beside)
    text = kinds(failures.failures(compared, [], "grouped"))["below"]
    assert text.startswith("Below chance on NeuralTextures, grouped, where")


def test_a_fall_and_a_blind_threshold_under_the_protocol_beside_it_are_told():
    compared = scored((0.8, 0.7, 0.9))
    beside = in_protocol("grouped")
    beside["detectors"] = {"lora": {"auc": 0.65, "low": 0.55, "high": 0.72}}
    compared["cells"].append(beside)
    found = kinds(failures.failures(compared, [run("lora", 0.85)], "grouped", [run("lora", 0.89, tpr=0.0)]))
    assert found == {
        "fall": "Far below validation on NeuralTextures, grouped, where its interval ends below what"
        " validation promised: LoRA .890 on validation, .650 [.550, .720] on test.",
        "silent": "At the threshold chosen on validation (NeuralTextures, grouped), finds none of the fakes"
        " (TPR 0): LoRA.",
    }


def test_many_are_counted():
    compared = scored((0.8, 0.7, 0.9))
    low = {"auc": 0.2, "low": 0.1, "high": 0.3}
    compared["cells"][0]["detectors"] = {name: low for name in ("a", "b", "c", "d", "e")}
    text = kinds(failures.failures(compared, [], None))["below"]
    assert text.endswith("c .200 [.100, .300] and 2 more.")
