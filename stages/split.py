"""Who trains, validates and tests in one split and train set, and how much of the test leaks."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section
from clipforensics.core.records import read_videos
from clipforensics.protocol.cells import Protocol, by_protocol, check_split, protocol_of
from clipforensics.protocol.tables import FLAGS, VAL_FLAGS, write_split
from clipforensics.splits import leakage, parts
from clipforensics.splits.by_name import SplitSection, make_split

PARAMS = Path("params.yaml")
VIDEOS = Path("data/videos.csv")
SPLITS = Path("data/splits")
LEAKAGE = Path("data/metrics/leakage")


def main(split: str, train_set: str) -> None:
    """Write the three parts of a train set and the leak audit; fail on a leak if told to."""
    check_split(split)
    params = read_section(PARAMS, "split", SplitSection)
    protocol = read_section(PARAMS, "protocol", Protocol)
    by_protocol(protocol.splits, params.n_folds)
    videos = read_videos(VIDEOS)
    available = parts.available_manipulations(videos)
    trained = parts.parse_train_set(train_set, available)
    tested = parts.resolve_test_manipulations(protocol.test_manipulations, available)
    made = make_split(split, videos, params, trained, tested)
    # What is left out because it ties parts together must not tie them in the bootstrap either.
    groups = leakage.groups_by_key([*made.train, *made.val, *made.test] if made.left_out else videos)
    flags = _flags(made)
    for part, members in made.parts().items():
        write_split(SPLITS / split / train_set / f"{part}.csv", members, groups, flags[part])
    of_test = [groups[video.key] for video in made.test]
    audit = leakage.audit(made.train, made.test, of_test)
    audit["validation"] = leakage.audit(made.val, made.test, of_test)
    unknown = {part: leakage.count_unknown(members) for part, members in made.parts().items()}
    about = {
        "split": split,
        "protocol": protocol_of(split),
        "train_set": train_set,
        "sizes": made.sizes(),
        "unknown_identity": unknown,
    }
    if made.left_out:
        about["left_out"] = {"n": len(made.left_out), "why": made.why}
    write_json(LEAKAGE / split / f"{train_set}.json", {**about, **audit})
    sizes = ", ".join(f"{part} {len(members)}" for part, members in made.parts().items())
    print(f"split {split} {train_set}: {sizes} of {len(videos)} videos; {_summary(made)}")
    if params.on_leak == "fail":
        leakage.check_clean(f"split {split} of {train_set}", made.train, made.val, made.test)


def _flags(made: parts.Split) -> dict[str, dict[str, list[bool]]]:
    """Leak flags of each part, by column."""
    same = {name: name for name in FLAGS}
    return {
        "train": {"unknown": [video.unknown for video in made.train]},
        "val": _columns(leakage.find_leaks(made.train, made.val), same),
        "test": _columns(leakage.find_leaks(made.train, made.test), same)
        | _columns(leakage.find_leaks(made.val, made.test), VAL_FLAGS),
    }


def _summary(made: parts.Split) -> str:
    """What training knows of the test, and how much is in no part."""
    text = leakage.summary(made.test, leakage.find_leaks(made.train, made.test))
    return text + (f"; {len(made.left_out)} left out: {made.why}" if made.left_out else "")


def _columns(leaks: list[leakage.Leak], flags: dict[str, str]) -> dict[str, list[bool]]:
    """Column -> its flag of every video."""
    return {column: [getattr(leak, flag) for leak in leaks] for column, flag in flags.items()}


if __name__ == "__main__":
    run_command(main, example="--split grouped --train_set FaceSwap")
