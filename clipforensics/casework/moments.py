"""The frames of a video that say most about its score: each person's highest and lowest, with heatmaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.explanations.maps import scale_to_one
from clipforensics.faces.face import Face
from clipforensics.footage.pictures import holds_pictures, read_pictures
from clipforensics.footage.video import decode_frames
from clipforensics.report.figures.overlay import overlay
from clipforensics.scoring.detector import Detector
from clipforensics.scoring.judging import Case

Pictures = NDArray[np.uint8]

ENDS_OF_FIRST, ENDS_OF_OTHERS = 2, 1
"""Frames of the first person, and of each other one: so many of the highest scores, as many of the lowest."""

MOST_PEOPLE = 6
"""People whose frames are shown, the main one first; the numbers of all stand in the tables."""


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame of one person.

    Attributes:
        row: Its row in the case's frames.
        rank: `highest`, `high`, `low` or `lowest` among the person's; `only` if there is one.
        frame: The full frame, uint8 (height, width, 3), RGB.
        crop: What the encoder read, uint8 (s, s, 3).
        heat: The crop under its heatmap; None where there is no map.
        peak: The map's highest value, on the scale of log odds; None without a map.
        others: Faces in the frame of people who are judged apart from this one.
    """

    row: int
    rank: str
    frame: Pictures
    crop: Pictures
    heat: Pictures | None
    peak: float | None
    others: tuple[Face, ...]


def telling_moments(detector: Detector, path: Path, case: Case) -> tuple[tuple[Moment, ...], str]:
    """The frames to show, and why they have no heatmaps (empty where they have).

    Raises:
        UnreadableVideo: a frame cannot be decoded again.
    """
    chosen = [
        row
        for place, rows in enumerate(by_person(case))
        for row in telling_rows(case.scores[rows], rows, ENDS_OF_OTHERS if place else ENDS_OF_FIRST)
    ]
    if not chosen:
        return (), ""
    rows = [row for row, _ in chosen]
    frames = _full_frames(path, sorted(set(case.seen.frames[rows].tolist())))
    heats, peaks, untraced = _heats(detector, case.seen.pictures[rows])
    found = [
        Moment(
            row=row,
            rank=rank,
            frame=frames[int(case.seen.frames[row])],
            crop=case.seen.pictures[row],
            heat=heat,
            peak=peak,
            others=_others(case, row),
        )
        for (row, rank), heat, peak in zip(chosen, heats, peaks, strict=True)
    ]
    return tuple(found), untraced


def by_person(case: Case) -> list[NDArray[np.int64]]:
    """Rows of each of the first `MOST_PEOPLE` people, in the case's order."""
    people = case.seen.people
    return [np.flatnonzero(people == number) for number in dict.fromkeys(people.tolist())][:MOST_PEOPLE]


def telling_rows(scores: NDArray[np.float64], rows: NDArray[np.int64], n: int) -> list[tuple[int, str]]:
    """One person's `n` highest and `n` lowest rows, by falling score, with their rank; ties in order."""
    order = [int(i) for i in np.argsort(-scores, kind="stable")]
    kept = order if len(order) <= 2 * n else [*order[:n], *order[-n:]]
    return [(int(rows[i]), _rank(place, len(kept))) for place, i in enumerate(kept)]


def _rank(place: int, n: int) -> str:
    if n == 1:
        return "only"
    if place in (0, n - 1):
        return "highest" if place == 0 else "lowest"
    return "high" if place < (n + 1) // 2 else "low"


def _full_frames(path: Path, numbers: Sequence[int]) -> dict[int, Pictures]:
    read = read_pictures if holds_pictures(path) else decode_frames
    return dict(read(path, numbers))


def _heats(detector: Detector, pictures: Pictures) -> tuple[list[Pictures | None], list[float | None], str]:
    """Each picture under its map, and the map's peak; or why not."""
    reason = detector.untraceable
    if not reason:
        try:
            maps, peaks = scale_to_one(detector.relevance(pictures))
            drawn = [overlay(picture, one) for picture, one in zip(pictures, maps, strict=True)]
            return list(drawn), [float(peak) for peak in peaks], ""
        except InputError as error:
            reason = str(error)
    return [None] * len(pictures), [None] * len(pictures), reason


def _others(case: Case, row: int) -> tuple[Face, ...]:
    """Faces in the frame that are not this row's own."""
    mine, frame = case.seen.faces[row], int(case.seen.frames[row])
    return tuple(face for face in case.seen.everybody if face.frame == frame and face != mine)
