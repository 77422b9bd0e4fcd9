"""What the page concludes from two protocols, and its doubts."""

import math

import pytest

from clipforensics.report.reading import lookup
from clipforensics.report.sections import caveats, verdict
from tests.support import made_up_run
from tests.support.comparison_cells import (
    GAPS,
    cell,
    comparison,
    evaluation,
    gap_row,
    in_protocol,
    plain_spaces,
    two_protocols,
    under_protocols,
)


@pytest.mark.parametrize(
    ("usual", "clean", "said"),
    [
        ("above", "above", "Under the clean protocol (grouped) it is shown too."),
        ("above", "open", "Under the clean protocol (grouped) the lead is not shown."),
        ("below", "open", "Under the clean protocol (grouped) the deficit is not shown."),
        ("above", "below", "Under the clean protocol (grouped) the sign is the opposite."),
        ("open", "open", "Nor is one shown under the clean protocol (grouped)."),
        (
            "open",
            "above",
            "Under the clean protocol (grouped) LoRA is better, by an interval that excludes 0.",
        ),
        (
            "open",
            "below",
            "Under the clean protocol (grouped) LoRA is worse, by an interval that excludes 0.",
        ),
    ],
)
def test_the_conclusion_says_what_the_clean_protocol_shows(usual, clean, said):
    found = verdict.verdict(two_protocols(usual, clean), "lora")
    assert said in found.conclusion
    assert any("clean protocol (grouped; 20 real, 21 manipulated)" in point for point in found.points)


def test_the_clean_protocol_with_most_videos_is_taken_and_never_the_headlines_own():
    cells = [in_protocol(name) for name in ("per_class", "official", "grouped", "grouped_kfold")]
    assert lookup.clean_protocol(under_protocols(*cells)) == "grouped_kfold"
    assert lookup.clean_protocol(under_protocols(*cells[:2])) == "official"
    assert lookup.clean_protocol(under_protocols(*cells[:1])) is None
    own = under_protocols(*cells)
    own["headline"] = {**own["headline"], "protocol": "grouped"}
    assert lookup.clean_protocol(own) is None


@pytest.mark.parametrize(
    ("gap", "said", "not_said"),
    [
        ((0.2, 0.1, 0.3), "leakage explains it, as far as this test can tell", "may be explained"),
        ((0.2, -0.1, 0.3), "it may be explained by leakage, or too few videos", "leakage explains it"),
        ((-0.2, -0.3, -0.1), "it may be explained by leakage", "leakage explains it"),
    ],
)
def test_leakage_explains_a_lead_only_where_the_interval_of_the_gap_excludes_zero(gap, said, not_said):
    text = verdict.verdict(two_protocols(leak_gaps=[gap_row(*gap)]), "lora").conclusion
    assert said in text
    assert not_said not in text


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        ((0.2, 0.1, 0.3), "twins in training favour LoRA"),
        ((-0.2, -0.3, -0.1), "twins in training favour the baseline"),
        ((0.2, -0.1, 0.3), "cannot tell whether twins favour"),
    ],
)
def test_the_gap_between_strata_is_worded_by_its_own_interval(gap, said):
    others = [gap_row(9, 9, 9, subtrahend="clean"), gap_row(9, 9, 9, level="frame")]
    points = verdict.verdict(two_protocols(leak_gaps=[*others, gap_row(*gap)]), "lora").points
    (point,) = [p for p in points if "minus without one" in p]
    assert said in point
    assert "9.000" not in point


@pytest.mark.parametrize(
    ("bounds", "delong", "said"),
    [
        ((0.01, 0.11), (-0.01, 0.13), "DeLong's interval holds 0"),
        ((-0.01, 0.11), (0.01, 0.13), "DeLong's interval excludes 0"),
        ((0.01, 0.11), (0.02, 0.13), None),
        ((0.01, 0.11), (None, None), None),
        ((None, None), (0.01, 0.2), None),
    ],
)
def test_delong_is_heard_where_it_disagrees(bounds, delong, said):
    whole = in_protocol("per_class", gap=(0.05, *bounds))
    whole["differences"]["lora"]["delong"] = {"low": delong[0], "high": delong[1], "p": 0.05}
    points = verdict.verdict(under_protocols(whole), "lora").points
    found = [p for p in points if "DeLong" in p]
    assert bool(found) == bool(said)
    if said:
        assert said in found[0]
        assert "unsettled" in found[0]


def test_delong_under_the_clean_protocol_says_where():
    clean = in_protocol("grouped", gap=(0.05, 0.01, 0.11))
    clean["differences"]["lora"]["delong"] = {"low": -0.1, "high": 0.2, "p": 0.3}
    (point,) = caveats.about_delong("lora", [("", None), ("grouped", clean)])
    assert point.startswith("Under grouped, DeLong's interval holds 0")


def test_how_many_seeds_the_intervals_cover():
    one = caveats.about_seeds(under_protocols(seeds=[7]), None)
    assert "One training seed (7)" in one
    assert "not the luck" in one
    assert caveats.about_seeds(under_protocols(seeds=[]), None) == ""
    whole = in_protocol("per_class")
    whole["detectors"]["lora"]["seeds"] = {"n": 3, "sd": 0.0123, "min": 0.8, "max": 0.84}
    spread = "; video AUC between seeds: LoRA .800 to .840 (standard deviation .012)."
    many = under_protocols(seeds=[1, 2, 3])
    videos = "3 training seeds (1, 2, 3): the intervals cover the choice of test videos, not the luck of a"
    assert caveats.about_seeds(many, whole) == f"{videos} training run{spread}"
    for kind in ("detectors", "differences"):
        for values in whole[kind].values():
            values["covers"] = "videos and seeds"
    covered = "The intervals cover the choice of test videos and 3 training seeds"
    assert caveats.about_seeds(many, whole) == covered + spread
    whole["differences"]["lora"]["covers"] = "videos"
    assert caveats.about_seeds(many, whole).startswith(videos)


@pytest.mark.parametrize(
    ("bootstrap", "said"),
    [
        (None, ""),
        ({"cluster": "identity"}, "bootstrap over identity groups"),
        ({"cluster": "video"}, "bootstrap over videos"),
    ],
)
def test_what_the_bootstrap_draws(bootstrap, said):
    assert caveats.resampled({"bootstrap": bootstrap}) == said


def test_the_headline_has_both_differences_with_intervals():
    found = verdict.verdict(comparison(cell(), cell("no_twin", gap=(0.0, -0.2, 0.2), n=(10, 10))), "lora")
    assert plain_spaces(found.headline) == (
        "LoRA against the baseline: +.060 [.010, .110] video AUC;"
        " .000 [−.200, .200] on fakes without a twin in training"
    )


@pytest.mark.parametrize(
    ("whole", "apart", "said"),
    [
        ("above", "above", "twins alone do not explain it"),
        ("above", "open", "the lead is not shown: it may be explained by leakage, or too few videos"),
        ("above", "below", "the sign is the opposite"),
        ("below", "open", "the deficit is not shown"),
        ("below", "below", "The deficit is shown on fakes without a twin"),
        ("open", "above", "not evidence that they are equal"),
    ],
)
def test_the_conclusion_follows_from_the_intervals(whole, apart, said):
    cells = [cell(gap=GAPS[whole]), cell("twin", n=(10, 90)), cell("no_twin", gap=GAPS[apart], n=(10, 10))]
    found = verdict.verdict(comparison(*cells), "lora")
    assert found.state == whole
    assert said in found.conclusion


@pytest.mark.parametrize("whole", ["above", "below", "open"])
@pytest.mark.parametrize("apart", ["above", "below", "open"])
def test_a_shown_difference_is_claimed_exactly_where_the_interval_excludes_zero(whole, apart):
    cells = [cell(gap=GAPS[whole]), cell("twin", n=(10, 90)), cell("no_twin", gap=GAPS[apart], n=(10, 10))]
    text = verdict.verdict(comparison(*cells), "lora").conclusion
    assert ("better" in text) == (whole == "above")
    assert ("worse" in text) == (whole == "below")
    assert ("cannot tell" in text) == (whole == "open")


@pytest.mark.parametrize("gap", [(None, None, None), (0.06, None, None), (0.06, 0.01, math.nan)])
def test_without_an_interval_there_is_no_verdict(gap):
    found = verdict.verdict(comparison(cell(gap=gap)), "lora")
    assert found.state == "unknown"
    assert "no verdict" in found.conclusion
    assert "nan" not in found.headline.lower()
    assert "None" not in found.headline


def test_all_or_none_of_the_fakes_with_a_twin():
    whole = cell()
    none = verdict.verdict(comparison(whole, cell("twin", n=(10, 0)), cell("no_twin")), "lora")
    assert "No test fake has a twin" in none.conclusion
    every = verdict.verdict(comparison(whole, cell("twin"), cell("no_twin", n=(10, 0))), "lora")
    assert "every test fake has a twin" in every.conclusion
    undefined = cell("no_twin", gap=(None, None, None), n=(10, 5))
    assert "undefined" in verdict.verdict(comparison(whole, cell("twin"), undefined), "lora").conclusion


def test_strata_are_only_read_from_the_headline():
    other = cell("no_twin", gap=(0.5, 0.4, 0.6), where=("FaceSwap", "Deepfakes"))
    assert "without a twin" not in verdict.verdict(comparison(other, cell()), "lora").headline


def test_what_was_asked_tells_new_from_known_manipulations():
    assert "no detector here was trained on" in verdict.what_was_asked("FaceSwap", "NeuralTextures")
    assert "part of the training" in verdict.what_was_asked("Deepfakes+FaceSwap", "FaceSwap")
    assert "Deepfakes and FaceSwap" in verdict.what_was_asked("Deepfakes+FaceSwap", "NeuralTextures")
    assert "no detector" in verdict.what_was_asked("FaceSwapPlus", "FaceSwap")


def test_all_fake_is_pointed_out_where_it_is_no_worse():
    both = [evaluation("baseline", 0.8), evaluation("lora", 0.95)]
    text = verdict.about_all_fake(both, "NeuralTextures")
    assert ".909" in text
    assert "the baseline" in text
    assert "LoRA" not in text
    assert verdict.about_all_fake([evaluation("lora", 0.95)], "NeuralTextures") == ""
    assert verdict.about_all_fake(both, "Deepfakes") == ""


def test_beating_nothing_is_counted_where_there_are_many():
    found = made_up_run.evaluations()
    for one in found:
        one["test"]["NeuralTextures"]["all_fake"]["video"] = {"accuracy": 0.9, "f1": 0.9}
    assert "No better in accuracy: 13 of 13 detectors." in verdict.about_all_fake(found, "NeuralTextures")
