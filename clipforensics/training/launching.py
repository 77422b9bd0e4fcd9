"""A stage on several processes: it starts itself again under the launcher that the environment names.

The command of a DVC stage is part of what DVC compares, so it names no machine; how many processes and
nodes there are is said by `CLIPFORENSICS_LAUNCH`, such as `torchrun --standalone --nproc-per-node 2`.
"""

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.parent import LAUNCHED, end_with_dvc

VARIABLE = "CLIPFORENSICS_LAUNCH"
"""Environment variable with the launcher's command line, to which `-m MODULE ARGUMENTS` is added."""
RANKS = ("RANK", "LOCAL_RANK")
"""Variables that torchrun and accelerate set in the processes they start."""


def relaunch(module: str, arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Replace this process by the launcher, once; return if there is none or it has already started this.

    Call it first of all, before anything is read, locked or put on a GPU. The process keeps its id, so
    whoever waits for the stage or kills it now deals with the launcher. Programs beside this
    interpreter come first in its PATH: a virtual environment need not be activated.

    Args:
        module: What to run with `-m`, such as `stages.train`.
        arguments: Its command line.
        environment: Of this process.

    Raises:
        InputError: the variable is no command line, or there is no such program.
    """
    if not is_asked_for(environment):
        return
    program, words = launcher(environment)
    sys.stdout.flush()
    sys.stderr.flush()
    end_with_dvc(signal.SIGTERM, environment)  # a launcher then ends what it has started
    variables = {**environment, "PATH": _path(environment), LAUNCHED: "1"}
    os.execve(program, [*words, "-m", module, *arguments], variables)  # noqa: S606


def is_asked_for(environment: Mapping[str, str]) -> bool:
    """Whether a launcher is named and this process was not started by one."""
    started = LAUNCHED in environment or any(name in environment for name in RANKS)
    return bool(environment.get(VARIABLE, "").strip()) and not started


def launcher(environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """The program that the variable names, and its command line; the two are empty where it is unset.

    Raises:
        InputError: as `relaunch`.
    """
    words = _words(environment.get(VARIABLE, ""))
    if not words:
        return "", []
    program = shutil.which(words[0], path=_path(environment))
    if program is None:
        raise InputError(
            f"{VARIABLE}: there is no program {words[0]!r} in PATH or beside {sys.executable};"
            " name torchrun, accelerate, srun or another, or unset it"
        )
    return program, words


def _path(environment: Mapping[str, str]) -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(
            f"{VARIABLE} is {text!r}, which is no command line: {error}; mend its quotes"
        ) from error
