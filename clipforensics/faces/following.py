"""The same person from frame to frame.

Sampled frames lie far apart (eight of ten seconds), so a face is taken for the one before it by place and
size alone: at most `REACH` of their mean size away, neither more than twice as large. Of all ways to pair the
faces of a frame with the people so far, the one with the least sum of distances is taken. After a cut of the
film somebody else may sit in the same place: that is not seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import log2

import numpy as np
from scipy.optimize import linear_sum_assignment

from clipforensics.faces.face import Face

REACH = 1.5
"""Farthest that a face moves between two sampled frames, in sizes of the face."""

GROWTH = 2.0
"""Largest ratio of sizes of one person's face between two sampled frames."""

_NEVER = 1e6


def follow(frames: Iterable[Sequence[Face]]) -> list[Face]:
    """Number the people of one video.

    Args:
        frames: Faces of each sampled frame, in order of time.

    Returns:
        All faces, in order of time and within a frame of person; `person` counts from 0 in order of first
        appearance, and of those who appear together from left to right.
    """
    last: list[Face] = []
    found: list[Face] = []
    for faces in frames:
        faces = sorted(faces, key=lambda face: (face.x, face.y))
        here = _paired(last, faces)
        for face in faces:
            if face not in here:
                here[face] = len(last)
                last.append(face)
        named = sorted((replace(face, person=person) for face, person in here.items()), key=_by_person)
        for face in named:
            last[face.person] = replace(face, person=-1)
        found += named
    return found


def _by_person(face: Face) -> int:
    return face.person


def _paired(last: Sequence[Face], faces: Sequence[Face]) -> dict[Face, int]:
    """Which faces are people that were seen before: face -> person."""
    if not last or not faces:
        return {}
    costs = np.array([[_cost(before, face) for face in faces] for before in last])
    people, columns = linear_sum_assignment(costs)
    pairs = zip(people.tolist(), columns.tolist(), strict=True)
    return {faces[column]: person for person, column in pairs if costs[person, column] < _NEVER}


def _cost(before: Face, face: Face) -> float:
    growth = abs(log2(face.side / before.side))
    far = before.distance(face)
    return far + growth if far <= REACH and growth <= log2(GROWTH) else _NEVER
