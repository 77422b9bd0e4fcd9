"""torch.compile: the same kernels where they are matrix products, one kernel where many small ones were."""

import os
from pathlib import Path

import torch

from clipforensics.engines.contract import Engine, Forward


def build(encoder: torch.nn.Module, pixels: torch.Tensor, folder: Path) -> Forward:
    """Compiled for batches of exactly this shape; a graph that breaks is refused, not run in parts.

    Inductor reads these variables when it first writes. Its caches of graphs, which hold pickles, stay off.
    """
    from torch._functorch import config as functorch
    from torch._inductor import config as inductor

    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        os.environ[name] = str(folder / "kernels")
    inductor.fx_graph_cache, functorch.enable_autograd_cache = False, False
    inductor.compile_threads = 1  # no processes beside this one
    torch.compiler.reset()  # of an encoder compiled before, whose code is the same
    compiled = torch.compile(encoder, dynamic=False, fullgraph=True)

    def forward(batch: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = compiled(batch)
        return out

    return forward


ENGINE = Engine(build, packages={}, extra="", cpu_alone=False)
