"""Where unfinished work survives a kill: `.scratch/<stage>/<fingerprint>` of the main workspace."""

import fcntl
import hashlib
import itertools
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from clipforensics.core.params import check_unmoved

LIBRARIES = (
    "av",
    "numpy",
    "opencv-contrib-python",  # whichever of these four brings cv2
    "opencv-contrib-python-headless",
    "opencv-python",
    "opencv-python-headless",
    "pillow",
    "torch",
    "transformers",
)
"""Whose versions are part of every key: another release may decode, resize or multiply otherwise."""

_HELD: dict[Path, int] = {}


def fingerprint(settings: Mapping[str, object], files: Iterable[Path]) -> str:
    """Hex digest of settings and of the content of files (data and code): same digest, same work."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for path in sorted(files):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:24]


def project_code(apart: Collection[str] = ()) -> list[Path]:
    """Files of the project's modules in this process, its stage included: the code its work depends on.

    Where work goes to a scratch folder, no module of the project is imported late, inside a function: it
    would not be seen.

    Args:
        apart: Packages, or modules, that the work does not depend on.
    """
    package, others = __name__.split(".")[0], tuple(f"{name}." for name in apart)
    loaded = [
        module
        for name, module in sys.modules.items()
        if name == "__main__" or (name.split(".")[0] == package and not f"{name}.".startswith(others))
    ]
    files = [getattr(module, "__file__", None) for module in loaded]
    return sorted(Path(file) for file in files if file)


def library_versions() -> dict[str, str]:
    """Of each of `LIBRARIES` that is installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def scratch_folder(stage: str, digest: str) -> Path:
    """The folder for one piece of unfinished work; made if missing, never a declared output.

    DVC_ROOT is the main workspace even when DVC runs a stage in a temporary copy, so a
    restarted queue run finds what its predecessor left. Two queue workers may do the same work
    at once: each holds the lock of its own folder, until its process ends.
    """
    stages = Path(os.environ.get("DVC_ROOT", ".")) / ".scratch" / stage
    names = (digest if n == 0 else f"{digest}-{n}" for n in itertools.count())
    folder = next(stages / name for name in names if _lock(stages / f"{name}.lock"))
    folder.mkdir(exist_ok=True)
    return folder


def _lock(path: Path) -> bool:
    """Whether this process now holds the lock (or held it before)."""
    if path.resolve() in _HELD:
        return True
    while True:
        with suppress(FileExistsError):  # it was there, and is gone by now
            path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the last to leave has just removed the folder
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
            break
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    if not _is(path, descriptor):  # its holder removed it after it was opened here
        os.close(descriptor)
        return _lock(path)
    _HELD[path.resolve()] = descriptor  # open, and so locked, until the process ends
    return True


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def remove_scratch(folder: Path) -> None:
    """Delete the folder, and its lock, once its work stands in a declared output.

    Raises:
        InputError: a setting was changed meanwhile, so that DVC will not record it; everything stays.
    """
    check_unmoved()
    shutil.rmtree(folder, ignore_errors=True)
    lock = folder.with_name(f"{folder.name}.lock").resolve()
    if (descriptor := _HELD.pop(lock, None)) is not None:
        lock.unlink(missing_ok=True)
        os.close(descriptor)
    with suppress(OSError):  # others work there
        folder.parent.rmdir()
