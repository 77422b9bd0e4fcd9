"""A package told by one number, the same in a case file, beside scores and where it was pushed; files.json.

Digests tell that a file is not the one that was written. Who wrote it they do not tell: whoever alters a file
can write files.json anew, but not the number by which somebody else knows the package.
"""

import hashlib
import shlex
from pathlib import Path, PurePosixPath

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.encoder.digests import digest_once
from clipforensics.publishing.files import CARD, DIGESTS, read_part

DECIDING = (".safetensors", ".json", ".onnx", ".data", ".bin")
"""Endings of files that can decide how a folder is loaded: none may be there that is not listed."""


def digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def package_files(folder: Path) -> dict[str, str]:
    """sha256 of each file of a package by its name, in the order of their bytes; hidden ones left out.

    Hidden are those of git and of the hub's cache, and names of what was measured on a hub's data set
    (`.eval_results`): nothing that scores.
    """
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    shown = {name: path for name, path in paths.items() if not f"/{name}".count("/.")}
    return {name: digest(shown[name]) for name in sorted(shown, key=lambda name: f"./{name}".encode())}


def package_digest(folder: Path) -> str:
    """sha256 over digest and name of each file (`package_files`): what `digest_command` prints."""
    lines = (f"{found}  ./{name}\n" for name, found in package_files(folder).items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def digest_command(folder: Path) -> str:
    """Shell by which anybody tells a package by one number, without this library."""
    listed = "find -L . -type f -not -path '*/.*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum"
    return f"cd {shlex.quote(str(folder))} && {listed} | sha256sum"


def write_files(folder: Path) -> None:
    """Write files.json: sha256 of every file but the card, which may be edited where it is published."""
    listed = {name: found for name, found in package_files(folder).items() if name not in (CARD, DIGESTS)}
    write_json(folder / DIGESTS, {"sha256": listed})


def check_files(folder: Path) -> None:
    """Hold a package to its files.json, if it has one; packages written before version 0.6 have none.

    Raises:
        InputError: a file differs, is missing, or is there though it is not listed; names it.
    """
    if not (folder / DIGESTS).is_file():
        return
    listed = read_part(folder, DIGESTS).get("sha256")
    if not isinstance(listed, dict) or not all(isinstance(found, str) for found in listed.values()):
        raise InputError(f"{folder / DIGESTS} must hold `sha256` by file; copy the package again")
    if strange := sorted(name for name in _deciding(folder) if name not in listed):
        raise InputError(
            f"{folder / strange[0]} is not in {DIGESTS}: it came later; move it out of the package"
        )
    for name, known in listed.items():
        if not _is_inside(folder, name):
            raise InputError(f"{folder} lacks {name[:120]!r}, which {DIGESTS} lists; copy the package again")
        if (found := digest_once(folder / name)) != known:
            raise InputError(
                f"{folder / name} is not the file that was packaged: its sha256 is {found}, and {DIGESTS} has"
                f" {known[:64]}; copy the package again"
            )


def _deciding(folder: Path) -> list[str]:
    """Names of files in a package, and in its encoder's folder, that can decide how it is loaded."""
    paths = [path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file()]
    names = [path.relative_to(folder).as_posix() for path in paths if path.suffix.lower() in DECIDING]
    return [name for name in names if name != DIGESTS and not f"/{name}".count("/.")]


def _is_inside(folder: Path, name: str) -> bool:
    """Whether a name of files.json leads to a file below the folder."""
    parts = PurePosixPath(name).parts
    return ".." not in parts and not name.startswith("/") and "\0" not in name and (folder / name).is_file()
