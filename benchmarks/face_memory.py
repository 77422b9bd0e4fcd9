"""`python -m benchmarks.face_memory CLIP ...`: is memory flat while videos with faces are added?

Clips with faces are linked under as many names as wanted, looked through and cut around the largest face;
each number of videos in a process of its own. Memory is what that process and its workers own at most, less
what it owned before (`growth.Memory`). It takes minutes, so it has no row in the table of all benchmarks.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.faces import CUT, FITTING, find_detector_weights
from benchmarks.growth import Memory
from clipforensics.arguments import positive
from clipforensics.core.records import Video, read_videos, write_records
from clipforensics.crops.extraction import extract_frames
from clipforensics.faces.finding import Looking, find_faces
from clipforensics.footage.probing import probe_videos
from clipforensics.machine.kept import Kept
from clipforensics.machine.workers import n_workers
from tests.support.repository import ROOT

N_FRAMES = 2


def link(folder: Path, clips: Sequence[Path], n: int) -> None:
    """n names for a few clips, and videos.csv; what is probed of a clip holds for all its names."""
    found = [Video("bench", "GAN", "", f"{i}", "", "", 1, "", "", clip.name) for i, clip in enumerate(clips)]
    for clip in clips:
        shutil.copy(clip, folder / clip.name)  # links out of the folder are not entered
    probed, _ = probe_videos(found, folder, workers=1)
    rows = []
    for number in range(n):
        one = probed[number % len(probed)]
        name = f"{number:05}{Path(one.path).suffix}"
        os.link(folder / one.path, folder / name)
        rows.append(replace(one, target=f"{number:05}", path=name))
    write_records(folder / "videos.csv", Video, rows)


def measure(folder: Path) -> dict[str, Any]:
    """Find and cut the faces of all videos of a folder: seconds, and MiB taken at most, by stage."""
    videos = read_videos(folder / "videos.csv")
    found: dict[str, Any] = {"videos": len(videos)}
    looking = Looking(find_detector_weights(), N_FRAMES, detect_size=320, min_score=0.6, stride=1)
    common: dict[str, Any] = {"workers": n_workers(), "max_skipped": 0.0}
    roots = {"bench": folder}
    cut = {
        "faces": folder / "faces",
        "n_frames": N_FRAMES,
        "fitting": FITTING,
        "shard_frames": 512,
        "cut": CUT,
    }
    for stage in ("find_faces", "extract_frames"):
        kept, memory, begin = Kept(folder / "kept" / stage, ""), Memory(), time.perf_counter()
        memory.start()
        if stage == "find_faces":
            find_faces(videos, roots, folder / "faces", looking, detector="yunet", kept=kept, **common)
        else:
            how = {**cut, **common, "scratch": folder / "scratch", "kept": kept}
            extract_frames(videos, roots, folder / "frames", **how)
        memory.stop.set()
        memory.join()
        found[f"{stage}_s"] = round(time.perf_counter() - begin, 1)
        found[f"{stage}_MiB"] = round((memory.peak - memory.before) / 2**20, 1)
    return found


def measure_apart(clips: Sequence[Path], n: int) -> dict[str, Any]:
    """`measure` of n videos in a process of its own."""
    with tempfile.TemporaryDirectory() as text:
        link(Path(text), clips, n)
        command = [sys.executable, "-m", "benchmarks.face_memory", "--measure", text]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for few videos and one for many."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.face_memory", description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="short clips with a face")
    parser.add_argument("--few", type=positive, default=100, help="(default: %(default)s)")
    parser.add_argument("--many", type=positive, default=2000, help="(default: %(default)s)")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.measure:
        print(json.dumps(measure(given.measure)))
        return
    for n in (given.few, given.many):
        print(json.dumps(measure_apart(given.clips, n)), flush=True)


if __name__ == "__main__":
    main()
