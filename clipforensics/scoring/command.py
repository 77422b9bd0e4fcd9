"""`clipforensics score VIDEO... --model MODEL`: what a packaged detector says of videos."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clipforensics.arguments import share
from clipforensics.core.faults import InputError
from clipforensics.machine import kernels
from clipforensics.publishing.digests import package_digest
from clipforensics.scoring.places import find_package
from clipforensics.scoring.results import EXIT_CODES, Verdict

if TYPE_CHECKING:
    from clipforensics.scoring.detector import Detector

EPILOG = "exit status: " + ", ".join(f"{code} {outcome}" for outcome, code in EXIT_CODES.items())


def main(arguments: Sequence[str] | None = None) -> None:
    """Score, print, and exit with the highest status of all videos.

    Raises:
        InputError: the model or an input cannot be had.
        SystemExit: as `EXIT_CODES`, where that is not 0; with 2, the command line is wrong.
    """
    given = parse(arguments)
    detector = open_detector(given)
    from clipforensics.scoring.inputs import expand

    names = expand(given.videos)
    verdicts = _scored(detector, names, given)
    say(_printed(detector, verdicts, given))
    if status := max(verdict.exit_code for verdict in verdicts):
        sys.exit(status)


def say(text: str) -> None:
    """Print; names that a terminal or file cannot take are escaped.

    Raises:
        InputError: standard output cannot be written.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is not tried again
        raise InputError(f"standard output: {error.strerror or error}; write it elsewhere") from error


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="clipforensics score",
        description="What a packaged detector says of videos: opinion, evidence, score, or why none.",
        epilog=EPILOG + "; of several videos the highest; 1 error, 2 wrong command line",
    )
    parser.add_argument(
        "videos",
        nargs="+",
        metavar="VIDEO",
        help="file, folder or pattern; -: a name a line from standard input",
    )
    add_model_options(parser)
    add_prior_option(parser)
    form = parser.add_mutually_exclusive_group()
    for name, about in (("json", "one object"), ("jsonl", "an object a line"), ("csv", "a row a video")):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=f"print {about}")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.jsonl",
        help="keep each result there as it comes; given again, go on where it stopped",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    if given.out is not None and given.out.suffix != ".jsonl":
        parser.error(
            f"--out {given.out} must end in .jsonl, which it holds; for CSV: --csv > {given.out.stem}.csv"
        )
    return given


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Which detector: the same options for every command that opens one."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="folder of a package, dvc:ARTIFACT, or id of the hub",
    )
    parser.add_argument("--revision", metavar="REV", help="commit on the hub, or an artifact's version")
    parser.add_argument("--encoder", type=Path, metavar="DIR", help="its encoder, where the package lacks it")
    parser.add_argument(
        "--face-detector", type=Path, metavar="FILE", help="its face detector, where the package lacks it"
    )
    parser.add_argument(
        "--fetch", action="store_true", help="fetch an encoder or face detector that it names on the hub"
    )


def add_prior_option(parser: argparse.ArgumentParser) -> None:
    """The prior of the case, for every command that tells a probability."""
    parser.add_argument(
        "--prior", type=share, metavar="P",
        help="share of manipulated videos among those in question, for the probability (or validation's)",
    )  # fmt: skip


def open_detector(given: argparse.Namespace, *, portable: bool = False) -> "Detector":
    """The detector that a command line names; numpy and torch are loaded here, and not before.

    Args:
        given: With `add_model_options`.
        portable: Whether kernels are pinned whatever the package says (`machine.kernels`).
    """
    place = find_package(given.model, given.revision)
    if (portable or place.portable) and not kernels.too_late():
        kernels.pin_now()
    from clipforensics.scoring.detector import Detector

    parts = {"encoder": given.encoder, "face_detector": given.face_detector}
    return Detector.from_place(place, **parts, fetch=given.fetch)


def about_model(detector: "Detector", prior: float | None = None) -> dict[str, Any]:
    """What verdicts hang on: the model by the digest of its files, and the prior."""
    place = detector.place
    digest = package_digest(place.folder)
    return {"model": place.name, "commit": place.commit, "model_sha256": digest, "prior": prior}


def _scored(detector: "Detector", names: Sequence[str], given: argparse.Namespace) -> list[Verdict]:
    from clipforensics.scoring.batch import Results, score_all

    by = {name: value for name, value in about_model(detector, given.prior).items() if name != "model"}
    with Results(given.out, by) if given.out else nullcontext() as kept:
        return list(score_all(detector, names, prior=given.prior, kept=kept))


def _printed(detector: "Detector", verdicts: Sequence[Verdict], given: argparse.Namespace) -> str:
    from clipforensics.scoring import telling, writing

    rows = [verdict.to_dict() for verdict in verdicts]
    if given.form == "json":
        return writing.as_json(about_model(detector, given.prior), rows)
    if given.form == "jsonl":
        return writing.as_lines(rows)
    if given.form == "csv":
        return writing.as_csv(rows)
    return telling.tell_all(verdicts, detector.validated) + "\n"
