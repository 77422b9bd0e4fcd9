"""`clipforensics case VIDEO --model MODEL --out DIR`: a case file, which a second examiner can repeat."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipforensics.casework.outputs import PAGE, RECORD, check_folder
from clipforensics.scoring.command import EPILOG, add_model_options, add_prior_option, open_detector
from clipforensics.writing import write_together

if TYPE_CHECKING:
    from clipforensics.casework.examining import Examination

ELSEWHERE = {"encoder": "--encoder", "face_detector": "--face-detector"}
"""Options by which parts are named that the package lacks."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a case, or compare one with what is found now; exit as `clipforensics score` does.

    Raises:
        InputError: the model cannot be had, the files cannot be written, or there is no case to compare.
        SystemExit: as `scoring.results.EXIT_CODES`, where that is not 0; with 1, a case differs; with 2, the
            command line is wrong.
    """
    given = parse(arguments)
    if given.out is not None:
        check_folder(given.out)
    before = None
    if given.verify is not None:
        from clipforensics.casework.verifying import read_case

        before = read_case(given.verify)
        given.prior = before.prior
    seen, texts = made(given)
    if before is not None:
        from clipforensics.casework.verifying import tell_differences

        tell_differences(before, texts)
        return
    from clipforensics.casework.telling import tell_of

    write_together(given.out, texts)
    tell_of(seen.verdict, [given.out / name for name in texts])


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="clipforensics case",
        description="A case file of one video: case.html to print, and case.json with everything.",
        epilog=EPILOG + "; 1 error, or with --verify a difference; 2 wrong command line",
    )
    parser.add_argument("video", metavar="VIDEO", help="a video, a picture or a folder of numbered pictures")
    add_model_options(parser)
    add_prior_option(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="DIR", help="a new folder, or that of an earlier case")
    what.add_argument(
        "--verify", type=Path, metavar="CASE.json", help="do an earlier case again, and say what differs"
    )
    given = parser.parse_args(arguments)
    if given.verify is not None and given.prior is not None:
        parser.error("--prior stands in the case file; leave it out with --verify")
    return given


def made(given: argparse.Namespace) -> "tuple[Examination, dict[str, str]]":
    """The video looked at on the CPU with pinned kernels, and the text of each file."""
    os.environ["CLIPFORENSICS_DEVICE"] = "cpu"
    detector = open_detector(given, portable=True)
    from clipforensics.casework.examining import examine
    from clipforensics.casework.page import case_page
    from clipforensics.casework.record import as_text, case_record
    from clipforensics.casework.telling import unreadable
    from clipforensics.footage.content import UnreadableVideo

    try:
        seen = examine(detector, Path(given.video), prior=given.prior)
    except UnreadableVideo as error:
        sys.exit(unreadable(given.video, error))
    elsewhere: list[Any] = [option for name, option in ELSEWHERE.items() if getattr(given, name) is not None]
    record = case_record(seen, detector, prior=given.prior, elsewhere=elsewhere)
    return seen, {PAGE: case_page(seen, detector, record), RECORD: as_text(record)}
