"""`clipforensics check`: everything that a run would refuse, in seconds; then what will run."""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from clipforensics.check.everything import Checked, check_everything
from clipforensics.check.wreckage import find_wrecks
from clipforensics.core.records import REAL

PARAMS, PROFILES = "params.yaml", "conf/data"


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Print every problem in a line of its own and exit with 1; or, if there is none, what will run.

    Args:
        arguments: The command line.
        project: The project's folder.

    Raises:
        SystemExit: with 1, a run would be refused; with 2, the command line is wrong.
    """
    given = _parser().parse_args(arguments)
    with contextlib.chdir(project):
        wrecks = find_wrecks(Path())
        if given.mend:
            for wreck in wrecks:
                print(f"mended: {wreck.mend()}")
            wrecks = []
        checked = check_everything(Path(PARAMS), Path(PROFILES))
        _refuse([*map(str, wrecks), *checked.problems])
        for line in _summary(checked):
            print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics check",
        description="Check params.yaml, the data set, the encoder and dvc's own files before a run; then say"
        " what will run. Nothing is decoded, and nothing is written.",
    )
    parser.add_argument("--mend", action="store_true", help="first mend files of dvc's that a kill cut short")
    return parser


def _refuse(problems: Sequence[str]) -> None:
    if not problems:
        return
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    number = len(problems)
    print(f"{number} problem{'s' if number > 1 else ''}; a run would be refused", file=sys.stderr)
    sys.exit(1)


def _summary(checked: Checked) -> list[str]:
    footage, params = checked.footage, checked.params
    assert footage is not None  # else there would be a problem
    counts = Counter(video.manipulation for video in footage.videos)
    named = ", ".join([f"{counts.pop(REAL)} {REAL}", *(f"{n} {name}" for name, n in sorted(counts.items()))])
    where = "to be rendered" if footage.is_sample else f"in {footage.root}"
    left_out = f"; {footage.n_skipped} files are left out for their names" if footage.n_skipped else ""
    return [
        f"{PARAMS}: {len(params.sections)} sections and {len(params.methods)} methods are right",
        f"data set {footage.dataset}: {len(footage.videos)} videos ({named}) {where}{left_out}",
    ]
