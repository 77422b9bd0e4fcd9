"""A perceptual hash of a few stored frames of every video; no split and no label enters."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_value
from clipforensics.duplicates.hashing import hash_store
from clipforensics.frames.store import FrameStore

PARAMS = Path("params.yaml")
FRAMES = Path("data/frames")
OUT = Path("data/hashes.csv")


def main() -> None:
    """Read frames, hash, write the table."""
    frames = FrameStore.open(FRAMES)
    table = hash_store(frames, frames_per_video=read_value(PARAMS, "duplicates", "frames_per_video", int))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(OUT, index=False, lineterminator="\n")
    plain = len(set(frames.keys) - set(table["key"]))
    print(f"{OUT}: {len(table)} frames of {len(frames.keys)} videos, {plain} too plain for a hash")


if __name__ == "__main__":
    run_command(main)
