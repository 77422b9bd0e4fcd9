"""`clipforensics league`: the command prints the table or writes it."""

import json
import os
import subprocess
import sys

import pytest

from clipforensics.league import main
from tests.support import made_up_run
from tests.support.imports import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


# command
@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/comparison.json").write_text(json.dumps(made_up_run.comparison()))
    return tmp_path


def test_the_command_prints_the_table_or_writes_it(workspace, capsys):
    main([])
    printed = capsys.readouterr().out
    assert printed.startswith("# League table: trained on FaceSwap, tested on NeuralTextures\n")
    assert "it was not trained on this machine" in printed
    main(["--out", "new/league.md"])
    assert capsys.readouterr().out == ""
    assert (workspace / "new/league.md").read_text() == printed


def test_a_mistake_is_one_line(workspace):
    for name in ("file", "params.yaml", "dvc.yaml"):
        (workspace / name).write_text("")
    for arguments, said in (
        (["--comparison", "none.json"], "error: none.json does not exist; run `dvc repro`"),
        (["--out", "file/league.md"], "error: --out file/league.md: cannot be written"),
    ):
        command = [sys.executable, "-m", "clipforensics", "league", *arguments]
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        assert run.returncode == 1
        assert run.stderr.startswith(said)
        assert run.stderr.count("\n") == 1
