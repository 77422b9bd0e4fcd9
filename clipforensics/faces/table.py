"""The table of faces: every detection of every sampled frame, apart from pixels."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

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
    """What `find_faces` found; in memory is only where in the file each video's faces stand.

    Attributes:
        detector: By what; `none` if nothing was looked for.
        whole: Data sets in which nobody was looked for, though in others.
        skipped: Reason by data set and path, of videos that could not be decoded.
    """

    def __init__(
        self,
        path: Path,
        meta: Mapping[str, Any],
        skipped: Mapping[tuple[str, str], str],
        spans: Mapping[str, tuple[int, int]],
    ) -> None:
        """Use `open`."""
        self.detector, self.whole = str(meta["detector"]), frozenset(meta.get("whole", ()))
        self.skipped = dict(skipped)
        self._path, self._spans = path, spans

    @classmethod
    def open(cls, folder: Path) -> "FaceTable":
        """Read the folder that `write_faces` wrote, and every row of it once.

        Raises:
            InputError: a part is missing or damaged.
        """
        try:
            reasons = _read_reasons(folder / SKIPPED)
            return cls(folder / FACES, _read_meta(folder), reasons, _spans(folder / FACES))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, csv.Error) as error:
            raise InputError(f"table of faces {str(folder)!r} cannot be read ({error}); {_REMEDY}") from error

    def of(self, key: str) -> list[Face]:
        """Every face of one video, in order of time and person; none where none was found."""
        start, stop = self._spans.get(key, (0, 0))
        if start == stop:
            return []
        with self._path.open("rb") as file:
            file.seek(start)
            text = file.read(stop - start).decode()
        return [_face(row[1:]) for row in csv.reader(io.StringIO(text, newline=""))]


def read_detector(folder: Path) -> str:
    """By what faces were looked for; `NONE` if they were not.

    Raises:
        InputError: the table's meta.json is missing or damaged.
    """
    return str(_read_meta(folder)["detector"])


def read_whole(folder: Path) -> frozenset[str]:
    """Data sets in which nobody was looked for, though in others.

    Raises:
        InputError: as `read_detector`.
    """
    return frozenset(_read_meta(folder).get("whole", ()))


def _read_meta(folder: Path) -> dict[str, Any]:
    meta = read_json(folder / META)
    if not isinstance(meta, dict) or not isinstance(meta.get("detector"), str):
        raise InputError(f"{folder / META} names no detector; {_REMEDY}")
    return meta


def _read_reasons(path: Path) -> dict[tuple[str, str], str]:
    """Why videos were left out, by (data set, path)."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        if not {"dataset", "path", "reason"} <= {*(rows.fieldnames or ())}:
            raise InputError(f"{path} names no reasons; {_REMEDY}")
        return {(row["dataset"], row["path"]): row["reason"] for row in rows}


def _spans(path: Path) -> dict[str, tuple[int, int]]:
    """Key of each video -> where its rows begin and end in the file, in bytes.

    Raises:
        ValueError: a row is not what `write_faces` writes.
    """
    spans: dict[str, tuple[int, int]] = {}
    begin = end = 0
    last: tuple[str, int, int] = ("", -1, -1)
    with path.open("rb") as file:

        def lines() -> Iterator[str]:
            nonlocal end
            for line in file:
                end += len(line)
                yield line.decode()

        rows = csv.reader(lines())
        if tuple(next(rows, ())) != COLUMNS:
            raise ValueError(f"its columns are not {', '.join(COLUMNS)}")
        begin = end
        for row in rows:
            key, *values = row  # ValueError where a line is empty
            face = _face(values)
            here = (key, face.frame, face.person)
            if key != last[0] and key in spans:
                raise ValueError(f"the rows of {key!r} do not stand together")
            if key == last[0] and here <= last:
                raise ValueError(f"the rows of {key!r} are not in order of frame and person, each once")
            spans[key] = (spans[key][0] if key in spans else begin, end)
            last, begin = here, end
    return spans


def _face(values: Sequence[str]) -> Face:
    """One row without its key; ValueError if it is none."""
    frame, person, x, y, width, height = map(int, values[: len(_WHOLE)])
    score, *points = map(float, values[len(_WHOLE) :])
    if len(points) != len(_AXES) or not all(map(isfinite, (score, *points))):
        raise ValueError(f"frame {frame}: a number is missing or not finite")
    if min(frame, person, x, y, width - 1, height - 1) < 0:
        raise ValueError(f"frame {frame}: a number is negative, or a box is empty")
    return Face(frame, x, y, width, height, score, tuple(points), person)


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

    Raises:
        InputError: a key holds a carriage return, which would part a row where it is read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FACES).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for key, faces in found:
            if "\r" in key:
                raise InputError(f"video {key!r}: its name must not hold a carriage return; rename its file")
            for face in faces:
                place = (face.frame, face.person, face.x, face.y, face.width, face.height)
                writer.writerow((key, *place, face.score, *face.points))
    write_records(folder / SKIPPED, Skipped, skipped)
    write_json(folder / META, meta)
