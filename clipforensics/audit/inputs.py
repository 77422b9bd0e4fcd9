"""What a result says of the files that it was made from."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from clipforensics.core.files import open_regular


def described(files: Mapping[str, Sequence[Path]]) -> list[dict[str, str]]:
    """Of every file its role, its name (never its folder) and its digest."""
    return [{"role": role, **file_entry(path)} for role, paths in files.items() for path in paths]


def file_entry(path: Path) -> dict[str, str]:
    """Name and SHA-256 of one file; bytes of a name that are no UTF-8 become question marks."""
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"file": path.name.encode("utf-8", "replace").decode(), "sha256": digest}
