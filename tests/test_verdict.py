"""`clipforensics verdict`: what was found in words first, then the numbers of metrics/, then the page."""

import json
import shutil

import pytest

from clipforensics.core.faults import InputError
from clipforensics.report.sections.verdict import verdict
from clipforensics.report.wording.numbers import interval, number, signed
from clipforensics.verdict import COMPARISON, HEADLINE, PAGE, SAMPLE, lines, main
from tests.support.repository import ROOT, edit_yaml
from tests.support.settings import write_shipped

COMMITTED = json.loads((ROOT / COMPARISON).read_text())


@pytest.fixture
def project(tmp_path):
    (tmp_path / "metrics/headline").mkdir(parents=True)
    for name in (COMPARISON, HEADLINE):
        shutil.copy(ROOT / name, tmp_path / name)
    write_shipped(tmp_path)
    return tmp_path


def test_the_finding_comes_first_and_every_number_is_the_files(project, capsys):
    main([], project)
    first, asked, *numbers, protocols, sample, page = capsys.readouterr().out.splitlines()
    assert first == verdict(COMMITTED, "lora").conclusion
    assert asked.startswith("Trained on real videos and FaceSwap, tested on NeuralTextures")
    cells = [
        cell
        for cell in COMMITTED["cells"]
        if (cell["stratum"], cell["level"], cell["manipulation"]) == ("all", "video", "NeuralTextures")
    ]
    assert len(numbers) == len(cells) == 2
    for line, cell in zip(numbers, cells, strict=True):
        for values in cell["detectors"].values():
            assert f"{number(values['auc'])} {interval(values['low'], values['high'])}" in line
        gap = cell["differences"]["lora"]
        assert line.endswith(f"difference {signed(gap['auc'])} {interval(gap['low'], gap['high'])}")
        assert f"({cell['n_real']} real videos, {cell['n_fake']} manipulated)" in line
    assert protocols == "The headline's protocol, per class, leaks; grouped, beside it, does not."
    assert sample == SAMPLE
    assert page == f"page: none here yet; `dvc repro` writes {project / PAGE}"


def test_only_the_sample_is_called_one(project, capsys):
    edit_yaml(project / "params.yaml", {"dataset": "footage"})
    main([], project)
    assert SAMPLE not in capsys.readouterr().out


def test_it_says_where_the_page_lies(project, capsys):
    (project / PAGE).parent.mkdir()
    (project / PAGE).touch()
    main([], project)
    assert capsys.readouterr().out.splitlines()[-1] == f"page: {project / PAGE}"


@pytest.mark.parametrize("name", [COMPARISON, HEADLINE])
def test_without_a_run_it_says_what_to_do(project, name):
    (project / name).unlink()
    with pytest.raises(InputError, match="does not exist: nothing was run yet; run `make repro`"):
        main([], project)


def test_a_run_of_one_detector_has_numbers_and_no_difference():
    alone = {**COMMITTED, "cells": []}
    for cell in COMMITTED["cells"]:
        one = {"baseline": cell["detectors"]["baseline"]}
        alone["cells"].append({**cell, "detectors": one, "differences": {}})
    found = list(lines(alone, "baseline"))
    assert found[0].startswith("Trained on")
    assert found[1].startswith("Per class (10 real videos, 100 manipulated): video AUC the baseline .7")
    assert not any("difference" in line for line in found)
