"""What of a node a cell takes; that cells run as Ray tasks is tried in test_running.py."""

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest

from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.nodes import this_machine
from clipforensics.machine.workers import n_processors
from clipforensics.spread import cells
from clipforensics.spread.cells import Cells, n_threads, share_of


def nodes(*gpus: int) -> SimpleNamespace:
    """A Ray of so many nodes, with so many GPUs each."""
    found = [{"Alive": True, "Resources": {"CPU": 8.0} | ({"GPU": n} if n else {})} for n in gpus]
    return SimpleNamespace(nodes=lambda: found)


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("CLIPFORENSICS_DEVICE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")


@pytest.mark.parametrize(
    ("gpus", "asked", "cpus", "each"),
    [((4,), None, 0, 1), ((0, 2), None, 0, 1), ((4,), 2, 0, 2), ((4,), 0, 3, 0), ((0,), None, 3, 0)],
)
def test_a_cell_takes_gpus_or_a_processor_for_each_thread(gpus, asked, cpus, each):
    share = share_of(nodes(*gpus), asked, pinned=False)
    assert (share.cpus, share.gpus) == (cpus, each)


def test_no_gpu_is_taken_where_the_environment_says_cpu(monkeypatch):
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cpu")
    assert share_of(nodes(4), None, pinned=False).gpus == 0


def test_on_several_nodes_the_number_of_threads_must_be_said(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    with pytest.raises(InputError, match=r"OMP_NUM_THREADS is not set: .*; export it"):
        share_of(nodes(0, 0), None, pinned=False)
    assert share_of(nodes(0), None, pinned=False).cpus == n_processors()
    assert share_of(nodes(1, 1), None, pinned=False).gpus == 1


def test_pinned_kernels_have_one_thread_on_every_node(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert share_of(nodes(0, 0), None, pinned=True).cpus == 1


def test_a_device_that_is_one_gpu_is_refused(monkeypatch):
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cuda:1")
    with pytest.raises(InputError, match=r"CLIPFORENSICS_DEVICE is 'cuda:1', .*CUDA_VISIBLE_DEVICES"):
        share_of(nodes(2), None, pinned=False)


class OneAfterAnother:
    """A Ray that does each task when it is given."""

    exceptions = SimpleNamespace(RayError=Exception)

    def __init__(self, found):
        self.nodes, self.given = found.nodes, []

    def remote(self, **_):
        return lambda function: SimpleNamespace(
            options=lambda name: SimpleNamespace(remote=lambda *given: self.given.append(given) or name)
        )

    def wait(self, left, **_):
        return left, []

    def get(self, _):
        return 1.0


@pytest.mark.parametrize(("asked", "device"), [(0, "cpu"), (1, None)])
def test_a_cell_that_takes_no_gpu_computes_on_the_cpu(monkeypatch, tmp_path, asked, device):
    """Ray leaves the GPUs visible to who asks for none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cells, "check_nodes", lambda *_: 1)
    ray = OneAfterAnother(nodes(2))
    assert Cells(ray, {"train@a": frozenset()}, tmp_path).run(asked, pinned=False) == {}
    ((_, variables, *_),) = ray.given
    assert variables["CLIPFORENSICS_DEVICE"] == device


def test_on_a_node_a_cell_has_the_folder_and_the_variables_of_who_began(monkeypatch, tmp_path):
    seen = {}

    def run(command, log):
        seen.update(os.environ, folder=os.getcwd(), command=command, log=log)
        return seen.get("status", 0)

    monkeypatch.setattr(cells.guard, "run", run)
    monkeypatch.chdir(tmp_path)
    (project := tmp_path / "project").mkdir()
    here, variables = this_machine([]), {"OMP_NUM_THREADS": "7", "CLIPFORENSICS_DEVICE": None}
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cpu")
    assert cells._run_one(here, variables, project, tmp_path / "log", "train@a", 3.0) >= 0
    assert (seen["folder"], seen["OMP_NUM_THREADS"]) == (str(project), "7")
    assert "CLIPFORENSICS_DEVICE" not in seen
    assert seen["command"][-2:] == ["--single-item", "train@a"]
    seen["status"] = 2
    with pytest.raises(InputError, match="dvc ended with 2"):
        cells._run_one(here, variables, project, tmp_path / "log", "train@a")


def test_a_node_that_differs_runs_no_cell(monkeypatch, tmp_path):
    monkeypatch.setattr(cells.guard, "run", lambda *_, **__: pytest.fail("it ran"))
    other = replace(this_machine([]), versions={"Python": "2.7"})
    with pytest.raises(InputError, match=r"Ray's node .* has .*, and this machine"):
        cells._run_one(other, {}, tmp_path, tmp_path / "log", "train@a")


def test_gpus_of_several_kinds_are_refused():
    ray = nodes(1, 1)
    for node, name in zip(ray.nodes(), ("H200", "A100"), strict=True):
        node["Resources"][f"accelerator_type:{name}"] = 1.0
    with pytest.raises(InputError, match=r"GPUs of several kinds \(A100 and H200\)"):
        share_of(ray, None, pinned=False)
    assert share_of(ray, 0, pinned=False).gpus == 0


@pytest.mark.parametrize(("text", "n"), [("2", 2), ("4,2", 4), ("", None), ("0", None), ("many", None)])
def test_threads_as_openmp_takes_them(monkeypatch, text, n):
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", text)
    assert n_threads(pinned=False) == (n or n_processors())
    assert n_threads(pinned=True) == 1
