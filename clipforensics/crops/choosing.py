"""Which of the people in a video its frames are cut around."""

from collections import defaultdict
from collections.abc import Sequence
from math import hypot
from typing import Literal

from clipforensics.faces.face import Face

Person = Literal["largest", "central"]


def choose(faces: Sequence[Face], which: Person, width: int, height: int) -> int | None:
    """The person whom a video is cut around; the first of equals.

    Args:
        faces: Of one video, followed.
        which: `largest`: the sum over sampled frames of the face's longer side times its confidence is
            largest, so that neither an inset shown for a moment nor half a face at the edge wins over who
            speaks throughout. `central`: the sum over frames of closeness to the middle (1 there, 0 in a
            corner) times confidence is largest.
        width: Of the video's frames, pixels.
        height: Of its frames.

    Returns:
        None where there is no face.
    """
    weights: dict[int, float] = defaultdict(float)
    for face in faces:
        large = face.side if which == "largest" else _closeness(face, width, height)
        weights[face.person] += face.score * large
    return min(weights, key=lambda person: (-weights[person], person), default=None)


def _closeness(face: Face, width: int, height: int) -> float:
    x, y = face.centre
    return 1 - hypot(x - width / 2, y - height / 2) / hypot(width / 2, height / 2)
