"""Refuse what a later stage would refuse, before any stage's output is removed or a frame is decoded."""

import sys
from pathlib import Path

from clipforensics.check.everything import check_everything
from clipforensics.core.faults import run_command

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
OUT = Path("data/checked.txt")

RIGHT = "params.yaml, data set and encoder fit together.\n"
"""Always the same, so that nothing runs again because this stage did."""


def main() -> None:
    """Check; write that all is right, or tell every problem in a line of its own and exit with 1."""
    found = check_everything(PARAMS, PROFILES)
    for line in found.problems:
        print(f"error: {line}", file=sys.stderr)
    if found.problems:
        sys.exit(1)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(RIGHT, encoding="utf-8")


if __name__ == "__main__":
    run_command(main)
