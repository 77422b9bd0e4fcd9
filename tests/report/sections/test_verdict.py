"""What the page concludes from two protocols, and its doubts."""

import pytest

from clipforensics.report.reading import lookup
from clipforensics.report.sections import caveats, verdict
from tests.report.sections.test_side_by_side import both, compared, gap_row, in_protocol


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
    found = verdict.verdict(both(usual, clean), "lora")
    assert said in found.conclusion
    assert any("clean protocol (grouped; 20 real, 21 manipulated)" in point for point in found.points)


def test_the_clean_protocol_with_most_videos_is_taken_and_never_the_headlines_own():
    cells = [in_protocol(name) for name in ("per_class", "official", "grouped", "grouped_kfold")]
    assert lookup.clean_protocol(compared(*cells)) == "grouped_kfold"
    assert lookup.clean_protocol(compared(*cells[:2])) == "official"
    assert lookup.clean_protocol(compared(*cells[:1])) is None
    own = compared(*cells)
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
    text = verdict.verdict(both(leak_gaps=[gap_row(*gap)]), "lora").conclusion
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
    points = verdict.verdict(both(leak_gaps=[*others, gap_row(*gap)]), "lora").points
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
    points = verdict.verdict(compared(whole), "lora").points
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
    one = caveats.about_seeds(compared(seeds=[7]), None)
    assert "One training seed (7)" in one
    assert "not the luck" in one
    assert caveats.about_seeds(compared(seeds=[]), None) == ""
    whole = in_protocol("per_class")
    whole["detectors"]["lora"]["seeds"] = {"n": 3, "sd": 0.0123, "min": 0.8, "max": 0.84}
    spread = "; video AUC between seeds: LoRA .800 to .840 (standard deviation .012)."
    many = compared(seeds=[1, 2, 3])
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
