"""Where unfinished work survives a kill: `.scratch/<stage>/<fingerprint>` of the main workspace."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

_HELD: dict[Path, int] = {}


def fingerprint(settings: Mapping[str, object], files: Iterable[Path]) -> str:
    """Hex digest of settings and of the content of files (data and code): same digest, same work."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for path in sorted(files):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:24]


def project_code() -> list[Path]:
    """Files of the project's modules that this process has imported: the code its work depends on."""
    loaded = [module for name, module in sys.modules.items() if name.split(".")[0] == __package__]
    return sorted(Path(module.__file__) for module in loaded if module.__file__)


def scratch_folder(stage: str, digest: str) -> Path:
    """The folder for one piece of unfinished work; made if missing, never a declared output.

    DVC_ROOT is the main workspace even when DVC runs a stage in a temporary copy, so a
    restarted queue run finds what its predecessor left. Two queue workers may do the same work
    at once: the second gets a folder of its own. The lock ends with the process.
    """
    folder = Path(os.environ.get("DVC_ROOT", ".")) / ".scratch" / stage / digest
    folder.mkdir(parents=True, exist_ok=True)
    if not _lock(folder.with_suffix(".lock")):
        folder = folder.with_name(f"{digest}-{os.getpid()}")
        folder.mkdir()
    return folder


def _lock(path: Path) -> bool:
    """Whether this process now holds the lock (or held it before)."""
    if path in _HELD:
        return True
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _HELD[path] = descriptor  # open, and so locked, until the process ends
    return True


def remove_scratch(folder: Path) -> None:
    """Delete the folder once its work stands in a declared output."""
    shutil.rmtree(folder, ignore_errors=True)
