"""Where work on many items is done: in processes of this machine, or on the user's Ray cluster."""

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.mapping import map_on_ray
from clipforensics.machine.cluster.nodes import Share
from clipforensics.machine.workers import ordered_map

VARIABLE = "CLIPFORENSICS_ENGINE"
"""Environment variable: `local` or `ray`. It belongs to the machine, as the number of processes does, and
changes no result, so it stands in no file that DVC tracks."""

LOCAL, RAY = "local", "ray"

T = TypeVar("T")
R = TypeVar("R")


def engine() -> str:
    """`local` where `CLIPFORENSICS_ENGINE` is unset.

    Raises:
        InputError: the variable is neither `local` nor `ray`.
    """
    name = os.environ.get(VARIABLE, "").strip() or LOCAL
    if name not in (LOCAL, RAY):
        raise InputError(f"{VARIABLE} is {name!r}; it must be {LOCAL} or {RAY}, or unset ({LOCAL})")
    return name


def map_in_order(
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    workers: int,
    died: Callable[[T], R],
    seconds: float = inf,
    late: Callable[[T], R] | None = None,
    sees: Iterable[Path] = (),
) -> Generator[R, None, None]:
    """As `workers.ordered_map`, on the engine that `CLIPFORENSICS_ENGINE` names; the results are the same.

    Args:
        function: As there; picklable where the engine is Ray.
        items: As there.
        workers: Processes of this machine; a cluster has its own number.
        died: As there.
        seconds: As there.
        late: As there.
        sees: Files and folders that the function reads, which every machine must see as this one does.

    Raises:
        InputError: the cluster cannot be used, or would give other bytes.
    """
    options: dict[str, Any] = {"died": died, "seconds": seconds, "late": late}
    if engine() == RAY:
        return map_on_ray(function, items, share=Share(cpus=1), sees=sees, **options)
    return ordered_map(function, items, workers=workers, **options)
