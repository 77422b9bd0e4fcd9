"""A scoring process: asked, killed when its time is up, reported when it dies, and started anew."""

import threading
import time
from pathlib import Path

import psutil
import pytest

from clipforensics.core.faults import InputError
from clipforensics.serving.faults import Refused
from clipforensics.serving.scorer import Setting
from clipforensics.serving.worker import Task, Worker
from tests.support.servers import dying, obedient, refusing

SETTING = Setting((), Path("/nowhere"), 600)


def task(name):
    return Task("/nowhere/file", name, None, False)


@pytest.fixture
def worker():
    made = Worker(SETTING, obedient)
    made.start()
    yield made
    made.kill()


def refusal(worker, name, seconds=30.0):
    with pytest.raises(Refused) as caught:
        worker.score(task(name), seconds=seconds)
    return caught.value.status, caught.value.error, caught.value.detail


def test_it_answers_and_tells_its_stages(worker):
    stages = []
    assert worker.score(task("a.mp4"), seconds=30, on_stage=stages.append)["verdict"] == {"path": "a.mp4"}
    assert stages == ["reading"]


def test_what_cannot_be_read_costs_it_nothing(worker):
    pid = worker.pid
    assert refusal(worker, "bad") == (422, "unreadable", "is empty")
    assert refusal(worker, "fail")[:2] == (500, "worker died")
    assert (worker.is_alive, worker.pid) == (True, pid)


def test_the_time_limit_ends_the_work_itself(worker):
    process, begin = psutil.Process(worker.pid), time.monotonic()
    status, error, detail = refusal(worker, "sleep 60", seconds=0.5)
    assert (status, error) == (504, "time limit")
    assert "0.5 s" in detail
    assert time.monotonic() - begin < 10
    assert not process.is_running()
    worker.start()
    assert worker.score(task("b"), seconds=30)["verdict"] == {"path": "b"}


@pytest.mark.parametrize(
    ("name", "how"), [("die", "signal 9"), ("leave 3", "exit code 3"), ("babble", "signal 9")]
)
def test_a_death_is_reported_with_its_cause_and_a_new_start_works(worker, name, how):
    status, error, detail = refusal(worker, name)
    assert (status, error) == (500, "worker died")
    assert f"({how})" in detail
    assert not worker.is_alive
    worker.start()
    assert worker.score(task("c"), seconds=30)["verdict"] == {"path": "c"}


def test_it_can_be_stopped_from_another_thread(worker):
    threading.Timer(0.3, worker.stop).start()
    begin = time.monotonic()
    assert refusal(worker, "sleep 60")[1] == "worker died"
    assert time.monotonic() - begin < 10


def test_a_model_that_cannot_be_had_is_told():
    with pytest.raises(InputError, match="the package is damaged; copy it again"):
        Worker(SETTING, refusing).start()
    with pytest.raises(InputError, match="died"):
        Worker(SETTING, dying).start()
