"""A user's mistake is one line and exit status 1; the library's own errors stay what they are."""

import subprocess
import sys

import pytest

from clipforensics.core.faults import InputError, one_line_errors
from tests.support.repository import ROOT

STAGE = """
from clipforensics.core.faults import InputError, run_command
def main(split: str, seed: str) -> None:
    if split == "wrong":
        raise InputError("split 'wrong':\\n must be another; mend it")
    if split == "ctrl-c":
        raise KeyboardInterrupt
    print(split, int(seed))
if __name__ == "__main__":
    run_command(main, example="--split grouped --seed 42")
"""


def run(folder, *words):
    (folder / "stage.py").write_text(STAGE)
    command = [sys.executable, "-m", "stage", *words]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    return done.returncode, done.stdout, done.stderr


def test_words_of_the_command_line_are_arguments(tmp_path):
    assert run(tmp_path, "--split", "grouped", "--seed", "42") == (0, "grouped 42\n", "")
    assert run(tmp_path, "--seed", "42", "--split", "--seed") == (0, "--seed 42\n", "")


def test_ctrl_c_is_one_line(tmp_path):
    told = "interrupted; `dvc repro` goes on where it can\n"
    assert run(tmp_path, "--split", "ctrl-c", "--seed", "42") == (130, "", told)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("grouped", "42"),
        ("--split", "grouped"),
        ("--split", "grouped", "--seed"),
        ("--split", "grouped", "--split", "42"),
        ("--split", "grouped", "--seed", "42", "43"),
    ],
)
def test_another_command_line_shows_the_usage(tmp_path, words):
    usage = "error: usage: python -m stage --split SPLIT --seed SEED, such as --split grouped --seed 42\n"
    assert run(tmp_path, *words) == (1, "", usage)


def test_an_input_error_is_one_line(tmp_path):
    assert run(tmp_path, "--split", "wrong", "--seed", "42") == (
        1,
        "",
        "error: split 'wrong': must be another; mend it\n",
    )


def test_an_error_of_the_code_keeps_its_traceback(tmp_path):
    code, _, errors = run(tmp_path, "--split", "grouped", "--seed", "x")
    assert code == 1
    assert "Traceback" in errors
    with pytest.raises(ZeroDivisionError), one_line_errors():
        raise ZeroDivisionError
    with pytest.raises(SystemExit), one_line_errors():
        raise InputError("x")
