"""A stranger's table, CSV, JSON or parquet, in blocks of text, so that memory holds one block."""

import csv
import json
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from itertools import count, islice
from pathlib import Path
from typing import TypeGuard

import pandas as pd
from pandas.errors import EmptyDataError, ParserError, ParserWarning

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_regular, open_whole
from clipforensics.naming.people import show

BLOCK = 200_000
"""Rows held as text at a time."""

MAX_BYTES = 1 << 33
"""Most bytes of a table that is read in blocks: some hundred million rows."""

LONGEST_LINE = 1 << 20
"""Bytes of which at least one must end a line."""

COLUMNS = ("manipulation", "video", "path", "frame", "label", "score")
"""Columns that are known, in any capitals."""

_JSON_LINES, _PARQUET = (".jsonl", ".ndjson"), (".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class Place:
    """A file and the number of data rows before the block at hand."""

    path: Path
    row: int

    def fault(self, index: int, what: str) -> InputError:
        """What is wrong with row `index` of the block."""
        return InputError(f"{self.path}: data row {self.row + index + 1}: {what}")


def blocks(path: Path) -> Iterator[tuple[pd.DataFrame, Place]]:
    """Blocks of a table as text, columns named as in its header (`COLUMNS` in small letters), in its order.

    The first may be empty, so that its columns are seen before a missing row is told. A missing value is
    empty text; a number of JSON lines or parquet is text that reads as that number. The ending says what a
    file is: .jsonl and .ndjson, .json (an array of objects), .parquet and .pq, anything else CSV, separated
    by commas, or by semicolons where its first line has no comma.

    Raises:
        InputError: the file cannot be read, is not of its kind, or has no rows; a column of CSV that stands
            there twice is told by `columns_of`.
    """
    before = 0
    for number, block in enumerate(_of_kind(path)):
        if len(block) or number == 0:
            block.columns = pd.Index(_named(list(block.columns)))
            yield block, Place(path, before)
        before += len(block)
    if not before:
        raise InputError(f"{path}: has no rows beneath its header; give it one row a frame or video")


def _of_kind(path: Path) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() in _JSON_LINES:
        return _json_lines(path)
    if path.suffix.lower() == ".json":
        return _json_array(path)
    return _parquet(path) if path.suffix.lower() in _PARQUET else _csv(path)


def _named(names: list[str]) -> list[str]:
    """A known column in small letters, unless another column is written so."""
    return [low if (low := name.lower()) in COLUMNS and low not in names else name for name in names]


def is_table(content: object) -> TypeGuard[list[dict[str, object]]]:
    """Whether a JSON content is an array of objects: a row each."""
    return isinstance(content, list) and bool(content) and all(isinstance(row, dict) for row in content)


def read_json(path: Path) -> object:
    """The content of a stranger's JSON file; InputError where it cannot be read."""
    try:
        with open_whole(path) as file:
            return json.loads(file.read())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
    except (ValueError, RecursionError) as error:  # the latter: nested a thousand deep
        raise InputError(f"{path}: is not JSON ({error}); mend it") from error


def _json_array(path: Path) -> Iterator[pd.DataFrame]:
    content = read_json(path)
    if not is_table(content):
        raise InputError(f"{path}: is no JSON array of objects; give one object a row, or CSV")
    yield _frame(list(content[0]), content)


def _frame(columns: list[str], rows: list[dict[str, object]]) -> pd.DataFrame:
    texts = {name: [_text(row.get(name)) for row in rows] for name in columns}
    return pd.DataFrame(texts, columns=columns, dtype=str)


def _separator(path: Path) -> str:
    first = next(lines_of(path), "")
    return ";" if ";" in first and "," not in first else ","


def _csv(path: Path) -> Iterator[pd.DataFrame]:
    """The header is read as the first row, so that pandas renames no column."""
    options = {"header": None, "dtype": str, "na_filter": False, "index_col": False, "chunksize": BLOCK}
    columns: list[str] | None = None
    separator = _separator(path)
    try:
        with warnings.catch_warnings(), _opened(path) as file:
            warnings.simplefilter("error", ParserWarning)
            for block in pd.read_csv(file, sep=separator, **options):
                if columns is None:
                    columns, block = [str(name).strip() for name in block.iloc[0]], block.iloc[1:]
                block.columns = pd.Index(columns)
                yield block.reset_index(drop=True)
    except EmptyDataError as error:
        raise InputError(f"{path}: is empty; give it a header and rows") from error
    except (ParserError, ParserWarning, csv.Error) as error:
        raise InputError(f"{path}: is not CSV: {str(error).strip()}; mend or quote that line") from error


@contextmanager
def _opened(path: Path) -> Iterator:
    """The file as UTF-8 text, with its own errors in one line."""
    try:
        with open_regular(path, MAX_BYTES) as binary:
            _check_lines(path, binary)
            with TextIOWrapper(binary, "utf-8-sig", newline="") as file:
                yield file
    except UnicodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({error}); save it as CSV in UTF-8") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error


def _check_lines(path: Path, file: BufferedReader) -> None:
    """Refuse what has no end of a line for long, before any of it is held as one; at its beginning again."""
    while len(part := file.read(LONGEST_LINE)) == LONGEST_LINE:
        if b"\n" not in part and b"\r" not in part:
            raise InputError(f"{path}: has a line of over {LONGEST_LINE} bytes; it must be a table or list")
    file.seek(0)


def lines_of(path: Path) -> Iterator[str]:
    """Lines of a text file, without ends and surrounding blanks; empty ones are left out.

    Raises:
        InputError: the file cannot be read or is not UTF-8.
    """
    with _opened(path) as file:
        yield from (line.strip() for line in file if line.strip())


def _json_lines(path: Path) -> Iterator[pd.DataFrame]:
    """One object a line; the first one's keys are the columns."""
    columns: list[str] = []
    lines = lines_of(path)
    for start in count(step=BLOCK):
        rows = [_object(path, start + i, line) for i, line in enumerate(islice(lines, BLOCK))]
        if not rows:
            return
        columns = columns or list(rows[0])
        yield _frame(columns, rows)


def _object(path: Path, row: int, line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise Place(path, row).fault(0, f"is not JSON ({error}); mend the line") from error
    if not isinstance(found, dict):
        raise Place(path, row).fault(0, f"is no JSON object, but {show(line)}; give one object a line")
    return found


def _text(value: object) -> str:
    """A value as CSV would hold it; floats in full, so that reading them gives them back."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value)


def _parquet(path: Path) -> Iterator[pd.DataFrame]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise InputError(
            f"{path}: parquet needs pyarrow; pip install clipforensics[parquet], or save it as CSV"
        ) from error
    try:
        with open_regular(path, MAX_BYTES) as binary, parquet.ParquetFile(binary) as file:
            for batch in file.iter_batches(batch_size=BLOCK):
                columns = {str(name): map(_text, batch[name].to_pylist()) for name in batch.schema.names}
                yield pd.DataFrame({name: list(values) for name, values in columns.items()}, dtype=str)
    except ArrowException as error:
        raise InputError(f"{path}: is not parquet: {str(error).strip()}; mend it") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; check the path") from error
