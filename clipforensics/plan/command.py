"""`clipforensics plan`: what a test of so many videos can show, before anyone collects them."""

import argparse
from collections.abc import Sequence

from clipforensics.arguments import finite, positive, share
from clipforensics.core.faults import InputError

CORRELATION = 0.5
"""Of two detectors' scores within a class. Three published adaptations of CLIP have .28 to .40 on the same
100 fakes; LoRA and the linear probe have .47 to .85 on the built-in sample. This lies between."""

POWER = 0.8
"""That of `statistics.power`, which loads SciPy."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the answer.

    Raises:
        InputError: numbers that no test can have.
        SystemExit: with 2, the command line is wrong.
    """
    given = _parser().parse_args(arguments)
    if not 0.5 < given.power < 1:
        raise InputError(f"--power {given.power:g}: must lie above 0.5 and below 1, such as 0.8; mend it")
    if given.difference <= 0:
        raise InputError(
            f"--difference {given.difference:g}: must be above 0; name how much is worth knowing"
        )
    from clipforensics.plan.answer import Question, lines  # SciPy: not for who asks how this is used
    from clipforensics.statistics.binormal import Design

    design = Design(given.auc, given.real, given.fake, given.correlation, given.confidence)
    for line in lines(Question(design, given.difference, given.power, given.identities)):
        print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics plan",
        description="What a test of so many videos can show of two detectors, before anyone collects them.",
        epilog="The interval is that of the pipeline, of one training set; scores are taken as normal.",
    )
    parser.add_argument("--real", type=positive, required=True, metavar="N", help="real test videos")
    parser.add_argument("--fake", type=positive, required=True, metavar="N", help="manipulated test videos")
    parser.add_argument("--auc", type=share, required=True, help="of the worse detector, such as .78")
    parser.add_argument("--difference", type=finite, required=True, help="of AUC, that is worth knowing: .06")
    parser.add_argument(
        "--correlation",
        type=finite,
        default=CORRELATION,
        help="of the detectors' scores within a class, from 0 to below 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--confidence", type=share, default=0.95, help="of the interval (default: %(default)s)"
    )
    parser.add_argument("--power", type=share, default=POWER, help="that is wanted (default: %(default)s)")
    parser.add_argument(
        "--identities",
        type=positive,
        metavar="N",
        help="people whom the videos show; videos of one person count once a class (default: all differ)",
    )
    return parser
