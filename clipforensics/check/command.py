"""`clipforensics check`: everything that a run would refuse, in seconds; then what will run."""

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Print every problem in a line of its own and exit with 1; or, if there is none, what will run.

    Args:
        arguments: The command line.
        project: The project's folder.

    Raises:
        SystemExit: with 1, a run would be refused; with 2, the command line is wrong.
    """
    given = _parser().parse_args(arguments)
    from clipforensics.check.telling import tell  # torch and dvc: not for who asks how this is used

    with contextlib.chdir(project):
        tell(mend=given.mend, digests=given.digests)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics check",
        description="Check params.yaml, the data set, the encoder and dvc's own files before a run; then say"
        " what will run. Nothing is decoded, and without --mend nothing is written.",
    )
    add = parser.add_argument
    add("--mend", action="store_true", help="first mend files of dvc's that a kill cut short")
    add(
        "--digests",
        action="store_true",
        help="also read DVC's cache and what is kept, and hold every file to its digest; with --mend, remove"
        " what is damaged, to be made again",
    )
    return parser
