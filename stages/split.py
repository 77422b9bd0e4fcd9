"""Who trains, validates and tests in one split and train set, and how much of the test leaks."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section
from clipforensics.core.records import read_videos
from clipforensics.protocol.cells import Protocol, by_protocol, check_split, protocol_of
from clipforensics.protocol.tables import write_split
from clipforensics.splits import leakage, parts
from clipforensics.splits.auditing import audit_of, flags_of, summary
from clipforensics.splits.by_name import SplitSection, make_split
from clipforensics.splits.elsewhere import groups_of

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
    groups = groups_of(made, videos)
    flags = flags_of(made)
    for part, members in made.parts().items():
        write_split(SPLITS / split / train_set / f"{part}.csv", members, groups, flags[part])
    about = {
        "split": split,
        "protocol": protocol_of(split),
        "train_set": train_set,
        "sizes": made.sizes(),
    }
    if made.left_out:
        about["left_out"] = {"n": len(made.left_out), "why": made.why}
    write_json(LEAKAGE / split / f"{train_set}.json", {**about, **audit_of(made, groups)})
    sizes = ", ".join(f"{part} {len(members)}" for part, members in made.parts().items())
    print(f"split {split} {train_set}: {sizes} of {len(videos)} videos; {summary(made)}")
    if params.on_leak == "fail":
        leakage.check_clean(f"split {split} of {train_set}", made.train, made.val, made.test)


if __name__ == "__main__":
    run_command(main, example="--split grouped --train_set FaceSwap")
