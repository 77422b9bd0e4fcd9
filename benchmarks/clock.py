"""Timing two sides fairly: they alternate in one run, and their medians are compared."""

import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

Side = TypeVar("Side", bound=Hashable)


def alternate(
    sides: Mapping[Side, Callable[[], object]],
    *,
    repeats: int,
    prepare: Callable[[Side], object] = lambda side: None,
) -> dict[Side, float]:
    """Median seconds of each side; one unmeasured round warms caches up.

    Args:
        sides: What to time, by name.
        repeats: Measured rounds.
        prepare: Called with the name before each call, and not timed.
    """
    times: dict[Side, list[float]] = {name: [] for name in sides}
    for number in range(repeats + 1):
        for name, run in sides.items():
            prepare(name)
            start = time.perf_counter()
            run()
            if number:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def show(what: str, ratio: float, floor: float) -> None:
    """Print a ratio beside its floor."""
    print(f"  {what}: {ratio:.2f} (floor {floor}) {'ok' if ratio >= floor else 'BELOW'}", flush=True)
