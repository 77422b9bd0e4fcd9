"""The command line of `clipforensics spread`; what it does with real dvc processes is in test_running.py."""

import sys

import pytest

from clipforensics.core.faults import one_line_errors
from clipforensics.spread.command import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--gpus-per-cell", "-1"], "must not be negative, is -1"),
        (["--gpus-per-cell", "a"], "invalid whole value: 'a'"),
        (["--gpus", "0,1"], "unrecognized arguments: --gpus"),
    ],
)
def test_a_wrong_command_line_is_one_line(capsys, arguments, told):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert told in capsys.readouterr().err


def test_without_ray_it_says_what_to_install(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit, one_line_errors():
        main([])
    assert exit.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(
        "error: `clipforensics spread` runs cells as Ray tasks, and Ray cannot be loaded ("
    )
    assert told.endswith("; `pip install 'clipforensics[ray]'`\n")
    assert told.count("\n") == 1
