"""What the tests of this room share: a package, a clip, and a video with two real faces side by side."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from clipforensics.casework.examining import Examination, examine
from clipforensics.casework.record import case_record
from clipforensics.scoring.detector import Detector
from tests.support.clips import make_clip
from tests.support.faces import YUNET
from tests.support.scoring_packages import AROUND, write_scoring_package
from tests.support.shared_data import FOOTAGE

EVIL = "<script>alert(1)</script>"


@dataclass(frozen=True)
class Made:
    """A package, a video, and what was found of it."""

    package: Path
    video: Path
    detector: Detector
    seen: Examination
    record: dict

    @classmethod
    def of(cls, package: Path, video: Path, prior: float | None = None) -> "Made":
        detector = Detector.from_pretrained(package)
        seen = examine(detector, video, prior=prior)
        return cls(package, video, detector, seen, case_record(seen, detector, prior=prior))


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """Whole frames of a clip whose name is hostile, by a detector that validation carries."""
    folder = tmp_path_factory.mktemp("whole")
    package = write_scoring_package(folder / "package", method="lora", n_frames=8)
    return Made.of(package, make_clip(folder / f"{EVIL.replace('/', '')}.mp4"))


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """Two real people side by side, each with a face, by a detector that was at chance."""
    if not YUNET.is_file():
        pytest.skip(f"no face detector at {YUNET}")
    folder = tmp_path_factory.mktemp("pair")
    package = write_scoring_package(
        folder / "package", method="lora", usable=False, around=AROUND, n_frames=6
    )
    return Made.of(package, write_pair(folder / "pair.mp4"))


def write_pair(path: Path, n: int = 12) -> Path:
    """The first frames of two real clips of 512 pixels, side by side."""
    clips = [FOOTAGE / "real" / name for name in ("liveportrait_d1.mp4", "liveportrait_d14.mp4")]
    with av.open(str(clips[0])) as first, av.open(str(clips[1])) as second, av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 1024, 512, "yuv420p"
        for _, a, b in zip(range(n), first.decode(video=0), second.decode(video=0), strict=False):
            both = np.hstack([one.to_ndarray(format="rgb24") for one in (a, b)])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(both), format="rgb24")))
        out.mux(stream.encode(None))
    return path
