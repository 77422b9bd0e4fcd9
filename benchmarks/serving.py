"""The server against the detector that it holds: a clip by HTTP, and ten that are sent at once."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from benchmarks.extraction import Size
from benchmarks.table import Row, Skipped, compare, timed
from clipforensics.scoring.detector import Detector
from clipforensics.serving.command import EXTRA
from tests.support.clips import make_clip
from tests.support.scoring_packages import write_scoring_package
from tests.support.servers import Server, running

FULL = Size(640, 480, frames=300, videos=10, rounds=7)
TINY = Size(64, 48, frames=8, videos=2, rounds=1)

N_FRAMES = 32
"""That are scored of a clip."""


def rows(size: Size) -> Iterator[Row]:
    """One clip at a time, and all at once."""
    if missing := [name for module, name in EXTRA.items() if find_spec(module) is None]:
        raise Skipped(f"needs {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = write_scoring_package(folder / "package", n_frames=N_FRAMES)
        clips = [
            make_clip(folder / f"{n}.mp4", n_frames=size.frames, width=size.width, height=size.height, seed=n)
            for n in range(size.videos)
        ]
        detector = Detector.from_pretrained(model)
        with running(model, tmp=folder / "tmp") as server:
            shape = f"{size.frames} frames of {size.width}x{size.height}"
            what = f"a clip of {shape} over HTTP / `Detector.score`"
            ours, floor = (timed(partial(ask, clips[0])) for ask in (partial(send, server), detector.score))
            yield compare(what, ours, floor, rounds=size.rounds, goal=0.85, unit="s")
            what = f"{size.videos} clips sent at once / one after another"
            sides = (timed(partial(ask, server, clips)) for ask in (at_once, in_turn))
            options = {"goal": 0.95, "work": size.videos, "unit": "clips/s"}
            yield compare(what, *sides, rounds=max(1, size.rounds // 2), **options)


def send(server: Server, clip: Path) -> None:
    """Have a clip scored."""
    answer = server.send(clip)
    assert answer.status == 200, answer.json


def at_once(server: Server, clips: list[Path]) -> None:
    """All of them by as many clients."""
    with ThreadPoolExecutor(len(clips)) as clients:
        list(clients.map(partial(send, server), clips))


def in_turn(server: Server, clips: list[Path]) -> None:
    """All of them by one client."""
    for clip in clips:
        send(server, clip)
