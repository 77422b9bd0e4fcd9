"""The protocols by name: which code makes a split, and what it takes from params.yaml."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_whole
from clipforensics.core.params import Section
from clipforensics.core.records import PARTS, Video
from clipforensics.protocol.cells import fold_of, repeat_of
from clipforensics.splits.cut import split_by_cut
from clipforensics.splits.elsewhere import add_elsewhere, own_manipulations, part_from
from clipforensics.splits.folds import split_by_fold
from clipforensics.splits.parts import Split, split_by_identity, split_official, split_per_class
from clipforensics.splits.published import has_parts, split_published
from clipforensics.splits.repeats import repeat_seed


class SplitSection(Section):
    """Section `split` of params.yaml; each protocol reads its own fractions, folds or lists."""

    on_leak: Literal["report", "fail"]
    seed: int = Field(ge=0)
    real_fractions: list[float]
    train_fractions: list[float]
    grouped_fractions: list[float]
    n_folds: int = Field(ge=3, le=99)
    train_list: str
    val_list: str
    test_list: str


def make_split(
    name: str,
    videos: Sequence[Video],
    params: SplitSection,
    trained: Sequence[str],
    tested: Sequence[str],
) -> Split:
    """Split by the protocol that a split is named after; videos of other data sets are tested on beside.

    Args:
        name: As in `protocol.splits`.
        videos: The table, the data set that is trained on first.
        params: Of which each protocol takes its own.
        trained: Manipulations in train and val.
        tested: Manipulations in test; all of other data sets are in it, named or not.

    Raises:
        InputError: as the protocols raise it, an official list cannot be read, or all of `tested` are of
            other data sets.
    """
    own, others = part_from(videos)
    chosen = own_manipulations(tested)
    return add_elsewhere(
        name,
        lambda one: _split_own(one, own, params, trained, chosen),
        others,
        n_folds=params.n_folds,
        seed=params.seed,
    )


def _split_own(
    name: str, videos: Sequence[Video], params: SplitSection, trained: Sequence[str], tested: Sequence[str]
) -> Split:
    """Split one data set."""
    who: dict[str, Any] = {"train_manipulations": trained, "test_manipulations": tested}
    fold = fold_of(name)
    if fold is not None:
        return split_by_fold(videos, **who, n_folds=params.n_folds, fold=fold, seed=params.seed)
    if name == "per_class":
        who |= {"real_fractions": params.real_fractions, "train_fractions": params.train_fractions}
        return split_per_class(videos, **who, seed=params.seed)
    if name == "grouped":
        return split_by_identity(videos, **who, fractions=params.grouped_fractions, seed=params.seed)
    if name == "grouped_cut":
        return split_by_cut(videos, **who, fractions=params.grouped_fractions, seed=params.seed)
    repeat = repeat_of(name)
    if repeat is not None:
        seed = repeat_seed(params.seed, repeat)
        return split_by_identity(videos, **who, fractions=params.grouped_fractions, seed=seed)
    if uses_parts(videos, params):
        return split_published(videos, **who, train_fractions=params.train_fractions, seed=params.seed)
    return split_official(videos, **who, lists=read_lists(params))


def uses_parts(videos: Sequence[Video], params: SplitSection) -> bool:
    """Whether the official protocol is the publisher's parts: no list is named, and there are such parts."""
    return not any(getattr(params, f"{part}_list") for part in PARTS) and has_parts(videos)


def read_lists(params: SplitSection) -> dict[str, list[list[str]]]:
    """The lists of the official protocol, of train, val and test.

    Raises:
        InputError: one is not named, is no file or holds no list.
    """
    return {part: _read_list(f"split.{part}_list", getattr(params, f"{part}_list")) for part in PARTS}


def _read_list(name: str, path: str) -> list[list[str]]:
    """One of FaceForensics++'s lists: JSON, a list of pairs of ids."""
    if not Path(path).is_file():
        raise InputError(
            f"{name} {path!r}: must be a file; give the path of a list such as FaceForensics++'s (only a data"
            " set whose publisher put its videos into parts needs none)"
        )
    try:
        with open_whole(Path(path)) as file:
            content = json.load(file)
    except OSError as error:
        raise InputError(f"{name} {path!r}: cannot be read: {error.strerror or error}; mend that") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} {path!r}: not JSON ({error}); give a list of pairs of ids") from error
    if not isinstance(content, list):
        raise InputError(f"{name} {path!r}: holds no list; give a list of pairs of ids")
    return content
