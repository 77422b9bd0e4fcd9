"""Where to compute, and computing there the same way every time."""

import os
import platform
from pathlib import Path

import torch

from clipforensics.core.faults import InputError
from clipforensics.machine import kernels


def choose_device() -> torch.device:
    """CLIPFORENSICS_DEVICE if set (cpu, cuda, cuda:1), else a GPU, else the CPU.

    The device belongs to the machine, not to the experiment: it comes from the environment
    and stands in no tracked file. Of several GPUs it is the first, and where a launcher runs several
    processes on a machine, each takes the one of its own number (LOCAL_RANK).

    Raises:
        InputError: the variable names no device of this machine.
    """
    name = os.environ.get("CLIPFORENSICS_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"CLIPFORENSICS_DEVICE={name!r} is no device; use cpu, cuda or cuda:<n>") from error
    if device.type == "cuda" and device.index is None and "LOCAL_RANK" in os.environ:
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"CLIPFORENSICS_DEVICE={name!r}: torch sees no such GPU; unset it or use cpu")
    return device


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The dtype of the matrix products: `auto` is bfloat16 on a GPU and float32 on the CPU."""
    if precision == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]


def arithmetic(device: torch.device) -> dict[str, object]:
    """What last digits hang on: torch, its kernels, and where nothing pins them all that chooses them."""
    if device.type != "cpu":
        name, tf32 = torch.cuda.get_device_name(device), os.environ.get("NVIDIA_TF32_OVERRIDE")
        return {"torch": torch.__version__, "device": name, "NVIDIA_TF32_OVERRIDE": tf32}
    chosen_by = {name: os.environ.get(name) for name in (*kernels.PINS, *kernels.OVERRIDING)}
    kernels_of = "pinned" if kernels.pinned() else [processor(), torch.get_num_threads(), chosen_by]
    return {"torch": torch.__version__, "kernels": kernels_of}


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The CPU's name, where the system tells it."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def compute_deterministically(seed: int) -> None:
    """Seed torch and refuse algorithms whose result changes from run to run."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # As `use_deterministic_algorithms(True)`, which would load torch's compiler too: a second of start-up
    torch.set_deterministic_debug_mode("error")
    torch.manual_seed(seed)
