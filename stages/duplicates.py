"""Which videos of different parts look alike, and whether their names explain it."""

from itertools import product
from pathlib import Path

import pandas as pd

from clipforensics.core.faults import run_command
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.duplicates.auditing import audit, check_clean, summary, with_explanation
from clipforensics.duplicates.matching import similar_videos
from clipforensics.duplicates.settings import DuplicatesSection
from clipforensics.protocol.cells import Protocol, protocol_of
from clipforensics.protocol.tables import read_parts

PARAMS = Path("params.yaml")
HASHES = Path("data/hashes.csv")
VIDEOS = Path("data/videos.csv")
SPLITS = Path("data/splits")
OUT = Path("data/metrics/leakage/content")


def main() -> None:
    """Read hashes and every split, find pairs, count, write a file a split and train set; fail if told to."""
    params = read_section(PARAMS, "duplicates", DuplicatesSection)
    protocol = read_section(PARAMS, "protocol", Protocol)
    hashed = pd.read_csv(HASHES, dtype={"key": str, "frame": int, "hash": str}, na_filter=False)
    pairs = with_explanation(similar_videos(hashed, distance=params.distance), read_videos(VIDEOS))
    audited = {}
    for split, train_set in product(protocol.splits, protocol.train_sets):
        found = audit(pairs, read_parts(SPLITS / split / train_set), set(hashed["key"]))
        audited[f"split {split} of {train_set}"] = found
        about = {"split": split, "protocol": protocol_of(split), "train_set": train_set}
        write_json(OUT / split / f"{train_set}.json", {**about, **params.model_dump(), **found})
        print(f"{split} {train_set}: {summary(found)}")
    if read_value(PARAMS, "split", "on_leak", str) == "fail":
        for name, found in audited.items():
            check_clean(name, found)


if __name__ == "__main__":
    run_command(main)
