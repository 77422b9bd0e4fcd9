"""What a dvc that was killed leaves behind, and every later dvc stumbles over without saying what helps.

And a dvc that lives: a second one would be refused by the first, in the middle of what it does.
"""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import dump_yaml
from voluptuous import Invalid

from clipforensics import pipeline
from clipforensics.core.faults import InputError

LOCK, READERS = Path("dvc.lock"), Path(".dvc/tmp/rwlock")

CLOCK = 2.0
"""Seconds by which the beginning of a process and the time of a file may be told wrongly."""

TRIES, PAUSE = 5, 0.1
"""A dvc that is alive writes both files in place; only what stays broken so long (seconds) is wreckage."""


@dataclass(frozen=True)
class Wreck:
    """One broken file.

    Attributes:
        path: The file.
        about: What is broken and how it came to be so.
        remedy: What to do by hand.
        mend: Does it, and says what was done.
        command: What does it.
    """

    path: Path
    about: str
    remedy: str
    mend: Callable[[], str]
    command: str = "`clipforensics check --mend`"

    def __str__(self) -> str:
        return f"{self.path} {self.about}; {self.command} mends it, or {self.remedy}"


def find_wrecks(root: Path) -> list[Wreck]:
    """Broken files of a project.

    Args:
        root: Its folder.
    """
    return [*_readers(root / READERS), *_strangers(root / READERS), *_lock(root / LOCK)]


def mend_wrecks(root: Path) -> list[str]:
    """Mend what is broken, while no dvc process writes; a line for each file.

    Args:
        root: Folder of the project.
    """
    if not find_wrecks(root):
        return []
    with contextlib.chdir(root), pipeline.dvc_at_rest(lambda: False):
        return [wreck.mend() for wreck in find_wrecks(Path())]


def find_others(root: Path) -> list[str]:
    """A line for each dvc process that is running or saving a stage of this project.

    Args:
        root: Its folder.
    """
    found = {pid: command for pid, command in _entries(root / READERS) if _since(pid) is not None}
    strangers = {pid for pid, _ in _reused(root / READERS)}
    return [
        f"another dvc is at work here (process {pid}: `{command}`); wait until it has ended, or end it"
        for pid, command in found.items()
        if pid not in strangers
    ]


def _readers(path: Path) -> Iterator[Wreck]:
    def is_sound() -> bool:
        try:
            return isinstance(json.loads(path.read_bytes()), dict)
        except ValueError:
            return False

    def mend() -> str:
        path.unlink(missing_ok=True)
        return f"{path} is removed; dvc makes it anew"

    if path.is_file() and not _becomes(is_sound):
        yield Wreck(path, "is cut short: a dvc was killed while it wrote it", f"`rm {path}`", mend)


def _strangers(path: Path) -> Iterator[Wreck]:
    """A dvc that was killed stays listed, and dvc takes another process of the same number for it."""

    def mend() -> str:
        path.unlink(missing_ok=True)
        return f"{path} is removed, for process {number} is no dvc; dvc makes it anew"

    for number, command in _reused(path)[:1]:
        about = f"names process {number} as `{command}`, which was killed: another process has its number"
        yield Wreck(path, about, f"`rm {path}`", mend)


def _reused(path: Path) -> list[tuple[int, str]]:
    """Entries of processes that began after the last entry was written."""
    if not path.is_file():
        return []
    written = path.stat().st_mtime
    begun = [(entry, _since(entry[0])) for entry in _entries(path)]
    return [entry for entry, since in begun if since is not None and since > written + CLOCK]


def _entries(path: Path) -> list[tuple[int, str]]:
    """Number and command of every dvc process that is listed as reading or writing files, each once."""
    try:
        content = json.loads(path.read_bytes())
        writing, reading = content.get("write", {}).values(), content.get("read", {}).values()
        every = [*writing, *(one for several in reading for one in several)]
        return list(dict.fromkeys((int(one["pid"]), str(one["cmd"])) for one in every))
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return []  # cut short, or being written


def _since(pid: int) -> float | None:
    """When a process began, seconds since 1970; None: there is none of this number."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def _lock(path: Path) -> Iterator[Wreck]:
    def mend() -> str:
        whole, committed = _whole_entries(path.read_bytes()), _committed(path)
        entries = committed | whole
        if not entries:
            path.unlink()
            return f"{path} is removed, for not one entry was whole; dvc makes it anew"
        dump_yaml(str(path), {"schema": "2.0", "stages": entries})
        kept = f"{len(whole)} whole entries of its own and {len(entries) - len(whole)} of HEAD's"
        return f"{path} holds {kept}; what is missing comes back from dvc's cache"

    if not path.is_file() or _becomes(lambda: _is_lock(path.read_bytes())):
        return
    if b"\n<<<<<<< " in path.read_bytes():
        raise InputError(
            f"{path} holds marks of a git merge; take a side (`git checkout --ours {path}`), then `dvc repro`"
        )
    about = "is cut short: a dvc was killed while it wrote it"
    yield Wreck(path, about, f"`git checkout -- {path}` takes the committed one", mend)


def _becomes(is_sound: Callable[[], bool]) -> bool:
    for _ in range(TRIES):
        if is_sound():
            return True
        time.sleep(PAUSE)
    return False


def _is_lock(content: bytes) -> bool:
    """Whether DVC takes it for a dvc.lock."""
    try:
        COMPILED_LOCKFILE_SCHEMA(yaml.load(content, yaml.CSafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, Invalid):
        return False
    return True


def _whole_entries(content: bytes) -> dict[str, Any]:
    """The entries before the cut."""
    lines = content.decode("utf-8", "replace").splitlines(keepends=True)
    begins = [i for i, line in enumerate(lines) if line[:2] == "  " and line[2:3].strip()]
    for end in reversed(begins):
        text = "".join(lines[:end])
        if _is_lock(text.encode()):
            return dict(yaml.load(text, yaml.CSafeLoader).get("stages") or {})
    return {}


def _committed(path: Path) -> dict[str, Any]:
    """The entries of git's HEAD; none without git, HEAD or such a file."""
    command = ["git", "show", f"HEAD:./{path.name}"]
    try:
        done = subprocess.run(command, cwd=path.parent, capture_output=True, check=False)
    except FileNotFoundError:
        return {}
    if done.returncode or not _is_lock(done.stdout):
        return {}
    return dict(yaml.load(done.stdout, yaml.CSafeLoader).get("stages") or {})
