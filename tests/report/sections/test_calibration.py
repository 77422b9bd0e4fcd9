"""What scores say as probabilities, or why none is called one."""

import pytest

from clipforensics.report.sections.calibration import calibration_section


def calibrated(method="platt"):
    bins = [
        {"low": 0.0, "high": 0.5, "n": 4, "mean_probability": 0.3, "share_manipulated": 0.5},
        {"low": 0.5, "high": 1.0, "n": 0, "mean_probability": None, "share_manipulated": None},
    ]
    after = {"brier": 0.21, "ece": 0.22, "reliability": bins, "at_validation_prior": {"ece": 0.12}}
    point = {
        "n_real": 10, "n_fake": 30, "uncalibrated": {"brier": 0.31, "ece": 0.32},
        "probability": after,
    }  # fmt: skip
    if method == "none":
        del point["probability"]
    fitted = {"slope": 4.5, "intercept": -2.25, "note": "separable"}
    prior = {"video": 0.5, "frame": 0.5}
    return {
        "detector": "lora", "calibration": {"method": method, "video": fitted, "validation_prior": prior},
        "test": {"X": {"video": point}},
    }  # fmt: skip


def test_calibration_shows_before_and_after_and_both_priors():
    found = calibration_section([calibrated()], manipulation="X", order=["baseline", "lora"])
    assert "Platt scaling" in found.lead
    ((caption, figure),) = found.figures[0]
    assert caption == "LoRA, video level"
    assert "series-1" in figure
    (row,) = found.table.groups[0].rows
    assert [c.text for c in row] == [
        "LoRA", ".310", ".210", ".320", ".220", ".120", "4.500", "−2.250", "50%", "75%",
    ]  # fmt: skip
    assert (row[0].note, row[-1].note) == ("separable", "of 40")
    assert "50% manipulated. Of this test 75% are" in found.caveat


def test_diagrams_are_drawn_at_the_prevalence_that_the_probabilities_are_for():
    """The test is 75% manipulated, validation half: the bins of the weighted test are those to draw."""
    one = calibrated()
    plain = calibration_section([one], manipulation="X", order=["lora"])
    assert plain.lead.endswith("Diagrams are drawn as the test is mixed, 75% manipulated.")
    assert "50% manipulated" in str(plain.figures[0][0][1])
    weighted = [{"low": 0.0, "high": 0.5, "n": 4, "mean_probability": 0.3, "share_manipulated": 0.25}]
    one["test"]["X"]["video"]["probability"]["at_validation_prior"]["reliability"] = weighted
    found = calibration_section([one], manipulation="X", order=["lora"])
    assert "at the prevalence that it is for, validation's 50% manipulated" in found.lead
    assert "25% manipulated" in str(found.figures[0][0][1])


def test_only_detectors_with_a_colour_have_a_diagram():
    runs = [calibrated(), {**calibrated(), "detector": "other"}]
    found = calibration_section(runs, manipulation="X", order=["lora"])
    assert [caption for row in found.figures for caption, _ in row] == ["LoRA, video level"]
    assert [r[0].text for r in found.table.groups[0].rows] == ["LoRA", "other"]
    assert found.lead.endswith(" Diagrams are of 1 detector, the table of all 2.")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (calibrated("none"), "calibration is switched off"),
        ({"detector": "lora", "test": {"X": {"video": {}}}}, "the metrics files hold no calibration"),
    ],
)
def test_without_calibration_no_score_is_called_a_probability(one, why):
    found = calibration_section([one], manipulation="X", order=["lora"])
    assert (found.figures, found.table) == ((), None)
    assert "not called probabilities" in found.lead
    assert why in found.lead
