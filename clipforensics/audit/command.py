"""`clipforensics audit SCORES.csv --train TRAIN.csv --out DIR`: an audit of anyone's scores."""

from collections.abc import Sequence

from clipforensics.audit.arguments import parse


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, audit, write DIR/metrics.json and DIR/report.html, and print the verdict.

    Raises:
        InputError: a file is missing or wrong, or DIR cannot be written.
        SystemExit: with 2, the command line is wrong; with 1, lists share what they should not.
    """
    given = parse(arguments)
    from clipforensics.audit.running import run  # pandas and SciPy: not for who asks how this is used

    run(given)
