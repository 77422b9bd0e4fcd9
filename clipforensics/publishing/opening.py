"""Open a package with this library: the one way for methods that plain transformers cannot load."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from pydantic import ConfigDict

from clipforensics.adaptation.contract import Explainable, explainable, find_detector
from clipforensics.adaptation.fine_tuned import FineTuned
from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.core.params import Section, check_section
from clipforensics.encoder.families.base import Embedding
from clipforensics.encoder.families.shape import Shape
from clipforensics.encoder.hub import is_cached, is_id
from clipforensics.encoder.vision import Preprocessing, read_shape
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.publishing.encoders import FOLDER
from clipforensics.publishing.files import read_part
from clipforensics.publishing.inspecting import check_own_tensors, inspect
from clipforensics.publishing.loading import CONFIG

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST_TOKENS = 2**14
"""Patches of a frame at most: attention costs their square."""

BATCH = 32
"""Frames that go through the encoder at once: a video of any length takes the memory of so many."""


@dataclass(frozen=True)
class Package:
    """A packaged detector, ready to score.

    Attributes:
        module: Pixels -> log odds, in evaluation mode.
        preprocessing: Its encoder's.
        tower: The vision tower that `module` runs, with what was trained folded in where that can be.
        frozen: `model`, where its encoder as it was before training lies, `revision` and `embedding`; None
            where the whole tower was trained and the package stands for itself.
    """

    module: torch.nn.Module
    preprocessing: Preprocessing
    tower: "PreTrainedModel"
    frozen: Mapping[str, str] | None

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.module.parameters()).device

    @torch.inference_mode()
    def score(self, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Frames of any size -> scores float64 (n,) in [0, 1], higher means manipulated.

        They are resized and cropped as the frames were that it was trained on.
        """
        arrays = [np.asarray(picture.convert("RGB")) for picture in pictures]
        return self.score_fitted(np.stack([resize_and_crop(a, self.preprocessing.fitting) for a in arrays]))

    @torch.inference_mode()
    def score_fitted(self, frames: np.ndarray) -> np.ndarray:
        """Scores float64 (n,) of frames as the encoder wants them, uint8 RGB (n, s, s, 3), in batches.

        Raises:
            InputError: a score is no number, since weights are not, or overflow.
        """
        starts = range(0, len(frames), BATCH)
        parts = [self.preprocessing.pixels(frames[i : i + BATCH], self.device) for i in starts]
        scores = [torch.sigmoid(self.module(pixels).double()).cpu().numpy() for pixels in parts]
        found = np.concatenate(scores) if scores else np.empty(0)
        if not np.isfinite(found).all():
            raise InputError(
                "the detector gives a frame a score that is no number: its weights hold NaN, or overflow;"
                " copy the package again, and its encoder"
            )
        return found


def open_package(folder: Path, *, encoder: Path | None = None, fetch: bool = False) -> Package:
    """Load the detector that a package holds, on the chosen device, and try it on a black frame.

    Nothing is built before the files have been looked into: what they claim fits their sizes, this machine's
    memory and one another.

    Args:
        folder: The package.
        encoder: Folder of its encoder, where that is neither in the package nor on the hub.
        fetch: Whether an encoder that the package names on the hub may be fetched from there; if not, it must
            be in the local cache.

    Raises:
        InputError: it is no package, it is damaged, its encoder is not there or another one, or its method is
            unknown or scores no pixels.
    """
    try:
        with warnings.catch_warnings():  # with these peft goes on by tensors that it draws
            warnings.filterwarnings("error", message="Found missing adapter keys")
            return _open(folder, encoder, fetch)
    except (InputError, ImportError):
        raise
    except Exception as error:  # peft, transformers and torch raise all kinds at files that do not fit
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(
            f"{folder} cannot be opened ({reason}); copy the package, and its encoder, again"
        ) from error


def _open(folder: Path, encoder: Path | None, fetch: bool) -> Package:
    inspect(folder)
    about = _read_record(folder)
    method = _pixel_scorer(folder, about)
    whole = isinstance(method, FineTuned)  # a tower of its own, of which nothing else is needed
    said = about.encoder.model_dump()
    found = (
        {**said, "model": str(folder), "revision": "local"}
        if whole
        else _encoder(said, encoder or folder / FOLDER, fetch)
    )
    _, shape = read_shape(found["model"], found["revision"])
    check_own_tensors(folder, shape.parameters)
    module, preprocessing, tower = method.log_odds(folder, encoder=found, fitting=None, merged=True)
    _check_tokens(folder, preprocessing.size, shape)
    package = Package(module, preprocessing, tower, None if whole else found)
    package.score_fitted(np.zeros((1, preprocessing.size, preprocessing.size, 3), np.uint8))
    return package


class _Encoder(Section):
    model_config = ConfigDict(extra="ignore")

    model: str
    revision: str
    embedding: Embedding


class _Record(Section):
    """What is read of detector.json to open it; what else stands there is for others."""

    model_config = ConfigDict(extra="ignore")

    method: str
    encoder: _Encoder
    settings: dict[str, Any]


def _read_record(folder: Path) -> _Record:
    try:
        return check_section(read_part(folder, RECORD), _Record, str(folder / RECORD))
    except InputError as error:
        raise InputError(f"{error}; copy the package again") from error


def _pixel_scorer(folder: Path, about: _Record) -> Explainable:
    """The method, which must be one that scores pixels and leaves such files."""
    detector = find_detector(about.method)
    method = explainable(detector)
    if method is None:
        raise InputError(f"{folder}: {about.method} scores no pixels; score stored frames with `evaluate`")
    if (folder / CONFIG).is_file() and not isinstance(detector, FineTuned):
        raise InputError(
            f"{folder / CONFIG}: {about.method} leaves no whole tower, so this is another detector's; move it"
            " out of the package"
        )
    return method


def _check_tokens(folder: Path, side: int, shape: Shape) -> None:
    if (side // shape.patch) ** 2 > MOST_TOKENS:
        raise InputError(
            f"{folder} cuts frames of {side} pixels into patches of {shape.patch}, more than {MOST_TOKENS:,}"
            " of them; copy the package again"
        )


def _encoder(said: Mapping[str, str], place: Path, fetch: bool) -> dict[str, str]:
    """Where the encoder is: in a folder, or on the hub at a commit; never elsewhere on this machine."""
    if place.is_dir():
        return {**said, "model": str(place)}
    model, revision = said["model"], said["revision"]
    if Path(model).exists() or not is_id(model) or not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise InputError(
            f"encoder {model!r} of the package is neither in {place} nor on the hub at a commit; name"
            f" the folder whose weights have the sha256 {revision} with --encoder (Python: encoder=)"
        )
    if not fetch and not is_cached(model, revision):
        raise InputError(
            f"encoder {model!r} of the package is on the hub, at {revision}, and not in the local cache; add"
            " --fetch to fetch it from there (Python: fetch=True), or name a folder that has it (--encoder)"
        )
    return dict(said)
