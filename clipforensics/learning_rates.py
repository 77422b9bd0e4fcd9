"""`clipforensics learning-rates`: validation AUC of every trained method at every rate of a list.

How the rates in params.yaml were chosen on the sample, and how others are on other footage. Reads what
`dvc repro` left of the run of params.yaml: frames, embeddings, and the train and validation parts of the
league's split (`comparison.league.validation_protocol`), first train set and seed. No test video of that
split is read. The best has the highest validation rank (video AUC, then frame AUC); of equals, the lowest
rate.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd

from clipforensics.adaptation.contract import find_detector, known_detectors
from clipforensics.comparison.league import validation_protocol
from clipforensics.comparison.leaks import share_in_training
from clipforensics.core.faults import InputError
from clipforensics.core.params import read_section, read_value
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.encoder.vision import EncoderSection
from clipforensics.frames.store import FrameStore
from clipforensics.protocol.cells import Protocol, by_protocol
from clipforensics.protocol.tables import read_split
from clipforensics.training.budget import TrainSection
from clipforensics.training.task import Task

RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)

Rank = tuple[float, float]
"""Validation AUC by video, by frame."""


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Print a Markdown table, a line a method, its best rate in bold.

    Args:
        arguments: Of the command line; by default those of this process.
        project: Folder of params.yaml and of what its run left.

    Raises:
        InputError: a method has no learning rate; params.yaml is wrong, or its run has not been made.
        SystemExit: with 2, the command line is wrong.
    """
    given = _parser().parse_args(arguments)
    known = trained_methods()
    for method in given.methods:
        if method not in known:
            raise InputError(f"{method!r} is no method with a learning rate; there are {', '.join(known)}")
    rates = sorted(given.rates)
    print(f"| method | {' | '.join(f'{rate:g}' for rate in rates)} |\n|---|{'--:|' * len(rates)}", flush=True)
    for method in given.methods or known:
        print(row_of(method, [rank_at(project, method, rate) for rate in rates]), flush=True)


def trained_methods() -> list[str]:
    """Methods whose settings have a learning rate."""
    return [n for n in known_detectors() if "learning_rate" in find_detector(n).settings.model_fields]


def rank_at(project: Path, method: str, rate: float) -> Rank | None:
    """How well a training at this rate does on validation; None if it refused, with the reason on stderr."""
    found = find_detector(method)
    shipped = read_section(project / "params.yaml", f"methods.{method}", found.settings)
    settings = shipped.model_copy(update={"learning_rate": rate})
    with tempfile.TemporaryDirectory() as text, redirect_stdout(sys.stderr):
        scratch = Path(text, "scratch")
        scratch.mkdir()
        task = make_task(project, scratch)
        try:
            return found.fit(task, settings, Path(text, "weights")).rank
        except InputError as error:
            print(f"{method} at {rate:g}: {error}", file=sys.stderr)
            return None


def make_task(project: Path, scratch: Path) -> Task:
    """The league's cell without its test part.

    Raises:
        InputError: params.yaml is wrong, or its run has not been made.
    """
    params = project / "params.yaml"
    protocol = read_section(params, "protocol", Protocol)
    protocols = by_protocol(protocol.splits, read_value(params, "split", "n_folds", int))
    frames = FrameStore.open(project / "data/frames")
    split = protocols[_validated(project, protocols, protocol.train_sets[0])][0]
    folder = project / "data/splits" / split
    train, val = (
        frames.rows.labelled(read_split(folder / protocol.train_sets[0] / f"{part}.csv"))
        for part in ("train", "val")
    )
    encoder: Any = read_section(params, "encoder", EncoderSection).model_dump()
    budget = read_section(params, "train", TrainSection)
    embeddings = EmbeddingStore(project / "data/embeddings")
    return Task(frames, embeddings, train, val, encoder, budget, protocol.seeds[0], scratch)


def _validated(project: Path, protocols: Mapping[str, Sequence[str]], train_set: str) -> str:
    """The protocol whose validation orders the league, of the parts that stage split wrote."""
    folder = project / "data/splits"
    return validation_protocol({
        name: share_in_training(pd.concat([read_split(folder / s / train_set / "val.csv") for s in splits]))
        for name, splits in protocols.items()
    })  # fmt: skip


def row_of(method: str, ranks: Sequence[Rank | None]) -> str:
    """A line of the table; a rate at which training refused has a dash."""
    cells = ["-" if rank is None else f"{rank[0]:.3f} ({rank[1]:.3f})" for rank in ranks]
    if reached := [rank for rank in ranks if rank is not None]:
        best = ranks.index(max(reached))
        cells[best] = f"**{cells[best]}**"
    return f"| {method} | {' | '.join(cells)} |"


def _rate(text: str) -> float:
    if not 0 < (value := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, is {text}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics learning-rates",
        description="Validation AUC by video (by frame) of every trained method at every learning rate.",
    )
    parser.add_argument(
        "methods", nargs="*", metavar="METHOD", help="by default every method that has a rate"
    )
    shown = " ".join(f"{rate:g}" for rate in RATES)
    parser.add_argument("--rates", nargs="+", type=_rate, default=RATES, help=f"default: {shown}")
    return parser
