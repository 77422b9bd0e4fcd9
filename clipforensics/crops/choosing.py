"""Which of the people in a video its frames are cut around."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import hypot
from typing import Literal

from clipforensics.faces.face import Face

Person = Literal["largest", "central", "every", "mask"]
"""What `extract_frames.person` may be: one person by size or place, everybody apart, or the one whom the data
set's manipulation masks mark."""


def choose(
    faces: Sequence[Face], which: Literal["largest", "central"], width: int, height: int
) -> int | None:
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


def choose_all(faces: Sequence[Face], n_sampled: int, min_share: float) -> list[int]:
    """Everybody who is cut out apart: the main person, whom `largest` chooses, then the others by number.

    Args:
        faces: Of one video, followed.
        n_sampled: Frames that were looked at.
        min_share: Least part of these in which one of the others is shown: what is taken for a face in a
            frame or two is followed for no longer. The main person counts however short it is shown.

    Returns:
        Numbers of people; none where there is no face.
    """
    main = choose(faces, "largest", 0, 0)
    shown = Counter(face.person for face in faces)
    others = (n for n in sorted(shown) if n != main and shown[n] / n_sampled >= min_share)
    return [] if main is None else [main, *others]


def choose_marked(faces: Sequence[Face], marked: Mapping[int, float]) -> int | None:
    """The person on whom most of the manipulation mask lies; of equals, and where it lies on nobody, the
    largest.

    Args:
        faces: Of one video, followed.
        marked: Person to what part of the mask lies in the person's boxes (`masks.marked_by`).

    Returns:
        None where there is no face.
    """
    most = max(marked.values(), default=0.0)
    on = [face for face in faces if marked.get(face.person, 0.0) == most] if most else faces
    return choose(on, "largest", 0, 0)


def _closeness(face: Face, width: int, height: int) -> float:
    x, y = face.centre
    return 1 - hypot(x - width / 2, y - height / 2) / hypot(width / 2, height / 2)
