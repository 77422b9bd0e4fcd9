"""The command line of `clipforensics audit`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from clipforensics.arguments import finite, positive, share, whole
from clipforensics.metrics.pooling import Pooling
from clipforensics.naming.choosing import NAMINGS
from clipforensics.statistics.replicates import Cluster

_OF_SCORES = (
    "disjoint",
    "threshold",
    "chosen_from",
    "aggregate",
    "cluster",
    "replicates",
    "seed",
    "confidence",
)
"""Options that mean nothing for lists alone."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the words of the command line.

    Raises:
        SystemExit: with 2, they are wrong; with 0, help was asked for.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.splits and (given.scores or given.train or given.val or given.reference):
        parser.error("--splits compares lists alone: give no SCORES, --train, --val or --reference with it")
    if not given.splits and not (given.scores and given.train and given.out):
        parser.error("give SCORES, --train and --out; or --splits and lists")
    if given.allow_unknown and not given.splits:
        parser.error("--allow-unknown goes with --splits")
    ignored = [name for name in _OF_SCORES if getattr(given, name) != parser.get_default(name)]
    if given.splits and ignored:
        parser.error(f"--{ignored[0].replace('_', '-')} is about scores: leave it out with --splits")
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics audit",
        usage="clipforensics audit SCORES [SCORES ...] --train LIST --out DIR [options]\n"
        "       clipforensics audit --splits LIST LIST [LIST ...] [--out DIR] [options]",
        description="What scores of any detector are worth, and how much of it may be leakage; or what lists"
        " of videos share.",
        epilog="SCORES has columns manipulation, video, frame, label, score, or path instead of the first"
        " three; without frames they are scores of videos. A LIST has manipulation, video, or path, or one"
        " path a line, or is JSON of FaceForensics++ or DeepfakeBench. CSV, JSON lines and parquet are read."
        " Exit status of --splits: 0 nothing is shared, 1 something is or may be, or a file is wrong, 2 wrong"
        " usage.",
    )
    _inputs(parser)
    _choices(parser)
    return parser


def _inputs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("scores", nargs="*", type=Path, metavar="SCORES", help="scores; several detectors: several files")
    _add_files(
        parser, "--train", "LIST", "videos that the detectors were trained on; may be given repeatedly"
    )
    _add_files(parser, "--val", "LIST", "videos on which settings, checkpoints and thresholds were chosen")
    add("--splits", nargs="+", default=[], type=Path, metavar="LIST", help="lists to compare, one a part")
    add("--out", type=Path, metavar="DIR", help="where metrics.json and report.html go")
    add(
        "--naming", choices=NAMINGS, help="how videos are named (default: ffpp, if every name is three-digit)"
    )
    _add_files(parser, "--metadata", "FILE", "DFDC's metadata.json, for --naming dfdc; repeatedly")
    add("--identities", type=Path, metavar="TABLE", help="who is in each video: video,identity[,identity...]")
    add("--youtube-ids", type=Path, metavar="FILE", help="FaceForensics++'s conversion_dict.json")
    add("--reference", type=Path, metavar="OTHER", help="scores to compare with (default: the first SCORES)")
    add("--real", action="append", default=[], metavar="NAME", help="manipulation that means real in lists")


def _add_files(parser: argparse.ArgumentParser, name: str, metavar: str, about: str) -> None:
    parser.add_argument(name, action="append", default=[], type=Path, metavar=metavar, help=about)


def _choices(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--disjoint", action="store_true", help="training is meant to share no identity with SCORES")
    add("--allow-unknown", action="store_true", help="--splits: videos of unknown people are no failure")
    add(
        "--chosen-from",
        type=positive,
        default=1,
        metavar="N",
        help="the reference is the best of N by test",
    )
    add("--aggregate", choices=get_args(Pooling), default="mean", help="frame scores to a video's")
    add("--threshold", type=finite, help="manipulated from here on (default: .5 for scores in [0, 1])")
    add("--cluster", choices=get_args(Cluster), default="identity", help="what the bootstrap draws")
    add("--replicates", type=positive, default=2_000, help="of the bootstrap (default: %(default)s)")
    add("--seed", type=whole, default=42, help="of the bootstrap (default: %(default)s)")
    add("--confidence", type=share, default=0.95, help="of the intervals (default: %(default)s)")
