"""The server in this process: it answers by its names, and a signal ends it while somebody waits."""

import json
import os
import signal
import threading
import time
from http.client import HTTPConnection

import pytest

from clipforensics.serving.command import listen
from clipforensics.serving.faults import Refused
from clipforensics.serving.limits import Limits
from clipforensics.serving.running import GRACE, run
from tests.support.servers import BOUNDARY, form


class Slow:
    """Stands for a worker that never gets done, until it is stopped."""

    about = {"model": {"version": "1.2"}, "card": "<p>its card"}  # noqa: RUF012

    def __init__(self):
        self.is_alive, self.begun, self._ended = True, threading.Event(), threading.Event()

    def score(self, task, *, seconds, on_stage):
        self.begun.set()
        self._ended.wait(60)
        raise Refused(500, "worker died", "it was stopped")

    def stop(self):
        self.is_alive = False
        self._ended.set()

    kill = stop


def ask(port, method, path, body=None, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


@pytest.fixture
def served(tmp_path):
    """What clients were told: run to its end by a signal that comes while a video is worked on."""
    worker, told = Slow(), {}
    with listen("127.0.0.1", 0) as sock:
        sock.listen()
        port = sock.getsockname()[1]

        def wait_for_a_score():
            kind = f"multipart/form-data; boundary={BOUNDARY}"
            told["score"] = ask(port, "POST", "/v1/score", form(b"x", "a.mp4"), content_type=kind)

        def visit():
            try:
                told["card"] = ask(port, "GET", "/card")
                told["named"] = ask(port, "GET", "/card", host="proxy.example")
                told["other"] = ask(port, "GET", "/card", host="evil.example")
                waiting = threading.Thread(target=wait_for_a_score)
                waiting.start()
                told["begun"] = worker.begun.wait(60)
            finally:
                told["at"] = time.monotonic()
                os.kill(os.getpid(), signal.SIGINT)
            waiting.join()

        visitor = threading.Thread(target=visit)
        visitor.start()
        run([worker], Limits(), tmp_path, ["127.0.0.1", "proxy.example"], sock)
        told["seconds"] = time.monotonic() - told["at"]
        visitor.join()
    return told, worker


def test_it_answers_by_its_names_and_ends_when_told_with_nobody_left_waiting(served, tmp_path):
    told, worker = served
    assert told["card"] == told["named"] == (200, "<p>its card")
    assert told["other"][0] == 400
    assert json.loads(told["other"][1])["error"] == "bad host"
    assert told["begun"]
    assert told["score"][0] == 503
    assert json.loads(told["score"][1])["error"] == "stopping"
    assert told["seconds"] < GRACE + 2
    assert not worker.is_alive
    assert list(tmp_path.iterdir()) == []
