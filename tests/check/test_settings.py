"""params.yaml as a whole: every section and method strictly, all problems together."""

from pathlib import Path

import pytest
import yaml

from clipforensics.adaptation.contract import known_detectors
from clipforensics.check.settings import SECTIONS
from clipforensics.machine.kernels import Portable
from clipforensics.report.reading.settings import Settings
from tests.support.repository import ROOT
from tests.support.settings import PARAMS, checked, problems

SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text())


def test_what_is_shipped_is_right():
    found = checked()
    assert found.problems == []
    assert set(found.params.sections) == set(SECTIONS)
    assert set(found.params.methods) == set(known_detectors()) == set(SHIPPED["methods"])


def test_every_key_of_the_file_has_its_class():
    plain = {"dataset", "detector", "detectors", "methods", *Portable.model_fields}
    assert set(SHIPPED) == set(Settings.model_fields) == {*SECTIONS, *plain}


@pytest.mark.parametrize("section", SECTIONS)
def test_an_unknown_key_in_any_section_is_refused(section):
    (line,) = problems(**{section: {"nonsense_": 1}})
    assert line.startswith(f"params.yaml: {section}: `nonsense_` is not a parameter; the parameters here are")


@pytest.mark.parametrize("name", SHIPPED["methods"])
def test_an_unknown_key_in_any_method_is_refused(name):
    (line,) = problems(methods={name: {"nonsense_": 1}})
    assert line.startswith(f"params.yaml: methods.{name}: `nonsense_` is not a parameter")


def test_all_problems_are_told_together_each_in_a_line_that_names_its_value():
    found = problems(
        detektor="lora",
        methods={"lora": {"learning_rate": -1, "r": "eight"}},
        train={"pixels": {"micro_batch_size": 64}, "sampling": "some"},
        evaluate={"worst_videos": 2.5},
    )
    assert [line.split(": ", 1)[0] for line in found] == ["params.yaml"] * 6
    for words in (
        ("`detektor` is not a parameter; perhaps `detector` was meant",),
        ("methods.lora: `learning_rate`", "greater than 0", "-1"),
        ("methods.lora: `r`", "'eight'"),
        ("train: `pixels`", "micro_batch_size must be at most batch_size (32)"),
        ("train: `sampling`", "'some'"),
        ("evaluate: `worst_videos`", "2.5"),
    ):
        assert any(all(word in line for word in words) for line in found), words
    assert not any("\n" in line for line in found)


def test_candidates_are_checked_each_and_are_no_more_than_the_budget():
    lists = {"lora": {"learning_rate": [0.001, 0.003], "variant": ["lora", "dora"]}}
    found = checked(methods=lists)
    assert found.problems == []
    pairs = [(one.learning_rate, one.variant) for one in found.params.methods["lora"]]
    assert pairs == [(0.001, "lora"), (0.003, "lora"), (0.001, "dora"), (0.003, "dora")]
    (line,) = problems(methods=lists, train={"choice": {"max_runs": 3}})
    assert line.startswith("params.yaml: methods.lora: 4 candidates (")
    assert "are more than train.choice.max_runs (3); list fewer, or raise it" in line
    lists = {"lora": {"learning_rate": [0.001, -3.0], "r": [4, 8]}}
    (line,) = problems(methods=lists, train={"choice": {"max_runs": 16}})
    assert line == "params.yaml: methods.lora: `learning_rate`: input should be greater than 0, got -3.0"


def test_lists_are_checked_while_the_budget_itself_is_wrong():
    found = problems(methods={"lora": {"learning_rate": [0.001, -3.0]}}, train={"choice": {"max_runs": 0}})
    assert len(found) == 2
    assert any(
        "`choice.max_runs`: input should be greater than or equal to 1, got 0" in line for line in found
    )
    assert any("`learning_rate`: input should be greater than 0, got -3.0" in line for line in found)


def test_a_section_that_is_missing_or_is_none_is_named():
    content = {**SHIPPED, "embed": 5}
    del content["explain"]
    PARAMS.write_text(yaml.safe_dump(content))
    assert problems() == [
        "params.yaml: `embed`: input should be a valid dictionary, got 5",
        "params.yaml: `explain` is missing; add it",
    ]


def test_methods_that_are_none_and_methods_without_a_section_are_told():
    content = {**SHIPPED, "methods": {**SHIPPED["methods"], "lorra": {"r": 1}}}
    del content["methods"]["lora"]
    PARAMS.write_text(yaml.safe_dump(content))
    assert problems() == [
        "params.yaml: `methods.lorra` is no method; perhaps `lora` was meant; mend or remove it",
        "params.yaml: section `methods.lora` is missing; add it, or take it from `detectors`",
    ]


def test_a_method_without_settings_is_told():
    assert problems(methods={"bitfit": 3}) == [
        "params.yaml: `methods.bitfit` is 3; it must hold `name: value` lines; mend it"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "params.yaml is not valid YAML"),
        ("- a\n", "params.yaml must hold `name: value` lines, got list"),
        ("a: &x [1]\nb: *x\n", "params.yaml: *x stands for another value; write that value out"),
        ("a: \udcff", "params.yaml is not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(text, words):
    PARAMS.write_bytes(text.encode("utf-8", "surrogateescape"))
    (line,) = problems()
    assert line.startswith(words)


def test_a_few_lines_that_stand_for_a_billion_are_refused_at_once():
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 20))
    PARAMS.write_text(f"l0: &l0 [x]\n{levels}")
    assert problems() == ["params.yaml: *l0 stands for another value; write that value out"]


def test_no_file_is_one_line():
    Path("params.yaml").unlink()
    assert problems() == ["params.yaml does not exist; run this in a project's folder"]


@pytest.mark.parametrize("text", ["{}\n", "", "- a\n", "a: *b\n", "a: [\n"])
def test_a_file_without_settings_is_refused(text):
    PARAMS.write_text(text)
    assert problems(), "an empty file is no run of nothing"
