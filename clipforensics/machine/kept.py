"""Finished work kept by what it was made from, so that nothing is done twice: `.scratch/kept` of the project.

Of each stage there is a small database and, beside it, files of arrays. A result is found again by its key: a
digest of the content that it was made from, the settings, the code and the versions of libraries. So a run
that was killed goes on where it stopped, one more video costs the work of one, and an experiment finds what
another one did. Nothing here is an output of a stage, and all of it may be deleted at any time.
"""

import hashlib
import heapq
import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from typing import Any, TypeVar

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.choosing import map_in_order
from clipforensics.machine.database import (
    BY_USE,
    DATABASE,
    Database,
    Held,
    array_digest,
    given_back,
    read_arrays,
    row_digest,
    seen_as,
)
from clipforensics.machine.scratch import fingerprint, library_versions, project_code

T = TypeVar("T")
R = TypeVar("R")

FOLDER = Path(".scratch/kept")
VARIABLE = "CLIPFORENSICS_KEPT"
"""Environment variable: the most gigabytes that are kept between runs; it belongs to the machine."""

GIGABYTES = 50.0
"""Kept where the variable is not set."""

BEFORE_NOTED = 2.0
"""Seconds of work that a kill may cost: after so many, results are written to the database."""

DAY = 86400.0
"""Seconds after which a file that no row names is nobody's work."""


def key_of(*parts: object) -> str:
    """A key of anything that JSON can hold, or that has a text of its own; 32 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def kept_work(
    stage: str, settings: Mapping[str, object] | None = None, *, apart: Collection[str] = ()
) -> "Kept":
    """What a stage keeps in the project, under the settings that it works with.

    Args:
        stage: Its name.
        settings: What its results depend on beside what its keys name, the code and libraries.
        apart: Packages of the project whose code its results do not depend on.
    """
    limit()  # a wrong one is told before the work
    made_by = fingerprint({**(settings or {}), "libraries": library_versions()}, project_code(apart))
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
        self._database: Database | None = None

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
        self._database = Database(self.folder)
        try:
            yield self
        finally:
            try:
                self.note()
                self._touch()
            finally:
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
        found, before = set(self._new.keys() & set(keys)), self._open().n_anew
        for some in _in_parts(keys):
            found |= {key for key, _ in self._select(some)}
        return found if self._open().n_anew == before else self.known(keys)

    def put(self, key: str, result: object) -> None:
        """Keep a result that JSON can hold; it outlives a kill `BEFORE_NOTED` seconds later."""
        self._new[key] = json.dumps(result)
        if time.monotonic() - self._noted > BEFORE_NOTED:
            self.note()

    def note(self) -> None:
        """Write what is new to the database."""
        now = time.time()
        values = {key: value.encode() for key, value in self._new.items()}
        rows = [(key, row_digest(key, value), now, value) for key, value in values.items()]
        self._open().change("insert or replace into results values (?, ?, ?, ?)", rows)
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
        about = (sha256, *seen_as(self.folder / name))
        row = (name, row_digest(name, *about), time.time(), *about)
        self._open().change("insert or replace into arrays values (?, ?, ?, ?, ?, ?, ?)", [row])

    def array(self, name: str) -> Path | None:
        """The file of a kept array; None where it is gone, or was touched and is not what was kept."""
        question = "select digest, sha256, size, changed, node from arrays where name = ?"
        rows, path = list(self._open().rows(question, [name])), self.folder / name
        if not rows or not path.is_file():
            return None
        (digest, *about), seen = rows[0], seen_as(path)
        if digest != row_digest(name, *about):
            return None
        if about[1:] != [*seen] and array_digest(path) != about[0]:
            path.unlink(missing_ok=True)
            return None
        self._used.add(name)
        return path

    def _open(self) -> Database:
        if self._database is None:
            raise RuntimeError("what is kept is not opened")
        return self._database

    def _select(self, keys: Sequence[str]) -> list[tuple[str, bytes]]:
        found: list[tuple[str, bytes]] = []
        for some in _in_parts(keys):
            marks = ",".join("?" * len(some))
            rows = self._open().rows(f"select key, digest, value from results where key in ({marks})", some)
            found += [(key, value) for key, digest, value in rows if digest == row_digest(key, value)]
        return found

    def _touch(self) -> None:
        rows = [(time.time(), key) for key in self._used]
        for table, column in (("results", "key"), ("arrays", "name")):
            self._open().change(f"update {table} set used = ? where {column} = ?", rows)


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
            (result,) = kept.get([key]) if key in known else [None]
            if result is None:  # new, or gone meanwhile: cleared, or damaged
                result = next(results if key not in known else map_in_order(function, [item], **options))
                if lasting(result):
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


def entries(folder: Path) -> Generator[Entry, None, None]:
    """All that is kept of one kind of work, what was used longest ago first; held open until the last.

    Raises:
        InputError: the database cannot be used.
    """
    with closing(Database(folder)) as database:
        for used, table, key, size in database.rows(BY_USE):
            yield Entry(used, table, key, given_back(folder / key) if table == "arrays" else size)


def unnamed(folder: Path, *, every: bool = False) -> list[Entry]:
    """Files of one kind of work that no row names, since `DAY`: of a database begun anew, or of a kill.

    Those that an output holds too are left: they take no room, and may just be being kept.

    Args:
        folder: Of the kind of work.
        every: Whether younger ones are asked for as well, and those that an output holds.

    Raises:
        InputError: the database cannot be used.
    """
    found = []
    with closing(Database(folder)) as database:
        for path in sorted(folder.iterdir()):
            with suppress(FileNotFoundError):  # another process renamed it
                changed, size = path.stat().st_mtime, given_back(path)
                is_asked = every or (size and changed <= time.time() - DAY)
                if path.name.startswith(DATABASE) or not is_asked:
                    continue
                if not list(database.rows("select 1 from arrays where name = ?", [path.name])):
                    found.append(Entry(changed, "arrays", path.name, size))
    return found


def find_altered(folder: Path) -> tuple[list[Entry], int]:
    """Arrays of one kind of work that hold other bytes than were kept, and how many were read.

    Raises:
        sqlite3.DatabaseError: as `read_arrays`.
        InputError: as there.
    """
    rows = read_arrays(folder)
    there = [row for row in rows if (folder / row[0]).is_file()]
    altered = [row for row in there if array_digest(folder / row[0]) != row[1]]
    return [Entry(used, "arrays", name, given_back(folder / name)) for name, _, used in altered], len(there)


def trim(root: Path, most: int) -> None:
    """Delete what was used longest ago until no more than so many bytes are kept; and files no row names.

    A kind of work that another process holds is left as it is.

    Args:
        root: Folder of all kinds of work.
        most: Bytes.
    """
    sizes = {}
    for kind in sorted(path.parent for path in root.glob(f"*/{DATABASE}")):
        with suppress(Held):
            if some := unnamed(kind):
                forget(kind, some)
            sizes[kind] = _size(kind)
    if (too_much := sum(sizes.values()) - most) <= 0:
        return
    for kind, some in _longest_ago([*sizes], too_much).items():
        with suppress(Held):
            forget(kind, some)


def forget(folder: Path, gone: Sequence[Entry]) -> None:
    """Delete some of what is kept of one kind of work.

    Raises:
        InputError: the database cannot be used.
    """
    with closing(Database(folder)) as database:
        for table, column in (("results", "key"), ("arrays", "name")):
            keys = [(entry.key,) for entry in gone if entry.table == table]
            database.change(f"delete from {table} where {column} = ?", keys)
        for entry in gone:
            if entry.table == "arrays" and Path(entry.key).name == entry.key:  # damage may have made any name
                with suppress(OSError, ValueError):
                    (folder / entry.key).unlink()
        database.do(lambda opened: opened.execute("vacuum"))


def _longest_ago(kinds: Sequence[Path], n_bytes: float) -> dict[Path, list[Entry]]:
    """Of each kind what was used longest ago, until it takes so many bytes; only that is held in memory."""
    found: dict[Path, list[Entry]] = {}
    with ExitStack() as stack:
        streams = [stack.enter_context(closing(_by_use(kind))) for kind in kinds]
        for kind, entry in heapq.merge(*streams, key=lambda pair: pair[1].used):
            found.setdefault(kind, []).append(entry)
            n_bytes -= entry.n_bytes
            if n_bytes <= 0:
                break
    return found


def _by_use(kind: Path) -> Generator[tuple[Path, Entry], None, None]:
    with suppress(Held), closing(entries(kind)) as found:
        for entry in found:
            yield kind, entry


def _size(folder: Path) -> float:
    """Bytes that are kept of one kind of work, by SQLite's count, which holds none of it in memory."""
    with closing(Database(folder)) as database:
        sizes = database.rows("select total(length(key) + length(value)) from results")
        names = database.rows("select name from arrays where typeof(name) = 'text'")
        return sum(size for (size,) in sizes) + sum(given_back(folder / name) for (name,) in names)


def _in_parts(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """SQLite takes so many values in one question."""
    for start in range(0, len(keys), 500):
        yield keys[start : start + 500]
