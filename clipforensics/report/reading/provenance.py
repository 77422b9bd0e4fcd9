"""What made a result: the code as git names it, the data, the libraries, the machine.

A page that is kept under the hash of its own content cannot name the commit that contains it.
So the code is named by git's tree hashes, which a commit does not change: they are computed
from the files themselves, as `git write-tree` would (git's object format: "<kind> <length>\\0"
before the content, sha1 over both; a tree lists mode, name and hash of its entries).
"""

import csv
import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.machine import kernels
from clipforensics.training.hardware import describe_machine

LIBRARIES = (
    "av", "dvc", "jinja2", "numpy", "pandas", "peft", "pillow", "pydantic", "safetensors", "scikit-learn",
    "scipy", "torch", "transformers",
)  # fmt: skip
"""Packages whose version can change a result."""

IGNORED_NAMES = frozenset({"__pycache__", ".git", ".DS_Store", ".ipynb_checkpoints"})
IGNORED_ENDS = (".pyc", ".swp", "~")
"""What programs leave beside code and nobody commits; everything else counts, committed or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made a page.

    Attributes:
        trees: Folder of code -> git tree hash, 40 hexadecimal digits.
        data: What is known of the data: name -> text.
        libraries: Package -> installed version.
        machine: What computed it, name -> text: Python, processor, cores, system; or, where it matters not,
            what was pinned so that every machine computes the same.
    """

    trees: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)


def describe(*, code: Iterable[Path], videos: Path) -> Provenance:
    """The provenance of a run.

    Args:
        code: Folders of code.
        videos: The table of videos, a CSV with one row each, which holds every video's own hash.

    Raises:
        InputError: one of them does not exist.
    """
    digest = fingerprint(videos)
    with videos.open(encoding="utf-8", newline="") as file:
        n_videos = sum(1 for _ in csv.reader(file)) - 1
    return Provenance(
        trees={folder.name: tree_hash(folder) for folder in code},
        data={f"sha256 of {videos.name}": digest, "videos in it": str(n_videos)},
        libraries=versions(LIBRARIES),
        machine=_computed_on(),
    )


def _computed_on() -> dict[str, str]:
    """This machine, unless another would have written the same page, which then must not name one."""
    pins = {} if _sees_gpu() else kernels.pinned()
    if not pins:
        return {"numbers": "of this machine; on another the last digits may differ", **describe_machine()}
    return {
        "numbers": "the same on every CPU with x86-64 and AVX2 under Linux",
        "kernels pinned by": ", ".join(f"{name}={value}" for name, value in pins.items()),
    }


def _sees_gpu(devices: Iterable[Path] = (Path("/dev/nvidiactl"), Path("/dev/kfd"))) -> bool:
    """Whether torch computes on a GPU here; it is loaded, for seconds, only if the system has one."""
    if not any(device.exists() for device in devices):
        return False
    from clipforensics.machine.devices import choose_device

    return choose_device().type != "cpu"


def tree_hash(folder: Path) -> str:
    """The git tree hash (sha1, 40 hexadecimal digits) of a folder's files as they lie there.

    Equal to `git rev-parse <commit>:<folder>` exactly where the files are those of that commit.
    Names, contents, symbolic links and the executable bit count; empty folders, and what
    `IGNORED_NAMES` and `IGNORED_ENDS` list, do not. Line endings are taken as they are, so a
    checkout that rewrites them has another hash.

    Raises:
        InputError: the folder does not exist.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder, so its code cannot be named; run from the project's root")
    return _tree(folder).hex()


def _tree(folder: Path) -> bytes:
    entries = [entry for path in folder.iterdir() if not _ignored(path.name) if (entry := _entry(path))]
    entries.sort(key=lambda entry: entry[1] + (b"/" if entry[0] == b"40000" else b""))
    return _sha1(b"tree", b"".join(mode + b" " + name + b"\0" + digest for mode, name, digest in entries))


def _entry(path: Path) -> tuple[bytes, bytes, bytes] | None:
    """`(mode, name, hash)` as a tree lists it; None for a folder that git would not keep."""
    name = os.fsencode(path.name)
    if path.is_symlink():
        return b"120000", name, _sha1(b"blob", os.fsencode(os.readlink(path)))
    if path.is_dir():
        digest = _tree(path)
        return None if digest == _sha1(b"tree", b"") else (b"40000", name, digest)
    executable = path.stat().st_mode & stat.S_IXUSR
    return b"100755" if executable else b"100644", name, _sha1(b"blob", path.read_bytes())


def _sha1(kind: bytes, content: bytes) -> bytes:
    head = kind + b" " + str(len(content)).encode() + b"\0"
    return hashlib.sha1(head + content, usedforsecurity=False).digest()


def _ignored(name: str) -> bool:
    return name in IGNORED_NAMES or name.endswith(IGNORED_ENDS)


def fingerprint(path: Path) -> str:
    """sha256 of a file, 64 hexadecimal digits.

    Raises:
        InputError: the file does not exist.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist; run `dvc repro`")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Installed version of each package, without importing it; `not installed` where there is none."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
