"""Finished work kept by what it was made from, so that nothing is done twice: `.scratch/kept` of the project.

Of each stage there is a small database and, beside it, files of arrays. A result is found again by its key: a
digest of the content that it was made from, the settings, the code and the versions of libraries. So a run
that was killed goes on where it stopped, one more video costs the work of one, and an experiment finds what
another one did. Nothing here is an output of a stage, and all of it may be deleted at any time.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.choosing import map_in_order
from clipforensics.machine.scratch import fingerprint, library_versions, project_code

T = TypeVar("T")
R = TypeVar("R")

FOLDER = Path(".scratch/kept")
DATABASE = "results.sqlite"
VARIABLE = "CLIPFORENSICS_KEPT"
"""Environment variable: the most gigabytes that are kept between runs; it belongs to the machine."""

GIGABYTES = 50.0
"""Kept where the variable is not set."""

BEFORE_NOTED = 2.0
"""Seconds of work that a kill may cost: after so many, results are written to the database."""

_TABLES = """
create table if not exists results (key text primary key, value text not null, used real not null);
create table if not exists arrays (
  name text primary key, sha256 text not null, size integer, changed integer, node integer, used real not null
);
"""


def key_of(*parts: object) -> str:
    """A key of anything that JSON can hold, or that has a text of its own; 32 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def kept_work(stage: str, settings: Mapping[str, object] | None = None) -> "Kept":
    """What a stage keeps in the project, under the settings that it works with.

    Args:
        stage: Its name.
        settings: What its results depend on beside what its keys name, the code and libraries.
    """
    limit()  # a wrong one is told before the work
    made_by = fingerprint({**(settings or {}), "libraries": library_versions()}, project_code())
    return Kept(Path(os.environ.get("DVC_ROOT", ".")) / FOLDER / stage, made_by)


class Kept:
    """Results of one kind of work by key, and files; several processes may use it at once.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> with Kept(Path(folder.name), "settings").opened() as kept:
    ...     kept.put(kept.key("a video's digest"), [1, 2])
    >>> with Kept(Path(folder.name), "settings").opened() as kept:
    ...     kept.get([kept.key("a video's digest"), kept.key("another")])
    [[1, 2], None]
    >>> folder.cleanup()
    """

    def __init__(self, folder: Path, made_by: str) -> None:
        """Nothing is opened yet.

        Args:
            folder: Of one kind of work.
            made_by: Part of every key: settings, code, libraries.
        """
        self.folder, self.made_by = folder, made_by
        self._new: dict[str, str] = {}
        self._used: set[str] = set()
        self._noted = time.monotonic()
        self._database: sqlite3.Connection | None = None

    def key(self, *parts: object) -> str:
        """The key of work on something, named by its content, under these settings."""
        return key_of(self.made_by, parts)

    @contextmanager
    def opened(self) -> Iterator["Kept"]:
        """Open the database; what was found until an exception is kept too.

        Raises:
            InputError: the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._database = _open(self.folder / DATABASE)
        try:
            yield self
        finally:
            self.note()
            self._touch()
            self._database.close()
            self._database = None
        trim(self.folder.parent, limit())

    def get(self, keys: Sequence[str]) -> list[Any]:
        """The result of each key; None where there is none."""
        found = {key: json.loads(value) for key, value in self._select(keys)}
        found |= {key: json.loads(self._new[key]) for key in keys if key in self._new}
        self._used.update(found)
        return [found.get(key) for key in keys]

    def known(self, keys: Sequence[str]) -> set[str]:
        """Which of the keys have a result."""
        found: set[str] = set()
        for some in _in_parts(keys):
            found |= {key for key, _ in self._select(some)} | (self._new.keys() & set(some))
        return found

    def put(self, key: str, result: object) -> None:
        """Keep a result that JSON can hold; it outlives a kill `BEFORE_NOTED` seconds later."""
        self._new[key] = json.dumps(result)
        if time.monotonic() - self._noted > BEFORE_NOTED:
            self.note()

    def note(self) -> None:
        """Write what is new to the database."""
        now = time.time()
        with self._writing() as database:
            rows = [(key, value, now) for key, value in self._new.items()]
            database.executemany("insert or replace into results values (?, ?, ?)", rows)
        self._new.clear()
        self._noted = time.monotonic()

    def keep_array(self, path: Path, name: str, sha256: str) -> None:
        """Keep an array's file, never to be changed: a second name of it where the disk allows, else a copy.

        Args:
            path: A `.npy`.
            name: Under which it is found again.
            sha256: Of the array's bytes.
        """
        temporary = self.folder / f"{name}.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        try:
            os.link(path, temporary)
        except OSError:  # another disk, or one without links
            shutil.copyfile(path, temporary)
        temporary.replace(self.folder / name)
        row = (name, sha256, *_seen(self.folder / name), time.time())
        with self._writing() as database:
            database.execute("insert or replace into arrays values (?, ?, ?, ?, ?, ?)", row)

    def array(self, name: str) -> Path | None:
        """The file of a kept array; None where it is gone, or was touched and is not what was kept."""
        rows = self._open().execute("select sha256, size, changed, node from arrays where name = ?", [name])
        noted, path = rows.fetchone(), self.folder / name
        if noted is None or not path.is_file():
            return None
        if noted[1:] != _seen(path) and _digest(path) != noted[0]:
            path.unlink(missing_ok=True)
            return None
        self._used.add(name)
        return path

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            raise RuntimeError("what is kept is not opened")
        return self._database

    def _select(self, keys: Sequence[str]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for some in _in_parts(keys):
            marks = ",".join("?" * len(some))
            rows = self._open().execute(f"select key, value from results where key in ({marks})", some)
            found += rows.fetchall()
        return found

    def _touch(self) -> None:
        now = time.time()
        with self._writing() as database:
            for table, column in (("results", "key"), ("arrays", "name")):
                rows = ((now, key) for key in self._used)
                database.executemany(f"update {table} set used = ? where {column} = ?", rows)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        database = self._open()
        try:
            with database:
                yield database
        except sqlite3.OperationalError as error:
            raise InputError(
                f"{self.folder} cannot be written: {error}; free space, or `clipforensics kept --clear`"
            ) from error


def map_kept(
    function: Callable[[T], R],
    items: Sequence[T],
    keys: Sequence[str],
    kept: Kept,
    *,
    workers: int,
    died: Callable[[T], R],
    lasting: Callable[[R], bool],
    seconds: float = inf,
    late: Callable[[T], R] | None = None,
    sees: Iterable[Path] = (),
) -> Generator[R, None, None]:
    """As `map_in_order`, but what is kept is not done again, and what is done is kept.

    Args:
        function: Its results are what JSON can hold; else as there.
        items: As there.
        keys: Of each.
        kept: Opened.
        workers: Processes.
        died: As there.
        lasting: Whether a result would come again; others are not kept.
        seconds: As there.
        late: As there.
        sees: As there.
    """
    known = kept.known(keys)
    todo = [item for item, key in zip(items, keys, strict=True) if key not in known]
    options: dict[str, Any] = {"workers": workers, "died": died, "seconds": seconds, "late": late}
    options["sees"] = sees
    with closing(map_in_order(function, todo, **options)) as results:
        for item, key in zip(items, keys, strict=True):
            (result,) = kept.get([key]) if key in known else [next(results)]
            if result is None:  # somebody cleared it meanwhile
                result = function(item)
            if key not in known and lasting(result):
                kept.put(key, result)
            yield result


@dataclass(frozen=True)
class Entry:
    """Something that is kept.

    Attributes:
        used: When it was last of use, seconds since 1970.
        table: `results` or `arrays`.
        key: Of it there.
        n_bytes: That deleting it gives back; 0: another file holds the same content.
    """

    used: float
    table: str
    key: str
    n_bytes: int


def limit() -> int:
    """Bytes that may be kept between runs: `CLIPFORENSICS_KEPT`, in gigabytes, or `GIGABYTES`.

    Raises:
        InputError: the variable is no number of gigabytes.
    """
    text = os.environ.get(VARIABLE, "").strip() or str(GIGABYTES)
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = nan
    if not 0 <= gigabytes < inf:
        raise InputError(f"{VARIABLE} is {text!r}; it must be a number of gigabytes, such as 20, or unset")
    return round(gigabytes * 1e9)


def entries(folder: Path) -> list[Entry]:
    """All that is kept of one kind of work."""
    with closing(_open(folder / DATABASE)) as database:
        rows = database.execute("select used, key, length(key) + length(value) from results").fetchall()
        arrays = database.execute("select used, name from arrays").fetchall()
    found = [Entry(used, "results", key, size) for used, key, size in rows]
    return found + [Entry(used, "arrays", name, _given_back(folder / name)) for used, name in arrays]


def find_altered(folder: Path) -> tuple[list[Entry], int]:
    """Arrays of one kind of work that hold other bytes than were kept, and how many were read.

    Raises:
        sqlite3.DatabaseError: the database is damaged.
    """
    address = f"{(folder / DATABASE).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:
        rows = database.execute("select name, sha256, used from arrays").fetchall()
    there = [row for row in rows if (folder / row[0]).is_file()]
    altered = [row for row in there if _digest(folder / row[0]) != row[1]]
    return [Entry(used, "arrays", name, _given_back(folder / name)) for name, _, used in altered], len(there)


def trim(root: Path, most: int) -> None:
    """Delete what was used longest ago until no more than so many bytes are kept.

    Args:
        root: Folder of all kinds of work.
        most: Bytes.
    """
    kinds = sorted(path.parent for path in root.glob(f"*/{DATABASE}"))
    kept = sorted(((entry, kind) for kind in kinds for entry in entries(kind)), key=lambda pair: pair[0].used)
    too_much = sum(entry.n_bytes for entry, _ in kept) - most
    gone: dict[Path, list[Entry]] = {}
    for entry, kind in kept:
        if too_much <= 0:
            break
        gone.setdefault(kind, []).append(entry)
        too_much -= entry.n_bytes
    for kind, some in gone.items():
        forget(kind, some)


def forget(folder: Path, gone: Sequence[Entry]) -> None:
    """Delete some of what is kept of one kind of work."""
    with closing(_open(folder / DATABASE)) as database:
        for table, column in (("results", "key"), ("arrays", "name")):
            keys = [(entry.key,) for entry in gone if entry.table == table]
            with database:
                database.executemany(f"delete from {table} where {column} = ?", keys)
        database.execute("vacuum")
    for entry in gone:
        if entry.table == "arrays":
            (folder / entry.key).unlink(missing_ok=True)


def _given_back(path: Path) -> int:
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0
    return status.st_size if status.st_nlink == 1 else 0


def _open(path: Path) -> sqlite3.Connection:
    """The database; one that is damaged is begun anew, for nothing in it is irreplaceable."""
    for _ in range(2):
        database = sqlite3.connect(path, timeout=60)
        try:
            database.executescript(_TABLES)
            database.execute("select count(*) from results").fetchone()
        except sqlite3.DatabaseError as error:
            database.close()
            if isinstance(error, sqlite3.OperationalError):  # locked, full or read-only, and sound
                raise InputError(
                    f"{path} cannot be opened: {error}; free space, or `clipforensics kept --clear`"
                ) from error
            path.unlink()
        else:
            return database
    raise InputError(f"{path} cannot be made; delete its folder")


def _seen(path: Path) -> tuple[int, int, int]:
    """By what a file is taken for the same without reading it, as git and DVC do."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _digest(path: Path) -> str:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:  # whatever a damaged header makes NumPy raise
        return ""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def _in_parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """SQLite takes so many values in one question."""
    for start in range(0, len(keys), 500):
        yield keys[start : start + 500]
