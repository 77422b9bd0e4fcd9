"""Chains on slots, with real processes that take no time, and their end when a signal comes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psutil
import pytest

from clipforensics.spread.chains import run_chains
from clipforensics.spread.children import SIGNALS, Children

SPAWN = """
import subprocess, sys, time
apart = subprocess.Popen(["sleep", "600"], start_new_session=True)
within = subprocess.Popen(["sleep", "600"])
print(apart.pid, within.pid, flush=True)
time.sleep(600)
"""


def run(tmp_path, chains, slots=({},), *, fail=(), wait=(), reads=None):
    """Cells that leave a file with the environment's SLOT; some fail, some wait for another's file."""
    wait, told = dict(wait), []

    def command(cell):
        steps = ["import os, pathlib, sys, time"]
        if cell in wait:
            steps.append(f"while not pathlib.Path({wait[cell]!r}).exists(): time.sleep(.01)")
        steps.append(
            "sys.exit(3)" if cell in fail else f"open({cell!r}, 'w').write(os.environ.get('SLOT', ''))"
        )
        return [sys.executable, "-I", "-c", "\n".join(steps)]

    with Children(lambda _: nullcontext()) as children:
        failed = run_chains(
            chains,
            slots,
            children=children,
            command=command,
            log=lambda cell: tmp_path / f"{cell}.log",
            reads=reads or {cell: frozenset() for chain in chains for cell in chain},
            tell=told.append,
        )
    return failed, told


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def heard():
    """Signals are heard however the tests were started: nohup ignores SIGHUP, a background job SIGINT."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    ignored = [number for number, handler in before.items() if handler is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def test_a_free_slot_takes_the_next_chain(tmp_path):
    slots = [{"SLOT": "left"}, {"SLOT": "right"}]
    failed, told = run(tmp_path, [["a1", "a2"], ["b"], ["c"]], slots, wait={"a1": "c"})
    assert failed == {}
    where = {cell: (tmp_path / cell).read_text() for cell in ("a1", "a2", "b", "c")}
    assert where == {"a1": "left", "a2": "left", "b": "right", "c": "right"}
    assert told[0].startswith("[1/4] b done, ")
    assert told[3].startswith("[4/4] a2 done, ")


def test_what_reads_a_failed_cell_does_not_run_and_the_rest_does(tmp_path):
    reads = {"train": frozenset(), "evaluate": frozenset({"train"}), "page": frozenset({"evaluate"})}
    reads |= {"second": frozenset(), "other": frozenset()}
    failed, told = run(tmp_path, [list(reads)[:4], ["other"]], reads=reads, fail={"train"})
    assert failed == {
        "train": f"failed, see {tmp_path / 'train.log'}",
        "evaluate": "not run, since it reads train",
        "page": "not run, since it reads evaluate",
    }
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".log") == ["other", "second"]
    assert [line.split(",")[0] for line in told] == [
        "[1/5] train failed",
        "[4/5] second done",
        "[5/5] other done",
    ]


@pytest.mark.parametrize("chains", [[], [[]], [["a"], []]])
def test_nothing_to_do_ends(tmp_path, chains):
    assert run(tmp_path, chains)[0] == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_every_descendant(tmp_path, number):
    before = signal.getsignal(number)
    log = tmp_path / "log"
    with pytest.raises(SystemExit) as exit:
        start_and_signal(Children(lambda _: nullcontext()), log, number)
    assert exit.value.code == 128 + number
    assert not any(is_alive(int(pid)) for pid in log.read_text().split())
    assert signal.getsignal(number) is before


def start_and_signal(children, log, number):
    with children:
        children.start("cell", [sys.executable, "-c", SPAWN], log=log, environment={})
        while len(log.read_text().split()) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), number)
        children.wait()


def test_children_are_killed_only_while_dvc_is_at_rest(tmp_path):
    seen = []

    @contextmanager
    def at_rest(_):
        seen.append(is_alive(children._running["cell"].pid))
        yield
        seen.append(is_alive(children._running["cell"].pid))

    children = Children(at_rest)
    with pytest.raises(SystemExit):
        start_and_signal(children, tmp_path / "log", signal.SIGTERM)
    assert seen == [True, False]


def test_a_signal_between_two_children_ends_at_once():
    with Children(lambda _: nullcontext()), pytest.raises(SystemExit) as exit:
        os.kill(os.getpid(), signal.SIGTERM)
    assert exit.value.code == 128 + signal.SIGTERM


def test_an_ignored_signal_stays_ignored(tmp_path):
    """`nohup` lets a run go on after the terminal is closed."""
    code = (
        "import os, signal, sys; from contextlib import contextmanager, nullcontext\n"
        "from clipforensics.spread.children import Children\n"
        "with Children(lambda _: nullcontext()) as children:\n"
        "    children.start('cell', ['true'], log=None, environment={})\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print(children.wait())\n"
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run(
        ["nohup", sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "('cell', 0)\n"


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
