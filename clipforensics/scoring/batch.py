"""Many videos one after another: progress, results as they come, and going on after a kill."""

import fcntl
import json
import os
import stat
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from io import BufferedRandom
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm

from clipforensics.core.faults import InputError
from clipforensics.core.files import json_ready
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import n_bytes
from clipforensics.footage.probing import digest
from clipforensics.machine.workers import n_workers
from clipforensics.scoring.detector import Detector
from clipforensics.scoring.results import Verdict

NO_FILE = "is not a file"
"""What footage says of a name where there is nothing, or something else."""

HEAD = "clipforensics score"
"""First field of the first line of a file of results, which says by what they were made."""


def score_all(
    detector: Detector, names: Sequence[str], *, prior: float | None, kept: "Results | None" = None
) -> Iterator[Verdict]:
    """Each video's verdict, in order; those that `kept` holds are taken from there, the others added to it.

    A file that is another one by now is scored again, and so is one that could not be read.

    Videos are decoded side by side (`CLIPFORENSICS_WORKERS` threads, or as many as there are processors),
    while one after another goes through the encoder; no score depends on it. A video that cannot be read
    costs itself alone: its verdict says why.
    """
    done = {} if kept is None else kept.done

    def score(name: str) -> Verdict:
        before = done.get(name)
        return before if before and _holds(before) else score_one(detector, name, prior=prior)

    quiet = None if len(names) > 1 else True
    with (
        closing(_in_order(score, names)) as verdicts,
        tqdm(total=len(names), desc="scoring", unit="video", disable=quiet) as bar,
    ):
        for verdict in verdicts:
            if kept is not None and verdict != done.get(verdict.path):
                kept.add(verdict)
            yield verdict
            bar.update()


def _holds(verdict: Verdict) -> bool:
    """Whether the file is there as it was scored; of one that could not be read nothing holds."""
    exhibit = verdict.exhibit
    if exhibit is None:
        return verdict.outcome != "not scored"
    path = Path(verdict.path)
    try:
        return n_bytes(path) == exhibit.n_bytes and digest(path) == exhibit.sha256
    except (OSError, ValueError):
        return False


def _in_order(score: Callable[[str], Verdict], names: Sequence[str]) -> Generator[Verdict, None, None]:
    """`score` of each, in order, some ahead in threads."""
    threads = n_workers()
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Verdict]] = deque()
        try:
            for name in names:
                ahead.append(pool.submit(score, name))
                if len(ahead) > 2 * threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def score_one(detector: Detector, name: str, *, prior: float | None = None) -> Verdict:
    """One verdict; of a video that cannot be read, that it was not scored."""
    try:
        return detector.score(name, prior=prior)
    except UnreadableVideo as error:
        missing = f"there is no such file as seen from {Path.cwd()}; mend the name"
        reason = missing if str(error) == NO_FILE and not os.path.lexists(name) else str(error)
        return Verdict(None, name, "no opinion", "not scored", reason)
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Verdict(None, name, "no opinion", "not scored", f"cannot be read: {reason}")


class Results(AbstractContextManager["Results"]):
    """A file of results, one line of JSON a video behind a first line that says by what they were made.

    Each line is on the disk before the next video is told. Opened again it is gone on with: what it holds is
    not scored again, and a line that a kill left by half is dropped. Of two lines of one video the later
    holds. While it is open, nobody else can open it so.

    Attributes:
        done: Verdict by name of the video, of those that it held.
    """

    def __init__(self, path: Path, by: Mapping[str, Any]) -> None:
        """Open or begin it.

        Args:
            path: The file.
            by: What the results hang on, ready for JSON: the model's digest, settings.

        Raises:
            InputError: it holds results by something else, is no such file, another run writes it, or it
                cannot be written.
        """
        self._path, self._by = path, {HEAD: 1, **by}
        self.done: dict[str, Verdict] = {}
        try:
            with ExitStack() as opened:
                self._file = opened.enter_context(_locked(path))
                end = self._read()
                self._file.truncate(end)
                self._file.seek(end)
                if not end:
                    self._write(self._by)
                opened.pop_all()
        except OSError as error:
            raise InputError(f"--out {path}: {error.strerror or error}; name another file") from error

    def add(self, verdict: Verdict) -> None:
        """Append a verdict.

        Raises:
            InputError: it cannot be written; what is there already can be gone on with.
        """
        try:
            self._write(verdict.to_dict())
        except OSError as error:
            raise InputError(
                f"--out {self._path}: {error.strerror or error}; mend that, and go on with the same command"
            ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _write(self, content: object) -> None:
        line = json.dumps(json_ready(content), allow_nan=False, ensure_ascii=True) + "\n"
        self._file.write(line.encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> int:
        """Take in what there is; where the last whole line ends, in bytes."""
        lines = self._file.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        if not whole:
            if lines and not json.dumps(self._by).encode().startswith(lines[0][:16]):
                raise InputError(f"--out {self._path} holds something else; name another file")
            return 0
        try:
            first, *rows = (json.loads(line) for line in whole)
            by = {name: first[name] for name in self._by}
            self.done = {row["path"]: Verdict.from_dict(row) for row in rows}
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"--out {self._path} holds no results; name another file") from error
        if by != self._by:
            raise InputError(
                f"--out {self._path} holds results by another model or other settings; name another file"
            )
        return sum(map(len, whole))


def _locked(path: Path) -> BufferedRandom:
    """Open a file to be read and gone on with, made if need be; until it is closed, by this run alone."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
    file = os.fdopen(descriptor, "r+b", closefd=True) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    if file is None:
        os.close(descriptor)
        raise InputError(f"--out {path} is no regular file; name another file")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise InputError(
            f"--out {path} is being written by another run; wait for it, or name another file"
        ) from error
    return file
