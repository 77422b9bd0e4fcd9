"""Whether DVC's cache and what is kept still hold the bytes that their digests name; DVC does not look."""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from sqlite3 import DatabaseError
from typing import Any

import yaml
from tqdm import tqdm

from clipforensics import pipeline
from clipforensics.check.wreckage import LOCK, Wreck, is_lock
from clipforensics.core.files import read_json
from clipforensics.machine.kept import DATABASE, FOLDER, find_altered, forget

FOLDER_OF_FILES = ".dir"
"""Ends the name of an object that lists the files of a folder."""

COMMAND = "`clipforensics check --digests --mend`"


def find_damage(root: Path) -> tuple[list[Wreck], int]:
    """Files that hold other bytes than their digest says, and how many were read; minutes for a hundred GB.

    Args:
        root: The project's folder; the working folder must be in it.

    Raises:
        InputError: it is no DVC repository.
    """
    cache = pipeline.cache_folder()
    objects = sorted(path for path in cache.glob("??/*") if is_object(path))
    bar = tqdm(objects, desc="reading DVC's cache", unit="file", disable=None, file=sys.stderr)
    damaged = [path for path in bar if _md5(path) != path.parent.name + path.name.removesuffix(".dir")]
    names = _names(root, cache, set(damaged)) if damaged else {}
    found = [_wreck(path, names.get(path, [])) for path in damaged]
    kinds = sorted(path.parent for path in (root / FOLDER).glob(f"*/{DATABASE}"))
    n_read = len(objects)
    for kind in kinds:
        try:
            altered, n_arrays = find_altered(kind)
        except DatabaseError:
            found.append(_database(kind))
            continue
        n_read += n_arrays
        found += [_kept(kind, entry) for entry in altered]
    return found, n_read


def is_object(path: Path) -> bool:
    """Whether a file of the cache is an object, not one that DVC was killed at writing."""
    name = path.name.removesuffix(FOLDER_OF_FILES)
    return len(name) == 30 and set(name) <= set("0123456789abcdef")


def _wreck(path: Path, outputs: list[Path]) -> Wreck:
    def mend() -> str:
        for one in (path, *outputs):
            if one.is_file() and (one == path or _md5(one) != digest):
                one.unlink()
        return f"{path} {about} and is removed; `dvc repro` makes it again"

    digest = path.parent.name + path.name
    whose = f"{outputs[0]}, " if outputs else ""
    about = f"({whose}in DVC's cache) holds other bytes than its name says"
    return Wreck(path, about, f"`rm -f {path}` and its copy in the project", mend, COMMAND)


def _kept(folder: Path, entry: Any) -> Wreck:
    def mend() -> str:
        forget(folder, [entry])
        return f"{path} {about} and is removed; what it held is made again"

    path, about = folder / entry.key, "(kept work) holds other bytes than were kept"
    return Wreck(path, about, "`clipforensics kept --clear`", mend, COMMAND)


def _database(folder: Path) -> Wreck:
    def mend() -> str:
        path.unlink(missing_ok=True)
        return f"{path} is damaged and is removed; what it held is made again"

    path = folder / DATABASE
    return Wreck(path, "(kept work) is damaged", "`clipforensics kept --clear`", mend, COMMAND)


def _names(root: Path, cache: Path, damaged: Set[Path]) -> Mapping[Path, list[Path]]:
    """Object -> the outputs of the last run that are made of it; of folders whose list is damaged, none."""
    found: dict[Path, list[Path]] = {}
    for digest, path in _outputs(root, cache, damaged):
        found.setdefault(cache / digest[:2] / digest[2:], []).append(path)
    return found


def _outputs(root: Path, cache: Path, damaged: Set[Path]) -> Iterator[tuple[str, Path]]:
    if not (root / LOCK).is_file():
        return
    text = (root / LOCK).read_bytes()
    if not is_lock(text):
        return  # it is cut, which is told apart
    content = yaml.load(text, yaml.CSafeLoader)
    for stage in (content.get("stages") or {}).values():
        for out in stage.get("outs", []):
            digest, path = str(out.get("md5", "")), root / out["path"]
            yield digest, path
            listed = cache / digest[:2] / digest[2:]
            if digest.endswith(FOLDER_OF_FILES) and listed.is_file() and listed not in damaged:
                yield from ((row["md5"], path / row["relpath"]) for row in read_json(listed))


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
