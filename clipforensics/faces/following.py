"""The same person from frame to frame.

Sampled frames lie far apart (eight of ten seconds), so a face is taken for the one before it by place and
size alone: at most `REACH` of their mean size away, neither more than twice as large. Of all ways to pair the
faces of a frame with the people so far, the one with the least sum of distances is taken. Nobody is followed
across a cut of the film (`shots`): who comes back after it is somebody new.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import log2

import numpy as np

from clipforensics.faces.face import Face

REACH = 1.5
"""Farthest that a face moves between two sampled frames, in sizes of the face."""

GROWTH = 2.0
"""Largest ratio of sizes of one person's face between two sampled frames."""

_NEVER = 1e6


def follow(frames: Iterable[tuple[int, Sequence[Face], bool]]) -> list[Face]:
    """Number the people of one video.

    Args:
        frames: Of each sampled frame, in order of time: its number, its faces, and whether a new shot begins
            with it (`watching.Looked`).

    Returns:
        All faces, in order of time and within a frame of person; `person` counts from 0 in order of first
        appearance, and of those who appear together from left to right.
    """
    last: dict[int, Face] = {}
    n_people = 0
    found: list[Face] = []
    for _, faces, new_shot in frames:
        last = {} if new_shot else last
        seen = sorted(faces, key=lambda face: (face.x, face.y))
        here = _paired(last, seen)
        for number, face in enumerate(seen):
            if number not in here:
                here[number], n_people = n_people, n_people + 1
            last[here[number]] = face
        found += sorted((replace(seen[n], person=person) for n, person in here.items()), key=_by_person)
    return found


def _by_person(face: Face) -> int:
    return face.person


def _paired(last: Mapping[int, Face], faces: Sequence[Face]) -> dict[int, int]:
    """Which faces are people that were seen before: number of the face -> person."""
    if not last or not faces:
        return {}
    from scipy.optimize import linear_sum_assignment  # a detector that is opened does not wait for it

    costs = np.array([[_cost(before, face) for face in faces] for before in last.values()])
    rows, columns = linear_sum_assignment(costs)
    people = list(last)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {column: people[row] for row, column in pairs if costs[row, column] < _NEVER}


def _cost(before: Face, face: Face) -> float:
    growth = abs(log2(face.side / before.side))
    far = before.distance(face)
    return far + growth if far <= REACH and growth <= log2(GROWTH) else _NEVER
