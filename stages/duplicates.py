"""Which videos of different parts look alike, and whether their names explain it."""

from itertools import product
from pathlib import Path

import pandas as pd

from clipforensics.core.faults import run_command
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section
from clipforensics.core.records import read_videos
from clipforensics.duplicates.auditing import audit, summary, with_explanation
from clipforensics.duplicates.matching import similar_videos
from clipforensics.duplicates.settings import DuplicatesSection
from clipforensics.protocol.cells import Protocol, protocol_of
from clipforensics.protocol.tables import read_split

PARAMS = Path("params.yaml")
HASHES = Path("data/hashes.csv")
VIDEOS = Path("data/videos.csv")
SPLITS = Path("data/splits")
OUT = Path("data/metrics/leakage/content")


def main() -> None:
    """Read hashes and every split, find pairs, count, write a file a split and train set."""
    params = read_section(PARAMS, "duplicates", DuplicatesSection)
    protocol = read_section(PARAMS, "protocol", Protocol)
    hashed = pd.read_csv(HASHES, dtype={"key": str, "frame": int, "hash": str}, na_filter=False)
    pairs = with_explanation(similar_videos(hashed, distance=params.distance), read_videos(VIDEOS))
    for split, train_set in product(protocol.splits, protocol.train_sets):
        folder = SPLITS / split / train_set
        parts = {part: read_split(folder / f"{part}.csv") for part in ("train", "val", "test")}
        found = audit(pairs, parts, set(hashed["key"]))
        about = {"split": split, "protocol": protocol_of(split), "train_set": train_set}
        write_json(OUT / split / f"{train_set}.json", {**about, **params.model_dump(), **found})
        print(f"{split} {train_set}: {summary(found)}")


if __name__ == "__main__":
    run_command(main)
