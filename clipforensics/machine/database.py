"""The small database of one kind of kept work, begun anew where it is damaged, and the files beside it.

Rows and files may be lost, and are never wrong.
"""

import hashlib
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from clipforensics.core.faults import InputError

T = TypeVar("T")

DATABASE = "results-2.sqlite"
"""Its file's name, by the layout of its tables: an earlier checkout uses another in the same folder."""
PATIENCE = 60.0
"""Seconds that another process is waited for."""

USED = "min(max(coalesce(cast(used as real), 0), 0), 4e9)"
"""When a row was last of use, seconds since 1970: some time, whatever damage made of it."""

BY_USE = f"""
select {USED}, 'results', key, coalesce(length(key) + length(value), 0) from results
union all select {USED}, 'arrays', name, 0 from arrays where typeof(name) = 'text'
order by 1
"""
"""When, where, which and bytes of every row, what was used longest ago first."""

_TABLES = """
create table if not exists results (key text primary key, digest blob, used real, value blob);
create table if not exists arrays (
  name text primary key, digest blob, used real, sha256 text, size integer, changed integer, node integer
);
"""

_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SOUND = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Errors that say nothing against what is in the database."""


class Held(InputError):
    """Another process holds the database."""


def row_digest(*values: object) -> bytes:
    """By which a row is known to be what was written: SQLite has no checksums."""
    return hashlib.sha256(repr(values).encode()).digest()[:16]


def told(path: Path, error: sqlite3.Error) -> InputError | None:
    """What a user is told of an error of a database that may be sound; None: it is damaged."""
    code = error.sqlite_errorcode & 0xFF
    if code in _HELD:
        return Held(f"{path} cannot be used: another process holds it; run again when that has ended")
    if code in _SOUND:
        return InputError(f"{path} cannot be written: {error}; free space, or `clipforensics kept --clear`")
    return None


class Database:
    """Opened until `close`; several processes may use it at once.

    Attributes:
        n_anew: Times that it was begun anew.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> database = Database(Path(folder.name))
    >>> database.change("insert into results (key, value) values (?, ?)", [("a", b"1"), ("b", b"2")])
    >>> list(database.rows("select value from results where key = ?", ["b"]))
    [(b'2',)]
    >>> database.close()
    >>> folder.cleanup()
    """

    def __init__(self, folder: Path) -> None:
        """Open it, or make it.

        Args:
            folder: Of the kind of work; must be there.

        Raises:
            InputError: as `do`.
        """
        self._path, self.n_anew = folder / DATABASE, 0
        self._connection: sqlite3.Connection | None = None
        self.do(lambda connection: None)

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in one transaction; where the database proves to be damaged, again in an empty one.

        It is not searched for damage when it is opened: that would read all of it.

        Raises:
            Held: another process holds it for longer than `PATIENCE`.
            InputError: it cannot be read or written.
        """
        is_anew = False
        while True:
            try:
                with self._opened() as connection:
                    return work(connection)
            except sqlite3.Error as error:
                if not hasattr(error, "sqlite_errorcode"):  # a mistake in the question
                    raise
                self.close()
                if trouble := told(self._path, error):
                    raise trouble from error
                if is_anew:
                    raise InputError(f"{self._path} cannot be made: {error}; delete its folder") from error
            print(f"{self._path} is damaged, and begun anew: what it kept is done again", file=sys.stderr)
            self._path.unlink(missing_ok=True)
            self.n_anew += 1
            is_anew = True

    def change(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Do the statement with each row's values, all or none of them.

        Raises:
            InputError: as `do`.
        """
        self.do(lambda connection: connection.executemany(statement, rows))

    def rows(self, question: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of an answer, a part at a time; they end where the database proves to be damaged.

        Raises:
            InputError: as `do`.
        """
        cursor = self.do(lambda connection: connection.execute(question, values))
        while some := self.do(lambda now: cursor.fetchmany(500) if cursor.connection is now else []):
            yield from some

    def close(self) -> None:
        """Close it; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, timeout=PATIENCE)
            # damaged text is told by its digest
            self._connection.text_factory = lambda text: text.decode(errors="replace")
            self._connection.executescript(_TABLES)
        return self._connection


def read_arrays(folder: Path) -> list[tuple[str, str, float]]:
    """Name, digest of its bytes and last use of each array; a database that is damaged stays as it is.

    Raises:
        sqlite3.DatabaseError: it is damaged.
        InputError: it cannot be read, and may be sound.
    """
    path = folder / DATABASE
    question = f"select name, sha256, {USED} from arrays where typeof(name) = 'text'"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (state,) = connection.execute("pragma quick_check(1)").fetchone()
            if state != "ok":
                raise sqlite3.DatabaseError(state)
            return connection.execute(question).fetchall()
    except sqlite3.DatabaseError as error:
        if hasattr(error, "sqlite_errorcode") and (trouble := told(path, error)):
            raise trouble from error
        raise


def given_back(path: Path) -> int:
    """Bytes that deleting a file gives back: none where it is gone, or an output is the same file."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # it is gone, or its name is damaged
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 else 0


def seen_as(path: Path) -> tuple[int, int, int]:
    """By what a file is taken for the same without reading it, as git and DVC do."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def array_digest(path: Path) -> str:
    """SHA-256 of the bytes of an array's file; "" where it is none."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:  # whatever a damaged header makes NumPy raise
        return ""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
