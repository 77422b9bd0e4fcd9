"""Errors a user can mend, and how a stage shows them: one line, no traceback."""

import sys
from collections.abc import Iterator
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
