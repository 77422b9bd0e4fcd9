"""Names against one another, and names that would reach a shell or a path."""

import json
from pathlib import Path

import pytest

from clipforensics.alterations.degradations import DEGRADATIONS
from tests.support.settings import problems

HOSTILE = (
    "F;touch X", "$(touch X)", "`touch X`", "it's", 'say "x"', "a b", "../../x", "/etc", "-x", "a\nb", "", "ä"
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("dataset", lambda name: {"dataset": name}),
        ("detectors", lambda name: {"detectors": ["baseline", name], "detector": "baseline"}),
        ("splits.1", lambda name: {"protocol": {"splits": ["grouped", name]}}),
        ("train_sets.1", lambda name: {"protocol": {"train_sets": ["FaceSwap", name]}}),
        ("seeds.1", lambda name: {"protocol": {"seeds": [42, name]}}),
        ("robustness.degradations", lambda name: {"robustness": {"degradations": ["jpeg", name]}}),
    ],
)
def test_a_name_that_could_reach_a_shell_or_a_path_is_refused_by_its_key(name, key, changes):
    found = problems(**changes(name))
    assert len(found) == 1, found
    assert key in found[0]
    assert repr(name) in found[0]


def test_a_seed_that_leads_elsewhere_is_refused():
    (line,) = problems(protocol={"seeds": ["x/../../../victim"]})
    assert (
        line == "params.yaml: protocol: `seeds.0`: input should be a valid integer, got 'x/../../../victim'"
    )


@pytest.mark.parametrize("seeds", [[True], [4.5], [-1], [42, 42], []])
def test_seeds_are_whole_numbers_each_once(seeds):
    (line,) = problems(protocol={"seeds": seeds})
    assert "protocol: `seeds" in line


def test_an_unknown_detector_is_told_its_nearest():
    (line,) = problems(detectors=["baseline", "lorra"])
    assert line.startswith(
        "params.yaml: detectors: 'lorra' is not a detector; perhaps `lora` was meant; those there are: b"
    )


def test_the_one_shown_and_the_reference_are_among_the_detectors():
    assert problems(detectors=["lora"]) == [
        "params.yaml: `detector` is 'baseline'; it must be one of `detectors`: ['lora']",
        "params.yaml: `compare.reference` is 'baseline'; it must be one of `detectors`: ['lora']",
    ]
    assert problems(detectors=["lora"], detector="lora", compare={"reference": "lora"}) == []


@pytest.mark.parametrize("changes", [
    {"detectors": ["lora"], "detector": "lora", "compare": {"reference": "lora"}},
    {"detectors": ["baseline", "mlp"]},
    {"protocol": {"splits": ["per_class"]}},
    {"protocol": {"splits": [f"grouped_kfold-{i}" for i in range(1, 6)]}},
    {"primary": {"protocol": "per_class", "manipulation": "Face2Face"}},
])  # fmt: skip
def test_the_primary_comparison_follows_the_run(changes):
    assert problems(**changes) == []


@pytest.mark.parametrize(("named", "words"), [
    ({"protocol": "official"}, "`primary.protocol` is 'official'; it must be a protocol of protocol.splits"),
    ({"detector": "baseline"}, "`primary.detector` is 'baseline'; it must be a detector other than"),
    ({"stratum": "twin", "metric": "f1"}, "strata have only auc"),
    ({"metric": "ece"}, "`metric`"),
    ({"levle": "video"}, "perhaps `level` was meant"),
])  # fmt: skip
def test_a_primary_comparison_that_the_run_has_not_is_refused(named, words):
    (line,) = problems(primary=named)
    assert line.startswith("params.yaml: ")
    assert words in line


def test_a_detector_listed_twice_is_refused():
    (line,) = problems(detectors=["baseline", "lora", "lora"])
    assert "`detectors`" in line
    assert "listed twice" in line


def test_folds_are_all_there_or_none():
    (line,) = problems(protocol={"splits": ["per_class", "grouped_kfold-1"]})
    assert line.startswith(
        "params.yaml: protocol.splits lists 1 folds, but split.n_folds is 5; list grouped_kfold-1"
    )


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("real_fractions", [0.8, 0.1], "must be 3 numbers"),
        ("train_fractions", [0.9, 0.2], "sum to 1, not 1.1"),
        ("grouped_fractions", [0.8, 0.2, 0.0], "must be positive"),
    ],
)
def test_fractions_are_shares(key, value, words):
    found = problems(split={key: value})
    assert any(f"params.yaml: split: {key} {value}" in line and words in line for line in found), found


def test_fractions_of_a_protocol_that_is_not_asked_for_do_not_matter():
    assert problems(split={"real_fractions": [0.8, 0.1]}, protocol={"splits": ["grouped"]}) == []


def test_official_lists_are_there_and_are_lists():
    Path("train.json").write_text(json.dumps([["000", "001"]]))
    Path("val.json").write_text("{")
    changes = {"split": {"train_list": "train.json", "val_list": "val.json"}}
    found = problems(**changes, protocol={"splits": ["official"]})
    assert any("split.val_list 'val.json': not JSON" in line for line in found), found
    Path("val.json").write_text("[]")
    found = problems(split={"test_list": "none.json"})
    assert any("split.test_list 'none.json': must be a file" in line for line in found), found


def test_degradations_are_known():
    (line,) = problems(robustness={"degradations": ["jpeg", "blurr"]})
    assert "robustness.degradations: 'blurr' is not one" in line
    assert all(name in line for name in DEGRADATIONS)
