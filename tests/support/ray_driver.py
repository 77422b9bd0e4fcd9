"""`python -m tests.support.ray_driver`: tries of `map_on_ray` in a process of their own; writes `found.json`.

Ray's threads would stay in the process of other tests, which fork.
"""

import importlib
import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from clipforensics.core.faults import InputError, one_line_errors
from clipforensics.machine.cluster.mapping import map_on_ray
from clipforensics.machine.cluster.nodes import Share


def square(number: int) -> int:
    return number * number


def where(folder: Path, number: int) -> list[Any]:
    """On which node, in which folder, with which threads; the first item waits until both nodes work."""
    (folder / f"node-{os.environ['NODE']}").touch()
    until = time.monotonic() + 60
    while number == 0 and len(list(folder.glob("node-*"))) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    return [os.environ["NODE"], os.getcwd(), os.environ.get("OMP_NUM_THREADS")]


def deadly(number: int) -> int:
    if number in (0, 7, 8):
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def slow(number: int) -> int:
    if number in (3, 4):
        time.sleep(60)
    return number * number


def lethal(number: int) -> int:
    """One number kills Ray's own worker with it, as the kernel's memory killer may."""
    if number == 5:
        kill_ray_worker()
    return number * number


def lethal_once(folder: Path, number: int) -> int:
    """As if somebody killed a worker in mid-run."""
    if number == 5 and not (folder / "killed").exists():
        (folder / "killed").touch()
        kill_ray_worker()
    return number * number


def kill_ray_worker() -> None:
    for process in psutil.Process().parents():
        if "ray::" in " ".join(process.cmdline()):
            process.kill()
            time.sleep(60)


def refuses(number: int) -> int:
    if number == 5:
        raise InputError("`x` is 5; write 4")
    return number


def card(number: int) -> str | None:
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def megabytes(folder: Path, number: int) -> bytes:
    (folder / str(number)).touch()
    return bytes(5_000_000)


def run(function: Any, n: int = 20, **options: Any) -> list[Any]:
    how: dict[str, Any] = {"died": lambda number: -1, "late": lambda number: -2, **options}
    return list(map_on_ray(function, range(n), **{"share": Share(1), **how}))


def main() -> None:
    folder = Path(sys.argv[1])
    found: dict[str, Any] = {"where": run(partial(where, folder)), "squares": run(square)}
    found |= {"deadly": run(deadly), "slow": run(slow, seconds=1)}
    found |= {"lethal": run(lethal), "lethal_once": run(partial(lethal_once, folder)), "none": run(square, 0)}
    found["cards"] = run(card, 4, share=Share(1, 1))
    for name, share in (("too_large", Share(2)), ("too_many_cards", Share(1, 2))):
        try:
            run(square, share=share)
        except InputError as error:
            found[name] = str(error)
    try:
        run(refuses)
    except InputError as error:
        found["refused"] = str(error)
    results = map_on_ray(partial(megabytes, folder), range(120), share=Share(1), died=lambda number: b"")
    next(results)
    time.sleep(8)
    found["ahead"] = len(list(folder.glob("[0-9]*")))
    results.close()
    found["after"] = run(square, 3)
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    with one_line_errors():  # imported, so that nodes find what is in it by its name
        importlib.import_module("tests.support.ray_driver").main()
