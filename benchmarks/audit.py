"""The audit of ten times as many scores: time and memory grow as the videos do, not as their pairs."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.table import Row, make_row
from clipforensics.command_line import main as command
from clipforensics.training.costs import peak_memory
from tests.support.repository import ROOT


@dataclass(frozen=True)
class Size:
    """Scored videos, many and few, and replicates of the bootstrap."""

    many: int
    few: int
    replicates: int
    rounds: int


FULL = Size(many=100_000, few=10_000, replicates=2000, rounds=1)
TINY = Size(many=400, few=200, replicates=50, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """Seconds a video, and most memory, each number of videos in a process of its own."""
    with tempfile.TemporaryDirectory() as text:
        counts = (size.many, size.few)
        folders = [write_scores(Path(text) / str(n), n) for n in counts]
        runs = [[measure_apart(folder, size.replicates) for folder in folders] for _ in range(size.rounds)]
    ends = f"audit, {size.replicates} replicates: {size.many} videos / {size.few}"
    taken = [(many["seconds"] / counts[0], few["seconds"] / counts[1]) for many, few in runs]
    yield make_row(f"{ends}, a video", taken, goal=0.8, work=1, unit="videos/s")
    yield make_row(
        f"{ends}, most memory", [(m["memory"], f["memory"]) for m, f in runs], goal=None, unit="MiB"
    )


def write_scores(folder: Path, n: int) -> Path:
    """Scores of n videos, a tenth of them real, of people who are known; half as many training videos."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    labels = (np.arange(n) >= n // 10).astype(int)
    scores = rng.normal(size=n) + 1.2 * labels
    people = rng.integers(0, max(n // 20, 10), (n, 2))
    kinds = np.where(labels == 0, "real", np.array(["A", "B", "C"])[np.arange(n) % 3])
    rows = zip(kinds, range(n), labels, scores, strict=True)
    text = "".join(f"{kind},v{i},{label},{score:.6f}\n" for kind, i, label, score in rows)
    (folder / "scores.csv").write_text(f"manipulation,video,label,score\n{text}", encoding="utf-8")
    who = [f"v{i},p{a},{f'p{b}' if labels[i] else ''}\n" for i, (a, b) in enumerate(people)]
    half = range(n // 2)
    trained = rng.integers(0, max(n // 10, 10), (n // 2, 2))
    who += [f"t{i},p{trained[i, 0]},{f'p{trained[i, 1]}' if i % 2 else ''}\n" for i in half]
    (folder / "who.csv").write_text(f"video,identity,identity\n{''.join(who)}", encoding="utf-8")
    listed = "".join(f"{'A' if i % 2 else 'real'},t{i}\n" for i in half)
    (folder / "train.csv").write_text(f"manipulation,video\n{listed}", encoding="utf-8")
    return folder


def measure_apart(folder: Path, replicates: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    run = [sys.executable, "-m", "benchmarks.audit", str(folder), str(replicates)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(folder: Path, replicates: int) -> dict[str, float]:
    """Seconds and MiB of the command, from the files to the page."""
    words = ["audit", f"{folder / 'scores.csv'}", "--train", f"{folder / 'train.csv'}", "--cluster", "video"]
    words += ["--identities", f"{folder / 'who.csv'}", "--replicates", str(replicates)]
    begin = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        command([*words, "--out", f"{folder / 'out'}"])
    return {"seconds": time.perf_counter() - begin, "memory": peak_memory()[0] / 2**20}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
