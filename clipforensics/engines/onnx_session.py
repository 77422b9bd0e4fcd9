"""ONNX Runtime, on the CPU: the encoder as an ONNX file, by torch's own exporter."""

import logging
import os
from pathlib import Path

import torch

from clipforensics.engines.contract import Engine, Forward

INPUT = "pixels"


def build(encoder: torch.nn.Module, pixels: torch.Tensor, folder: Path) -> Forward:
    """Exported for batches of exactly this shape; weights lie beside the graph, as plain bytes.

    ONNX Runtime 1.32 keeps an id of the machine in the user's cache and reports to its maker, unless this
    variable is set before it is loaded.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with torch.no_grad():
        program = torch.onnx.export(encoder, (pixels,), dynamo=True, input_names=[INPUT], verbose=False)
    assert program is not None  # it is for exports by dynamo
    path = folder / "encoder.onnx"
    program.save(path, external_data=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.use_deterministic_compute = True
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def forward(batch: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(session.run(None, {INPUT: batch.numpy()})[0])

    return forward


PACKAGES = {"onnxruntime": "onnxruntime", "onnx": "onnx", "onnxscript": "onnxscript"}
ENGINE = Engine(build, packages=PACKAGES, extra="onnxruntime", cpu_alone=True)
