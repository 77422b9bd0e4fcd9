"""Errors a user can mend, and how a stage shows them: one line, no traceback."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from clipforensics.core.disk import find_trouble

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


class InputError(ValueError):
    """Something the user gave is wrong; the message names it, its value, the rule and the remedy.

    The message is one line. Stages print it and exit with 1; the library lets it through.
    """


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn an :class:`InputError`, or a full or broken disk, into one line on stderr and exit status 1."""
    try:
        yield
    except InputError as error:
        _end_with(str(error))
    except Exception as error:
        if not (trouble := find_trouble(error)):
            raise
        _end_with(trouble)


def _end_with(line: str) -> NoReturn:
    print(f"error: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(1)


def run_command(main: Callable[..., None], *, example: str = "") -> None:
    """Call a stage's `main` with the words of its command line.

    They are `--name value` pairs, one for each parameter of `main`, in any order: the form in which DVC
    writes a cell of a matrix into a command, quoted for the shell. An :class:`InputError`, or anything else
    on the command line, is one line on stderr and exit status 1. So is a setting that was changed meanwhile;
    and Ctrl-C, with status `INTERRUPTED`.

    Args:
        main: Takes text; its parameters' names are what the usage line shows.
        example: A command line that is right, for the usage line.
    """
    with one_line_errors():
        words, names = sys.argv[1:], list(inspect.signature(main).parameters)
        given = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=False)}
        if len(words) != 2 * len(names) or set(words[::2]) != {f"--{name}" for name in names}:
            options = [f"--{name} {name.upper()}" for name in names]
            usage = " ".join(["usage: python -m", main.__globals__["__spec__"].name, *options])
            raise InputError(f"{usage}, such as {example}" if example else usage)
        try:
            main(**given)
        except KeyboardInterrupt:
            print("interrupted; `dvc repro` goes on where it can", file=sys.stderr)
            sys.exit(INTERRUPTED)
        from clipforensics.core.params import check_unmoved  # which needs this module

        check_unmoved()
