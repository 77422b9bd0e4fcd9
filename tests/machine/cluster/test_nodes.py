"""A node that would give other bytes is told from one that would not."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clipforensics.core.faults import InputError
from clipforensics.machine import kernels
from clipforensics.machine.cluster.nodes import (
    Share,
    check_nodes,
    code_digest,
    difference,
    inherit,
    inherited,
    seen,
    this_machine,
)
from tests.support.ray_cluster import needs_ray


def test_this_machine_is_like_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert difference(this_machine([tmp_path, tmp_path / "file"])) == ""


@pytest.mark.parametrize("what", ["Python", "clipforensics", "numpy"])
def test_another_version_of_anything_is_told(what: str) -> None:
    here = this_machine([])
    other = replace(here, versions={**here.versions, what: "0.1"})
    found = difference(other)
    assert f"{what} {here.versions[what]}, and this machine 0.1: bytes might differ" in found
    assert found.count("\n") == 0


def test_a_processor_of_another_kind_is_told() -> None:
    here = this_machine([])
    other = replace(here, versions={**here.versions, "processors of the kind": "riscv64"})
    assert "has processors of the kind" in difference(other)


def test_a_node_is_handed_any_gpu_and_not_the_number_of_one_here() -> None:
    assert inherited({"CLIPFORENSICS_DEVICE": "cuda:1"})["CLIPFORENSICS_DEVICE"] == "cuda"
    assert inherited({"CLIPFORENSICS_DEVICE": "cpu"})["CLIPFORENSICS_DEVICE"] == "cpu"


def test_a_library_that_only_one_has_is_told() -> None:
    here = this_machine([])
    without = {name: version for name, version in here.versions.items() if name != "numpy"}
    assert "and this machine none" in difference(replace(here, versions=without))
    assert "has torchcodec none" in difference(replace(here, versions={**here.versions, "torchcodec": "1"}))


def test_a_file_that_is_another_or_missing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_text("one")
    wanted = this_machine([path])
    os.utime(path, ns=(1, 1))
    assert f"has another {path}; every node must see the same files" in difference(wanted)
    path.unlink()
    assert f"has no {path}; every node must see the same files" in difference(wanted)


def test_a_folder_is_known_by_its_own_time(tmp_path: Path) -> None:
    assert seen(tmp_path) == seen(tmp_path) != ""
    before = seen(tmp_path)
    os.utime(tmp_path, ns=(1, 1))
    assert seen(tmp_path) != before
    assert seen(tmp_path / "gone") == ""


def test_any_change_of_the_code_is_seen(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("x = 1\n")
    before = code_digest(tmp_path)
    (tmp_path / "one.py").write_text("x = 2\n")
    assert before != code_digest(tmp_path)


def test_variables_that_choose_kernels_are_set_or_unset_as_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*kernels.PINS, *kernels.OVERRIDING):
        monkeypatch.delenv(name, raising=False)
    unpinned = inherited({"MKL_DOMAIN_NUM_THREADS": "2", "NVIDIA_TF32_OVERRIDE": "1"})
    assert unpinned["MKL_CBWR"] is None
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # as Ray sets it
    monkeypatch.setenv("MKL_ENABLE_INSTRUCTIONS", "AVX512")
    inherit(unpinned)
    assert "OMP_NUM_THREADS" not in os.environ
    assert "MKL_ENABLE_INSTRUCTIONS" not in os.environ, "it is not set there"
    assert (os.environ["MKL_DOMAIN_NUM_THREADS"], os.environ["NVIDIA_TF32_OVERRIDE"]) == ("2", "1")
    inherit(inherited({**os.environ, **kernels.PINS}))
    assert {name: os.environ.get(name) for name in kernels.PINS} == dict(kernels.PINS)
    assert "MKL_DOMAIN_NUM_THREADS" not in os.environ, "it contradicts a pin"
    for name in (*kernels.PINS, "NVIDIA_TF32_OVERRIDE"):
        monkeypatch.delenv(name)


@needs_ray
def test_a_node_of_gpus_alone_is_counted_and_looked_at_and_one_of_neither_is_not() -> None:
    looked: list[str] = []

    def options(scheduling_strategy: Any) -> Any:
        looked.append(scheduling_strategy.node_id)
        return SimpleNamespace(remote=lambda machine: "")

    nodes = [
        {"Alive": True, "NodeID": "a" * 56, "Resources": {"GPU": 4.0}},
        {"Alive": True, "NodeID": "b" * 56, "Resources": {"memory": 1.0}},
        {"Alive": False, "NodeID": "c" * 56, "Resources": {"GPU": 8.0}},
    ]
    ray = SimpleNamespace(
        nodes=lambda: nodes,
        remote=lambda **_: lambda function: SimpleNamespace(options=options),
        get=lambda answer: answer,
        exceptions=SimpleNamespace(RayError=RuntimeError),
    )
    assert check_nodes(ray, this_machine([]), Share(cpus=0, gpus=1)) == 4
    assert looked == ["a" * 56]
    with pytest.raises(InputError, match="no Ray node has 2 processors for a task"):
        check_nodes(ray, this_machine([]), Share(cpus=2))
