"""Where unfinished work survives a kill: `.scratch/<stage>/<fingerprint>` of the main workspace."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path


def fingerprint(settings: Mapping[str, object], files: Iterable[Path]) -> str:
    """Hex digest of settings and of the content of files (data and code): same digest, same work."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for path in sorted(files):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:24]


def scratch_folder(stage: str, digest: str) -> Path:
    """The folder for one piece of unfinished work; made if missing, never a declared output.

    DVC_ROOT is the main workspace even when DVC runs a stage in a temporary copy, so a
    restarted queue run finds what its predecessor left.
    """
    folder = Path(os.environ.get("DVC_ROOT", ".")) / ".scratch" / stage / digest
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def remove_scratch(folder: Path) -> None:
    """Delete the folder once its work stands in a declared output."""
    shutil.rmtree(folder, ignore_errors=True)
