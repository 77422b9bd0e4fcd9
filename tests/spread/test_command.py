"""The command line of `clipforensics spread`; what it does with real dvc processes is in test_running.py."""

import pytest

from clipforensics.core.faults import one_line_errors
from clipforensics.spread.command import main


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--task", "1"], 1, "error: --task and --tasks go together"),
        (["--task", "0", "--tasks", "2", "--prepare"], 1, "without --prepare"),
        (["--gpus", "0,0"], 1, "error: --gpus '0,0': name each GPU once"),
        (["--gpus", "0,"], 1, "error: --gpus '0,': name each GPU once"),
        (["--gpus", "0", "--jobs", "2"], 2, "not allowed with"),
        (["--jobs", "0"], 2, "must be at least 1, is 0"),
    ],
)
def test_a_wrong_command_line_is_one_line(capsys, arguments, status, told):
    with pytest.raises(SystemExit) as exit, one_line_errors():
        main(arguments)
    assert exit.value.code == status
    assert told in capsys.readouterr().err
