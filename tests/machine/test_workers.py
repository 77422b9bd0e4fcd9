"""Side by side, in order, and not brought down by one that dies."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import repeat
from pathlib import Path
from pickle import PicklingError

import pytest

from clipforensics.core.faults import InputError
from clipforensics.machine.workers import beside, n_workers, ordered_map


def _square(number: int) -> int:
    time.sleep(0.02 if number % 5 == 0 else 0)
    return number * number


def _deadly(number: int) -> int:
    if number in (0, 7, 8, 19):
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order(workers: int) -> None:
    found = list(ordered_map(_square, range(30), workers=workers, died=lambda n: -1))
    assert found == [n * n for n in range(30)]


@pytest.mark.parametrize("workers", [1, 2])
def test_items_that_kill_their_process_are_replaced_and_no_others(workers: int) -> None:
    found = list(ordered_map(_deadly, range(20), workers=workers, died=lambda n: -n))
    assert found == [-n if n in (0, 7, 8, 19) else n * n for n in range(20)]


def _slow(number: int) -> int:
    if number in (3, 4, 11):
        time.sleep(60)
    return number * number


@pytest.mark.parametrize("workers", [1, 2])
def test_items_that_take_too_long_are_ended_and_replaced_and_no_others(workers: int) -> None:
    began = time.monotonic()
    found = list(
        ordered_map(_slow, range(14), workers=workers, died=lambda n: -1, seconds=0.5, late=lambda n: -n)
    )
    assert found == [-n if n in (3, 4, 11) else n * n for n in range(14)]
    assert 3 * 0.5 / workers <= time.monotonic() - began < 20
    assert multiprocessing.active_children() == []


def _holds_the_interpreter(number: int) -> int:
    return number if number != 1 else sum(map(abs, repeat(1)))


def test_what_never_lets_go_of_the_interpreter_is_ended_too() -> None:
    found = ordered_map(_holds_the_interpreter, range(3), workers=1, died=lambda n: -1, seconds=0.5)
    assert list(found) == [0, -1, 2]


def test_a_result_that_waits_to_be_taken_is_not_late() -> None:
    results = ordered_map(_square, range(6), workers=2, died=lambda n: -1, seconds=0.3)
    found = []
    for result in results:
        found.append(result)
        time.sleep(0.4)
    assert found == [n * n for n in range(6)]


def _noted(folder: Path, number: int) -> int:
    with (folder / str(number)).open("a") as file:
        file.write("x")
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_death_costs_no_other_item_its_work(tmp_path: Path) -> None:
    found = list(ordered_map(partial(_noted, tmp_path), range(9), workers=3, died=lambda n: -n))
    assert found == [0, 1, -2, 3, 4, 5, 6, 7, 8]
    begun = {int(path.name): len(path.read_text()) for path in tmp_path.iterdir()}
    assert begun == {number: 2 if number == 2 else 1 for number in range(9)}


def _refuse(number: int) -> object:
    if number == 1:
        raise InputError("`x` is 3; write 4")
    return (lambda: number) if number == 2 else number


@pytest.mark.parametrize("items", [[0, 1], [0, 2]])
def test_what_a_worker_raises_or_cannot_send_is_raised_here(items: list[int]) -> None:
    kind = InputError if 1 in items else (PicklingError, AttributeError)
    with pytest.raises(kind):  # type: ignore[arg-type]
        list(ordered_map(_refuse, items, workers=2, died=lambda n: -1))
    assert multiprocessing.active_children() == []


def _touch(path: Path) -> None:
    path.touch()


def test_few_results_wait_to_be_taken(tmp_path: Path) -> None:
    """However slow the reader and however many the items, memory holds two a worker."""
    results = ordered_map(_touch, [tmp_path / str(n) for n in range(50)], workers=2, died=lambda n: None)
    for taken in range(1, 6):
        next(results)
        time.sleep(0.1)
        assert taken <= len(list(tmp_path.iterdir())) <= taken + 3
    results.close()


def test_stopping_early_leaves_no_process() -> None:
    results = ordered_map(_square, range(100), workers=2, died=lambda n: -1)
    assert next(results) == 0
    results.close()
    assert multiprocessing.active_children() == []


def _fail() -> None:
    raise InputError("`x` is 3; write 4")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_function_beside_is_waited_for(tmp_path: Path) -> None:
    def slow() -> None:
        time.sleep(0.3)
        (tmp_path / "done").touch()

    with beside(slow):
        assert not (tmp_path / "done").exists()
    assert (tmp_path / "done").exists()
    assert multiprocessing.active_children() == []


def test_a_function_beside_overlaps_the_body(tmp_path: Path) -> None:
    def answer() -> None:
        while not (tmp_path / "question").exists():
            time.sleep(0.01)

    with beside(answer):
        (tmp_path / "question").touch()


def test_what_a_function_beside_raises_is_raised_here() -> None:
    with pytest.raises(InputError, match=r"`x` is 3; write 4"), beside(_fail):
        pass


def test_a_function_beside_that_dies_is_told() -> None:
    with pytest.raises(MemoryError, match=r"died \(exit code -9\)"), beside(_die):
        pass


def test_a_failing_body_ends_the_function_beside() -> None:
    began = time.monotonic()
    with pytest.raises(KeyError, match="body"), beside(_sleep_long):
        raise KeyError("body")
    assert multiprocessing.active_children() == []
    assert time.monotonic() - began < 30


def _sleep_long() -> None:
    time.sleep(60)


def test_no_items() -> None:
    assert list(ordered_map(_square, [], workers=2, died=lambda n: -1)) == []


_PARENT = """
import os, signal, time
from clipforensics.machine.workers import ordered_map

def work(number):
    os.write(1, f"{os.getpid()}\\n".encode())  # in one piece, or two of them mingle
    time.sleep(0 if number == 0 else 60)

for _ in ordered_map(work, range(9), workers=2, died=lambda n: None):
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_a_killed_parent() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _PARENT], cwd=root, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == -signal.SIGKILL
    pids = {int(line) for line in done.stdout.split()}
    assert len(pids) == 2
    until = time.monotonic() + 10
    while any(_alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_number_of_workers_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLIPFORENSICS_WORKERS", raising=False)
    assert n_workers() == os.cpu_count()
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "3")
    assert n_workers() == 3


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_a_wrong_number_of_workers_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", text)
    with pytest.raises(InputError, match=r"CLIPFORENSICS_WORKERS is .* whole number of at least 1"):
        n_workers()
