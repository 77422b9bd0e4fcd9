"""A Ray cluster on this machine that wants a token."""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs Ray, `pip install 'clipforensics[ray]'`"
)

STORE = 100_000_000
"""Bytes of a node's store of objects; the least that Ray allows is less than a test fills."""

SECONDS = 60.0


@contextmanager
def ray_nodes(cpus: Sequence[int] = (1, 1), *, store: int = STORE, **more: str) -> Iterator[dict[str, str]]:
    """Environment variables with which a process joins; `NODE` tells a process on which node it is.

    Args:
        cpus: Of each node, which says that it has a GPU too.
        store: Bytes of each node's store of objects.
        more: Variables of the nodes alone.
    """
    folder, port = Path(tempfile.mkdtemp(prefix="ray")), _free_port()  # a short path: sockets lie in it
    settings = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16), "HOME": str(folder)}
    settings |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ADDRESS": f"127.0.0.1:{port}"}
    size = ["--num-gpus=1", f"--object-store-memory={store}", "--block"]
    head = ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}"]
    nodes = []
    try:
        for number, n_cpus in enumerate(cpus):
            how = [*(head if number == 0 else [f"--address=127.0.0.1:{port}"]), f"--num-cpus={n_cpus}"]
            nodes.append(_start([*how, *size], {**settings, **more, "NODE": str(number)}, folder))
            _wait_for(number, nodes[-1], folder)
        yield settings
    finally:
        for node in nodes:
            _end(node)
        shutil.rmtree(folder, ignore_errors=True)


def join_with(settings: dict[str, str]) -> dict[str, str]:
    """The environment of a process that does its work on a cluster."""
    return {**os.environ, **settings, "CLIPFORENSICS_ENGINE": "ray"}


def _start(how: list[str], settings: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    environment |= {name: value for name, value in settings.items() if name != "RAY_ADDRESS"}
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", *how]
    with (folder / f"node{settings['NODE']}.log").open("wb") as log:
        return subprocess.Popen(
            command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


def _wait_for(number: int, node: subprocess.Popen[bytes], folder: Path) -> None:
    log, until = folder / f"node{number}.log", time.monotonic() + SECONDS
    while "Ray runtime started" not in log.read_text(errors="replace"):
        if time.monotonic() > until or node.poll() is not None:
            raise RuntimeError(f"Ray did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _end(node: subprocess.Popen[bytes]) -> None:
    """With all that it started."""
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(node.pid).children(recursive=True)
        with suppress(ProcessLookupError):
            os.killpg(node.pid, signal.SIGKILL)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)
    node.wait(timeout=10)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
