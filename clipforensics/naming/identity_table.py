"""A table that says who is in which video: `video,identity[,identity...]`, target first, then source."""

import csv
from collections.abc import Callable, Mapping
from io import TextIOWrapper
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_whole
from clipforensics.naming.people import People, bare, parts_of, show, without_ending

RULE = "a row of --identities (video,identity[,identity...])"


def read_rows(path: Path) -> dict[str, tuple[str, ...]]:
    """Read a CSV whose first column is `video`; every further column holds an identity, or nothing.

    Columns are called `identity...`, or the first two `target` and `source`, in any capitals. The first
    identity is the target, the second the source, further ones are anybody else in the video. A row without
    any says that it is not known who is in that video.

    Returns:
        Name as it stands in the table -> identities.

    Raises:
        InputError: the file cannot be read, has another header or no rows, names no video in a row, or
            says two things of one video.
    """
    whole: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(_rows(path), start=2):
        name, *others = (cell.strip() for cell in row)
        if not name:
            raise InputError(f"{path}: line {number}: video is empty; name it")
        ids = tuple(others)
        while ids and not ids[-1]:
            ids = ids[:-1]
        if any("+" in identity for identity in ids):
            raise InputError(f"{path}: line {number}: an identity holds `+`, which joins several; rename it")
        if whole.setdefault(name, ids) != ids:
            raise InputError(f"{path}: line {number}: {show(name)} has other identities above; keep one row")
    if not whole:
        raise InputError(f"{path}: has no rows beneath its header; give it one row a video")
    return whole


def read_table(path: Path) -> dict[str, tuple[str, ...]]:
    """As `read_rows`, and also under the bare name (no folders, ending or marks) where that is one video.

    It is where all videos of that bare name have the same identities.
    """
    rows = read_rows(path)
    return {**_alike(rows, bare), **rows}


def reader(table: Mapping[str, tuple[str, ...]]) -> Callable[[str], People | None]:
    """A function from a name to its people; None for a name that the table has not."""

    def read(name: str) -> People | None:
        ids = table.get(name, table.get(bare(name)))
        return None if ids is None else _people(bare(name), ids)

    return read


def reader_of_files(rows: Mapping[str, tuple[str, ...]]) -> Callable[[str], People | None]:
    """As `reader`, for paths of files and rows as they stand: one with folders is of the file there alone.

    A row without folders is of any file of its name. Endings need not agree where that leaves one video.
    """
    known = {**_alike(rows, _placed), **rows}

    def read(path: str) -> People | None:
        name = _placed(path)
        ids = next((known[n] for n in (path, name, name.rpartition("/")[2]) if n in known), None)
        return None if ids is None else _people(bare(path), ids)

    return read


def _placed(path: str) -> str:
    """A file's folders and bare name."""
    return "/".join((*parts_of(path)[:-1], bare(without_ending(path))))


def _people(clip: str, ids: tuple[str, ...]) -> People:
    target, source, *others = (*ids, "", "")
    return People(clip, target, source, tuple(other for other in others if other))


def _rows(path: Path) -> list[list[str]]:
    try:
        with open_whole(path) as binary, TextIOWrapper(binary, "utf-8-sig", newline="") as file:
            lines = file.readlines()
        mark = ";" if lines and ";" in lines[0] and "," not in lines[0] else ","
        header, *rows = [row for row in csv.reader(lines, delimiter=mark, strict=True) if row] or [[]]
    except OSError as error:
        why = error.strerror or error
        raise InputError(f"{path}: cannot be read: {why}; name the table of identities as it lies") from error
    except (UnicodeError, csv.Error) as error:
        raise InputError(f"{path}: is not CSV in UTF-8 ({error}); mend it") from error
    names = [name.strip().lower() for name in header]
    if not _is_header(names):
        raise InputError(
            f"{path}: its header must read video,identity[,identity...] or video,target[,source], but reads"
            f" {show(','.join(names))}"
        )
    return rows


def _is_header(names: list[str]) -> bool:
    """Whether these are `video` and identities; the first two may be called by what they are."""
    named = dict(enumerate(("video", "target", "source")))
    return (
        len(names) > 1
        and names[0] == "video"
        and all(name == named.get(i) or name.startswith("identity") for i, name in enumerate(names) if i)
    )


def _alike(rows: Mapping[str, tuple[str, ...]], shorter: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    """Shorter name -> identities, without those that stand for videos of different people."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for name, ids in rows.items():
        found.setdefault(shorter(name), set()).add(ids)
    return {name: next(iter(several)) for name, several in found.items() if len(several) == 1}
