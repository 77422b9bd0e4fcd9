"""Who trains, validates and tests in one train set, and how much of the test leaks into the training."""

import csv
import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from clipforensics import leakage, splits
from clipforensics.cells import Protocol
from clipforensics.faults import InputError, one_line_errors
from clipforensics.files import write_json
from clipforensics.params import Section, read_section
from clipforensics.records import Video, read_videos

PARAMS = Path("params.yaml")
VIDEOS = Path("data/videos.csv")
SPLITS = Path("data/splits")
LEAKAGE = Path("metrics/leakage")
COLUMNS = ("key", "label", "manipulation", "target", "source")
FLAGS = ("target_seen", "source_seen", "any_seen", "twin")


class SplitParams(Section):
    """Section `split` of params.yaml; each protocol reads its own fractions or lists."""

    protocol: Literal["per_class", "grouped", "official"]
    seed: int = Field(ge=0)
    real_fractions: list[float]
    train_fractions: list[float]
    grouped_fractions: list[float]
    train_list: str
    val_list: str
    test_list: str


def main(train_set: str) -> None:
    """Write the three parts of a train set and the leak audit."""
    params = read_section(PARAMS, "split", SplitParams)
    protocol = read_section(PARAMS, "protocol", Protocol)
    videos = read_videos(VIDEOS)
    available = splits.available_manipulations(videos)
    trained = splits.parse_train_set(train_set, available)
    tested = splits.resolve_test_manipulations(protocol.test_manipulations, available)
    split = make_split(videos, params, trained, tested)
    audit = leakage.audit(split.train, split.test)
    leaks = leakage.find_leaks(split.train, split.test)
    for part, members in split.parts().items():
        write_part(SPLITS / train_set / f"{part}.csv", members, leaks if part == "test" else None)
    content = {"protocol": params.protocol, "sizes": split.sizes(), **audit}
    write_json(LEAKAGE / f"{train_set}.json", content)
    sizes = ", ".join(f"{part} {len(members)}" for part, members in split.parts().items())
    twins, seen = sum(leak.twin for leak in leaks), sum(leak.any_seen for leak in leaks)
    print(
        f"split {train_set} ({params.protocol}): {sizes} of {len(videos)} videos;"
        f" in test {twins} have a twin in training, {seen} a seen identity"
    )


def make_split(
    videos: list[Video], params: SplitParams, trained: tuple[str, ...], tested: tuple[str, ...]
) -> splits.Split:
    """Call the protocol that the params name."""
    who: dict[str, Any] = {"train_manipulations": trained, "test_manipulations": tested}
    if params.protocol == "per_class":
        who |= {"real_fractions": params.real_fractions, "train_fractions": params.train_fractions}
        return splits.split_per_class(videos, **who, seed=params.seed)
    if params.protocol == "grouped":
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


def write_part(path: Path, videos: tuple[Video, ...], leaks: list[leakage.Leak] | None) -> None:
    """Write one part as CSV, a row a video; with leaks, their flags as 0 and 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *(FLAGS if leaks is not None else ())])
        for i, video in enumerate(videos):
            flags = [int(getattr(leaks[i], name)) for name in FLAGS] if leaks is not None else []
            writer.writerow([*(getattr(video, name) for name in COLUMNS), *flags])


if __name__ == "__main__":
    with one_line_errors():
        if len(sys.argv) != 2:
            raise InputError("usage: python -m stages.split TRAIN_SET, for instance FaceSwap")
        main(sys.argv[1])
