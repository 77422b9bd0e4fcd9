"""The primary comparison: rules, refusals, and its row."""

import pytest

from clipforensics.comparison.primary import (
    RULES,
    Place,
    Primary,
    better,
    place_of,
    primary_row,
    resolve_primary,
)
from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section
from tests.support.comparison_cells import cell, in_protocol, metric_row

RUN = {
    "reference": "baseline", "detectors": ["baseline", "lora", "mlp"], "protocols": ["per_class", "grouped"],
    "train_sets": ["FS", "DF"], "manipulations": ["NT", "DF"],
}  # fmt: skip


def resolve(run=RUN, **named):
    return resolve_primary(RULES.model_copy(update=named), **run)


def test_rules_are_of_names_alone():
    expected = Primary("lora", "baseline", Place("per_class", "FS", "NT", "video", "all", "auc"))
    assert resolve() == expected


def test_the_claim_stands_on_the_protocol_whose_counts_are_0_or_on_the_headlines():
    assert resolve({**RUN, "clean": "grouped"}).place.protocol == "grouped"
    assert resolve({**RUN, "clean": None}).place.protocol == "per_class"


def test_the_reference_may_stand_anywhere_in_the_list():
    assert resolve({**RUN, "reference": "lora"}).detector == "baseline"
    assert resolve({**RUN, "reference": "mlp", "detectors": ["mlp"]}) is None


def test_names_are_taken_as_they_stand():
    found = resolve(detector="mlp", protocol="per_class", train_set="DF", manipulation="DF", stratum="twin")
    named = ("detector", "stratum", "protocol", "train_set", "manipulation")
    assert found == Primary("mlp", "baseline", Place("per_class", "DF", "DF", stratum="twin"), named)
    assert resolve(protocol="grouped").named == ("protocol",)
    assert resolve(metric="f1", level="frame").named == ("metric", "level")
    assert resolve().named == ()
    assert resolve({**RUN, "manipulations": ["NT", "rest"]}, manipulation="F2F").place.manipulation == "F2F"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"detector": "baseline"}, "is 'baseline'; .* other than compare.reference: lora, mlp"),
        ({"detector": "lorra"}, "`primary.detector` is 'lorra'"),
        ({"protocol": "official"}, "`primary.protocol` is 'official'; .*: per_class, grouped; or auto"),
        ({"train_set": "NT"}, "`primary.train_set` is 'NT'"),
        ({"manipulation": "F2F"}, "`primary.manipulation` is 'F2F'"),
        ({"metric": "f1", "stratum": "twin"}, "strata have only auc; write `stratum: all`"),
    ],
)  # fmt: skip
def test_what_the_run_has_not_is_refused_with_a_remedy(named, message):
    with pytest.raises(InputError, match=message):
        resolve(**named)


@pytest.mark.parametrize(
    "wrong", [{"metric": "ece"}, {"level": "clip"}, {"stratum": "twins"}, {"reference": "baseline"}]
)
def test_the_section_refuses_what_it_does_not_know(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        check_section({**RULES.model_dump(), **wrong}, type(RULES), "params.yaml: primary")


def row_of(found, value=0.06, low=0.01, high=0.11, p=0.02, **more):
    found["differences"]["lora"] |= {"low": low, "high": high, "p": p, **more}
    return found


WHERE = ("grouped", "FaceSwap", "NeuralTextures")
POWER = {"level": 0.8, "detectable": 0.1, "n_real": 30, "n_fake": 300}


def test_the_row_of_an_auc():
    cells = [in_protocol("per_class"), in_protocol("grouped", "twin"), row_of(in_protocol("grouped"))]
    found = primary_row(Primary("lora", "baseline", Place(*WHERE)), {"cells": cells}, confidence=0.95)
    assert found == {
        "detector": "lora", "reference": "baseline", "protocol": "grouped", "train_set": "FaceSwap",
        "manipulation": "NeuralTextures", "level": "video", "stratum": "all", "metric": "auc", "named": [],
        "value": 0.06, "low": 0.01, "high": 0.11, "p": 0.02, "shown": True, "power": None,
        "n_real": 10, "n_fake": 100,
    }  # fmt: skip
    named = Primary("lora", "baseline", Place(*WHERE), ("protocol",))
    assert primary_row(named, {"cells": cells}, confidence=0.95)["named"] == ["protocol"]
    stricter = primary_row(Primary("lora", "baseline", Place(*WHERE)), {"cells": cells}, confidence=0.99)
    assert not stricter["shown"]


def test_the_row_of_another_metric_and_what_it_needs():
    metrics = [row_of(metric_row("f1", 0.8, "grouped"), low=-0.1, high=0.3, p=0.3, power=POWER)]
    primary = Primary("lora", "baseline", Place(*WHERE, metric="f1"))
    found = primary_row(primary, {"cells": [], "metrics": metrics}, confidence=0.95)
    assert (found["value"], found["shown"], found["power"]) == (0.2, False, POWER)


def test_a_number_without_an_interval_is_not_shown_and_says_why():
    cells = [row_of({**in_protocol("grouped"), "undefined": "too few"}, low=None, high=None, p=None)]
    found = primary_row(Primary("lora", "baseline", Place(*WHERE)), {"cells": cells}, confidence=0.95)
    assert (found["shown"], found["p"], found["undefined"]) == (False, None, "too few")


def test_a_number_that_the_run_has_not_is_refused():
    primary = Primary("lora", "baseline", Place(*WHERE, stratum="unknown"))
    with pytest.raises(InputError, match=r"no grouped FaceSwap NeuralTextures video unknown auc"):
        primary_row(primary, {"cells": [in_protocol("grouped")]}, confidence=0.95)


def test_the_place_of_a_leak_gap_names_both_sides():
    row = {**cell(), "protocol": "p", "minuend": "twin", "subtrahend": "clean"}
    del row["stratum"]
    assert place_of(row) == Place("p", "FaceSwap", "NeuralTextures", stratum="twin-clean")


def test_errors_are_better_when_they_are_smaller():
    assert better("auc", 0.1)
    assert not better("tpr", -0.1)
    assert better("brier", -0.1)
    assert not better("fpr", 0.1)
