"""People cut out of a video's frames; or the same frames whole, with nobody's face."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from clipforensics.core.fitting import Fitting
from clipforensics.core.params import Section
from clipforensics.crops.choosing import Person
from clipforensics.crops.cutting import blank, cut_square, cut_upright
from clipforensics.faces.face import Face
from clipforensics.footage.pictures import holds_pictures, read_pictures, resize_and_crop
from clipforensics.footage.video import decode_frames


class Cut(Section):
    """What a frame is cut around, where faces were looked for.

    Attributes:
        person: Of several people who are followed, the one; or every one.
        min_share: Of `every`: least part of the sampled frames in which one is shown who is not the main
            person (`choosing.choose_all`).
        margin: Side of the square over that of the face.
        align: Whether the face is turned upright and scaled by its five landmarks.
        without_face: What becomes of a video without any face: it is left out (skip), or its frames are kept
            whole. A frame without the person is left out always.
    """

    person: Person
    min_share: float = Field(ge=0, le=1)
    margin: float = Field(ge=1, le=4)
    align: bool
    without_face: Literal["skip", "whole"]

    def as_meta(self) -> dict[str, object]:
        """What a store's meta.json says of it: `min_share` only where it counts."""
        unused = set() if self.person == "every" else {"min_share"}
        return {name: getattr(self, name) for name in Cut.model_fields if name not in unused}


@dataclass(frozen=True)
class Crop:
    """What one video's frames are cut around; of `every`, one a person, the main one first.

    Attributes:
        key: Of the video.
        n_at_once: Most faces in one sampled frame: several are several people, whatever cuts the film has.
        person: Number of the one; -1: nobody, whole frames.
        n_missing: Sampled frames without the person; they are not in the store.
        face_size: Median of the face's longer side over the frames, pixels of the full frame; 0: nobody.
    """

    key: str
    n_at_once: int
    person: int
    n_missing: int
    face_size: int


@dataclass(frozen=True)
class MarkedCrop(Crop):
    """What one video's frames are cut around by its manipulation mask.

    Attributes:
        marked: Part of the mask, over the frames that show a face, that lies in the person's boxes, three
            decimals; 0: there is no mask, or it is on nobody, and the person is the largest.
    """

    marked: float = 0.0


def crop_kind(cut: Cut | None) -> type[Crop]:
    """The rows of crops.csv."""
    return MarkedCrop if cut is not None and cut.person == "mask" else Crop


def extract_faces(
    path: Path,
    faces: Sequence[Face],
    cut: Cut,
    fitting: Fitting,
    everybody: Sequence[Face] | None = None,
) -> NDArray[np.uint8]:
    """Cut people out of a video's frames, or blank everybody's face in the same frames.

    Args:
        path: A video, a single picture or a folder of numbered ones; a file or a shard's member.
        faces: To be cut out; several may be in one frame.
        cut: How.
        fitting: What becomes of a square, or of a whole frame.
        everybody: The faces of all people: these are blanked, and the frames are cut around their middle.
            None: the faces are cut out.

    Returns:
        uint8 (len(faces), size, size, 3), RGB.

    Raises:
        UnreadableVideo: one of the frames cannot be had.
    """
    frames = np.empty((len(faces), fitting.size, fitting.size, 3), np.uint8)
    places: dict[int, list[int]] = defaultdict(list)
    for place, face in enumerate(faces):
        places[face.frame].append(place)
    shown: dict[int, list[Face]] = defaultdict(list)
    for face in everybody or ():
        shown[face.frame].append(face)
    read = read_pictures if holds_pictures(path) else decode_frames
    way = cut_upright if cut.align else cut_square
    for index, picture in read(path, sorted(places)):
        if everybody is not None:
            frames[places[index]] = resize_and_crop(blank(picture, shown[index]), fitting)
            continue
        for place in places[index]:
            frames[place] = way(picture, faces[place], cut.margin, fitting)
    return frames
