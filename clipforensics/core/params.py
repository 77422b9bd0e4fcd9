"""Read one section of params.yaml (or a profile) and check it strictly."""

import difflib
import re
from collections.abc import Iterable
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
    """Read a YAML mapping with the safe loader.

    Raises:
        InputError: the file is missing, is not YAML or does not hold a mapping.
    """
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
    return check_section(read_raw(path, name), kind, f"{path}: {name}" if name else str(path))


def read_raw(path: Path, name: str) -> Any:
    """What the section `name` of a YAML file holds, unchecked; names as in `read_section`.

    Raises:
        InputError: it is missing.
    """
    content: Any = read_yaml(path)
    for part in name.split(".") if name else ():
        if not isinstance(content, dict) or part not in content:
            raise InputError(f"{path}: section `{name}` is missing; add it")
        content = content[part]
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
    """YAML 1.1 reads 1e-4 as text and yes/no as booleans; say how to write what was meant."""
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
    content = read_yaml(path)
    inside = content.get(section) if section else content
    value = inside.get(key) if isinstance(inside, dict) else None
    accepted = (int, float) if kind is float else kind  # as a section accepts 1 where a float is wanted
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        name = f"{section}: `{key}`" if section else f"`{key}`"
        raise InputError(f"{path}: {name} is {value!r}; it must be of type {kind.__name__}; mend it")
    return kind(value)  # type: ignore[call-arg]
