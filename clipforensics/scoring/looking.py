"""From a video to what the encoder reads: the frames, faces and crops that the stages make, in one pass."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.fitting import Fitting
from clipforensics.crops.choosing import choose, choose_all
from clipforensics.crops.cutting import cut_square, cut_upright
from clipforensics.crops.extraction import extract_video
from clipforensics.crops.person import extract_faces
from clipforensics.faces.face import Face
from clipforensics.faces.following import follow
from clipforensics.faces.watching import Detector, Looked, in_turn, look_through
from clipforensics.footage.pictures import holds_pictures, read_pictures, resize_and_crop
from clipforensics.footage.video import Footage, decode_frames
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.scoring.drawn import Around, Drawn

CROWD = 16
"""Of more faces in a frame, so many of the largest are cut as it is decoded; others by decoding it again."""

SHOWN = 0.25
"""Least part of the sampled frames in which people are shown who are scored beside the main one."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What was found in one video.

    Attributes:
        sampled: Numbers of the frames that were looked at, int64 (k,).
        pictures: What the encoder reads, uint8 (n, s, s, 3), RGB: people one after another, the main first.
        frames: Number of the frame of each, int64 (n,).
        people: Number of the person of each, -1: a whole frame, int64 (n,).
        faces: Of each; None for whole frames.
        n_at_once: Most faces in one sampled frame.
        everybody: All faces that were found, followed.
    """

    sampled: NDArray[np.int64]
    pictures: NDArray[np.uint8]
    frames: NDArray[np.int64]
    people: NDArray[np.int64]
    faces: tuple[Face | None, ...]
    n_at_once: int = 0
    everybody: tuple[Face, ...] = ()


def look(path: Path, footage: Footage, drawn: Drawn, detector: Detector | None, fitting: Fitting) -> Seen:
    """Draw a video's frames as the detector's training drew them.

    Args:
        path: A video, a single picture or a folder of numbered ones.
        footage: As probed.
        drawn: How.
        detector: Finds faces; None: whole frames are wanted.
        fitting: How a frame, or a square around a face, becomes what the encoder reads.

    Returns:
        What there is; no pictures where faces are wanted, none was found, and such videos are left out.

    Raises:
        UnreadableVideo: a sampled frame cannot be had.
    """
    around = drawn.around
    if around is None or detector is None:
        return _whole(*extract_video(path, footage.n_frames, drawn.n_frames, fitting))
    indices = sample_frame_indices(footage.n_frames, drawn.n_frames)
    crops, wholes = _Crops(around, fitting), [_none(fitting)]
    looked: list[Looked] = []
    for one, picture in _with_pictures(_pictures(path, indices), detector, around.stride):
        looked.append(one)
        crops.add(picture, one.faces)
        if around.without_face == "whole":
            wholes.append(resize_and_crop(picture, fitting)[None])
    everybody = follow(looked)
    if not everybody:
        return replace(_whole(indices[: len(wholes) - 1], np.concatenate(wholes)), sampled=indices)
    wanted = _wanted(everybody, around, footage, len(indices))
    return Seen(
        sampled=indices,
        pictures=crops.of(wanted, path),
        frames=np.array([face.frame for face in wanted], dtype=np.int64),
        people=np.array([face.person for face in wanted], dtype=np.int64),
        faces=tuple(wanted),
        n_at_once=max(len(one.faces) for one in looked),
        everybody=tuple(everybody),
    )


def _whole(indices: NDArray[np.int64], pictures: NDArray[np.uint8]) -> Seen:
    return Seen(indices, pictures, indices, np.full(len(indices), -1), (None,) * len(indices))


def _none(fitting: Fitting) -> NDArray[np.uint8]:
    return np.empty((0, fitting.size, fitting.size, 3), np.uint8)


def _pictures(path: Path, indices: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    read = read_pictures if holds_pictures(path) else decode_frames
    return in_turn(read(path, indices.tolist()), indices.tolist())


def _with_pictures(
    pictures: Iterable[tuple[int, NDArray[np.uint8]]], detector: Detector, stride: int
) -> Iterator[tuple[Looked, NDArray[np.uint8]]]:
    """What was seen in each frame, with the frame; up to `stride` of them are held."""
    held: dict[int, NDArray[np.uint8]] = {}

    def holding() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for number, picture in pictures:
            held[number] = picture
            yield number, picture

    for looked in look_through(holding(), detector, stride):
        yield looked, held.pop(looked.frame)


def _wanted(everybody: Sequence[Face], around: Around, footage: Footage, n_sampled: int) -> list[Face]:
    """Faces of the main person, then of each other one who is shown often enough, in order of time."""
    which: Literal["central", "largest"] = "central" if around.person == "central" else "largest"
    main = choose(everybody, which, footage.width, footage.height)
    shown = choose_all(everybody, n_sampled, around.min_share if around.apart else SHOWN)
    numbers = [main, *(number for number in shown if number != main)]
    return [face for number in numbers for face in everybody if face.person == number]


class _Crops:
    """Faces cut out of frames while these are decoded, before it is known who they are."""

    def __init__(self, around: Around, fitting: Fitting) -> None:
        self._around, self._fitting = around, fitting
        self._made: dict[Face, NDArray[np.uint8]] = {}

    def add(self, picture: NDArray[np.uint8], faces: Sequence[Face]) -> None:
        """Cut those of one frame, who are nobody yet."""
        way = cut_upright if self._around.align else cut_square
        for face in sorted(faces, key=lambda face: face.side, reverse=True)[:CROWD]:
            self._made[face] = way(picture, face, self._around.margin, self._fitting)

    def of(self, faces: Sequence[Face], path: Path) -> NDArray[np.uint8]:
        """The squares of these, uint8 (n, s, s, 3); what was not cut is decoded again."""
        nobody = [replace(face, person=-1) for face in faces]
        left = [face for face in dict.fromkeys(nobody) if face not in self._made]
        again = extract_faces(path, left, self._around, self._fitting) if left else ()
        self._made |= dict(zip(left, again, strict=True))
        return np.stack([self._made[face] for face in nobody])
