"""Settings that are lists of candidates: which those are, and the grid that they span.

Every number, switch (true or false) and named choice of a method may be one. What is a list by nature
(prompts, layers, the baseline's penalties) is not taken for candidates, and free text never is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, get_origin

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section, check_section, read_raw

S = TypeVar("S", bound=Section)

MOST_RUNS = 1000
"""More than anybody trains; what `max_runs` may be at most."""


@dataclass(frozen=True)
class Candidate(Generic[S]):
    """One of the settings that a method is trained with.

    Attributes:
        chosen: Value of each key that is a list of candidates; empty where none is.
        settings: The whole section.
    """

    chosen: Mapping[str, Any]
    settings: S


def read_candidates(path: Path, name: str, kind: type[S], *, max_runs: int) -> list[Candidate[S]]:
    """The candidates of a method's section, in the order in which they are tried.

    Args:
        path: params.yaml.
        name: `methods.<method>`.
        kind: The section's class.
        max_runs: `train.choice.max_runs`.

    Returns:
        One candidate where no key is a list of candidates, else the grid of all lists: keys in the order of
        the class, values in the order written, those of the last key changing first.

    Raises:
        InputError: the section is missing, a candidate is none, or there are too many.
    """
    content, where = read_raw(path, name), f"{path}: {name}"
    return [
        Candidate(values, check_section(section, kind, where))
        for values, section in expand(content, kind, where, max_runs=max_runs)
    ]


def expand(
    content: Any, kind: type[Section], where: str, *, max_runs: int
) -> list[tuple[dict[str, Any], Any]]:
    """The values of the listed keys, and the section with them, of each candidate; values unchecked.

    Args:
        content: The section as written; anything but a mapping is one candidate, for others to refuse.
        kind: The section's class.
        where: Begins the error line.
        max_runs: As in `read_candidates`.

    Raises:
        InputError: a list is empty or names a candidate twice, or there are too many candidates.
    """
    if not isinstance(content, Mapping):
        return [({}, content)]
    lists = {key: content[key] for key in kind.model_fields if _is_listed(content.get(key), kind, key)}
    for key, values in lists.items():
        if not values or any(value in values[:n] for n, value in enumerate(values)):
            raise InputError(f"{where}: `{key}`: candidates must be one or more, each once, got {values}")
    if (n_runs := prod(map(len, lists.values()))) > max_runs:
        sizes = " x ".join(f"{len(values)} of {key}" for key, values in lists.items())
        raise InputError(
            f"{where}: {n_runs} candidates ({sizes}) are more than train.choice.max_runs ({max_runs}); list"
            " fewer, or raise it"
        )
    grid = (dict(zip(lists, values, strict=True)) for values in product(*lists.values()))
    return [(chosen, {**content, **chosen}) for chosen in grid]


def _is_listed(value: Any, kind: type[Section], key: str) -> bool:
    """Whether it is a list and the key one value by nature: a number, a switch, a named choice."""
    annotation = kind.model_fields[key].annotation
    one_value = annotation in (int, float, bool) or get_origin(annotation) is Literal
    return one_value and isinstance(value, list)
