"""What the commands print: the opinion in a line, the files that were written, or why there are none."""

import sys
from collections.abc import Sequence
from pathlib import Path

from clipforensics.report.wording.printable import printable
from clipforensics.scoring.results import EXIT_CODES, Verdict
from clipforensics.scoring.telling import headline


def tell_of(verdict: Verdict, files: Sequence[Path]) -> None:
    """Print them, and exit with the verdict's status where that is not 0."""
    print(f"{printable(verdict.path)}: {headline(verdict)}")
    for file in files:
        print(f"written: {printable(str(file))}")
    if verdict.exit_code:
        sys.stdout.flush()
        sys.exit(verdict.exit_code)


def unreadable(name: str, why: Exception) -> int:
    """One line on stderr for a video that cannot be read; the status to exit with."""
    print(f"error: {printable(name)} {printable(str(why))}; nothing was written", file=sys.stderr)
    return EXIT_CODES["not scored"]
