"""Refuse what a later stage would refuse, before any stage's output is removed or a frame is decoded."""

import sys
from pathlib import Path

from clipforensics.check.everything import check_everything
from clipforensics.check.others import find_others
from clipforensics.core.faults import run_command
from clipforensics.core.params import keep_still
from clipforensics.sources.in_use import collect_profiles, write_profiles

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
OUT = Path("data/profiles.yaml")
"""The same as long as they are, so that nothing runs again because this stage did."""


def main() -> None:
    """Check; write the data sets' profiles, or tell every problem in a line of its own and exit with 1."""
    problems = find_others(Path()) or check_everything(PARAMS, PROFILES).problems
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    if problems:
        sys.exit(1)
    keep_still(PARAMS, "")
    write_profiles(OUT, collect_profiles(PARAMS, PROFILES))


if __name__ == "__main__":
    run_command(main)
