"""Where to compute: the environment's word, else the CPU of a machine without a GPU."""

import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.machine import devices, kernels
from clipforensics.machine.devices import arithmetic, choose_device, choose_dtype, compute_deterministically

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_the_environment_names_the_device(monkeypatch):
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cpu")
    assert choose_device() == CPU
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "tpu9")
    with pytest.raises(InputError, match="'tpu9' is no device; use cpu, cuda or cuda:<n>"):
        choose_device()


def test_without_a_gpu_it_is_the_cpu_and_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.delenv("CLIPFORENSICS_DEVICE", raising=False)
    assert choose_device() == CPU
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cuda:1")
    with pytest.raises(InputError, match="torch sees no such GPU"):
        choose_device()


def test_of_several_gpus_each_process_takes_that_of_its_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CLIPFORENSICS_DEVICE", raising=False)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert choose_device() == torch.device("cuda", 1)
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cuda:0")
    assert choose_device() == torch.device("cuda", 0)


def test_auto_is_bfloat16_on_a_gpu_only():
    assert [choose_dtype("auto", device) for device in (CPU, GPU)] == [torch.float32, torch.bfloat16]
    assert choose_dtype("float32", GPU) == torch.float32
    assert choose_dtype("bfloat16", CPU) == torch.bfloat16


def test_one_seed_gives_one_draw():
    drawn = []
    for seed in (1, 1, 2):
        compute_deterministically(seed)
        drawn.append(torch.rand(3))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert torch.are_deterministic_algorithms_enabled()


def test_last_digits_hang_on_threads_processor_and_whatever_chooses_kernels(monkeypatch):
    for name in (*kernels.PINS, *kernels.OVERRIDING):
        monkeypatch.delenv(name, raising=False)
    found = [arithmetic(CPU)]
    for name in (*kernels.PINS, *kernels.OVERRIDING):
        monkeypatch.setenv(name, "of my own")
        found.append(arithmetic(CPU))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    found.append(arithmetic(CPU))
    monkeypatch.setattr(devices, "processor", lambda: "another")
    found.append(arithmetic(CPU))
    monkeypatch.setattr(torch, "__version__", "0.1")
    found.append(arithmetic(CPU))
    assert all(one not in found[:place] for place, one in enumerate(found))


def test_pinned_kernels_are_the_same_on_every_processor_that_can_take_the_pins(monkeypatch):
    for name, value in kernels.PINS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(kernels, "has_avx2", lambda: True)
    assert arithmetic(CPU) == {"torch": torch.__version__, "kernels": "pinned"}
    monkeypatch.setattr(kernels, "has_avx2", lambda: False)
    assert arithmetic(CPU)["kernels"] != "pinned"


def test_on_a_gpu_they_hang_on_its_kind_and_on_what_is_said_of_tf32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    first = arithmetic(GPU)
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    second = arithmetic(GPU)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "another GPU")
    third = arithmetic(GPU)
    assert len({str(one) for one in (first, second, third)}) == 3
