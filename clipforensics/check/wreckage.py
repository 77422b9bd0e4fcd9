"""What a dvc that was killed leaves behind, and every later dvc stumbles over without saying what helps."""

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
from clipforensics.check.others import READERS, reused, without
from clipforensics.core.faults import InputError

LOCK, PARAMS = Path("dvc.lock"), "params.yaml"

STALE = 10.0
"""Seconds after which a lock of git's is looked at: git itself holds it for moments."""

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
    readers = root / READERS
    return [
        *_readers(readers),
        *_strangers(readers),
        *_lock(root / LOCK),
        *_params(root / PARAMS),
        *_staging(root),
    ]


def mend_wrecks(root: Path) -> list[str]:
    """Mend what is broken, while no dvc process writes; a line for each file.

    Args:
        root: Folder of the project.
    """
    if not find_wrecks(root):
        return []
    with contextlib.chdir(root), pipeline.dvc_at_rest():
        return [wreck.mend() for wreck in find_wrecks(Path())]


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
        without(path, {number for number, _ in strangers})
        return f"{path} names process {number} no longer, which is no dvc"

    strangers = reused(path)
    for number, command in strangers[:1]:
        about = f"names process {number} as `{command}`, which was killed: another process has its number"
        yield Wreck(path, about, f"`rm {path}`", mend)


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

    if not path.is_file() or _becomes(lambda: is_lock(path.read_bytes())):
        return
    if b"\n<<<<<<< " in path.read_bytes():
        raise InputError(
            f"{path} holds marks of a git merge; take a side (`git checkout --ours {path}`), then `dvc repro`"
        )
    about = "is cut short: a dvc was killed while it wrote it"
    yield Wreck(path, about, f"`git checkout -- {path}` takes the committed one", mend)


def _params(path: Path) -> Iterator[Wreck]:
    """`dvc exp run -S` writes it in place too, beginning with nothing."""

    def mend() -> str:
        path.write_bytes(_of_head(path))
        return f"{path} is the committed one again; settings that were not committed are lost"

    if path.is_file() and not _becomes(lambda: path.stat().st_size > 0) and _of_head(path):
        about = "is empty: a `dvc exp run` was killed while it wrote it"
        yield Wreck(path, about, f"`git checkout -- {path}` takes the committed one", mend)


def _staging(root: Path) -> Iterator[Wreck]:
    """DVC puts dvc.lock into git's index, whose lock a killed process leaves; every later dvc ends there."""

    def mend() -> str:
        path.unlink(missing_ok=True)
        return f"{path} is removed"

    named = _git(root, "rev-parse", "--git-path", "index.lock").decode().strip()
    path = root / named
    if named and path.is_file() and time.time() - path.stat().st_mtime > STALE and not _git_is_at_work(root):
        yield Wreck(path, "was left by a git or dvc that was killed", f"`rm {path}`", mend)


def _git_is_at_work(root: Path) -> bool:
    """Whether a process called git, or of dvc, works in the repository."""
    folder = Path(_git(root, "rev-parse", "--show-toplevel").decode().strip()).resolve()
    for process in psutil.process_iter():
        try:
            if not process.name().startswith(("git", "dvc", "python")):
                continue
            names = {Path(word).name for word in (process.name(), *process.cmdline()[:3])}
            is_one = any(name.startswith(("git", "dvc")) for name in names)
            if is_one and Path(process.cwd()).is_relative_to(folder):
                return True
        except psutil.AccessDenied:
            return True  # another user's, and where it works cannot be seen
        except (psutil.Error, OSError):
            continue  # ended meanwhile
    return False


def _becomes(is_sound: Callable[[], bool]) -> bool:
    for _ in range(TRIES):
        if is_sound():
            return True
        time.sleep(PAUSE)
    return False


def is_lock(content: bytes) -> bool:
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
        if is_lock(text.encode()):
            return dict(yaml.load(text, yaml.CSafeLoader).get("stages") or {})
    return {}


def _committed(path: Path) -> dict[str, Any]:
    """The entries of git's HEAD; none without git, HEAD or such a file."""
    content = _of_head(path)
    if not content or not is_lock(content):
        return {}
    return dict(yaml.load(content, yaml.CSafeLoader).get("stages") or {})


def _of_head(path: Path) -> bytes:
    """A file as it is committed; nothing without git, HEAD or such a file."""
    return _git(path.parent, "show", f"HEAD:./{path.name}")


def _git(folder: Path, *words: str) -> bytes:
    """What a git command prints; nothing where it fails or there is no git."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False)  # noqa: S607
    except FileNotFoundError:
        return b""
    return b"" if done.returncode else done.stdout
