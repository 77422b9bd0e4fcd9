"""Where a package is pushed to: a repository on the hub, or a folder, which is checked and filled alike."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from clipforensics.core.faults import InputError
from clipforensics.publishing.digests import digest, package_digest
from clipforensics.shipping.contents import Contents, check_remote

HUB = "hf://"
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Repository:
    """A repository on the Hugging Face hub.

    Attributes:
        name: `owner/name`.
    """

    name: str


def parse_place(text: str) -> Repository | Path:
    """What `--to` names: OWNER/NAME or hf://OWNER/NAME, a file:// address, or a path that says it is one.

    Raises:
        InputError: it is none of these, or OWNER/NAME is a folder here as well.
    """
    if text.startswith("file://"):
        found = urlsplit(text)
        if found.netloc not in ("", "localhost") or not found.path.startswith("/"):
            raise InputError(f"--to {text!r} names another machine; write file:///path")
        return Path(unquote(found.path))
    if text.startswith(("/", "./", "../", "~")) or text in (".", ".."):
        return Path(text).expanduser()
    name = text.removeprefix(HUB)
    if not REPOSITORY.fullmatch(name) or "--" in name or ".." in name:
        raise InputError(
            f"--to {text!r} is neither OWNER/NAME on the hub nor a folder; write that as ./{text}"
        )
    if text == name and Path(name).exists():
        raise InputError(
            f"--to {text!r} is a folder here and could be on the hub as well; write ./{text} or {HUB}{text}"
        )
    return Repository(name)


def push_to_folder(contents: Contents, target: Path) -> str:
    """Copy a package's files; a folder that is there is brought up to date, file by file.

    Returns:
        Its digest (`publishing.digests.package_digest`), by which anybody can tell that it is the same.

    Raises:
        InputError: it is the package itself or lies in it, holds files of another detector, or cannot be
            written.
    """
    check_folder(contents, target)
    staged = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        _stage(contents, staged)
        if target.exists():
            for name in contents.sizes:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(staged / name, target / name)
        else:
            staged.rename(target)
    except OSError as error:
        raise InputError(f"--to {target} cannot be written: {error}; mend that, or name another") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return package_digest(target)


def check_folder(contents: Contents, target: Path) -> None:
    """Raise InputError unless a package can go there; nothing is written."""
    ours, theirs = contents.folder.resolve(), target.resolve()
    if ours.is_relative_to(theirs) or theirs.is_relative_to(ours):
        raise InputError(f"--to {target} is the package's own folder, or one around or in it; name another")
    if target.exists() and not target.is_dir():
        raise InputError(f"--to {target} is a file; name a folder")
    check_remote(_files(target), contents, f"--to {target}")


def _stage(contents: Contents, staged: Path) -> None:
    """Copy beside the target, and read each copy again."""
    for name in contents.sizes:
        source, copy = contents.folder / name, staged / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        if digest(copy) != digest(source):
            raise OSError(f"{name} differs from what was read; the disk or the file is changing")


def _files(folder: Path) -> list[str]:
    paths = folder.rglob("*") if folder.is_dir() else ()
    return sorted(path.relative_to(folder).as_posix() for path in paths if path.is_file())
