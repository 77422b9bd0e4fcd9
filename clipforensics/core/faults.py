"""Errors a user can mend, and how a stage shows them: one line, no traceback."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """Something the user gave is wrong; the message names it, its value, the rule and the remedy.

    The message is one line. Stages print it and exit with 1; the library lets it through.
    """


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn an :class:`InputError` into one line on stderr and exit status 1."""
    try:
        yield
    except InputError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)


def run_command(main: Callable[..., None], *, example: str = "") -> None:
    """Call a stage's `main` with the words of its command line.

    An :class:`InputError`, or another number of words than `main` has parameters, is one line on stderr
    and exit status 1.

    Args:
        main: Takes text; its parameters' names are what the usage line shows.
        example: A command line that is right, for the usage line.
    """
    with one_line_errors():
        words, names = sys.argv[1:], [name.upper() for name in inspect.signature(main).parameters]
        if len(words) != len(names):
            usage = " ".join(["usage: python -m", main.__globals__["__spec__"].name, *names])
            raise InputError(f"{usage}, such as {example}" if example else usage)
        main(*words)
