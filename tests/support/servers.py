"""`clipforensics serve` in a process of its own, and scorers that do as they are told instead of scoring."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil

from tests.support.imports import ROOT

PATIENCE = 120.0
BOUNDARY = "d41d8cd98f00b204"


@dataclass
class Server:
    """A server that runs.

    Attributes:
        process: Of it.
        port: Of 127.0.0.1.
    """

    process: subprocess.Popen
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def scorers(self) -> list[psutil.Process]:
        """Its scoring processes."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    @property
    def uploads(self) -> Path:
        """Its folder for uploads."""
        (found,) = Path(os.environ["TMPDIR"]).glob("clipforensics-serve-*")
        return found

    def ask(self, method: str, address: str, body: bytes | None = None, **headers: str) -> "Answer":
        """One request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(connection):
            connection.request(method, address, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())

    def send(
        self, file: Path, address: str = "/v1/score", name: str | None = None, **headers: str
    ) -> "Answer":
        """A file as a form."""
        body = form(file.read_bytes(), name or file.name)
        return self.ask(
            "POST", address, body, content_type=f"multipart/form-data; boundary={BOUNDARY}", **headers
        )

    def wait_for(self, job: str) -> dict[str, Any]:
        """A job when it is over."""
        end = time.monotonic() + PATIENCE
        while (found := self.ask("GET", f"/v1/jobs/{job}").json)["state"] in ("waiting", "working"):
            assert time.monotonic() < end, found
            time.sleep(0.02)
        return found


@dataclass
class Answer:
    """Of a request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def form(content: bytes, name: str, *, field: str = "file", boundary: str = BOUNDARY) -> bytes:
    """A form with one file."""
    quoted = name.replace('"', "%22")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{quoted}"\r\n'
    return head.encode() + b"Content-Type: video/mp4\r\n\r\n" + content + f"\r\n--{boundary}--\r\n".encode()


@contextlib.contextmanager
def running(model: Path, *options: str, tmp: Path) -> Iterator[Server]:
    """A server on a free port, its temporary folder in `tmp`; ended by Ctrl-C."""
    tmp.mkdir(exist_ok=True)
    command = [sys.executable, "-W", "ignore", "-m", "clipforensics", "serve", "--model", str(model)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp)}
    before, os.environ["TMPDIR"] = os.environ.get("TMPDIR"), str(tmp)
    process = subprocess.Popen(
        [*command, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
    )
    try:
        yield Server(process, _port(process))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        process.stdout.close()
        os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)


def _port(process: subprocess.Popen) -> int:
    lines = [process.stdout.readline(), process.stdout.readline()]
    assert lines[0].startswith("loading the model "), lines[0] + process.stdout.read()
    line = lines[1]
    found = re.search(r"http://[^ ]*:(\d+)", line)
    assert found, line + process.stdout.read()
    end = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", int(found[1]))) == 0:
                return int(found[1])
        assert time.monotonic() < end, line
        time.sleep(0.02)


def obedient(pipe, setting) -> None:
    """A scorer that does what the task's name says; loads nothing."""
    pipe.send_bytes(json.dumps({"ready": {"model": {}, "card": ""}}).encode())
    while True:
        try:
            task = json.loads(pipe.recv_bytes())
        except EOFError:
            return
        pipe.send_bytes(json.dumps({"stage": "reading"}).encode())
        word, _, number = task["name"].partition(" ")
        if word == "sleep":
            time.sleep(float(number))
        elif word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif word == "leave":
            os._exit(int(number))
        elif word == "babble":
            pipe.send_bytes(b"\x80no JSON")
            time.sleep(60)
        message = {"bad": {"unreadable": "is empty"}, "fail": {"failed": "KeyError"}}.get(word)
        answer = {"answer": {"verdict": {"path": task["name"]}, "words": {}, "figures": ""}}
        pipe.send_bytes(json.dumps(message or answer).encode())


def refusing(pipe, setting) -> None:
    """A scorer whose model cannot be had."""
    pipe.send_bytes(json.dumps({"refused": "the package is damaged; copy it again"}).encode())


def dying(pipe, setting) -> None:
    """A scorer that dies as it loads."""
    os._exit(9)
