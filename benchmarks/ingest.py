"""Ten thousand files through `ingest` and through a loop that only reads and decodes them.

Memory, too: a table of what was found grows with the files, what works on them should not.
"""

import hashlib
import json
import mmap
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

from benchmarks.growth import Memory
from benchmarks.table import Row, compare, make_row, timed
from clipforensics.core.records import Video
from clipforensics.footage.probing import probe_videos
from clipforensics.machine.kept import Kept
from tests.support.clips import make_clip
from tests.support.repository import ROOT


@dataclass(frozen=True)
class Size:
    """How many files, few of them, frames of each, and how many differ."""

    files: int
    few: int
    frames: int
    kinds: int
    rounds: int


FULL = Size(files=10_000, few=1_000, frames=12, kinds=50, rounds=1)
TINY = Size(files=12, few=4, frames=4, kinds=3, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """Time of all files, and memory of many against few."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        names = write_files(folder, size)
        what = f"ingest of {size.files} files, one process / reading and decoding them"
        ours, floor = timed(lambda: probe(folder, names)), timed(lambda: read_all(folder, names))
        yield compare(what, ours, floor, rounds=size.rounds, goal=0.8, work=size.files, unit="files/s")
        counts = (size.files, size.few)
        taken = [tuple(memory_apart(folder, n) for n in counts) for _ in range(size.rounds)]
    what = f"ingest, two processes: {size.files} files / {size.few}, most memory taken"
    yield make_row(what, [(many, few) for many, few in taken], goal=None, unit="MiB")


def write_files(folder: Path, size: Size) -> list[str]:
    """Names of files, in which few contents come again and again."""
    contents = []
    for kind in range(size.kinds):
        path = make_clip(folder / f"{kind}.mp4", n_frames=size.frames, width=128, height=96, seed=kind)
        contents.append(path.read_bytes())
    names = [f"files/{number:05d}.mp4" for number in range(size.files)]
    (folder / "files").mkdir()
    for number, name in enumerate(names):
        (folder / name).write_bytes(contents[number % size.kinds])
    return names


def probe(folder: Path, names: list[str], workers: int = 1) -> None:
    """What `ingest` does with files of which nothing is known yet."""
    found = [Video("set", "X", "", Path(name).stem, "", "", 1, "", "", name) for name in names]
    with tempfile.TemporaryDirectory(dir=folder) as kept:
        _, skipped = probe_videos(
            found, folder, workers=workers, decoding="strict", kept=Kept(Path(kept) / "ingest", "")
        )
    if skipped:
        raise RuntimeError(f"{skipped[0].path} {skipped[0].reason}")


def read_all(folder: Path, names: list[str]) -> None:
    """The least: each file read for its digest, and every frame decoded."""
    for name in names:
        hashlib.sha256((folder / name).read_bytes())
        with av.open(str(folder / name)) as container:
            for _ in container.decode(video=0):
                pass


def memory_apart(folder: Path, n: int) -> float:
    """MiB that `ingest` of n files takes, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", str(folder), str(n)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return float(json.loads(done.stdout))


def main(folder: Path, n: int) -> None:
    """Print the memory that n files take."""
    names = sorted(path.relative_to(folder).as_posix() for path in (folder / "files").iterdir())[:n]
    memory = Memory()
    memory.start()
    probe(folder, names, workers=2)
    memory.stop.set()
    memory.join()
    print(json.dumps(max(memory.peak - memory.before, mmap.PAGESIZE) / 2**20))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
