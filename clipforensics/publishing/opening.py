"""Open a package with this library: the one way for methods that plain transformers cannot load."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from clipforensics.adaptation.contract import explainable, find_detector
from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.encoder.vision import Preprocessing
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.publishing.encoders import FOLDER


@dataclass(frozen=True)
class Package:
    """A packaged detector, ready to score.

    Attributes:
        module: Pixels -> log odds, in evaluation mode.
        preprocessing: Its encoder's.
    """

    module: torch.nn.Module
    preprocessing: Preprocessing

    @torch.inference_mode()
    def score(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Frames of any size -> scores float64 (n,) in [0, 1], higher means manipulated.

        They are resized and cropped as the frames were that it was trained on.
        """
        arrays = [np.asarray(picture.convert("RGB")) for picture in pictures]
        frames = np.stack([resize_and_crop(array, self.preprocessing.fitting) for array in arrays])
        device = next(self.module.parameters()).device
        log_odds = self.module(self.preprocessing.pixels(frames, device))
        return torch.sigmoid(log_odds.double()).cpu().numpy()


def open_package(folder: Path, *, encoder: Path | None = None) -> Package:
    """Load the detector that a package holds, on the chosen device.

    Args:
        folder: The package.
        encoder: Folder of its encoder, where that is neither in the package nor on the hub.

    Raises:
        InputError: it is no package, its encoder is not there or another one, or its method is unknown or
            scores no pixels.
    """
    about = read_json(folder / RECORD)
    method = explainable(find_detector(about["method"]))
    if method is None:
        raise InputError(f"{folder}: {about['method']} scores no pixels; score stored frames with `evaluate`")
    inside = folder / FOLDER
    place = encoder or (inside if inside.is_dir() else None)
    found = {**about["encoder"], **({"model": str(place)} if place else {})}
    module, preprocessing, _ = method.log_odds(folder, encoder=found, fitting=None)
    return Package(module, preprocessing)
