"""The processes that train one model together: alone, or as many as torchrun or accelerate has started.

Both launchers say in the environment which process this is (RANK, WORLD_SIZE, LOCAL_RANK), so a program runs
under either, on one machine or on several.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from clipforensics.machine.devices import choose_device
from clipforensics.machine.scratch import scratch_folder


@dataclass(frozen=True)
class Processes:
    """This process and how many there are.

    Attributes:
        rank: From 0; process 0 writes the files.
        count: 1 if nothing launched others.
        one_machine: Whether all run on this machine, so that they can map one file into memory together.
    """

    rank: int = 0
    count: int = 1
    one_machine: bool = True

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Add up a tensor of every process, in place, for all of them to have.

        Two processes add in either order to the same bits; with more, the last digit may depend on how
        the network adds, which is why what is summed here is float64.
        """
        if self.count > 1:
            dist.all_reduce(tensor)
        return tensor

    def wait(self) -> None:
        """Until every process has come here."""
        if self.count > 1:
            dist.barrier()

    def tell(self, text: str, device: torch.device) -> str:
        """The text of process 0, for all of them to have; no object is pickled."""
        if self.count == 1:
            return text
        length = torch.tensor([len(text.encode())], device=device)
        dist.broadcast(length, src=0)
        letters = torch.zeros(int(length), dtype=torch.uint8, device=device)
        if self.first:
            letters.copy_(torch.tensor(list(text.encode()), dtype=torch.uint8))
        dist.broadcast(letters, src=0)
        return bytes(letters.cpu().tolist()).decode()


ALONE = Processes()

PATIENCE = timedelta(hours=2)
"""How long a process waits for another: the first hashes stores of many gigabytes before they begin."""


def launched(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a launcher has started this process beside others (or as the only one)."""
    return "RANK" in environment and "WORLD_SIZE" in environment


@contextmanager
def together() -> Iterator[Processes]:
    """Meet the other processes of this launch, over NCCL on GPUs and gloo on CPUs; alone without a launch."""
    if not launched() or int(os.environ["WORLD_SIZE"]) == 1:
        yield ALONE
        return
    device = choose_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        here = os.environ.get("LOCAL_WORLD_SIZE")  # torchrun says it, and accelerate, which starts torchrun
        yield Processes(dist.get_rank(), dist.get_world_size(), here == os.environ["WORLD_SIZE"])
    finally:
        dist.destroy_process_group()


def shared_scratch(stage: str, digest: Callable[[], str], processes: Processes) -> Path:
    """The folder for work that several processes do together: the first finds it and tells the others.

    Args:
        stage: As in `scratch_folder`.
        digest: Computes the digest; only the first process does.
        processes: Those that share the work, on one file system.
    """
    found = str(scratch_folder(stage, digest()).resolve()) if processes.first else ""
    return Path(processes.tell(found, choose_device()))
