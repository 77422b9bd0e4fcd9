"""Why a cluster cannot be joined, in one line."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.imports import ROOT
from tests.support.ray_cluster import join_with, needs_ray, ray_nodes

CODE = """
from clipforensics.core.faults import one_line_errors
{before}
from clipforensics.machine.cluster.mapping import map_on_ray
from clipforensics.machine.cluster.nodes import Share
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
    line = told(before)
    assert "CLIPFORENSICS_ENGINE is ray (unset, none is needed), and Ray cannot be loaded" in line
    assert line.endswith("; `pip install 'clipforensics[ray]'`\n")


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


NOT_LOOKED_AT = "import clipforensics.machine.cluster.mapping as m; m.check_nodes = lambda *_: 1"
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


BEGUN = """
import json, psutil
from clipforensics.machine.cluster.joining import joined_or_begun
with joined_or_begun("a test", 1) as ray:
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    ports = [one.laddr for each in processes for one in each.net_connections("tcp") if one.status == "LISTEN"]
    where = ray.get_runtime_context().gcs_address
    print(json.dumps([ray.cluster_resources()["CPU"], ports, where]), flush=True)
    input()
print(len(psutil.Process().children(recursive=True)))
"""


STRANGER = """
import sys
from ray._raylet import GcsClient
GcsClient(address=sys.argv[1]).check_alive([], timeout=5)
"""


@pytest.mark.slow
@needs_ray
def test_one_of_this_machine_alone_listens_here_only_wants_a_token_and_ends(tmp_path: Path) -> None:
    """Though the temporary folder's name is longer than a socket's may be."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    (folder := tmp_path / ("long" * 20)).mkdir()
    environment["TMPDIR"] = str(folder)
    command, pipe = [sys.executable, "-c", BEGUN], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True) as begun:
        assert begun.stdout is not None
        cpus, ports, address = json.loads(begun.stdout.readline())
        environment |= {"RAY_AUTH_MODE": "disabled"}
        stranger = [sys.executable, "-c", STRANGER, address]
        refused = subprocess.run(stranger, env=environment, capture_output=True, text=True, check=False)
        rest, _ = begun.communicate("\n")
    assert cpus == 1
    assert len(ports) > 2
    assert {ip.removeprefix("::ffff:") for ip, _ in ports} == {"127.0.0.1"}
    assert refused.returncode == 1
    assert "token" in refused.stderr
    assert rest == "0\n"
