"""A detector as one ONNX file for batches of any size, by torch's exporter, and ONNX Runtime on the CPU."""

import importlib.util
import logging
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.engines.onnx_session import INPUT, PACKAGES
from clipforensics.shipping.agreement import LogOdds

OUTPUT, FILE = "log_odds", "model.onnx"
EXTRA = "export"
"""Of this project: installs what exporting and checking need."""

LARGEST = 1_500_000_000
"""Bytes of weights that go into the file itself; a protocol buffer cannot have 2 GiB. More lie beside it."""


CHATTY = ("torch.onnx._internal.exporter._registration", "onnxscript.optimizer._constant_folding")
"""Loggers that warn of what they leave undone; whether that matters, the comparison shows."""


def check_packages() -> None:
    """Raise InputError unless everything is installed that an ONNX file is made and checked with."""
    lacking = [package for module, package in PACKAGES.items() if not importlib.util.find_spec(module)]
    if lacking:
        raise InputError(
            f"--to onnx needs {', '.join(lacking)}, which {'are' if lacking[1:] else 'is'} not installed; run"
            f" `pip install 'clipforensics[{EXTRA}]'`"
        )


def export_onnx(module: torch.nn.Module, pixels: torch.Tensor, folder: Path) -> int:
    """Write `model.onnx`: `pixels` float32 (n, 3, s, s) -> `log_odds` float32 (n,), for any n.

    Weights are plain bytes in the file, or, where they are too large for it, in `model.onnx.data` beside it.
    Nothing in either names a path of this machine.

    Args:
        module: In evaluation mode, on the CPU.
        pixels: Two frames at least, of the size that it takes.
        folder: Where.

    Returns:
        The version of ONNX's operator set that is needed.

    Raises:
        InputError: torch cannot export it.
    """
    program = _exported(module.requires_grad_(False), pixels)
    model = program.model
    _forget_places(model)
    n_bytes = sum(value.const_value.nbytes for value in model.graph.initializers.values())
    program.save(folder / FILE, external_data=n_bytes > LARGEST)
    return int(model.opset_imports[""])


def _exported(module: torch.nn.Module, pixels: torch.Tensor) -> Any:
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    options: dict[str, Any] = {"input_names": [INPUT], "output_names": [OUTPUT], "verbose": False}
    with torch.no_grad(), warnings.catch_warnings():
        # torch 2.13 copies a class of its own that it has deprecated
        warnings.filterwarnings(
            "ignore", message=r"`isinstance\(treespec, LeafSpec\)`", category=FutureWarning
        )
        try:
            return torch.onnx.export(
                module, (pixels,), dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},), **options
            )
        except torch.onnx.errors.OnnxExporterError as error:
            reason = str(error.__cause__ or error).strip().splitlines()[0]
            raise InputError(
                f"--to onnx: torch {torch.__version__} cannot export this encoder: {reason}; choose"
                " `--to merged`, or score with the package itself"
            ) from error


def _forget_places(model: Any) -> None:
    """Take out what torch notes of where in whose files each node comes from."""
    from onnx_ir.traversal import RecursiveGraphIterator

    graphs = [model.graph, *model.functions.values()]
    for graph in graphs:
        graph.metadata_props.clear()
        for node in RecursiveGraphIterator(graph):
            for thing in (node, *node.outputs):
                thing.metadata_props.clear()
            node.doc_string = None
        for value in (*graph.inputs, *getattr(graph, "initializers", {}).values()):
            value.metadata_props.clear()
    model.metadata_props.clear()


def open_onnx(path: Path, n_threads: int | None = None) -> LogOdds:
    """An exported file in ONNX Runtime, on the CPU.

    ONNX Runtime 1.32 keeps an id of the machine in the user's cache and reports to its maker, unless this
    variable is set before it is loaded.

    Args:
        path: Of model.onnx.
        n_threads: As many as torch takes if not given.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads or torch.get_num_threads()
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def log_odds(pixels: torch.Tensor) -> NDArray[np.float64]:
        return np.asarray(session.run(None, {INPUT: pixels.numpy()})[0], dtype=np.float64)

    return log_odds
