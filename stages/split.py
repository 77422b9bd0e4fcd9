"""Who trains, validates and tests in one split and train set, and how much of the test leaks."""

import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from clipforensics import leakage, splits
from clipforensics.cells import FLAGS, Protocol, by_protocol, check_split, fold_of, protocol_of, write_split
from clipforensics.faults import InputError, one_line_errors
from clipforensics.files import write_json
from clipforensics.folds import split_by_fold
from clipforensics.params import Section, read_section
from clipforensics.records import Video, read_videos

PARAMS = Path("params.yaml")
VIDEOS = Path("data/videos.csv")
SPLITS = Path("data/splits")
LEAKAGE = Path("metrics/leakage")


class SplitParams(Section):
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


def main(name: str, train_set: str) -> None:
    """Write the three parts of a train set and the leak audit; fail on a leak if told to."""
    check_split(name)
    params = read_section(PARAMS, "split", SplitParams)
    protocol = read_section(PARAMS, "protocol", Protocol)
    by_protocol(protocol.splits, params.n_folds)
    videos = read_videos(VIDEOS)
    available = splits.available_manipulations(videos)
    trained = splits.parse_train_set(train_set, available)
    tested = splits.resolve_test_manipulations(protocol.test_manipulations, available)
    split = make_split(name, videos, params, trained, tested)
    groups = leakage.groups_by_key(videos)
    leaks = leakage.find_leaks(split.train, split.test)
    flags = {flag: [getattr(leak, flag) for leak in leaks] for flag in FLAGS}
    for part, members in split.parts().items():
        path = SPLITS / name / train_set / f"{part}.csv"
        write_split(path, members, groups, flags if part == "test" else {})
    audit = leakage.audit(split.train, split.test)
    unknown = {part: leakage.count_unknown(members) for part, members in split.parts().items()}
    about = {
        "split": name,
        "protocol": protocol_of(name),
        "train_set": train_set,
        "sizes": split.sizes(),
        "unknown_identity": unknown,
    }
    write_json(LEAKAGE / name / f"{train_set}.json", {**about, **audit})
    sizes = ", ".join(f"{part} {len(members)}" for part, members in split.parts().items())
    print(f"split {name} {train_set}: {sizes} of {len(videos)} videos; {leakage.summary(split.test, leaks)}")
    if params.on_leak == "fail":
        leakage.check_clean(f"split {name} of {train_set}", split.train, split.test)


def make_split(
    name: str, videos: list[Video], params: SplitParams, trained: tuple[str, ...], tested: tuple[str, ...]
) -> splits.Split:
    """Call the protocol that the split is named after."""
    who: dict[str, Any] = {"train_manipulations": trained, "test_manipulations": tested}
    fold = fold_of(name)
    if fold is not None:
        return split_by_fold(videos, **who, n_folds=params.n_folds, fold=fold, seed=params.seed)
    if name == "per_class":
        who |= {"real_fractions": params.real_fractions, "train_fractions": params.train_fractions}
        return splits.split_per_class(videos, **who, seed=params.seed)
    if name == "grouped":
        return splits.split_by_identity(videos, **who, fractions=params.grouped_fractions, seed=params.seed)
    lists = {part: read_list(f"split.{part}_list", getattr(params, f"{part}_list")) for part in splits.PARTS}
    return splits.split_official(videos, **who, lists=lists)


def read_list(name: str, path: str) -> list[list[str]]:
    """Read one of FaceForensics++'s lists: JSON, a list of pairs of ids."""
    if not Path(path).is_file():
        raise InputError(
            f"{name} {path!r}: must be a file; give the path of a list such as FaceForensics++'s"
        )
    try:
        content = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise InputError(f"{name} {path!r}: not JSON ({error}); give a list of pairs of ids") from error
    if not isinstance(content, list):
        raise InputError(f"{name} {path!r}: holds no list; give a list of pairs of ids")
    return content


if __name__ == "__main__":
    with one_line_errors():
        if len(sys.argv) != 3:
            raise InputError("usage: python -m stages.split SPLIT TRAIN_SET, for instance per_class FaceSwap")
        main(*sys.argv[1:])
