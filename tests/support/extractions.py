"""A small data set of many lengths, and its frames as the stage extracts them."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Skipped, Video
from clipforensics.crops.extraction import extract_frames
from clipforensics.crops.person import Cut
from clipforensics.machine.kept import Kept

SETTINGS = {"n_frames": 5, "fitting": Fitting(16), "shard_frames": 12, "max_skipped": 0.5}
N_FRAMES = [9, 3, 30, 5, 6, 12, 7, 8, 11]

CUT = Cut(person="largest", min_share=0.25, margin=1.5, align=False, without_face="skip")


def extract(
    footage: tuple[Path, Sequence[Video]], tmp_path: Path, *, workers: int = 1, **more: object
) -> list[Skipped]:
    """Into `out`, beside what is kept."""
    root, videos = footage
    return extract_frames(
        videos,
        {"set": root},
        tmp_path / "out",
        workers=workers,
        scratch=tmp_path / "scratch",
        kept=Kept(tmp_path / "kept", "made by"),
        **{**SETTINGS, **more},  # type: ignore[arg-type]
    )


def content_of(folder: Path) -> dict[str, bytes]:
    """Bytes of each file."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def spoilt_among(footage: tuple[Path, list[Video]], *spoilt: int) -> tuple[Path, list[Video]]:
    """The same videos, some pointing at a file that is none; it lies beside them."""
    (root, videos), noise = footage, b"noise" * 200
    (root / "noise.mp4").write_bytes(noise)
    other = {"path": "noise.mp4", "n_bytes": len(noise), "sha256": sha256(noise).hexdigest()}
    return root, [replace(v, **other) if i in spoilt else v for i, v in enumerate(videos)]


class Stopped(Exception):
    """Stands for a kill just before the store is finished."""
