"""Which engine `embed.engine` names, and whether it can be had here: asked before anything is embedded."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import version

import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder.embeddings import EAGER
from clipforensics.engines import compiled, onnx_session, openvino_model
from clipforensics.engines.contract import Engine

ENGINES: Mapping[str, Engine] = {
    "compile": compiled.ENGINE,
    "onnxruntime": onnx_session.ENGINE,
    "openvino": openvino_model.ENGINE,
}
"""All but `eager`, which is torch as it is."""


def check_engine(name: str, *, portable: bool, device: torch.device, dtype: torch.dtype) -> None:
    """Raise InputError unless an engine can do what params.yaml asks for on this machine.

    Args:
        name: `embed.engine`.
        portable: Whether the run's numbers shall be the same on every machine.
        device: Where torch would compute.
        dtype: What in.
    """
    if name == EAGER:
        return
    where, remedy = f"embed.engine: {name!r}", f"set embed.engine to {EAGER}"
    if portable:
        raise InputError(
            f"{where} has kernels that nothing pins, so bytes would differ between CPUs, and `portable` asks"
            f" for the same ones (auto: of the sample); set portable to never, or {remedy}"
        )
    if reason := missing(name):
        raise InputError(f"{where} needs {reason}, or {remedy}")
    if ENGINES[name].cpu_alone and (device.type != "cpu" or dtype != torch.float32):
        raise InputError(
            f"{where} computes on the CPU in float32, and this run on {device.type} in"
            f" {str(dtype).removeprefix('torch.')}; set CLIPFORENSICS_DEVICE=cpu and embed.precision to"
            f" float32, or {remedy}"
        )


def missing(name: str) -> str:
    """What an engine lacks here, and how to get it; empty if nothing."""
    engine = ENGINES[name]
    lacking = [package for module, package in engine.packages.items() if not importlib.util.find_spec(module)]
    if lacking:
        verb = "are" if len(lacking) > 1 else "is"
        return (
            f"{' and '.join(lacking)}, which {verb} not installed; run"
            f" `pip install 'clipforensics[{engine.extra}]'`"
        )
    compiler = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if name == "compile" and shutil.which(compiler) is None:
        return f"a C++ compiler, and there is no {compiler}; install one"
    return ""


def versions(name: str) -> dict[str, str]:
    """What decides an engine's bytes beside the encoder: its packages' versions; none for eager."""
    if name == EAGER:
        return {}
    return {package: version(package) for package in ("torch", *ENGINES[name].packages.values())}
