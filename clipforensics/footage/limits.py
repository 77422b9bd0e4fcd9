"""How much of one video is looked at: what is larger is refused before it is decoded."""

from dataclasses import dataclass
from math import inf

from clipforensics.footage.content import UnreadableVideo

MAX_PIXELS = 1 << 26
"""Largest frame or picture (width times height) that is decoded by anything: 8192 by 8192."""

MAX_FRAMES = 1 << 20
"""Most packets that are read of one video by anything: nine and a half hours at 30 frames a second."""


class OverLimit(UnreadableVideo):
    """A video is more than is looked at, however often it is read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one video may have.

    Attributes:
        max_pixels: Of a frame as it is stored, width times height.
        max_frames: Frames, or pictures of a folder.
        max_seconds: From the first frame to the end of the last.
        max_bytes: Of its file, or of all pictures of a folder.
    """

    max_pixels: int = MAX_PIXELS
    max_frames: int = MAX_FRAMES
    max_seconds: float = inf
    max_bytes: float = inf

    def check_pixels(self, width: int, height: int) -> None:
        """Raise OverLimit if a frame has more than `max_pixels`."""
        if width * height > self.max_pixels:
            raise OverLimit(f"is {width}x{height}, over max_pixels={self.max_pixels}; make it smaller")

    def check_frames(self, n_frames: int) -> None:
        """Raise OverLimit if there are more than `max_frames`."""
        if n_frames > self.max_frames:
            raise OverLimit(f"holds over max_frames={self.max_frames} frames; cut it into parts")

    def check_seconds(self, seconds: float) -> None:
        """Raise OverLimit if that is more than `max_seconds`."""
        if seconds > self.max_seconds:
            raise OverLimit(
                f"lasts {seconds:.0f} seconds, over max_seconds={self.max_seconds:g}; cut it into parts"
            )

    def check_bytes(self, n_bytes: int) -> None:
        """Raise OverLimit if that is more than `max_bytes`."""
        if n_bytes > self.max_bytes:
            raise OverLimit(f"has {n_bytes} bytes, over max_bytes={self.max_bytes}; cut it into parts")


ANY = Limits()
"""What is refused by everything, whatever params.yaml says."""
