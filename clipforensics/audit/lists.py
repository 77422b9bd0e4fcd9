"""Lists of videos as people publish them: with a header or without, by frames or by videos, pairs in JSON."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from clipforensics.audit.blocks import COLUMNS, Place, blocks, is_table, lines_of, read_json
from clipforensics.audit.reading import PATH, Pair
from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import lost_zeros, remedy_of
from clipforensics.naming.people import Naming, show
from clipforensics.naming.places import place_of

Content = dict[Pair, set[str]]
"""(manipulation, video) -> frames that the list names; none where it names videos."""

UNSAID = ""
"""The manipulation of a video of which the list does not say it."""

_TABLES = (".json", ".jsonl", ".ndjson", ".parquet", ".pq")
_WHOLE = re.compile(r"0*([0-9]+)(?:\.0*)?")
_LABELLED = re.compile(r"(?:[01][\s,]+)?(.+?)(?:[\s,]+[01])?")


def read_list(paths: Sequence[Path], naming: Naming) -> tuple[Pair, ...]:
    """Read the videos of one part, in one or several files.

    Args:
        paths: Each as `read_part` takes it.
        naming: What tells a video's name in a path.

    Returns:
        Each (manipulation, video) once, sorted; a list by frames is fine.

    Raises:
        InputError: as `read_part`.
    """
    return tuple(sorted({pair for path in paths for pair in read_part(path, naming)}))


def read_part(path: Path, naming: Naming) -> Content:
    """Read one list: videos, and the frames where it names them.

    - CSV, JSON lines, a JSON array of objects or parquet with columns manipulation and video, or path (and
      frame, where it is given);
    - JSON: FaceForensics++'s list of pairs, of which [a, b] is the real videos a and b and the manipulated
      a_b and b_a of whatever manipulation;
    - any other text: one video or picture a line, as a path, or as `manipulation,video`. A 0 or 1 before or
      behind it is left out: published lists disagree on which of them is real, names and folders tell.

    Raises:
        InputError: the file cannot be read, has no rows, lacks a column or a name, or holds a path that
            cannot be read.
    """
    if path.suffix.lower() == ".json" and not is_table(content := read_json(path)):
        return {pair: set() for pair in _pair_videos(path, content)}
    if path.suffix.lower() in _TABLES or _has_header(path):
        return _gathered(_rows_of_table(path, naming))
    return _gathered(_rows_of_lines(path, naming))


def frame_name(text: str) -> str:
    """A frame's number without zeros around it (`01`, `1` and `1.0` are one frame); other text as it is."""
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _pair_videos(path: Path, content: object) -> list[Pair]:
    pairs = content if isinstance(content, list) else []
    if not pairs or not all(
        isinstance(p, list) and len(p) == 2 and all(isinstance(i, str) and i for i in p) for p in pairs
    ):
        raise InputError(f"{path}: is no list of pairs of ids; give one such as FaceForensics++'s train.json")
    return [(UNSAID, name) for a, b in pairs for name in (a, b, f"{a}_{b}", f"{b}_{a}")]


def _has_header(path: Path) -> bool:
    first = next(lines_of(path), None)
    if first is None:
        raise InputError(f"{path}: is empty; give it one video a line")
    return bool({cell.strip().lower() for cell in re.split("[,;]", first)} & set(COLUMNS))


Row = tuple[Pair, str]
"""(manipulation, video) and the frame, empty where there is none."""


def _gathered(rows: Iterable[Row]) -> Content:
    found: Content = {}
    for pair, frame in rows:
        frames = found.setdefault(pair, set())
        if frame:
            frames.add(frame)
    return found


def _rows_of_table(path: Path, naming: Naming) -> Iterator[Row]:
    for table, place in blocks(path):
        names = list(table.columns)
        needed = [PATH] if PATH in names and "video" not in names else ["manipulation", "video"]
        missing = [name for name in needed if name not in names]
        if missing:
            raise InputError(
                f"{path}: no column {', '.join(missing)}; its header must name manipulation and video, or"
                f" path, but reads {show(','.join(names))}"
            )
        frames = table["frame"] if "frame" in names else [""] * len(table)
        columns = [table[name] for name in needed]
        for i, (frame, *cells) in enumerate(zip(frames, *columns, strict=True)):
            if needed == [PATH]:
                yield _row_of_path(cells[0], naming, place, i)
            else:
                yield _row_of_names(cells[0], cells[1], place, i), frame_name(frame.strip())


def _rows_of_lines(path: Path, naming: Naming) -> Iterator[Row]:
    place = Place(path, 0)
    for i, line in enumerate(lines_of(path)):
        match = _LABELLED.fullmatch(line)
        cells = (match[1] if match else line).split(",")
        if len(cells) > 2:
            raise place.fault(i, f"{show(line)} is neither a path nor manipulation,video; mend it")
        if len(cells) == 2:
            yield _row_of_names(cells[0], cells[1], place, i), ""
        else:
            yield _row_of_path(cells[0], naming, place, i)


def _row_of_names(manipulation: str, video: str, place: Place, i: int) -> Pair:
    pair = (manipulation.strip(), video.strip())
    for column, name in zip(("manipulation", "video"), pair, strict=True):
        if not name:
            raise place.fault(i, f"{column} is empty; every row needs both names")
    return pair


def _row_of_path(path: str, naming: Naming, place: Place, i: int) -> Row:
    found = place_of(path, naming)
    if found is None:
        raise place.fault(
            i,
            f"{show(path)} holds no name of naming {naming.name} ({naming.rule}){lost_zeros(naming, path)};"
            f" {remedy_of(naming)}",
        )
    return (found.manipulation, found.video), "" if found.frame is None else str(found.frame)
