"""Processes of one launch: alone nothing is sent; two real ones over gloo tell, add, wait, share a folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from clipforensics.training.processes import ALONE, Processes, launched, shared_scratch, together

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[2]

MEETING = """
import json, os, sys, time
from pathlib import Path
import torch
from clipforensics.training.processes import shared_scratch, together

out, digested = Path(sys.argv[1]), []

def digest():
    digested.append(1)
    return "abc"

with together() as processes:
    cpu = torch.device("cpu")
    mine = "" if processes.rank else "größer, 大, " + "long " * 1000
    found = {"rank": processes.rank, "count": processes.count, "first": processes.first}
    found["told"] = processes.tell(mine or f"not this, of {processes.rank}", cpu)
    found["empty"] = processes.tell("" if processes.first else "not empty", cpu)
    values = torch.tensor([1.0, 2.0**-40, 1e300], dtype=torch.float64) * (processes.rank + 1)
    summed = processes.sum(values)
    found["in place"] = summed is values
    found["sum"] = [value.hex() for value in summed.tolist()]
    found["float32"] = processes.sum(torch.full((3,), 0.1)).tolist()
    if processes.first:
        time.sleep(0.5)
        (out / "late").touch()
    processes.wait()
    found["waited"] = (out / "late").exists()
    folder = shared_scratch("train", digest, processes)
    found["scratch"], found["there"], found["digested"] = str(folder), folder.is_dir(), len(digested)
    processes.wait()
(out / f"{processes.rank}.json").write_text(json.dumps(found))
"""


def launch(script: Path, *arguments: str, n: int = 2, **environment: str) -> subprocess.CompletedProcess:
    """Run a script in n processes as torchrun starts them, on the CPU."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)]
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("RANK", "WORLD_SIZE", "LOCAL_", "MASTER_"))
    }
    settings = {"PYTHONPATH": str(ROOT), "CLIPFORENSICS_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, str(script), *arguments],
        env={**kept, **settings, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def met(tmp_path_factory):
    """What each of two processes found."""
    folder = tmp_path_factory.mktemp("met")
    (folder / "meeting.py").write_text(MEETING, encoding="utf-8")
    run = launch(folder / "meeting.py", str(folder), DVC_ROOT=str(folder))
    assert run.returncode == 0, run.stderr
    return folder, [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


def test_two_processes_know_who_they_are(met):
    _, found = met
    assert [(f["rank"], f["count"], f["first"]) for f in found] == [(0, 2, True), (1, 2, False)]


def test_what_the_first_says_all_hear_in_full(met):
    _, found = met
    assert {f["told"] for f in found} == {"größer, 大, " + "long " * 1000}
    assert {f["empty"] for f in found} == {""}


def test_all_have_the_sum_to_the_last_bit(met):
    _, found = met
    expected = [(3.0).hex(), (3 * 2.0**-40).hex(), (1e300 + 2e300).hex()]
    assert [f["sum"] for f in found] == [expected, expected]
    assert all(f["in place"] for f in found)
    assert [f["float32"] for f in found] == [torch.full((3,), 0.2).tolist()] * 2


def test_nobody_goes_on_before_all_have_come(met):
    _, found = met
    assert all(f["waited"] for f in found)


def test_they_work_in_one_folder_that_the_first_has_found(met):
    folder, found = met
    expected = str((folder / ".scratch" / "train" / "abc").resolve())
    assert [f["scratch"] for f in found] == [expected, expected]
    assert all(f["there"] for f in found)
    assert [f["digested"] for f in found] == [1, 0]


def test_a_process_alone_sends_nothing():
    values = torch.tensor([1.0, 2.0])
    assert ALONE.sum(values) is values
    assert values.tolist() == [1.0, 2.0]
    assert ALONE.tell("größer", CPU) == "größer"
    ALONE.wait()
    assert ALONE.first
    assert not Processes(rank=1, count=2).first


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"RANK": "0"}, False),
        ({"WORLD_SIZE": "2"}, False),
        ({"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}, True),
        ({"RANK": "0", "WORLD_SIZE": "1"}, True),
    ],
)
def test_a_launch_is_told_by_the_environment(environment, expected):
    assert launched(environment) is expected


@pytest.mark.parametrize("size", [None, "1"])
def test_without_others_nobody_is_met(monkeypatch, size):
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if size:
        monkeypatch.setenv("RANK", "0")
        monkeypatch.setenv("WORLD_SIZE", size)
    with together() as processes:
        assert processes == ALONE
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize(("here", "expected"), [("2", True), ("1", False), (None, False)])
def test_one_machine_is_where_all_of_a_launch_run_on_it(monkeypatch, here, expected):
    for name in ("init_process_group", "destroy_process_group"):
        monkeypatch.setattr(torch.distributed, name, lambda *_, **options: None)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 0)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    environment = {"RANK": "0", "WORLD_SIZE": "2", "CLIPFORENSICS_DEVICE": "cpu"}
    for name, value in {**environment, "LOCAL_WORLD_SIZE": here}.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    with together() as processes:
        assert processes == Processes(0, 2, one_machine=expected)


def test_a_folder_alone_is_the_usual_one(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    folder = shared_scratch("train", lambda: "def", ALONE)
    assert folder == (tmp_path / ".scratch" / "train" / "def").resolve()
    assert folder.is_dir()


def test_a_launch_of_one_is_alone(tmp_path):
    script = tmp_path / "one.py"
    script.write_text(
        "from clipforensics.training.processes import together\n"
        "with together() as p:\n    print(p.rank, p.count)\n"
    )
    run = launch(script, n=1)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["0", "1"]
