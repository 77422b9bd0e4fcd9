"""What the code says of every key of params.yaml and of the data sets' profiles: type, rule and default."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import clipforensics
import stages
from clipforensics.core.params import Section, read_yaml
from clipforensics.report.reading.settings import Settings
from tests.support.imports import ROOT


def project_modules() -> Iterator[ModuleType]:
    """Every module of the library and of the stages, imported; not those that run when imported."""
    for package in (clipforensics, stages):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def sections() -> dict[str, type[Section]]:
    """The model of each section, by the name that its docstring gives: ``Section `a.b` of params.yaml``."""
    found: dict[str, type[Section]] = {}
    for module in project_modules():
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, Section) and model.__module__ == module.__name__:
                named = re.match(r"Section `([\w.]+)` of params\.yaml", model.__doc__ or "")
                if named:
                    assert found.setdefault(named[1], model) is model, named[1]
    return found


def keys_of_params() -> dict[str, Any]:
    """Value of every key of params.yaml that is no section: `train.pixels.epochs: 10`."""
    return dict(flatten(read_yaml(ROOT / "params.yaml")))


def flatten(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{before}{key}.")
        else:
            yield before + key, value


def types_of(model: type[Section], before: str) -> dict[str, str]:
    """What each key of a section may hold, in words, sections inside it too."""
    found = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found |= types_of(field.annotation, f"{before}{name}.")
        else:
            found[before + name] = in_words(model.model_json_schema()["properties"][name])
    return found


def in_words(schema: dict[str, Any]) -> str:
    """A JSON schema of one value as the reference says it."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(map(in_words, schema["anyOf"]))
    if "enum" in schema:
        return one_of(schema["enum"])
    if schema["type"] == "array":
        return f"list: {in_words(schema['items'])}"
    if schema["type"] == "boolean":
        return "true or false"
    if schema["type"] == "string":
        options = re.fullmatch(r"\^\(([a-z0-9_|]+)\)\$", schema.get("pattern", ""))
        return one_of(options[1].split("|")) if options else "text"
    return " ".join(["whole number" if schema["type"] == "integer" else "number", bounds(schema)]).strip()


def one_of(names: list[str]) -> str:
    *first, last = [f"`{name}`" for name in names]
    return f"{', '.join(first)} or {last}" if first else last


def bounds(schema: dict[str, Any]) -> str:
    """`from 0 to 1`, `above 0`, `from 0 to below 1`; a bound that only machines know is left out."""
    low = f"from {schema['minimum']:.12g}" if "minimum" in schema else ""
    low = f"above {schema['exclusiveMinimum']:.12g}" if "exclusiveMinimum" in schema else low
    high = f"to {schema['maximum']:.12g}" if "maximum" in schema else ""
    below = schema.get("exclusiveMaximum", 2**63)
    high = f"to below {below:.12g}" if below < 2**63 else high
    return " ".join(word for word in (low, high) if word)


def default_in_words(value: Any) -> str:
    """A value of params.yaml as the reference shows it."""
    if isinstance(value, list):
        return ", ".join(default_in_words(one) for one in value) or "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value != "" else "empty"


def type_of_each_key() -> dict[str, str]:
    """What each key of params.yaml may hold, in words."""
    plain = Settings.model_json_schema()["properties"]  # sections are objects in it
    found = {name: in_words(schema) for name, schema in plain.items() if schema.get("type") != "object"}
    for name, model in sections().items():
        found |= types_of(model, f"{name}.")
    return found
