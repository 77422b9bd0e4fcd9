"""`clipforensics league`: the league table, with what training cost on this machine."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Read metrics/comparison.json, controls.json beside it and the records of costs; print the table, or
    write it.

    Args:
        arguments: The command line.
        project: Where the files lie that it does not name.

    Raises:
        InputError: a file is missing or wrong, or the table cannot be written.
        SystemExit: with 2, the command line is wrong.
    """
    given = _parser(project).parse_args(arguments)
    # pandas and SciPy: not for who asks how this is used
    from clipforensics.report.league import league_markdown
    from clipforensics.report.reading.costs import read_spent

    comparison = read_json(given.comparison)
    beside = given.comparison.with_name("controls.json")
    controls = read_json(beside) if beside.is_file() else None
    text = league_markdown(comparison, read_spent(comparison, given.weights), controls)
    if given.out is None:
        sys.stdout.write(text)
        return
    try:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out {given.out}: cannot be written: {error.strerror}; name another") from error


def _parser(project: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics league",
        description="Every detector in one table, best first by validation, with training time and memory.",
    )
    add = parser.add_argument
    add("--out", type=Path, metavar="FILE", help="write it there instead of printing it")
    add("--comparison", type=Path, default=project / "metrics/comparison.json", help="default: %(default)s")
    add(
        "--weights",
        type=Path,
        default=project / "data/weights",
        help="trained weights (default: %(default)s)",
    )
    return parser
