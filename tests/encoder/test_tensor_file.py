"""The head of a file of safetensors: what it says is known before anything is read."""

import json
import os
import struct

import pytest
import torch
from safetensors.torch import save_file

from clipforensics.core.faults import InputError
from clipforensics.encoder import tensor_file
from clipforensics.encoder.tensor_file import check_room, check_tensors, count_numbers, tensor_shapes


def write_head(path, head):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


def test_shapes_are_those_that_were_saved(tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = {"matrix": torch.zeros(2, 3), "number": torch.tensor(1.0), "half": torch.zeros(4).half()}
    save_file(tensors, path, metadata={"format": "pt"})
    assert tensor_shapes(path) == {"matrix": (2, 3), "number": (), "half": (4,)}
    assert count_numbers(tensor_shapes(path)) == 11


def test_what_is_claimed_is_not_read(tmp_path):
    path = tmp_path / "a.safetensors"
    shape, end = [10**6, 10**6], 4 * 10**12
    write_head(path, {"x": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}})
    assert count_numbers(tensor_shapes(path)) == 10**12


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234",
        struct.pack("<Q", 0) + b"{}",
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 2) + b"{",
    ],
)
def test_what_has_no_head_is_told(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.safetensors cannot be read \(it is no file of safetensors"):
        tensor_shapes(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "head",
    [
        [], {"x": 3}, {"x": {}}, {"x": {"shape": 3}}, {"x": {"shape": [-1]}}, {"x": {"shape": ["3"]}},
        {"x": {"shape": [True]}}, {"x": {"shape": [1.5]}}, b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_head_that_is_none_is_told(tmp_path, head):
    with pytest.raises(InputError, match="it is no file of safetensors"):
        tensor_shapes(write_head(tmp_path / "a.safetensors", head))


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (("pipe", "not a regular file"), ("none", "No such file")):
        with pytest.raises(InputError, match=reason):
            tensor_shapes(tmp_path / name)


def test_tensors_are_those_that_are_wanted_or_the_first_other_is_named(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(2), "b": torch.zeros(3)}, path)
    check_tensors(path, {"b": (3,), "a": (2,)})
    for wanted, said in (
        ({"a": (2,)}, "'b' is (3,), and should be not there"),
        ({"a": (2,), "b": (3,), "c": ()}, "'c' is not there, and should be ()"),
        ({"a": (2,), "b": (4,)}, "'b' is (3,), and should be (4,)"),
    ):
        with pytest.raises(InputError) as told:
            check_tensors(path, wanted)
        assert said in str(told.value)


def test_what_exceeds_memory_is_told_with_both_sizes(monkeypatch):
    monkeypatch.setattr(tensor_file.os, "sysconf", {"SC_PAGE_SIZE": 1000, "SC_PHYS_PAGES": 10**6}.get)
    check_room(249_000_000, "it")
    with pytest.raises(InputError, match="it would take 4 GB of memory, and this machine has 1"):
        check_room(10**9, "it")
