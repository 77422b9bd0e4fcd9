"""What of a node a cell takes; that cells run as Ray tasks is tried in test_running.py."""

import os
from types import SimpleNamespace

import pytest

from clipforensics.core.faults import InputError
from clipforensics.machine.workers import n_processors
from clipforensics.spread.cells import n_threads, share_of


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
    share = share_of(nodes(*gpus), asked)
    assert (share.cpus, share.gpus) == (cpus, each)


def test_no_gpu_is_taken_where_the_environment_says_cpu(monkeypatch):
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cpu")
    assert share_of(nodes(4), None).gpus == 0


def test_on_several_nodes_the_number_of_threads_must_be_said(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    with pytest.raises(InputError, match=r"OMP_NUM_THREADS is not set: .*; export it"):
        share_of(nodes(0, 0), None)
    assert share_of(nodes(0), None).cpus == n_processors()
    assert share_of(nodes(1, 1), None).gpus == 1


def test_gpus_of_several_kinds_are_refused():
    ray = nodes(1, 1)
    for node, name in zip(ray.nodes(), ("H200", "A100"), strict=True):
        node["Resources"][f"accelerator_type:{name}"] = 1.0
    with pytest.raises(InputError, match=r"GPUs of several kinds \(A100 and H200\)"):
        share_of(ray, None)
    assert share_of(ray, 0).gpus == 0


@pytest.mark.parametrize(("text", "n"), [("2", 2), ("4,2", 4), ("", None), ("0", None), ("many", None)])
def test_threads_as_openmp_takes_them(monkeypatch, text, n):
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", text)
    assert n_threads() == (n or n_processors())
