"""`clipforensics case`, as it is typed: two examiners get the same bytes."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from clipforensics.casework.case_command import parse
from clipforensics.machine.kernels import has_avx2
from tests.support.faces import YUNET
from tests.support.imports import ROOT
from tests.support.typed_commands import typed


def run(capsys, *words):
    return typed(capsys, "case", *words)


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    """The command chooses the CPU for its process; afterwards it is as it was."""
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cpu")


def in_a_process(folder, *words, **environment):
    """In a process of its own, as an examiner would."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "clipforensics", "case", *map(str, words)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_two_examiners_get_the_same_bytes(request, tmp_path):
    """In other folders, with other threads, other kernels and another hash seed; and --verify agrees."""
    made = request.getfixturevalue("pair" if YUNET.is_file() else "whole")
    here, there = tmp_path / "here", tmp_path / "there" / "deeper"
    for folder in (here, there):
        folder.mkdir(parents=True)
    shutil.copyfile(made.video, there.parent / made.video.name)
    shutil.copytree(made.package, there.parent / "another name")
    first = in_a_process(here, made.video, "--model", made.package, "--out", "case", OMP_NUM_THREADS="1")
    asked = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "ATEN_CPU_CAPABILITY": "default"}
    words = (f"../{made.video.name}", "--model", "../another name")
    second = in_a_process(
        there, *words, "--out", "../case", **asked, PYTHONHASHSEED="7", TZ="Asia/Tokyo", LC_ALL="C"
    )
    assert first.stderr == second.stderr == ""
    assert first.returncode == second.returncode == made.seen.verdict.exit_code
    for name in ("case.html", "case.json"):
        content = (here / "case" / name).read_bytes()
        assert content == (there.parent / "case" / name).read_bytes(), name
        assert str(tmp_path).encode() not in content
    record = json.loads((here / "case/case.json").read_text())
    assert record["software"]["pinned"] == has_avx2()
    assert record["verdict"]["score"] == pytest.approx(made.seen.verdict.score, abs=1e-5)
    again = in_a_process(there, *words, "--verify", here / "case/case.json")
    assert (again.returncode, again.stdout) == (0, "the same, to the byte: case.json and case.html\n")


def test_it_writes_two_files_and_over_an_earlier_case(whole, tmp_path, capsys):
    out = tmp_path / "case"
    status, said, err = run(capsys, whole.video, "--model", whole.package, "--out", out)
    assert (status, err) == (whole.seen.verdict.exit_code, "")
    assert [line.split(": ")[0] for line in said.splitlines()[1:]] == ["written", "written"]
    assert sorted(path.name for path in out.iterdir()) == ["case.html", "case.json"]
    assert run(capsys, whole.video, "--model", whole.package, "--out", out)[0] == status


def test_verify_names_what_differs_and_takes_the_prior_from_the_case(whole, tmp_path, capsys):
    out = tmp_path / "case"
    words = (whole.video, "--model", whole.package)
    run(capsys, *words, "--prior", "0.25", "--out", out)
    assert run(capsys, *words, "--verify", out / "case.json")[0] == 0
    text = (out / "case.json").read_text()
    (out / "case.json").write_text(text.replace('"score": ', '"score": 1', 1))
    status, said, _ = run(capsys, *words, "--verify", out / "case.json")
    assert status == 1
    assert said.startswith("differs in 1 value\nverdict.score: 1")


def test_a_folder_with_other_files_is_refused_before_anything_is_opened(whole, tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    status, _, err = run(capsys, "nowhere.mp4", "--model", "nowhere", "--out", tmp_path)
    assert status == 1
    assert "holds files, and no earlier case" in err


def test_an_unreadable_video_is_one_line_and_leaves_nothing(whole, tmp_path, capsys):
    (tmp_path / "bad.mp4").write_bytes(b"bad")
    out = tmp_path / "case"
    status, said, err = run(capsys, tmp_path / "bad.mp4", "--model", whole.package, "--out", out)
    assert (status, said, err.count("\n"), out.exists()) == (6, "", 1, False)


@pytest.mark.parametrize(
    "words", [[], ["--out", "a", "--verify", "b"], ["--verify", "b", "--prior", "0.5"]], ids=str
)
def test_a_wrong_command_line_is_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["a.mp4", "--model", "m", *words])
    assert ended.value.code == 2
