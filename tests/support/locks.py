"""The lock files below requirements/: what each is for, what it pins, and what pip would install."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BASE: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
BUILD: list[str] = PROJECT["build-system"]["requires"]

LAYERS = {
    "build": BUILD,
    "score": [*BASE, *EXTRAS["faces"]],
    "pipeline": [*BASE, *EXTRAS["faces"], *EXTRAS["pipeline"]],
    "test": [*BASE, *EXTRAS["faces"], *EXTRAS["pipeline"], *EXTRAS["test"]],
}
"""Lock -> what it is made for. `pipeline` begins with all of `score`, `test` with all of `pipeline`."""

AS_NAMED = ("peers", "supply")
"""Locks of chosen releases, not of what is installed."""

NAMES = (*LAYERS, *AS_NAMED)
NO_HASHES = "torch"
"""Comes from PyTorch's own index, in a file for each kind of machine: requirements/torch.txt."""


def text_of(name: str) -> str:
    """What a lock file holds."""
    return (FOLDER / f"{name}.lock").read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, str]:
    """Canonical name -> version in a lock's text, less what it includes."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\]+)", lock, re.M)
    return {canonicalize_name(name): version for name, version in found}


def hashes(lock: str) -> dict[str, set[str]]:
    """Canonical name -> digests that a lock's text allows."""
    entries = re.findall(r"^([A-Za-z0-9._-]+)==((?:.*\\\n)*.*)$", lock, re.M)
    return {
        canonicalize_name(name): set(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", rest))
        for name, rest in entries
    }


def installed_by(name: str) -> dict[str, str]:
    """Pins of a lock and of those that it begins with."""
    text = text_of(name)
    found = pins(text)
    for other in re.findall(r"^-r (\w+)\.lock$", text, re.M):
        found = installed_by(other) | found
    return found


def reached(requirements: list[str]) -> set[str]:
    """Distributions that pip would install for them here, theirs and so on, by what is installed."""
    todo, found = [Requirement(one) for one in requirements], set()
    while todo:
        wanted = todo.pop()
        if str(wanted) in found or wanted.name == "clipforensics":
            continue
        found |= {str(wanted), canonicalize_name(wanted.name)}
        extras = ["", *wanted.extras]
        for line in distribution(wanted.name).requires or []:
            further = Requirement(line)
            if further.marker is None or any(further.marker.evaluate({"extra": one}) for one in extras):
                todo.append(further)
    return {canonicalize_name(name) for name in found if re.fullmatch(r"[\w.-]+", name)}
