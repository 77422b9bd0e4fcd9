"""A dvc that lives: a second one would be refused by it, in the middle of what it does and in many lines."""

import json
from pathlib import Path

import psutil

READERS = Path(".dvc/tmp/rwlock")
"""DVC's list of files that are read and written, and by which process."""

CLOCK = 2.0
"""Seconds by which the beginning of a process and the time of a file may be told wrongly."""

RUNS_DVC = ("dvc", "python", "clipforensics")
"""A word with which the command of every dvc process has one to begin."""


def find_others(root: Path) -> list[str]:
    """A line for each dvc process that is running or saving a stage of this project, but for our own.

    Args:
        root: Its folder.
    """
    found = {pid: command for pid, command in entries(root / READERS) if since(pid) is not None}
    ours = {process.pid for process in psutil.Process().parents()}
    strangers = {pid for pid, _ in reused(root / READERS)}
    return [
        f"another dvc is at work here (process {pid}: `{command}`); wait until it has ended, or end it"
        for pid, command in found.items()
        if pid not in ours | strangers
    ]


def reused(path: Path) -> list[tuple[int, str]]:
    """Entries whose number a process has that is no dvc, or that began after the last entry was written."""
    if not path.is_file():
        return []
    written = path.stat().st_mtime
    begun = [(entry, since(entry[0])) for entry in entries(path)]
    return [
        entry
        for entry, at in begun
        if at is not None and (at > written + CLOCK or not _may_run_dvc(entry[0]))
    ]


def without(path: Path, pids: set[int]) -> None:
    """Take the entries of some processes out of the list."""
    content = json.loads(path.read_bytes())
    writing = {name: one for name, one in content.get("write", {}).items() if int(one["pid"]) not in pids}
    reading = {
        name: [one for one in several if int(one["pid"]) not in pids]
        for name, several in content.get("read", {}).items()
    }
    left = {"write": writing, "read": {name: several for name, several in reading.items() if several}}
    path.write_text(json.dumps(left), encoding="utf-8")


def _may_run_dvc(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        words = (process.name(), *process.cmdline()[:3])
    except psutil.Error:
        return True  # ended meanwhile, or of another user
    return any(Path(word).name.startswith(RUNS_DVC) for word in words)


def entries(path: Path) -> list[tuple[int, str]]:
    """Number and command of every dvc process that is listed as reading or writing files, each once."""
    try:
        content = json.loads(path.read_bytes())
        writing, reading = content.get("write", {}).values(), content.get("read", {}).values()
        every = [*writing, *(one for several in reading for one in several)]
        return list(dict.fromkeys((int(one["pid"]), str(one["cmd"])) for one in every))
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return []  # cut short, or being written


def since(pid: int) -> float | None:
    """When a process began, seconds since 1970; None: there is none of this number."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None
