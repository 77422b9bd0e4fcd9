"""A task on a node: its items in a process apart, whatever becomes of it."""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.nodes import inherited, this_machine
from clipforensics.machine.cluster.serving import Raised, Task, _end, serve
from clipforensics.machine.workers import Ended
from tests.support.imports import ROOT

pyarrow = pytest.importorskip("pyarrow")


def task(function: Callable[[int], Any], folder: Path, **changes: Any) -> Task:
    values = {"name": function.__name__, "function": pickle.dumps(function), "seconds": 20.0}
    values |= {"machine": this_machine([]), "variables": inherited(), "folder": str(folder)}
    return Task(**{**values, **changes})


def served(what: Task, numbers: list[int]) -> list[dict[str, Any]]:
    items = pyarrow.array([pickle.dumps(number) for number in numbers], pyarrow.large_binary())
    return serve(pyarrow.table({"number": numbers, "item": items}), what).to_pylist()


def process_and_square(number: int) -> tuple[int, int]:
    return os.getpid(), number * number


def deadly(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuses(number: int) -> int:
    if number == 1:
        raise InputError("`x` is 1; write 4")
    return number


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A working folder and a module `__main__`, which a task changes."""
    monkeypatch.chdir(tmp_path)
    main = vars(sys.modules["__main__"])
    if "__file__" in main:
        monkeypatch.setitem(main, "__file__", main["__file__"])
    yield tmp_path
    _end()


def test_one_process_does_the_tasks_of_a_run(here: Path) -> None:
    what = task(process_and_square, here)
    rows = served(what, [3, 4]) + served(what, [5])
    results = [pickle.loads(pickle.loads(row["result"])) for row in rows]
    assert [square for _, square in results] == [9, 16, 25]
    assert len({pid for pid, _ in results} - {os.getpid()}) == 1
    assert [row["number"] for row in rows] == [3, 4, 5]


def test_an_item_that_kills_its_process_is_told(here: Path) -> None:
    rows = served(task(deadly, here), [0, 1, 2])
    assert [row["what"] for row in rows] == ["", Ended.DIED.name, ""]


def test_what_is_raised_is_handed_on_and_is_the_last(here: Path) -> None:
    rows = served(task(refuses, here), [0, 1, 2])
    assert [row["number"] for row in rows] == [0, 1]
    raised = pickle.loads(rows[-1]["result"])
    assert isinstance(raised, Raised)
    assert str(raised.error) == "`x` is 1; write 4"


def test_a_node_that_would_give_other_bytes_refuses(here: Path) -> None:
    machine = this_machine([])
    wanted = type(machine)({**machine.versions, "numpy": "0.1"}, {})
    (row,) = served(task(process_and_square, here, machine=wanted), [3, 4])
    assert "numpy" in str(pickle.loads(row["result"]).error)


def test_what_the_process_loads_of_us_does_not_load_ray() -> None:
    code = "from clipforensics.machine.cluster import serving, nodes; import sys; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
