"""How a package's detector drew its frames: frames.json, read and checked."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from clipforensics.core.params import Section, check_section
from clipforensics.crops.person import Cut
from clipforensics.faces.settings import PinnedFile
from clipforensics.publishing.files import FACE_DETECTOR, FRAMES, read_part

MOST_FRAMES = 4096
"""Frames of a video at most that a package may ask for."""


class Around(PinnedFile, Cut):
    """What frames are cut around; settings as `faces` and `extract_frames` of params.yaml have them."""

    section: ClassVar[str] = "faces"

    detector: Literal["yunet"]
    detect_size: int = Field(ge=80, le=4096)
    min_score: float = Field(gt=0, lt=1)
    stride: int = Field(ge=1, le=64)
    min_share: float = Field(default=0.0, ge=0, le=1)

    @property
    def apart(self) -> bool:
        """Whether a frame is judged by the highest score of its people."""
        return self.person == "every"


class Drawn(Section):
    """Which frames of a video, and what of them.

    Attributes:
        n_frames: Frames a video at most, evenly spaced (`frames.rows.sample_frame_indices`).
        around: The face that they are cut around; None: whole frames.
    """

    n_frames: int = Field(ge=1, le=MOST_FRAMES)
    around: Around | None


def read_drawn(folder: Path) -> Drawn:
    """Read a package's frames.json; a face detector that lies in the package is named by its path.

    Raises:
        InputError: it is missing, or says something that there is not.
    """
    content = read_part(folder, FRAMES)
    around = content.get("faces")
    if isinstance(around, dict) and around.get("weights") == FACE_DETECTOR:
        around = {**around, "weights": str(folder / FACE_DETECTOR)}
    return check_section(
        {"n_frames": content.get("frames_per_video"), "around": around}, Drawn, str(folder / FRAMES)
    )
