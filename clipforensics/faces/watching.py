"""Looking at the frames of one video in turn: each whole, or some only where faces just were."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clipforensics.faces.face import Face, square_around
from clipforensics.faces.shots import Floats, is_cut, thumbnail

AROUND = 2.0
"""Side of the part of a frame that is looked at again, over that of the face that was there."""

_OVERLAP = 0.3
"""Two faces of two parts that overlap by more (intersection over union) are one."""


class Detector(Protocol):
    """What finds the faces of one picture, boxes in its pixels."""

    def detect(self, picture: NDArray[np.uint8], frame: int) -> list[Face]:
        """Every face of uint8 (height, width, 3), RGB; `frame` is its number."""


class Watcher:
    """The frames of one video, in order of time."""

    def __init__(self, whole: Detector, part: Detector, full_every: int) -> None:
        """Begin a video.

        Args:
            whole: Looks at whole frames.
            part: Looks at parts of a frame in which a face is expected.
            full_every: Every so many frames one is looked at whole; and so is every frame with which a shot
                begins, or in which a face of the frame before is missing from its part.
        """
        self._whole, self._part, self._full_every = whole, part, full_every
        self._before: list[Face] = []
        self._shot: Floats | None = None
        self._n = 0

    def look(self, picture: NDArray[np.uint8], frame: int) -> tuple[list[Face], bool]:
        """The faces of the next frame, and whether a new shot begins with it (never with the first)."""
        shot = thumbnail(picture)
        new_shot = self._shot is not None and is_cut(self._shot, shot)
        expected = self._before if self._n % self._full_every and not new_shot else []
        found = self._follow(picture, frame, expected) if expected else None
        self._before = self._whole.detect(picture, frame) if found is None else found
        self._n += 1
        self._shot = shot
        return self._before, new_shot

    def _follow(self, picture: NDArray[np.uint8], frame: int, expected: Sequence[Face]) -> list[Face] | None:
        """The faces where they are expected, or None if one is not there."""
        found: list[Face] = []
        for face in expected:
            here = self._beside(picture, frame, face)
            if here is None:
                return None
            if all(overlap(here, other) <= _OVERLAP for other in found):
                found.append(here)
        return found

    def _beside(self, picture: NDArray[np.uint8], frame: int, face: Face) -> Face | None:
        height, width = picture.shape[:2]
        left, top, side = square_around(face, AROUND, width, height)
        seen = self._part.detect(np.ascontiguousarray(picture[top : top + side, left : left + side]), frame)
        whole = [_moved(one, left, top) for one in seen]
        return min(whole, key=face.distance, default=None)


def _moved(face: Face, left: int, top: int) -> Face:
    """A face of a part of a frame, in pixels of the frame."""
    shift = (left, top) * (len(face.points) // 2)
    points = tuple(round(value + by, 1) for value, by in zip(face.points, shift, strict=True))
    return replace(face, x=face.x + left, y=face.y + top, points=points)


def overlap(a: Face, b: Face) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    both = max(0, width) * max(0, height)
    return both / (a.width * a.height + b.width * b.height - both)
