"""The stage `check`: what it writes never changes, and what it refuses leaves nothing."""

import os
import shutil
import subprocess
import sys

import pytest

from stages import check
from tests.support.repository import ROOT, edit_yaml
from tests.support.settings import write_shipped


@pytest.fixture
def project(tmp_path, monkeypatch):
    write_shipped(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_its_output_is_the_same_whatever_is_right(project):
    check.main()
    first = check.OUT.read_bytes()
    edit_yaml(check.PARAMS, {"methods": {"lora": {"r": 4}}, "protocol": {"seeds": [7]}})
    check.main()
    assert check.OUT.read_bytes() == first


def test_every_problem_is_a_line_and_nothing_is_written(project, capsys):
    edit_yaml(check.PARAMS, {"detektor": "lora", "detectors": ["baseline", "lorra"]})
    with pytest.raises(SystemExit) as caught:
        check.main()
    assert caught.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(
        "error: params.yaml: `detektor` is not a parameter; perhaps `detector` was meant"
    )
    assert lines[1].startswith("error: params.yaml: detectors: 'lorra' is not a detector; perhaps `lora`")
    assert not check.OUT.exists()


def test_a_profile_of_the_users_own_is_looked_at(project):
    shutil.copy(ROOT / "conf/data/sample.yaml", check.PROFILES / "mine.yaml")
    edit_yaml(check.PROFILES / "mine.yaml", {"clip": {"image_size": 65}})
    edit_yaml(check.PARAMS, {"dataset": "mine"})
    with pytest.raises(SystemExit):
        check.main()


def test_a_data_set_that_is_none_is_told_beside_the_others(project):
    """Other stages pin kernels first, by the data set, and would tell that alone."""
    edit_yaml(check.PARAMS, {"dataset": "smaple", "detektor": "lora"})
    shutil.copytree(ROOT / "stages", "stages")
    command = [sys.executable, "-m", "stages.check"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert "`detektor` is not a parameter" in done.stderr
    assert "smaple" in done.stderr
