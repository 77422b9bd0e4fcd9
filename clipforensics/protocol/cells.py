"""One cell of the matrix (split x train set x seed): its name, its protocol, and what it is tested on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any

import pandas as pd
from pydantic import AfterValidator, Field

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section, nearest
from clipforensics.core.records import REST, data_set_of

TRAIN_SET = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$"
"""What a train set may be called: it becomes part of file names and of a shell command."""

FOLDS = "grouped_kfold"
"""The protocol whose splits are folds: `grouped_kfold-1` and so on."""

REPEATS = "grouped_repeat"
"""The protocol whose splits are repeats of `grouped`, each shuffled anew: `grouped_repeat-1` and so on."""

SPLIT = rf"^(per_class|grouped|grouped_cut|official|({FOLDS}|{REPEATS})-[1-9][0-9]?)$"
"""What a split may be called: its protocol, and its number where the protocol has several."""

WHOLE = ("per_class", "grouped", "grouped_cut", "official")
SPLITS = f"{', '.join(WHOLE)}, {FOLDS}-1 and on or {REPEATS}-1 and on"


def _each_once(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("one is listed twice; list each once")
    return values


def _a_split(name: str) -> str:
    if not re.fullmatch(SPLIT, name):
        raise ValueError(f"must be {SPLITS}{nearest(name, WHOLE)}")
    return name


EachOnce = AfterValidator(_each_once)
"""Of a list in params.yaml: no entry may come twice."""


class Protocol(Section):
    """Section `protocol` of params.yaml.

    Attributes:
        splits: Names of splits; the first is the headline's.
        train_sets: Manipulations to train on, one model each; `A+B` trains on both at once.
        test_manipulations: In the order of importance; the first is the headline.
        test_on: Further data sets, by their profiles, on all of whose manipulations every cell is tested; no
            cell trains on them.
        seeds: Training seeds, one model each.
    """

    splits: Annotated[list[Annotated[str, AfterValidator(_a_split)]], EachOnce] = Field(min_length=1)
    train_sets: Annotated[list[Annotated[str, Field(pattern=TRAIN_SET)]], EachOnce] = Field(min_length=1)
    test_manipulations: Annotated[list[str], EachOnce] = Field(min_length=1)
    test_on: Annotated[list[str], EachOnce] = Field(default=[])
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**63)]], EachOnce] = Field(min_length=1)

    @property
    def headline(self) -> "Cell":
        """The cell of the first split, train set and seed."""
        return Cell(self.splits[0], self.train_sets[0], self.seeds[0])

    @property
    def cells(self) -> list["Cell"]:
        """Every training run."""
        return [Cell(*one) for one in product(self.splits, self.train_sets, self.seeds)]


@dataclass(frozen=True)
class Cell:
    """Which training run.

    Attributes:
        split: As in `protocol.splits`.
        train_set: As in `protocol.train_sets`.
        seed: As in `protocol.seeds`.
    """

    split: str
    train_set: str
    seed: int

    @classmethod
    def parse(cls, split: str, train_set: str, seed: str) -> "Cell":
        """From a stage's command line.

        Raises:
            InputError: a name cannot be part of a file name, or the seed is no number.
        """
        check_split(split)
        if not re.fullmatch(TRAIN_SET, train_set):
            raise InputError(
                f"protocol.train_sets: {train_set!r} may hold only letters, digits, and _ . + -; rename it"
            )
        if not seed.isdecimal():
            raise InputError(f"protocol.seeds: {seed!r} is not a whole number from 0; write one such as 42")
        return cls(split, train_set, int(seed))

    @property
    def name(self) -> str:
        """`<split>/<train_set>-<seed>`, as in file names."""
        return f"{self.split}/{self.train_set}-{self.seed}"


def check_split(name: str) -> None:
    """Raise InputError unless `name` is one that `protocol.splits` may list."""
    if not re.fullmatch(SPLIT, name):
        raise InputError(f"protocol.splits: {name!r} is not a split; write {SPLITS}")


def protocol_of(split: str) -> str:
    """The protocol of a split: its name without the number of a fold or repeat."""
    return split.split("-")[0]


def fold_of(split: str) -> int | None:
    """1-based number of the fold, None for a split that is no fold."""
    name, _, number = split.partition("-")
    return int(number) if name == FOLDS else None


def repeat_of(split: str) -> int | None:
    """1-based number of the repeat, None for a split that is no repeat."""
    name, _, number = split.partition("-")
    return int(number) if name == REPEATS else None


def by_protocol(splits: Sequence[str], n_folds: int) -> dict[str, list[str]]:
    """Splits of each protocol, in the order of first appearance.

    Folds must all be there; of repeats any number may.

    Raises:
        InputError: folds are listed without the others: then a video would have no score from a model
            that has not seen it.
    """
    found: dict[str, list[str]] = {}
    for split in splits:
        found.setdefault(protocol_of(split), []).append(split)
    wanted = {f"{FOLDS}-{i + 1}" for i in range(n_folds)}
    if FOLDS in found and set(found[FOLDS]) != wanted:
        raise InputError(
            f"protocol.splits lists {len(found[FOLDS])} folds, but split.n_folds is {n_folds};"
            f" list {FOLDS}-1 to {FOLDS}-{n_folds}, or change split.n_folds"
        )
    return found


def pooled_splits(protocols: Mapping[str, Sequence[str]]) -> list[tuple[str, str, list[str]]]:
    """Splits whose tests are one: all folds, since their videos differ; each repeat alone, since its do not.

    Args:
        protocols: Splits by protocol, as `by_protocol` gives them.

    Returns:
        (protocol, name, splits) in their order; the name is the repeat's, else the protocol's.
    """
    found = []
    for protocol, splits in protocols.items():
        apart = protocol == REPEATS
        found += [(protocol, one, [one]) for one in splits] if apart else [(protocol, protocol, [*splits])]
    return found


def tested_manipulations(test: pd.DataFrame, wanted: list[str], *, split: str, train_set: str) -> list[str]:
    """The manipulations in a cell's test part, as `order_manipulations` orders them.

    Args:
        test: The test part: columns label, manipulation.
        wanted: `protocol.test_manipulations`.
        split: The cell's; a fold may lack some.
        train_set: The cell's.
    """
    present = sorted(set(test["manipulation"][test["label"] == 1]))
    return order_manipulations(wanted, present, trained=train_set, one_fold=fold_of(split) is not None)


def order_manipulations(
    wanted: list[str], present: list[str], *, trained: str, one_fold: bool = False
) -> list[str]:
    """The manipulations that a cell's test part has, in the order of `protocol.test_manipulations`.

    Those of data sets that are only tested on come last, where the list does not name them. One that the cell
    trains on may be missing (per_class keeps no test part of it), and any in a single fold (the others have
    it); no other.

    Args:
        wanted: `protocol.test_manipulations`, with `rest` for all that it does not name.
        present: Manipulations with test videos.
        trained: The cell's train set.
        one_fold: Whether the test part is that of a single fold.

    Raises:
        InputError: one that is wanted has no test videos, or none is left.
    """
    lost = sorted(set(wanted) - set(present) - {REST} - set(trained.split("+")))
    if lost and not one_fold:
        raise InputError(
            f"protocol.test_manipulations: {lost} have no test videos under this split;"
            f" those that have: {sorted(present)}; change the list, split.seed or the fractions of the split"
        )
    rest = sorted(set(present) - set(wanted), key=lambda name: (data_set_of(name), name))
    ordered = [name for want in wanted for name in (rest if want == REST else [want])]
    ordered += [name for name in rest if data_set_of(name)]
    tested = list(dict.fromkeys(name for name in ordered if name in present))
    if not tested:
        raise InputError(
            f"protocol.test_manipulations: none of {wanted} has test videos;"
            f" those that have: {sorted(present)}"
        )
    return tested


CLEAN_PROTOCOLS = (FOLDS, REPEATS, "grouped", "grouped_cut", "official")
"""Protocols that are made not to leak, the one with the most test videos first. Whether one does, counts say
(`comparison.leaks`)."""
