"""How fast this machine multiplies matrices: a fifth of a second's measurement."""

import time
from dataclasses import dataclass

import torch

from clipforensics.machine.devices import choose_device

SIDE, SECONDS = 1024, 0.2
PORTABLE = 18.6 / 46.6
"""What the pinned kernels leave of a core's rate (measured on an AMD EPYC: 18.6 of 46.6 GFLOP/s)."""


@dataclass(frozen=True)
class Speed:
    """Of this machine.

    Attributes:
        rate: Floating-point operations a second in products of matrices.
        what: Of which device, with how many threads.
        one_thread: Whether it is that of one thread, beside which others may work.
    """

    rate: float
    what: str
    one_thread: bool = False


def measure(*, portable: bool) -> Speed:
    """Multiply matrices for a moment.

    Args:
        portable: Whether the run will pin its kernels, to one thread each: for these the rate of one thread
            is scaled, since this process cannot pin its own any more.
    """
    device = choose_device()
    if device.type != "cpu":
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        return Speed(_rate(device, torch.bfloat16), f"{name}, bfloat16")
    threads = torch.get_num_threads()
    if not portable:
        return Speed(_rate(device, torch.float32), f"the CPU, {threads} threads")
    torch.set_num_threads(1)
    try:
        return Speed(
            PORTABLE * _rate(device, torch.float32),
            "one thread of the CPU, portable kernels",
            one_thread=True,
        )
    finally:
        torch.set_num_threads(threads)


def _rate(device: torch.device, dtype: torch.dtype) -> float:
    matrix = torch.ones(SIDE, SIDE, dtype=dtype, device=device)
    float((matrix @ matrix)[0, 0])
    end, best = time.perf_counter() + SECONDS, float("inf")
    while time.perf_counter() < end:
        begin = time.perf_counter()
        float((matrix @ matrix)[0, 0])  # a number read back, so that a GPU has really finished
        best = min(best, time.perf_counter() - begin)
    return 2 * SIDE**3 / best  # the best: whatever else runs here now will not run all the time
