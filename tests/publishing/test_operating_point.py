"""What a package says of using its scores, from what evaluate chose on validation."""

from clipforensics.publishing.operating_point import operating_point

RATES = {rule: {"tpr": 0.9, "fpr": 0.2, "f1": 0.8} for rule in ("eer", "youden", "fpr")}

EVALUATION = {
    "aggregate": "mean",
    "fpr_budget": 0.1,
    "threshold": {"frame": 0.4, "video": 0.5, "rule": "youden"},
    "thresholds": {
        level: {"eer": 0.3, "youden": cut, "fpr": 0.7} for level, cut in (("frame", 0.4), ("video", 0.5))
    },
    "calibration": {
        "method": "platt",
        "frame": {"slope": 1.5, "intercept": -0.5},
        "video": {"slope": 0.0, "intercept": 0.1, "note": "no better than chance"},
        "validation_prior": {"frame": 0.25, "video": 0.5},
    },
    "usable": {
        "frame": {"usable": True, "reason": "", "auc": 0.9, "low": 0.8, "high": 0.95},
        "video": {"usable": False, "reason": "its interval holds .5", "auc": 0.6, "low": 0.4, "high": 0.8},
    },
    "validation": {
        level: {"at_thresholds": RATES, "n_real": 10, "n_fake": 12} for level in ("frame", "video")
    },
}


def test_the_operating_point_holds_every_rule_with_its_rates_on_validation():
    point = operating_point(EVALUATION)
    assert (point["rule"], point["pooling"], point["fpr_budget"]) == ("youden", "mean", 0.1)
    assert "validation" in point["chosen_on"]
    assert (point["frame"]["threshold"], point["video"]["threshold"]) == (0.4, 0.5)
    assert point["video"]["thresholds"]["fpr"] == {
        "threshold": 0.7,
        "validation_fpr": 0.2,
        "validation_tpr": 0.9,
    }
    assert (point["frame"]["prior"], point["video"]["n_real"], point["video"]["n_fake"]) == (0.25, 10, 12)


def test_a_level_that_validation_does_not_show_above_chance_is_marked():
    point = operating_point(EVALUATION)
    assert (point["frame"]["usable"], point["frame"]["reason"]) == (True, "")
    assert (point["video"]["usable"], point["video"]["reason"]) == (False, "its interval holds .5")


def test_the_operating_point_holds_the_calibration_of_each_level():
    point = operating_point(EVALUATION)
    fitted = {"method": "platt", "slope": 1.5, "intercept": -0.5, "clip": 1e-7}
    assert point["frame"]["calibration"] == fitted
    assert point["video"]["calibration"]["note"] == "no better than chance"
    bare = {**EVALUATION, "calibration": {"method": "none", "validation_prior": {"frame": 0.5, "video": 0.5}}}
    assert operating_point(bare)["video"]["calibration"] is None
