"""`make prune` leaves dvc.lock as it is committed, where DVC made the same entries in another order."""

import os
import subprocess

import pytest
import yaml

from tests.support.repository import ROOT

ENTRIES = {"ingest": {"cmd": "a"}, "check": {"cmd": "b"}}
COMMITTED = "schema: '2.0'\nstages:\n  ingest:\n    cmd: a\n  check:\n    cmd: b\n"


def run(folder, *words):
    env = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    subprocess.run(words, cwd=folder, env=env, check=True, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("made", "is_committed"),
    [(dict(reversed(ENTRIES.items())), True), ({"check": {"cmd": "b"}, "ingest": {"cmd": "other"}}, False)],
)
def test_only_the_order_of_the_lock_is_put_back(tmp_path, made, is_committed):
    """`dvc` is a stand-in that writes what is made; the test of a whole run is in test_repro.py."""
    written = yaml.safe_dump({"schema": "2.0", "stages": made}, sort_keys=False)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dvc").write_text(f"#!/bin/sh\ncat > dvc.lock <<'END'\n{written}END\n")
    (tmp_path / "bin/dvc").chmod(0o755)
    (tmp_path / "dvc.lock").write_text(COMMITTED)
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "git", "add", "dvc.lock")
    run(tmp_path, "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "lock")
    run(tmp_path, "make", "-f", str(ROOT / "Makefile"), "prune", "-o", "install")
    assert (tmp_path / "dvc.lock").read_text() == (COMMITTED if is_committed else written)
