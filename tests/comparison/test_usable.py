"""One model that is no better than chance makes its detector unusable, and only that one."""

from clipforensics.comparison.usable import usable_detectors


def evaluation(usable):
    return {"usable": {"video": {"usable": usable, "reason": "" if usable else "at chance"}}}


def test_one_model_at_chance_is_enough():
    found = usable_detectors(
        {
            ("a", 1): {"grouped": evaluation(True)},
            ("a", 2): {"grouped": evaluation(True)},
            ("b", 1): {"grouped_kfold-1": evaluation(True), "grouped_kfold-2": evaluation(False)},
            ("b", 2): {"grouped_kfold-1": evaluation(False), "grouped_kfold-2": evaluation(True)},
        }
    )
    assert found == {
        "a": {"usable": True, "reason": ""},
        "b": {"usable": False, "reason": "grouped_kfold-2, seed 1: at chance"},
    }


def test_a_detector_must_be_better_than_chance_under_every_protocol_that_is_told_of():
    leaking = {("a", 1): {"per_class": evaluation(True)}}
    clean = {("a", 1): {"grouped": evaluation(False)}}
    assert usable_detectors(leaking)["a"]["usable"]
    assert usable_detectors(leaking, clean)["a"] == {"usable": False, "reason": "grouped, seed 1: at chance"}
