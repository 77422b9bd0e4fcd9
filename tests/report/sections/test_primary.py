"""Whether it is shown that the adaptation generalises, by hand-made numbers."""

import pytest

from clipforensics.report.sections import primary
from clipforensics.report.sections.primary import Primary
from clipforensics.report.sections.seen import NOT_COUNTED, Seen
from tests.support.comparison_cells import GAPS, cell, comparison, in_protocol, plain_spaces, under_protocols

CLEAN, LEAKS = Seen(10, 20, 0, 0, 0, 0, 0), Seen(10, 20, 8, 20, 18)


def one(bounds="open", **changed):
    value, low, high = GAPS[bounds] if isinstance(bounds, str) else bounds
    row = {
        "detector": "lora", "reference": "baseline", "metric": "auc", "level": "video", "stratum": "all",
        "protocol": "grouped", "train_set": "FaceSwap", "manipulation": "NeuralTextures", "value": value,
        "low": low, "high": high, "p": 0.3, "n_real": 10, "n_fake": 20,
    }  # fmt: skip
    return Primary({**row, **changed}, True)


def said(*args, seen=CLEAN, **changed):
    return plain_spaces(primary.about_primary(one(*args, **changed), seen))


def test_a_lead_on_a_clean_test_generalises_and_no_other_does():
    assert said("above") == (
        "LoRA generalises better than the baseline, as these trained models show it: +.060 [.010, .110]"
        " AUC by"
        " video on NeuralTextures, grouped (10 reals, 20 fakes), by an interval that excludes 0."
    )
    assert said("below").startswith("LoRA generalises worse than the baseline, as these")
    text = said("above", seen=LEAKS)
    assert text.startswith("LoRA does better than the baseline, +.060")
    assert "not shown by that, since training has seen 20 of 20 fakes" in text
    assert "since what leaks was not counted." in said("above", seen=NOT_COUNTED)


def test_clean_fakes_beside_reals_that_training_knows_are_no_clean_test():
    text = said("above", seen=LEAKS, stratum="clean")
    assert "is not shown by that" in text
    assert said("above", seen=Seen(10, 20, 0, 20), stratum="clean").startswith("LoRA generalises better")


def test_what_validation_has_seen_is_no_clean_test_but_fakes_that_neither_has():
    chosen = Seen(10, 20, 0, 0, 0, 3, 0)
    text = said("above", seen=chosen)
    assert text.startswith("LoRA does better than the baseline")
    assert text.endswith("training is known, but validation has seen 3 of 30 test videos.")
    assert "is not shown by that" in said("above", seen=chosen, stratum="clean")
    assert said("above", seen=chosen, stratum="clean_of_both").startswith("LoRA generalises better")
    reals = Seen(10, 20, 0, 0, 0, 3, 0, real_by_validation=1)
    assert "is not shown by that" in said("above", seen=reals, stratum="clean_of_both")


def test_what_the_file_does_not_call_shown_is_open_whatever_its_interval():
    pooled = one("above", shown=False)
    assert (pooled.state, pooled.holds_zero) == ("open", False)
    text = said("above", shown=False)
    assert text.startswith("It is not shown that LoRA generalises")
    assert "holds 0" not in text
    assert one("above", shown=True).state == "above"
    assert primary.about_caution(one(caution="folds pooled")) == "Caution: folds pooled."
    assert primary.about_caution(one()) == ""


def test_unknown_identities_are_owned_up_to():
    assert "show it, as far as identities are known: +.060" in said("above", seen=Seen(10, 20, 0, 0, 0, 0, 4))
    assert "as far as identities are known: +.060" in said("above", seen=Seen(10, 20, 0, 0, 0, 0, 0, 4))
    assert "generalises better is not shown" in said("above", seen=Seen(10, 20, 0, 0, 0, 0, 30))


def test_a_manipulation_of_the_training_says_nothing_about_new_ones():
    text = said("above", train_set="A+NeuralTextures")
    assert "says nothing about new manipulations" in text
    assert "generalises" not in text


def test_an_interval_that_holds_0_shows_nothing_and_is_no_equality():
    text = said("open")
    assert text.startswith(
        "It is not shown that LoRA generalises better than the baseline: +.020 [−.050, .090]"
    )
    assert "(10 reals, 20 fakes), where no shared identity is known, and" in text
    assert text.endswith("the interval holds 0. That is no evidence that they are equal.")
    assert one((0.02, 0.0, 0.1)).state == "open", "a bound at 0 does not exclude it"


@pytest.mark.parametrize("bounds", [(0.1, None, None), (0.1, 0.05, float("nan"))])
def test_without_an_interval_nothing_is_said(bounds):
    assert one(bounds).state == "unknown"
    assert said(bounds) == (
        "Whether LoRA generalises better than the baseline cannot be said: +.100 (no interval) AUC by video."
    )


def test_an_undefined_difference_is_called_so():
    assert said((None, None, None)).endswith("the difference in AUC by video is undefined.")


def test_of_an_error_less_is_better():
    assert one("above", metric="brier").state == "below"
    assert one("below", metric="eer").state == "above"


def test_the_comparison_named_before_the_run_is_taken_else_the_headlines():
    named = {"detector": "lora", "value": 0.5}
    compared = comparison(cell())
    found = primary.primary_of({**compared, "primary": named}, "lora")
    assert (found.is_named, found["value"]) == (True, 0.5)
    other = primary.primary_of({**compared, "primary": {**named, "detector": "mlp"}}, "lora")
    assert (other.is_named, other["value"], other["n_real"], other["low"]) == (False, 0.06, 10, 0.01)
    assert primary.primary_of(comparison(cell("twin")), "lora") is None


def test_power_in_words():
    power = {"level": 0.8, "detectable": 0.172, "n_real": 1900, "n_fake": 19000}
    assert primary.about_power(power, 0.014) == (
        "This test would have shown a difference of .17 in four of five runs; the observed +.014 would need"
        " 1\u202f900 reals and 19\u202f000 fakes."
    )
    never = primary.about_power({**power, "n_real": None, "n_fake": None, "level": 0.95}, 0.0)
    assert "in 95% of runs; the observed .000 is too small for any test of up to a million videos." in never
    seeds = primary.about_power({**power, "n_real": None, "n_fake": None, "by_seeds": True}, 0.051)
    assert seeds.endswith(
        "; no number of videos shows the observed +.051 while training seeds differ as these do: train more"
        " seeds."
    )
    assert (
        primary.about_power(None, 0.1) == primary.about_power({"level": 0.8, "detectable": None}, 0.1) == ""
    )


def test_a_difference_that_stands_in_for_the_primary_one_is_judged_by_its_family():
    content = under_protocols(in_protocol("per_class"))
    values = content["cells"][0]["differences"]["lora"]
    assert primary.primary_of(content, "lora").state == "above"
    values["simultaneous"] = {"low": -0.02, "high": 0.14, "p": 0.1}
    found = primary.primary_of(content, "lora")
    assert (found.state, found["low"]) == ("open", -0.02)


def test_looks_in_words():
    alone = "No comparison is primary: this is the headline's, and all others are secondary."
    assert primary.about_looks({}) == f"{alone} Their intervals are not corrected for how many they are."
    families = [{"name": "a", "n": 12, "n_shown": 1}, {"name": "b", "n": 3, "n_shown": 0}]
    named = {"detector": "lora", "protocol": "grouped_kfold"}
    text = primary.about_looks({"primary": named, "reference": "baseline", "families": families})
    assert text.endswith("Of 15 secondary differences in 2 families, 1 is shown.")
    who = "Primary is LoRA minus the baseline under grouped folds"
    assert text.startswith(f"{who}, by a rule that no score has a say in; all others")
    chosen = {**named, "named": ["protocol", "train_set"]}
    text = primary.about_looks({"primary": chosen, "reference": "baseline", "families": families})
    assert text.startswith(f"{who}, named in params.yaml (protocol and train set); all others")
    nothing = [{"name": "a", "n": 12, "n_shown": 0}]
    assert primary.about_looks({"families": nothing}).endswith("in one family, none is shown.")


def test_the_mean_over_repeated_splits_has_its_interval_and_says_what_that_covers():
    gap = {"auc": 0.03, "low": -0.02, "high": 0.08, "covers": "videos, training sets and seeds"}
    row = {
        "protocol": "grouped_repeat", "train_set": "FaceSwap", "manipulation": "NeuralTextures",
        "level": "video", "differences": {"lora": gap},
    }  # fmt: skip
    elsewhere = {"differences": {"lora": {**gap, "auc": 0.5}}}
    frame, other = {**row, **elsewhere, "level": "frame"}, {**row, **elsewhere, "manipulation": "Deepfakes"}
    compared = under_protocols(in_protocol("per_class"), variance=[frame, other, row])
    assert plain_spaces(primary.about_variance(compared, "lora")) == (
        "Mean over the repeated splits (grouped repeat): +.030 [−.020, .080] video AUC, by an interval"
        " that covers"
        " videos, training sets and seeds."
    )
    assert (
        primary.about_variance(compared, "mlp")
        == primary.about_variance({**compared, "variance": []}, "lora")
        == ""
    )
    folds = {**row, "protocol": "grouped_kfold", "differences": {"lora": {"auc": 0.03}}}
    text = primary.about_variance({**compared, "variance": [folds]}, "lora")
    assert text.startswith("Mean over the folds (grouped folds): +.030")
    assert "(no interval)" in text
