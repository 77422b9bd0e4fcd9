"""dvc processes side by side: none outlives a signal."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psutil
import pytest

from clipforensics.spread.children import SIGNALS, Children

SPAWN = """
import subprocess, sys, time
apart = subprocess.Popen(["sleep", "600"], start_new_session=True)
within = subprocess.Popen(["sleep", "600"])
print(apart.pid, within.pid, flush=True)
time.sleep(600)
"""


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
