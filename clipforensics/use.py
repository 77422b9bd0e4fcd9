"""`clipforensics use`: settings to begin with, written into params.yaml; its comments and layout stay."""

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from clipforensics.core.faults import InputError
from clipforensics.core.params import nearest, read_yaml

PARAMS = "params.yaml"
PROFILES = Path("conf/use")


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Write the settings of the profiles that are named, in their order, or list those there are.

    Args:
        arguments: The command line.
        project: The project's folder.

    Raises:
        InputError: a profile is not there or broken, or sets what params.yaml has not.
    """
    given = _parser().parse_args(arguments)
    known = profiles(project / PROFILES)
    if not given.names:
        for name, path in known.items():
            print(f"{name:16}{about(path)}")
        return
    for name in given.names:
        if name not in known:
            raise InputError(
                f"{name!r} is no profile of {PROFILES}{nearest(name, known)}; those there are:"
                f" {', '.join(known)}"
            )
    changes = [change for name in given.names for change in settings(known[name])]
    told = write(project / PARAMS, changes)
    print("\n".join(told) if told else f"{PARAMS} says all of it already")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics use",
        description="Settings to begin with, written into params.yaml; without a name, those there are.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"a file {PROFILES}/NAME.yaml")
    return parser


def profiles(folder: Path) -> dict[str, Path]:
    """Name -> file of each profile of a folder."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def about(path: Path) -> str:
    """What a profile says of itself: its first line, a comment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[0].removeprefix("#").strip() if lines and lines[0].startswith("#") else ""


def settings(path: Path) -> list[tuple[str, Any]]:
    """Full name and value of every setting of a profile; a list is one value.

    Raises:
        InputError: it is no mapping in YAML.
    """
    return list(_leaves(read_yaml(path), ""))


def _leaves(content: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def write(path: Path, changes: Sequence[tuple[str, Any]]) -> list[str]:
    """Set values in a YAML file as DVC does: comments, order and layout stay; all of them or none.

    Args:
        path: params.yaml.
        changes: Full name (`encoder.model`) and value; of one name the last counts.

    Returns:
        A line for each value that is another now: its name, the old and the new one.

    Raises:
        InputError: a name is no setting of the file.
    """
    from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update  # a second, which --help need not wait

    before = read_yaml(path)
    content = parse_yaml_for_update(path.read_text(encoding="utf-8"), str(path))
    told = []
    for name, value in dict(changes).items():
        section, key = _place(content, name, path)
        old = _value(before, name)
        if old != value or isinstance(old, bool) != isinstance(value, bool):
            put(section, key, value)
            told.append(f"{name}: {_in_yaml(old)} -> {_in_yaml(value)}")
    if told:
        _replace(path, dumps_yaml(content))
    return told


def _place(content: Any, name: str, path: Path) -> tuple[Any, str]:
    """The mapping that holds a setting, and its key there."""
    *sections, key = name.split(".")
    found, so_far = content, ""
    for part in [*sections, key]:
        if not isinstance(found, Mapping) or part not in found:
            known = list(found) if isinstance(found, Mapping) else []
            raise InputError(
                f"{path.name} has no setting `{name}`: no `{part}`{f' in `{so_far}`' if so_far else ''}"
                f"{nearest(part, map(str, known))}; mend the profile"
            )
        inside, found, so_far = found, found[part], f"{so_far}.{part}" if so_far else part
    if isinstance(found, Mapping):
        raise InputError(f"{path.name}: `{name}` is a section, not a setting; mend the profile")
    return inside, key


def _value(content: Mapping[str, Any], name: str) -> Any:
    for part in name.split("."):
        content = content[part]
    return content


def put(section: Any, key: str, value: Any) -> None:
    """Set one value of a mapping that ruamel.yaml read; what is written below it stays below it.

    A comment (or empty line) after a value is kept by ruamel at the value: at its key, or at the last entry
    of a list. It moves along where one becomes the other.
    """
    from ruamel.yaml.comments import CommentedSeq

    old, below = section[key], None
    if isinstance(old, CommentedSeq) and old:
        below = (old.ca.items.get(len(old) - 1) or [None])[0]
    elif key in section.ca.items:
        below = section.ca.items[key][2]
    if not isinstance(value, list):
        section[key] = value
        if isinstance(old, CommentedSeq) and below is not None:
            section.ca.items[key] = [None, None, below, None]
        return
    listed = CommentedSeq(value)
    if listed and below is not None:
        listed.ca.items[len(listed) - 1] = [below, None, None, None]
        if not isinstance(old, CommentedSeq):
            del section.ca.items[key]
    section[key] = listed


def _in_yaml(value: Any) -> str:
    """A value in one line, as one would write it."""
    if isinstance(value, float):
        return f"{value:.10f}".rstrip("0") if 1e-9 < abs(value) < 1 else repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_in_yaml, value))}]"
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()


def _replace(path: Path, text: str) -> None:
    """Put the new content in the file's place in one step."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, path.stat().st_mode)
    os.replace(temporary, path)
