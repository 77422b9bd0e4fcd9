"""What else is said of a detector against the reference, and the doubts."""

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


def test_the_clean_protocol_with_most_videos_is_taken_and_never_the_headlines_own():
    cells = [in_protocol(name) for name in ("per_class", "official", "grouped", "grouped_kfold")]
    assert lookup.clean_protocol(under_protocols(*cells)) == "grouped_kfold"
    assert lookup.clean_protocol(under_protocols(*cells[:2])) == "official"
    assert lookup.clean_protocol(under_protocols(*cells[:1])) is None
    own = under_protocols(*cells)
    own["headline"] = {**own["headline"], "protocol": "grouped"}
    assert lookup.clean_protocol(own) is None


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
    points = verdict.points(two_protocols(leak_gaps=[*others, gap_row(*gap)]), "lora")
    (point,) = [p for p in points if "minus without one" in p]
    assert said in point
    assert "9.000" not in point


def test_a_difference_is_told_by_the_interval_of_its_family():
    content = two_protocols()
    for one in content["cells"]:
        for values in one["differences"].values():
            values["simultaneous"] = {"low": -0.21, "high": 0.27, "p": 0.9}
    said = " ".join(plain_spaces(text) for text in verdict.points(content, "lora"))
    assert "[−.210, .270]" in said
    assert "[.010, .110]" not in said


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
    points = verdict.points(under_protocols(whole), "lora")
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


def test_what_was_asked_tells_new_from_known_manipulations():
    assert "no detector here was trained on" in verdict.what_was_asked("FaceSwap", "NeuralTextures")
    assert "part of the training" in verdict.what_was_asked("Deepfakes+FaceSwap", "FaceSwap")
    assert "Deepfakes and FaceSwap" in verdict.what_was_asked("Deepfakes+FaceSwap", "NeuralTextures")
    assert "no detector" in verdict.what_was_asked("FaceSwapPlus", "FaceSwap")


def test_a_name_that_was_trained_on_is_not_called_new_because_another_data_set_has_it():
    said = verdict.what_was_asked("FaceSwap", "FaceSwap@celebdf")
    assert said.endswith("another data set, celebdf, on none of whose videos a detector here was trained.")
    assert "and a manipulation on which no" in verdict.what_was_asked("FaceSwap", "NT@celebdf")


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


def test_strata_and_frames_have_their_differences_and_are_only_read_from_the_headline():
    strata = [cell("twin", n=(10, 90)), cell("no_twin", gap=GAPS["open"], n=(10, 1))]
    other = cell("no_twin", gap=(0.5, 0.4, 0.6), where=("FaceSwap", "Deepfakes"))
    said = verdict.points(
        comparison(other, cell(), *strata, cell(level="frame", gap=(0.01, None, None))), "lora"
    )
    assert [plain_spaces(text) for text in said] == [
        "Difference in video AUC: +.060 [.010, .110] on the 90 fakes with a twin in training (interval"
        " excludes 0)"
        " and +.020 [−.050, .090] on the one fake without a twin in training (interval holds 0). A twin is a"
        " manipulated training video of the same target and source.",
        "Frame by frame the difference is +.010 (no interval) AUC (no interval).",
    ]
    assert verdict.points(comparison(other, cell()), "lora") == []
