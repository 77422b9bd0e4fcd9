"""One face in one frame, and the square that is cut out around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

Box = tuple[int, int, int]
"""Left, top and side of a square in pixels of the full frame; it lies wholly within the frame."""

POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""Landmarks in YuNet's order; right and left are the person's own."""


@dataclass(frozen=True, slots=True)
class Face:
    """A detection.

    Attributes:
        frame: 0-based number of the frame in its video.
        x: Left edge of the box, whole pixels of the full frame (after the container's rotation).
        y: Top edge.
        width: Pixels.
        height: Pixels.
        score: The detector's confidence, 0 to 1, three decimals.
        points: x and y of each of `POINTS`, pixels of the full frame, one decimal.
        person: Number of the person who is followed over the video, from 0; -1 before following.
    """

    frame: int
    x: int
    y: int
    width: int
    height: int
    score: float
    points: tuple[float, ...]
    person: int = -1

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of the box's centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def side(self) -> int:
        """The longer side of the box: what is called the size of a face."""
        return max(self.width, self.height)

    def distance(self, other: "Face") -> float:
        """Between the centres, in sizes of the two faces' mean."""
        (ax, ay), (bx, by) = self.centre, other.centre
        return 2 * hypot(ax - bx, ay - by) / (self.side + other.side)


@dataclass(frozen=True, slots=True)
class Region:
    """Part of a frame in which faces are known to be.

    Attributes:
        left: In whole pixels of the frame, as all four; right and bottom lie beyond it.
        top: Upper edge.
        right: Right edge.
        bottom: Lower edge.
    """

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, faces: Sequence[Face], room: float, width: int, height: int) -> "Region":
        """The rectangle about some faces, with `room` times each one's size on every side of it.

        Args:
            faces: At least one.
            room: 0 or more.
            width: Of the frame, pixels.
            height: Of the frame.
        """
        edges = [round(room * face.side) for face in faces]
        return cls(
            max(0, min(face.x - edge for face, edge in zip(faces, edges, strict=True))),
            max(0, min(face.y - edge for face, edge in zip(faces, edges, strict=True))),
            min(width, max(face.x + face.width + edge for face, edge in zip(faces, edges, strict=True))),
            min(height, max(face.y + face.height + edge for face, edge in zip(faces, edges, strict=True))),
        )


def square_around(face: Face, margin: float, width: int, height: int) -> Box:
    """The square that is cut out: `margin` times the face's longer side, about the box's centre.

    Where it would leave the frame it is moved inwards, so that nothing has to be made up; where it is larger
    than the frame's shorter side it is made smaller. So DeepfakeBench and the FaceForensics++ authors cut
    with a scale of 1.3 (Roessler et al. 2019, arXiv 1901.08971), but clip the square to a rectangle.

    Args:
        face: A detection.
        margin: Side of the square over that of the face, above 0.
        width: Of the frame, pixels.
        height: Of the frame.
    """
    side = max(1, min(round(margin * face.side), width, height))
    x, y = face.centre
    left = min(max(round(x - side / 2), 0), width - side)
    top = min(max(round(y - side / 2), 0), height - side)
    return left, top, side
