"""`clipforensics explain VIDEO --model MODEL`: one page that shows why a detector says what it says."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from clipforensics.casework.outputs import check_page
from clipforensics.scoring.command import EPILOG, add_model_options, add_prior_option, open_detector
from clipforensics.writing import write_together


def main(arguments: Sequence[str] | None = None) -> None:
    """Look at the video, write the page, and exit as `clipforensics score` does.

    Raises:
        InputError: the model cannot be had, or the page cannot be written.
        SystemExit: as `scoring.results.EXIT_CODES`, where that is not 0; with 2, the command line is wrong.
    """
    given = parse(arguments)
    out = given.out or Path(f"{Path(given.video).name or 'video'}.html")
    check_page(out)
    detector = open_detector(given)
    from clipforensics.casework.examining import examine
    from clipforensics.casework.page import explain_page
    from clipforensics.casework.record import case_record
    from clipforensics.casework.telling import tell_of, unreadable
    from clipforensics.footage.content import UnreadableVideo

    try:
        seen = examine(detector, Path(given.video), prior=given.prior)
    except UnreadableVideo as error:
        sys.exit(unreadable(given.video, error))
    record = case_record(seen, detector, prior=given.prior)
    write_together(out.parent, {out.name: explain_page(seen, detector, record)})
    tell_of(seen.verdict, [out])


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="clipforensics explain",
        description="One page of one video: the opinion, what it is worth, and the frames that it hangs on.",
        epilog=EPILOG + "; 1 error, 2 wrong command line",
    )
    parser.add_argument("video", metavar="VIDEO", help="a video, a picture or a folder of numbered pictures")
    add_model_options(parser)
    add_prior_option(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FILE.html", help="the page (default: VIDEO's name, .html)"
    )
    return parser.parse_args(arguments)
