"""`clipforensics verdict`: what the last run found, in a few lines, and where its page lies."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Print the verdict.

    Args:
        arguments: The command line.
        project: The project's folder.

    Raises:
        InputError: nothing was run yet, or a file of the run is broken.
        SystemExit: with 2, the command line is wrong.
    """
    argparse.ArgumentParser(
        prog="clipforensics verdict", description="What the last run found, and where its page lies."
    ).parse_args(arguments)
    from clipforensics.verdict.telling import tell  # pandas and SciPy: not for who asks how this is used

    tell(project)
