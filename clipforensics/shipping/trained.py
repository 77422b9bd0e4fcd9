"""A packaged detector opened for conversion, on the CPU, and what was trained folded into its tower."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.adaptation.contract import Detector, find_detector
from clipforensics.adaptation.pixel_method import PixelMethod
from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.encoder.vision import Preprocessing
from clipforensics.publishing.opening import open_package


@dataclass(frozen=True)
class Trained:
    """A detector of a package.

    Attributes:
        folder: The package.
        about: Content of its detector.json.
        method: That trained it.
        module: Pixels float32 (n, 3, s, s) -> log odds (n,), in evaluation mode, on the CPU.
        preprocessing: Its encoder's.
    """

    folder: Path
    about: dict[str, Any]
    method: Detector
    module: torch.nn.Module
    preprocessing: Preprocessing

    @property
    def name(self) -> str:
        """The method's."""
        return str(self.about["method"])


def open_trained(folder: Path, encoder: Path | None = None, *, fetch: bool = False) -> Trained:
    """Open a package.

    Args:
        folder: The package.
        encoder: Folder of its encoder, where that is neither in the package nor on the hub.
        fetch: Whether an encoder that the package names on the hub may be fetched from there.

    Raises:
        InputError: as `publishing.opening.open_package`, or it is no package.
    """
    if not (folder / RECORD).is_file():
        raise InputError(f"{folder} holds no {RECORD}, so it is no package; name a folder of models/")
    opened = open_package(folder, encoder=encoder, fetch=fetch)
    about = read_json(folder / RECORD)
    module = opened.module.cpu()
    return Trained(folder, about, find_detector(about["method"]), module, opened.preprocessing)


def fold(trained: Trained) -> torch.nn.Module:
    """The same detector with what was trained added to the tower's weights, where that can be; in place."""
    module = trained.module
    if not isinstance(module, AdaptedEncoder) or not isinstance(trained.method, PixelMethod):
        return module
    unload = getattr(module.tower, "merge_and_unload", None)  # peft's, which leaves nothing of peft behind
    if unload is None:
        return trained.method.merge(module)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(Already|All).* merged", module="peft")  # as we know
        module.tower = unload()
    return module


def check_foldable(trained: Trained) -> None:
    """Raise InputError unless what was trained below a linear head is a change of weights."""
    where, onnx = f"{trained.folder}: {trained.name}", "convert with `--to onnx`, which takes all of it along"
    if not isinstance(trained.module, AdaptedEncoder):
        raise InputError(
            f"{where} leaves its encoder as it is, so there is nothing to merge; load that as the package's"
            f" README.md shows, or {onnx}"
        )
    if trained.module.prompt is not None:
        raise InputError(f"{where} changes pixels, which no weights of a tower can do; {onnx}")
