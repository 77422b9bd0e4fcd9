"""Read one section of params.yaml (or a profile) and check it strictly."""

import copy
import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_regular


class Section(BaseModel):
    """Base of every section: unknown keys are refused, types are not coerced, values are fixed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


MAX_SETTINGS = 1 << 22
"""Most bytes of a YAML file."""

S = TypeVar("S", bound=Section)
V = TypeVar("V")


MISSING = object()
"""Stands for the value of a key that is not there."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's floats: DVC writes 0.00002 as 2e-05, which 1.1 takes for text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_settings(path: Path) -> str:
    """The text of a YAML file.

    Raises:
        FileNotFoundError: there is none.
        InputError: it is no regular file, larger than `MAX_SETTINGS`, or cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    try:
        with open_regular(path, MAX_SETTINGS) as file:
            return file.read().decode("utf-8")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}; it must be a YAML file"
        ) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping with the safe loader; once a process, where settings stand still.

    Raises:
        InputError: the file is missing, is not YAML or does not hold a mapping.
    """
    if _standing is None:
        return _read_yaml(path)
    if path not in _standing.contents:
        _standing.contents[path] = _read_yaml(path)
    return copy.deepcopy(_standing.contents[path])


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(read_settings(path), _Loader)  # noqa: S506  it is a safe loader
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; it must hold the settings") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid YAML: {error}; mend the line it names") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold `name: value` lines, got {type(content).__name__}")
    return content


def read_section(path: Path, name: str, kind: type[S]) -> S:
    """Read and check the section `name` of a YAML file (`a.b`: one inside another; `""`: the whole file).

    Raises:
        InputError: one line with every wrong key, its value, the rule and the remedy.
    """
    content = read_raw(path, name)
    for key in () if name else kind.model_fields:
        keep_still(path, key)
    return check_section(content, kind, f"{path}: {name}" if name else str(path))


def read_raw(path: Path, name: str) -> Any:
    """What the section `name` of a YAML file holds, unchecked; names as in `read_section`.

    Raises:
        InputError: it is missing.
    """
    content: Any = read_yaml(path)
    if name:
        if (content := _look_up(content, name)) is MISSING:
            raise InputError(f"{path}: section `{name}` is missing; add it")
        keep_still(path, name)
    return content


def check_section(content: object, kind: type[S], where: str) -> S:
    """Check a mapping against a section's model; `where` begins the error line."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{where}: {'; '.join(_problems(error, kind))}") from error


def find_problems(content: object, kind: type[Section], where: str) -> list[str]:
    """What `check_section` would refuse, one line for each wrong key."""
    try:
        kind.model_validate(content)
    except ValidationError as error:
        return [f"{where}: {problem}" for problem in _problems(error, kind)]
    return []


def nearest(name: object, known: Iterable[str]) -> str:
    """`; perhaps <the known name most like it> was meant`, or nothing where none is like it."""
    found = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; perhaps `{found[0]}` was meant" if found else ""


def _problems(error: ValidationError, kind: type[Section]) -> list[str]:
    return [_problem(one, kind) for one in error.errors(include_url=False)]


def _problem(error: Any, kind: type[Section]) -> str:
    key = ".".join(str(part) for part in error["loc"]) or "section"
    value = error["input"]
    if error["type"] == "extra_forbidden":
        known = sorted(_innermost(kind, error["loc"][:-1]).model_fields)
        meant = nearest(error["loc"][-1], known)
        return f"`{key}` is not a parameter{meant}; the parameters here are {', '.join(known)}"
    if error["type"] == "missing":
        return f"`{key}` is missing; add it"
    return f"`{key}`: {_rule(error)}, got {value!r}{_remedy(error['type'], value)}"


def _rule(error: Any) -> str:
    """Pydantic's words with a small first letter; a rule of our own as it stands."""
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _innermost(kind: type[Section], path: tuple[Any, ...]) -> type[Section]:
    """The section inside sections that the names of `path` lead to."""
    for name in path:
        inside = kind.model_fields[name].annotation if name in kind.model_fields else None
        if not (isinstance(inside, type) and issubclass(inside, Section)):
            return kind
        kind = inside
    return kind


def _remedy(kind: str, value: object) -> str:
    """YAML reads a number in quotes as text, yes and no as booleans; say how to write what was meant."""
    if isinstance(value, str) and kind in ("float_type", "int_type"):
        try:
            number = Decimal(value)
        except InvalidOperation:
            return ""
        return f" (text, not a number; write {number:f})" if number.is_finite() else ""
    if isinstance(value, str) and kind == "list_type":
        return f"; a list is written in brackets, also of one: [{value}]"
    if isinstance(value, bool):
        return " (YAML reads yes, no, on and off as booleans; choose another word)"
    return ""


def read_value(path: Path, section: str, key: str, kind: type[V]) -> V:
    """Read one value of a section that another stage checks in whole (`""`: of the top level).

    Raises:
        InputError: it is missing or of another type.
    """
    found = _look_up(read_yaml(path), f"{section}.{key}" if section else key)
    value = None if found is MISSING else found
    keep_still(path, f"{section}.{key}" if section else key)
    accepted = (int, float) if kind is float else kind  # as a section accepts 1 where a float is wanted
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        name = f"{section}: `{key}`" if section else f"`{key}`"
        raise InputError(f"{path}: {name} is {value!r}; it must be of type {kind.__name__}; mend it")
    return kind(value)  # type: ignore[call-arg]


@dataclass
class _Standing:
    """Settings of a process that reads them once.

    Attributes:
        began: All of params.yaml when the run began, by file, as either version of YAML reads it; empty where
            that is not known.
        contents: Of each file that was read.
        used: What was used of them, by file and name (`section.key`).
    """

    began: list[dict[str, Any]]
    contents: dict[Path, dict[str, Any]] = field(default_factory=dict)
    used: dict[tuple[Path, str], Any] = field(default_factory=dict)


_standing: _Standing | None = None  # None: files are read whenever they are asked for

LOCK = Path("dvc.lock")


def stand_still() -> None:
    """From now on this process reads a file of settings once, and notes what it uses of it."""
    global _standing
    _standing = _Standing(_began())


def keep_still(path: Path, name: str) -> None:
    """Note that a value is used (`section.key`; `""`: all), and hold it to what the run began with.

    Raises:
        InputError: it was changed since.
    """
    if _standing is None or (path, name) in _standing.used:
        return
    value = _standing.used[path, name] = _look_up(read_yaml(path), name)
    began = [content[str(path)] for content in _standing.began if content.get(str(path))]
    moved = [_difference(name, _look_up(content, name), value) for content in began]
    if moved and all(moved):
        raise InputError(
            f"{path}: {moved[0]} since the stage `check` ran, with which a run begins; if another `dvc exp"
            " run` or an editor did it, run `dvc repro` again; if a stage is run alone on purpose (`-s`,"
            " `--downstream`), run `dvc repro -s check` before it"
        )


def check_unmoved() -> None:
    """Hold what this process used to what the files say now: DVC will record what they say.

    Raises:
        InputError: a value was changed.
    """
    if _standing is None:
        return
    now = {path: _read_yaml(path) for path in {path for path, _ in _standing.used}}
    for (path, name), value in _standing.used.items():
        if moved := _difference(name, value, _look_up(now[path], name)):
            raise InputError(
                f"{path}: {moved} while this stage worked; another `dvc exp run` or an editor did it: what"
                " was made is not recorded, run `dvc repro` again"
            )


def _look_up(content: Any, name: str) -> Any:
    for part in name.split(".") if name else ():
        if not isinstance(content, dict) or part not in content:
            return MISSING
        content = content[part]
    return content


def _difference(name: str, before: Any, now: Any) -> str:
    """`a.b` went from 1 to 2: the first value that differs, or nothing."""
    if before == now:
        return ""
    if isinstance(before, dict) and isinstance(now, dict):
        key = next(k for k in {**before, **now} if before.get(k, MISSING) != now.get(k, MISSING))
        inner = f"{name}.{key}" if name else str(key)
        return _difference(inner, before.get(key, MISSING), now.get(key, MISSING))
    said = ["nothing" if value is MISSING else repr(value) for value in (before, now)]
    return f"`{name}` went from {said[0]} to {said[1]}"


class _Loader12(yaml.SafeLoader):
    """The safe loader with YAML 1.2's plain words, in which DVC writes: `on` and `12:30` are text."""


_Loader12.yaml_implicit_resolvers = {}
for _tag, _words, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_words})$"), [*_first, ""])


def _began() -> list[dict[str, Any]]:
    """What dvc.lock says that the stage `check` ran with: all of params.yaml, since a run begins with it.

    Nothing where DVC did not start this process. Another dvc process may just be writing the file, so only an
    entry that another one follows is taken to be whole.
    """
    if os.environ.get("DVC_STAGE", "check") == "check" or not LOCK.is_file():
        return []
    text = LOCK.read_text(encoding="utf-8", errors="replace")
    entry = re.search(r"^  check:\n(?:   .*\n)*(?=  \S)", text, re.M)
    if entry is None:
        return []
    try:
        read = [yaml.load(entry[0], loader) for loader in (_Loader, _Loader12)]  # noqa: S506  safe loaders
    except (yaml.YAMLError, ValueError):
        return []  # a cut file, which `clipforensics check` tells of
    found = [_look_up(content, "check.params") for content in read]
    return [content for content in found if isinstance(content, dict)]
