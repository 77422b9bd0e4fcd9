"""Why a cluster cannot be joined, in one line."""

import os
import socket
import subprocess
import sys

import pytest

from tests.support.imports import ROOT
from tests.support.ray_cluster import join_with, needs_ray, ray_nodes

CODE = """
from clipforensics.core.faults import one_line_errors
{before}
from clipforensics.machine.cluster.mapping import Share, map_on_ray
with one_line_errors():
    list(map_on_ray(abs, [1], share=Share(1), died=abs))
"""


def told(before: str = "", **variables: str) -> str:
    """What a process says that wants to join."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    command = [sys.executable, "-c", CODE.format(before=before)]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment, **variables}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_without_ray() -> None:
    before = "import sys; sys.modules['ray'] = None"
    assert "Ray cannot be loaded" in told(before)
    assert "`pip install 'clipforensics[ray]'`, or unset it" in told(before)


@pytest.mark.slow
@needs_ray
@pytest.mark.parametrize("address", ["ray://10.0.0.1:10001", "somewhere", ":6379"])
def test_an_address_that_is_none(address: str) -> None:
    assert f"RAY_ADDRESS is '{address}'; it must be host:port of the cluster's head" in told(
        RAY_ADDRESS=address
    )


@pytest.mark.slow
@needs_ray
def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"127.0.0.1:{port}"
    assert f"no Ray cluster answers at RAY_ADDRESS {address}" in told(RAY_ADDRESS=address)


NOT_LOOKED_AT = "import clipforensics.machine.cluster.mapping as m; m._check_nodes = lambda *_: 1"
"""The memory of a node that was looked at may be full a moment later."""


@pytest.mark.slow
@needs_ray
def test_tasks_that_ray_kills_for_their_memory_are_not_done_for_ever() -> None:
    """A node that always finds its memory full kills every task; Ray alone would try without end."""
    full = {"RAY_memory_usage_threshold": "0.01", "RAY_memory_monitor_refresh_ms": "100"}
    with ray_nodes([1], **full) as settings:
        first, later = (_last_line(join_with(settings), before) for before in ("", NOT_LOOKED_AT))
    cannot = "cannot work for this project", "cannot do its task"
    assert any(words in first for words in cannot)  # a look may take less time than Ray to kill it
    assert cannot[1] in later
    assert "memory" in first
    assert "memory" in later


def _last_line(environment: dict[str, str], before: str) -> str:
    """After those of Ray's own."""
    command = [sys.executable, "-c", CODE.format(before=before)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.slow
@needs_ray
def test_no_cluster_runs_here(tmp_path: str) -> None:
    """Ray notes a cluster's address in its temporary folder."""
    line = told(RAY_TMPDIR=str(tmp_path), RAY_ADDRESS="auto")
    assert "none runs on this machine" in line or "cannot be joined" in line
