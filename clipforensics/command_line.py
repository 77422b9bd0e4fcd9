"""`clipforensics COMMAND`: one command for all that is not `dvc repro`; each is imported when it is named."""

import argparse
import atexit
import gc
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clipforensics.core.faults import InputError, one_line_errors

PARAMS, PIPELINE = "params.yaml", "dvc.yaml"
"""What makes a folder a project."""


PIPELINE_EXTRA = frozenset({"dvc", "psutil", "ruamel", "sklearn", "voluptuous"})
"""Modules of the extra `pipeline`, without which all but these commands work: check, spread, use."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        module: Whose `main` it is.
        about: What it does, in one line.
        in_project: Whether it works on a project, whose folder its `main` is given.
    """

    module: str
    about: str
    in_project: bool = True


COMMANDS = {
    "check": Command("clipforensics.check.command", "settings, data set and encoder before a run; its cost"),
    "use": Command("clipforensics.use", "settings to begin with, written into params.yaml"),
    "verdict": Command("clipforensics.verdict.command", "what the last run found, and where its page lies"),
    "league": Command("clipforensics.league", "every detector in one table, with what training cost"),
    "spread": Command(
        "clipforensics.spread.command", "the matrix over several GPUs, here or of a Ray cluster"
    ),
    "kept": Command("clipforensics.kept", "finished work that is kept so that none is done twice"),
    "export": Command("clipforensics.exporting.command", "the run for other tools: Croissant, MLflow"),
    "score": Command(
        "clipforensics.scoring.command",
        "what a packaged detector says of videos; needs no project",
        in_project=False,
    ),
    "explain": Command(
        "clipforensics.casework.explain_command",
        "one page: why a packaged detector says what it says of a video; needs no project",
        in_project=False,
    ),
    "case": Command(
        "clipforensics.casework.case_command",
        "the case file of a video, which a second examiner can repeat; needs no project",
        in_project=False,
    ),
    "convert": Command(
        "clipforensics.shipping.convert", "a packaged detector for other runtimes", in_project=False
    ),
    "push": Command(
        "clipforensics.shipping.push", "a package to the Hugging Face hub or a folder", in_project=False
    ),
    "serve": Command(
        "clipforensics.serving.command",
        "a packaged detector as a page and a JSON service on this machine; needs no project",
        in_project=False,
    ),
    "plan": Command(
        "clipforensics.plan.command",
        "what a test of so many videos can show; needs no project",
        in_project=False,
    ),
    "audit": Command(
        "clipforensics.audit.command", "anyone's frame scores; needs no project", in_project=False
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that is named; its errors are one line.

    Raises:
        SystemExit: with 1, an error was told; with 2, the command line is wrong; with 130, interrupted.
    """
    if arguments is None:  # a process of its own, which loads much and ends soon: see stages/__init__.py
        gc.set_threshold(10_000, 20, 20)
        atexit.register(gc.freeze)
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command not in COMMANDS:
        parser.error(f"{given.command!r} is no command; those there are: {', '.join(COMMANDS)}")
    try:
        with one_line_errors(), _told_what_to_install(given.command):
            _run(COMMANDS[given.command], given.arguments, given.project)
        if sys.stdout is not None:  # closed by who started it
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # `clipforensics league | head`: who read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@contextmanager
def _told_what_to_install(name: str) -> Iterator[None]:
    """Turn the lack of a module of that extra into an InputError; any other lack stays what it is."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in PIPELINE_EXTRA:
            raise
        raise InputError(
            f"clipforensics {name} needs {missing}, which is not installed;"
            " run `pip install 'clipforensics[pipeline]'`"
        ) from error


def _run(command: Command, rest: list[str], project: Path | None) -> None:
    if not command.in_project:
        importlib.import_module(command.module).main(rest)
        return
    found, rest = _project_option().parse_known_args(rest)
    asks_for_help = {"-h", "--help"} & set(rest)  # which needs no project
    folder = Path() if asks_for_help else find_project(found.project or project)
    importlib.import_module(command.module).main(rest, folder)


def find_project(named: Path | None) -> Path:
    """The project that is named, or else the one around the working folder.

    Raises:
        InputError: there is none.
    """
    tried = [named] if named else [Path(), *Path.cwd().parents]
    found = next((f for f in tried if (f / PARAMS).is_file() and (f / PIPELINE).is_file()), None)
    if found is not None:
        return found
    where = f"--project {named} is no project" if named else f"{Path.cwd()} is in no project"
    raise InputError(
        f"{where}: no folder has {PARAMS} beside {PIPELINE}; go to one that has, or name it with --project"
    )


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:16}{command.about}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="clipforensics",
        parents=[_project_option()],
        usage="clipforensics [--project DIR] COMMAND ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Does an adapted CLIP really generalise to unseen face forgeries?",
        epilog=f"commands:\n{listed}\n\nclipforensics COMMAND --help says more of each.",
    )
    parser.add_argument("command", metavar="COMMAND", help="one of those below")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="its own")
    return parser


def _project_option() -> argparse.ArgumentParser:
    option = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    option.add_argument(
        "--project", type=Path, metavar="DIR", help="a project's folder (default: the one around this one)"
    )
    return option
