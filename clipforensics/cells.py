"""One cell of the matrix (train set x seed): its name, and the table of scores that it leaves."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from clipforensics.faults import InputError
from clipforensics.params import Section
from clipforensics.records import REST

SCORE_COLUMNS = {"key": str, "manipulation": str, "label": int, "part": str, "frame": int, "score": float}


TRAIN_SET = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$"
"""What a train set may be called: it becomes part of file names and of a shell command."""


class Protocol(Section):
    """Section `protocol` of params.yaml.

    Attributes:
        train_sets: Manipulations to train on, one model each; `A+B` trains on both at once.
        test_manipulations: In the order of importance; the first is the headline.
        seeds: Training seeds, one model each.
    """

    train_sets: list[Annotated[str, Field(pattern=TRAIN_SET)]] = Field(min_length=1)
    test_manipulations: list[str] = Field(min_length=1)
    seeds: list[Annotated[int, Field(ge=0, lt=2**63)]] = Field(min_length=1)


@dataclass(frozen=True)
class Cell:
    """Which training run.

    Attributes:
        train_set: As in `protocol.train_sets`.
        seed: As in `protocol.seeds`.
    """

    train_set: str
    seed: int

    @classmethod
    def parse(cls, train_set: str, seed: str) -> "Cell":
        """From a stage's command line.

        Raises:
            InputError: the train set cannot be part of a file name, or the seed is no number.
        """
        if not re.fullmatch(TRAIN_SET, train_set):
            raise InputError(
                f"protocol.train_sets: {train_set!r} may hold only letters, digits, and _ . + -; rename it"
            )
        if not seed.isdecimal():
            raise InputError(f"protocol.seeds: {seed!r} is not a whole number from 0; write one such as 42")
        return cls(train_set, int(seed))

    @property
    def name(self) -> str:
        """`<train_set>-<seed>`, as in file names."""
        return f"{self.train_set}-{self.seed}"


def order_manipulations(wanted: list[str], present: list[str], *, trained: str) -> list[str]:
    """The manipulations that a cell's test part has, in the order of `protocol.test_manipulations`.

    One that the cell trains on may be missing (per_class keeps no test part of it), no other.

    Args:
        wanted: `protocol.test_manipulations`, with `rest` for all that it does not name.
        present: Manipulations with test videos.
        trained: The cell's train set.

    Raises:
        InputError: one that is wanted has no test videos, or none is left.
    """
    lost = sorted(set(wanted) - set(present) - {REST} - set(trained.split("+")))
    if lost:
        raise InputError(
            f"protocol.test_manipulations: {lost} have no test videos under this split;"
            f" those that have: {sorted(present)}; change the list, split.seed or the fractions of the split"
        )
    rest = sorted(set(present) - set(wanted))
    ordered = [name for want in wanted for name in (rest if want == REST else [want])]
    tested = list(dict.fromkeys(name for name in ordered if name in present))
    if not tested:
        raise InputError(
            f"protocol.test_manipulations: none of {wanted} has test videos;"
            f" those that have: {sorted(present)}"
        )
    return tested


def _read_table(path: Path, kinds: type | dict[str, type]) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path} does not exist; run `dvc repro`")
    return pd.read_csv(path, dtype=kinds, na_filter=False)


def write_scores(path: Path, scores: pd.DataFrame) -> None:
    """Write the table of frame scores; 9 digits, which name a float32 uniquely."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scores[list(SCORE_COLUMNS)].to_csv(path, index=False, lineterminator="\n", float_format="%.9g")


def read_scores(path: Path) -> pd.DataFrame:
    """Read a table of frame scores: key, manipulation, label, part (val or test), frame, score."""
    return _read_table(path, SCORE_COLUMNS)


def read_split(path: Path) -> pd.DataFrame:
    """Read one part of a split: key, label, manipulation, target, source, and leak flags in test."""
    table = _read_table(path, str)
    flags = [c for c in table.columns if c in {"label", "target_seen", "source_seen", "any_seen", "twin"}]
    return table.astype(dict.fromkeys(flags, int))
