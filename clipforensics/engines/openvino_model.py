"""OpenVINO, on the CPU: the encoder as torch.export writes it, converted in memory."""

import sys
from pathlib import Path
from typing import Any

import torch

from clipforensics.engines.contract import Engine, Forward

REPORTER = "openvino_telemetry"


def build(encoder: torch.nn.Module, pixels: torch.Tensor, folder: Path) -> Forward:
    """Converted for batches of exactly this shape; float32 even if the CPU has bfloat16; writes nothing."""
    openvino = _load()
    with torch.no_grad():
        program = torch.export.export(encoder, (pixels,))
    model = openvino.convert_model(program)
    how = {
        "INFERENCE_PRECISION_HINT": "f32",
        "EXECUTION_MODE_HINT": "ACCURACY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "NUM_STREAMS": 1,
    }
    compiled = openvino.Core().compile_model(model, "CPU", how)

    def forward(batch: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(compiled(batch.numpy())[0].copy())  # the buffer is the next batch's too

    return forward


def _load() -> Any:
    """OpenVINO without what reports to its maker and keeps an id below the user's home; it does without."""
    if REPORTER not in sys.modules:
        sys.modules[REPORTER] = None  # type: ignore[assignment]  # Python: this import fails
    import openvino

    return openvino


ENGINE = Engine(build, packages={"openvino": "openvino"}, extra="openvino", cpu_alone=True)
