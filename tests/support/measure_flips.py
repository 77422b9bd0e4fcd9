"""How many single flipped bits pass: `python -m tests.support.measure_flips [NUMBER]`, a second or two each.

Its numbers stand in docs/explanation/faults.md. Of each copy: whether any of its pictures is another, and if
it goes through `ingest` and `extract_frames` (eight frames), decoded at its first frame alone or strictly.
"""

import hashlib
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import av

from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video
from clipforensics.crops.extraction import extract_video
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.probing import Decoding, probe_videos
from tests.support.shared_data import FOOTAGE
from tests.support.videos import make_video

WAYS: dict[str, Decoding | None] = {"first frame": None, "strict": "strict"}


def main(number: int = 448) -> None:
    """Flip a bit of one clip after another, and count."""
    clips = sorted(path for path in FOOTAGE.rglob("*") if path.suffix in (".mp4", ".webm"))
    chance, before, counted = random.Random(7), {clip: pictures(clip) for clip in clips}, Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(number):
            clip = clips[turn % len(clips)]
            content = bytearray(clip.read_bytes())
            bit = chance.randrange(8 * len(content))
            content[bit // 8] ^= 1 << bit % 8
            path = Path(folder) / f"flipped{clip.suffix}"
            path.write_bytes(content)
            is_altered = pictures(path) != before[clip]
            codec = probed(clip, None)[0].codec
            counted[f"{codec} flipped"] += 1
            counted[f"{codec} altered"] += is_altered
            for name, decoding in WAYS.items():
                counted[f"{codec} altered and accepted: {name}"] += is_altered and passes(path, decoding)
                counted[f"{codec} unaltered and refused: {name}"] += not (
                    is_altered or passes(path, decoding)
                )
    for name in sorted(counted):
        print(f"{counted[name]:4d} {name}")


def pictures(path: Path) -> list[str]:
    """A digest of every picture that plain PyAV gives."""
    found = []
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            for frame in container.decode(video=0):
                found.append(hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest())
    except (av.FFmpegError, ValueError, IndexError) as error:
        found.append(type(error).__name__)
    return found


def probed(path: Path, decoding: Decoding | None) -> list[Video]:
    """The video as `ingest` tells it; none where that refuses it."""
    return probe_videos([make_video(path=path.name)], path.parent, workers=1, decoding=decoding)[0]


def passes(path: Path, decoding: Decoding | None) -> bool:
    """Whether a file goes through both stages."""
    try:
        for video in probed(path, decoding):
            extract_video(path, video.n_frames, 8, Fitting(224))
            return True
    except UnreadableVideo:
        pass
    return False


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
