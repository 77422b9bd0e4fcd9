"""The verdict: what was found in words first, then the numbers of metrics/, then the page."""

import json
import shutil
from dataclasses import replace

import pytest

from clipforensics.core.faults import InputError
from clipforensics.report.summary import first_lines
from clipforensics.report.wording.numbers import interval, number, signed
from clipforensics.verdict.telling import (
    COMPARISON,
    HEADLINE,
    METRICS,
    PAGE,
    SAMPLE,
    findings_of,
    lines,
    tell,
)
from tests.support.made_up_controls import OFF, made_up
from tests.support.repository import ROOT, edit_yaml
from tests.support.settings import write_shipped

COMMITTED = json.loads((ROOT / COMPARISON).read_text())


@pytest.fixture
def project(tmp_path):
    shutil.copytree(ROOT / METRICS, tmp_path / METRICS)
    write_shipped(tmp_path)
    return tmp_path


def test_the_finding_comes_first_and_every_number_is_the_files(project, capsys):
    tell(project)
    *first, per_class, grouped, sample, page = capsys.readouterr().out.splitlines()
    assert first[:-1] == first_lines(findings_of(project))
    assert first[0].startswith(
        "Nine of ten NeuralTextures fakes have a twin in training: LoRA's video AUC is ."
    )
    assert first[-1].startswith("Trained on real videos and FaceSwap, tested on NeuralTextures")
    cells = [
        cell
        for cell in COMMITTED["cells"]
        if (cell["stratum"], cell["level"], cell["manipulation"]) == ("all", "video", "NeuralTextures")
    ]
    assert len(cells) == 2
    for line, cell in zip((per_class, grouped), cells, strict=True):
        for values in cell["detectors"].values():
            assert f"{number(values['auc'])} {interval(values['low'], values['high'])}" in line
        gap = cell["differences"]["lora"]
        assert line.endswith(f"difference {signed(gap['auc'])} {interval(gap['low'], gap['high'])}")
        assert f"({cell['n_real']} real videos, {cell['n_fake']} manipulated)" in line
    assert sample == SAMPLE
    assert page == f"page: none here yet; `dvc repro` writes {project / PAGE}"


def test_leaks_are_told_by_the_audit_and_not_by_the_name(project):
    """With 7 people of training in its test, the identity-disjoint split is said to leak."""
    path = project / METRICS / "leakage/grouped/FaceSwap.json"
    assert "where no shared identity is known" in " ".join(lines(findings_of(project)))
    audit = json.loads(path.read_text())
    audit["manipulations"]["NeuralTextures"]["any_seen"] = 7
    path.write_text(json.dumps(audit))
    said = " ".join(lines(findings_of(project)))
    assert "where training has seen 7 of 20 fakes and 0 of 20 reals" in said
    assert "no shared identity" not in said
    path.unlink()
    (project / COMPARISON).write_text(json.dumps({**COMMITTED, "leaks": {}}))
    assert "where what leaks was not counted" in " ".join(lines(findings_of(project)))


def test_failures_are_told(project):
    path = project / METRICS / "evaluate/lora/per_class/FaceSwap-42.json"
    one = json.loads(path.read_text())
    one["test"]["NeuralTextures"]["video"]["at_validation"]["tpr"] = 0.0
    path.write_text(json.dumps(one))
    compared = {**COMMITTED, "usable": {"lora": {"usable": False, "reason": "its interval holds .5"}}}
    (project / COMPARISON).write_text(json.dumps(compared))
    _, *rest = lines(findings_of(project))
    assert rest[0].startswith("Unusable: LoRA (its interval holds .5).")
    assert any("finds none of the fakes (TPR 0): LoRA" in text for text in rest)


def test_only_the_sample_is_called_one(project, capsys):
    edit_yaml(project / "params.yaml", {"dataset": "footage"})
    tell(project)
    assert SAMPLE not in capsys.readouterr().out


def test_it_says_where_the_page_lies(project, capsys):
    (project / PAGE).parent.mkdir()
    (project / PAGE).touch()
    tell(project)
    assert capsys.readouterr().out.splitlines()[-1] == f"page: {project / PAGE}"


@pytest.mark.parametrize("name", [COMPARISON, HEADLINE])
def test_without_a_run_it_says_what_to_do(project, name):
    (project / name).unlink()
    with pytest.raises(InputError, match="does not exist: nothing was run yet; run `make repro`"):
        tell(project)


def test_a_run_of_one_detector_has_numbers_and_no_difference(project):
    alone = {**COMMITTED, "cells": [], "league": [], "metrics": []}
    for cell in COMMITTED["cells"]:
        one = {"baseline": cell["detectors"]["baseline"]}
        alone["cells"].append({**cell, "detectors": one, "differences": {}})
    found = list(lines(replace(findings_of(project), comparison=alone, detector="baseline")))
    assert found[0].startswith("Nine of ten NeuralTextures fakes have a twin in training: the baseline's")
    assert found[-2].startswith("Per class (10 real videos, 100 manipulated): video AUC the baseline .7")
    assert not any("difference" in line for line in found[-2:])


def test_controls_that_speak_against_a_score_are_told(project):
    assert "File metadata alone" not in " ".join(lines(findings_of(project)))
    (project / METRICS / "controls.json").write_text(json.dumps(made_up(metadata="open")))
    said = list(lines(findings_of(project)))
    assert sum(line.startswith("File metadata alone has video AUC .690") for line in said) == 1
    (project / METRICS / "controls.json").write_text(json.dumps(OFF))
    assert "controls" not in " ".join(lines(findings_of(project)))


def test_what_the_first_lines_stand_on_is_read(project):
    found = findings_of(project)
    cells = {"per_class FaceSwap", "grouped FaceSwap"}
    assert set(found.leakage) == set(found.duplicates) == cells
    assert found.recognised == {}, "nobody is recognised in the sample"
    assert found.faces["detector"] == "none"


def test_evaluations_of_every_split_are_read_so_that_no_failure_is_left_out():
    assert {one["split"] for one in findings_of(ROOT).evaluations} == {"per_class", "grouped"}


def test_after_another_data_set_was_named_it_is_still_of_the_run(project, capsys):
    lock = {"stages": {"report": {"params": {"params.yaml": {"dataset": "sample"}}}}}
    (project / "dvc.lock").write_text(json.dumps(lock))
    tell(project)
    assert "earlier run" not in capsys.readouterr().out
    edit_yaml(project / "params.yaml", {"dataset": "faceforensics"})
    tell(project)
    *_, sample, earlier, _ = capsys.readouterr().out.splitlines()
    assert sample == SAMPLE
    assert earlier == (
        "This is of an earlier run, on sample; params.yaml names faceforensics: `dvc repro` makes its own."
    )
