"""The engines that are installed, side by side: frames through the encoder, each in turn in every round.

Each row sets one engine beside eager, which all are held to; how far apart they are stands in it. Building
an engine, which happens once a run, is not in its time.
"""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.material import TOY, VIT_B_32, Shape, write_clip
from benchmarks.table import Row, Side, Skipped, make_row, timed
from clipforensics.encoder.embeddings import EAGER
from clipforensics.encoder.vision import load_preprocessing, load_vision_tower
from clipforensics.engines.choosing import ENGINES, missing
from clipforensics.engines.embedding import Embed, engine_embedder


@dataclass(frozen=True)
class Load:
    """How many frames a batch and batches a round, through which encoder."""

    name: str
    shape: Shape
    batch: int
    batches: int
    rounds: int


FULL = (Load("ViT-B/32", VIT_B_32, batch=32, batches=1, rounds=5),)
TINY = (Load("a toy", TOY, batch=4, batches=1, rounds=1),)


def rows(size: tuple[Load, ...]) -> Iterator[Row]:
    """One row an engine and encoder.

    Raises:
        Skipped: nothing but eager can run here.
    """
    there = [name for name in ENGINES if not missing(name)]
    if not there:
        raise Skipped(f"compile needs {missing('compile')}")
    for load in size:
        with tempfile.TemporaryDirectory() as text:
            frames, embedders = prepare(Path(text), load, there)
            apart = {name: _apart(embed, embedders[EAGER], frames) for name, embed in embedders.items()}
            rounds = list(
                in_turn({name: side(embed, frames, load) for name, embed in embedders.items()}, load)
            )
        for name in there:
            yield make_row(
                f"embed frames with {name} / eager, {load.name} ({apart[name]:.0e} apart)",
                [(taken[name], taken[EAGER]) for taken in rounds],
                goal=None,
                work=load.batch * load.batches,
                unit="frames/s",
            )


def prepare(folder: Path, load: Load, engines: list[str]) -> tuple[NDArray[np.uint8], dict[str, Embed]]:
    """Frames of noise, and the encoder by each engine."""
    about, cpu = write_clip(folder / "clip", load.shape), torch.device("cpu")
    tower = load_vision_tower(about["model"], about["revision"], cpu)
    preprocessing = load_preprocessing(about["model"], about["revision"], fitting=None)
    shape = (load.batch, preprocessing.size, preprocessing.size, 3)
    frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    build: Callable[..., Embed] = partial(
        engine_embedder, device=cpu, dtype=torch.float32, batch_size=load.batch
    )
    found = {
        name: build(name, tower, preprocessing, "projected", folder=folder / name)
        for name in (EAGER, *engines)
    }
    with contextlib.redirect_stdout(io.StringIO()):  # what each says of its first batch stands in the table
        for embed in found.values():
            embed(frames)
    return frames, found


def side(embed: Embed, frames: NDArray[np.uint8], load: Load) -> Side:
    """Frames -> embeddings, as often as a round wants."""
    return timed(lambda: [embed(frames) for _ in range(load.batches)])


def in_turn(sides: dict[str, Side], load: Load) -> Iterator[dict[str, float]]:
    """What each took, round by round; every round begins with another, and one before counts not."""
    names = list(sides)
    for number in range(load.rounds + 1):
        first = number % len(names)
        taken = {name: sides[name]() for name in names[first:] + names[:first]}
        if number:
            yield taken


def _apart(embed: Embed, eager: Embed, frames: NDArray[np.uint8]) -> float:
    pair = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in (embed(frames), eager(frames))]
    return float(np.abs(pair[0] - pair[1]).max())
