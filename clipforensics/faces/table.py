"""The table of faces: every detection of every sampled frame, apart from pixels."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.core.records import Skipped, write_records
from clipforensics.faces.face import POINTS, Face

FACES, META, SKIPPED = "faces.csv", "meta.json", "skipped.csv"

_WHOLE = ("frame", "person", "x", "y", "width", "height")
_AXES = tuple(f"{point}_{axis}" for point in POINTS for axis in "xy")
COLUMNS = ("key", *_WHOLE, "score", *_AXES)
"""Of faces.csv: key of the video, then the fields of `Face`."""

NONE = "none"
"""The detector of a table that was made without looking: whole frames are wanted."""

_REMEDY = "run `dvc repro -f find_faces`"


class FaceTable:
    """What `find_faces` found.

    Attributes:
        detector: By what; `none` if nothing was looked for.
        skipped: Reason by path, of videos that could not be decoded.
    """

    def __init__(self, meta: Mapping[str, Any], table: pd.DataFrame, skipped: Mapping[str, str]) -> None:
        """Use `open`."""
        self.detector = str(meta["detector"])
        self.skipped = dict(skipped)
        keys = table["key"].to_numpy()
        changes = np.flatnonzero(keys[1:] != keys[:-1]) + 1
        bounds = [0, *changes.tolist(), len(keys)] if len(keys) else [0]
        self._spans = {str(keys[start]): (start, stop) for start, stop in pairwise(bounds)}
        self._whole = table[list(_WHOLE)].to_numpy(np.int32)
        self._score = table["score"].to_numpy(np.float64)
        self._axes = table[list(_AXES)].to_numpy(np.float64)

    @classmethod
    def open(cls, folder: Path) -> "FaceTable":
        """Read the folder that `write_faces` wrote.

        Raises:
            InputError: a part is missing or damaged.
        """
        kinds = {**dict.fromkeys(_WHOLE, np.int32), "key": str, "score": np.float64}
        try:
            meta = read_json(folder / META)
            table = pd.read_csv(folder / FACES, dtype=kinds, na_filter=False, encoding="utf-8")
            skipped = pd.read_csv(folder / SKIPPED, dtype=str, na_filter=False, encoding="utf-8")
            return cls(meta, table, dict(zip(skipped["path"], skipped["reason"], strict=True)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"table of faces {str(folder)!r} cannot be read ({error}); {_REMEDY}") from error

    def of(self, key: str) -> list[Face]:
        """Every face of one video, in order of time and person; none where none was found."""
        start, stop = self._spans.get(key, (0, 0))
        rows = zip(self._whole[start:stop], self._score[start:stop], self._axes[start:stop], strict=True)
        return [
            Face(int(frame), int(x), int(y), int(w), int(h), float(score), tuple(axes.tolist()), int(person))
            for (frame, person, x, y, w, h), score, axes in rows
        ]


def write_faces(
    folder: Path,
    meta: Mapping[str, Any],
    found: Iterable[tuple[str, Sequence[Face]]],
    skipped: Iterable[Skipped],
) -> None:
    """Write the folder that `FaceTable.open` reads.

    Args:
        folder: Made if missing.
        meta: `detector`, and the settings that it worked with.
        found: Key and faces of each video, in order; a key comes once.
        skipped: Videos that could not be decoded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FACES).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for key, faces in found:
            for face in faces:
                place = (face.frame, face.person, face.x, face.y, face.width, face.height)
                writer.writerow((key, *place, face.score, *face.points))
    write_records(folder / SKIPPED, Skipped, skipped)
    write_json(folder / META, meta)
