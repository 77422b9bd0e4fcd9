"""What every data-set layout shares: its profile, where its root is, and which names are safe."""

import importlib
import json
import os
import pkgutil
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from clipforensics import sources
from clipforensics.core.faults import InputError
from clipforensics.core.files import open_whole
from clipforensics.core.params import Section, check_section, nearest, read_yaml
from clipforensics.core.records import REAL, Skipped

VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".gif"})

PART_NAMES = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip
"""What publishers call the parts, in lower case."""

LEADS_OUT = "is a link that leads out of the root; copy it there, or set `follow_links` of the profile"

_RESERVED = frozenset({REAL, "rest"})
_MANIPULATION = re.compile(r"\w[\w .-]*")
_LONGEST = 255  # bytes of a name that file systems take
_DATASET = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Profile(Section):
    """Keys that every profile in conf/data has; a layout adds its own.

    Attributes:
        layout: Module of `clipforensics.sources` that knows how the files lie.
        root: Folder of the data set, absolute (or relative to the working folder).
        root_env: Environment variable that names the root instead; wins where it is set.
        follow_links: Whether files may be links that lead out of the root; else those are left out.
        cropped: Whether frames are cut around faces already, so that none are looked for.
        identities_of: Whose names its identities have, where other data sets show the same people under the
            same names (`FaceForensics++`); empty: they are its own.
        digests: File as `sha256sum` writes it, absolute or relative to the root, that every file of a video
            is held against; empty: nothing is known of them.
    """

    layout: str
    root: str = ""
    root_env: str = ""
    follow_links: bool = False
    cropped: bool = False
    identities_of: str = ""
    digests: str = ""


def layouts() -> list[str]:
    """Names of the layouts that this package has."""
    found = {module.name for module in pkgutil.iter_modules(sources.__path__)}
    return sorted(found - {"base", "in_use"})


def layout_module(layout: str) -> ModuleType:
    """Import the module of a layout; only names in `layouts()` are ever imported."""
    if layout not in layouts():
        raise InputError(f"`layout` is {layout!r}; it must be one of {', '.join(layouts())}")
    return importlib.import_module(f"{sources.__name__}.{layout}")


def load_profile(path: Path) -> Profile:
    """Read conf/data/<name>.yaml and check it against its layout's own profile.

    Raises:
        InputError: the file is missing, or a key is unknown, missing or of a wrong type.
    """
    return check_profile(read_yaml(path), str(path))


def check_profile(content: Mapping[str, Any], where: str) -> Profile:
    """What a profile holds, checked against its layout's own; `where` begins the error line.

    Raises:
        InputError: as `load_profile`.
    """
    layout = content.get("layout")
    if not isinstance(layout, str) or layout not in layouts():
        raise InputError(f"{where}: `layout` is {layout!r}; it must be one of {', '.join(layouts())}")
    profile: Profile = check_section(content, layout_module(layout).Profile, where)
    return profile


def common_profile(content: Mapping[str, Any], where: str) -> Profile:
    """What every profile has, of one's content, without looking at (or importing) its layout.

    Raises:
        InputError: one of these keys is of a wrong type.
    """
    common = {key: value for key, value in content.items() if key in Profile.model_fields}
    return check_section(common, Profile, where)


def resolve_root(profile: Profile) -> Path:
    """Where the data set lies: the environment variable's folder if set, else the profile's.

    Raises:
        InputError: neither names a folder that exists.
    """
    named = os.environ.get(profile.root_env, "") if profile.root_env else ""
    root = named or profile.root
    remedy = f"set {profile.root_env} to the data set's folder" if profile.root_env else "set `root`"
    if not root:
        raise InputError(f"the data set's root is not known; {remedy}")
    folder = _folder_named(root)
    if folder is None:
        # A profile may be somebody else's, and the variable that it names a secret of this machine.
        about = f"that ${profile.root_env} names" if named else f"{root!r} (`root` of the profile)"
        raise InputError(f"root {about} is not a folder; {remedy}")
    return folder


def _folder_named(text: str) -> Path | None:
    """The folder, if there is one: a variable may hold anything, such as a name that is too long."""
    try:
        folder = Path(text).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError, ValueError):
        return None


def profile_path(folder: Path, dataset: object, key: str = "dataset") -> Path:
    """`<folder>/<dataset>.yaml` for the name that `dataset` of params.yaml (or another `key`) gives.

    Raises:
        InputError: the name is no plain one, or there is no such profile.
    """
    present = sorted(p.stem for p in folder.glob("*.yaml"))
    there = ", ".join(present)
    if not isinstance(dataset, str) or not _DATASET.fullmatch(dataset):
        raise InputError(f"`{key}` is {dataset!r}; it must be the name of a profile in {folder}: {there}")
    path = folder / f"{dataset}.yaml"
    if not path.is_file():
        raise InputError(
            f"`{key}` is {dataset!r}, but {path} does not exist{nearest(dataset, present)};"
            f" there are: {there}; write it, or name one of these"
        )
    return path


def identity_fault(kind: str, name: str) -> str:
    """Why a target, source or take cannot be used; empty if it can."""
    if name != name.strip():
        return f"{kind} {name!r} has blanks around it; remove them"
    if "/" in name or not name.isprintable():
        return f"{kind} {name!r} must not hold `/` or control characters; rename it"
    return ""


def identities_fault(names: Iterable[str]) -> str:
    """Why one of these identities cannot be used; empty if all can."""
    return next((fault for fault in (identity_fault("identity", name) for name in names) if fault), "")


def manipulation_fault(name: str) -> str:
    """Why a manipulation's name cannot be used; empty if it can.

    Train sets are written `A+B` and name files, and `rest` stands for all others.
    """
    if name in _RESERVED:
        return f"manipulation {name!r} is a reserved word; rename it"
    if not _MANIPULATION.fullmatch(name) or name != name.strip():
        return f"manipulation {name!r} must be letters, digits, blanks, `.`, `_` or `-`; rename it"
    return ""


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, sorted by name; hidden files are left aside."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def part_named(name: object) -> str:
    """The part that a publisher calls so, in any capitals; empty if none is called so."""
    return PART_NAMES.get(name.strip().lower(), "") if isinstance(name, str) else ""


def is_there(path: Path) -> bool:
    """Whether a path that a data set's file names exists; one too long to be looked up does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def check_inside(profile: Profile, *keys: str) -> None:
    """Raise InputError unless these keys of a profile are paths below the root (or the root itself)."""
    for key in keys:
        value = Path(getattr(profile, key))
        if value.is_absolute() or ".." in value.parts:
            raise InputError(f"`{key}` {str(value)!r} of the profile must be below the root; correct it")
        if fault := next((fault for fault in map(file_fault, value.parts) if fault), ""):
            raise InputError(f"`{key}` of the profile: {fault}")


def skipped(path: str, reason: str) -> Skipped:
    """A file that a layout leaves out, its name as far as it can be written."""
    return Skipped("ingest", path.encode("utf-8", "backslashreplace").decode(), reason)


def file_fault(name: str) -> str:
    """Why a file or folder of this name can be no video of a data set; empty if it can."""
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8; rename it"
    if len(encoded) > _LONGEST:
        return f"its name is longer than {_LONGEST} bytes; shorten it"
    return identity_fault("name", name)


def video_fault(name: str) -> str:
    """Why a file of this name is no video file that can be read; empty if it is one."""
    if fault := file_fault(name):
        return fault
    if Path(name).suffix.lower() not in VIDEO_SUFFIXES:
        return f"is not a video file ({', '.join(sorted(VIDEO_SUFFIXES))}); remove it"
    return ""


def read_json(path: Path, what: str) -> Any:
    """The content of a data set's JSON file.

    Args:
        path: The file.
        what: What it should be and where it is named, for the message.

    Raises:
        InputError: it cannot be read or is not JSON.
    """
    try:
        with open_whole(path) as file:
            return json.load(file)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; it must be {what}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({error}); it must be {what}") from error


def check_folders(asked: Sequence[str], present: Collection[str], where: str) -> None:
    """Check the profile's `manipulations` against the folders that exist.

    Raises:
        InputError: none is asked for, one is asked for twice or is no plain name, or one has no
            folder; the message names those that have one.
    """
    if not asked:
        raise InputError("`manipulations` of the profile is empty; list at least one")
    for name in asked:
        if not _FOLDER.fullmatch(name) or manipulation_fault(name) or asked.count(name) > 1:
            raise InputError(f"`manipulations` of the profile: {name!r} is not a plain name given once")
        if name not in present:
            there = f"there are: {', '.join(sorted(present))}; change" if present else "it has no folder; set"
            remedy = "`manipulations` of the profile, or the root, or complete the download"
            raise InputError(f"manipulation {name!r} does not exist in {where}; {there} {remedy}")


def read_youtube_ids(path: Path) -> dict[str, str]:
    """FaceForensics++'s conversion_dict.json: sequence id to YouTube id.

    Raises:
        InputError: the file is missing or does not map ids to `<youtube id> <index>`.
    """
    try:
        with open_whole(path) as file:
            table = json.load(file)
        return {sequence: entry.rsplit(" ", 1)[0] for sequence, entry in table.items()}
    except FileNotFoundError as error:
        raise InputError(f"`youtube_ids`: {str(path)!r} does not exist; correct or remove it") from error
    except OSError as error:
        raise InputError(
            f"`youtube_ids`: {str(path)!r} cannot be read: {error.strerror or error}; correct or remove it"
        ) from error
    except (ValueError, AttributeError, RecursionError) as error:
        raise InputError(
            f"`youtube_ids`: {str(path)!r} must map sequence ids to `<youtube id> <index>`, as"
            " FaceForensics++'s conversion_dict.json does"
        ) from error
