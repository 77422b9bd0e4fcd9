"""The contract that every method keeps, and how one is found by name.

A method is one module of `clipforensics/detectors` and one section `methods.<module>` of params.yaml. The
module's `DETECTOR` trains a detector into a folder and scores frames with what lies there. Its title in
tables is what stands before the first colon of the module's docstring.

Two bases do the work that methods share: `embedding_method.EmbeddingMethod` for those that see cached
embeddings only, `pixel_method.PixelMethod` for those that change the encoder itself or what it is shown.

A module is also imported for its settings alone, so neither it nor what it imports loads transformers or peft
at its top: they take seconds, and belong into the functions that have to do with a tower.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast, runtime_checkable

import numpy as np

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section, nearest
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.store import FrameStore
from clipforensics.training.task import Fit, Task

if TYPE_CHECKING:  # torch is loaded by those detectors only that need it
    from torch.nn import Module
    from transformers import PreTrainedModel

    from clipforensics.core.fitting import Fitting
    from clipforensics.encoder.vision import Preprocessing

    LogOdds: TypeAlias = tuple[Module, Preprocessing, PreTrainedModel]


class Detector(Protocol):
    """What a module's `DETECTOR` offers.

    The folder that `fit` writes holds safetensors and `detector.json`, whose `parameters` are counts:
    `trainable` (moved, without the head), `all` (of the network that holds them), `head` (of a linear unit
    put on top, 0 if there is none) and `line`, as peft prints the first two. Where its files do not say by
    themselves how they are used, `usage` may (see `record.Usage`): for the model card.

    Attributes:
        settings: Checks the method's section of params.yaml.
        reads: What training and scoring look at.
    """

    settings: type[Section]
    reads: Literal["embeddings", "pixels"]

    def fit(self, task: Task, settings: Any, folder: Path) -> Fit:
        """Train and write the folder; killed and called again with the same scratch, to the same bytes.

        With several processes, the first writes.
        """
        ...

    def score(
        self, folder: Path, rows: np.ndarray, *, frames: FrameStore, embeddings: EmbeddingStore
    ) -> np.ndarray:
        """Score stored frames with the detector saved in `folder`.

        Returns:
            float64 (len(rows),) in [0, 1], higher means manipulated; each row's independent of the others.
        """
        ...

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Any) -> dict[str, int]:
        """`trainable` and `head` by the formula of the method's paper.

        Args:
            encoder: `vision` and `text` (None if it has no text tower): fields of the towers' configs
                (hidden_size, num_hidden_layers, ...); `embedding`: its name; `width`: its length;
                `frame_side`: of the frames, in pixels, where it is not the config's.
            settings: Of the method.
        """
        ...


@runtime_checkable
class Explainable(Protocol):
    """A detector that runs a vision transformer, so that its score can be traced to pixels."""

    def log_odds(
        self, folder: Path, *, encoder: Mapping[str, str], fitting: "Fitting | None", merged: bool = False
    ) -> "LogOdds":
        """Open the detector saved in `folder`: its module, its preprocessing, its vision tower.

        `module` (torch, evaluation mode, on the chosen device) takes float32 pixels (n, 3, s, s) as
        `preprocessing` makes them to log odds (n,) in float32, with gradients through every layer, and
        sigmoid(log odds) is the score to 1e-5 where the score was computed in float32; `tower` is the model
        of transformers that `module` runs. `encoder` is section `encoder` of params.yaml, `fitting` how
        stored frames were made, None where there are none. `merged`: whether what was trained is folded
        into the tower's weights, where the method can do that: as `score` computes, and in less time.
        """
        ...


DETECTORS = Path(__file__).parents[1] / "detectors"
"""Listed, never imported, by name: methods stand on this room, not the other way round."""


def known_detectors() -> list[str]:
    """Names of all methods."""
    return sorted(path.stem for path in DETECTORS.glob("[a-z]*.py"))


def find_detector(name: str) -> Detector:
    """The method of that name.

    Raises:
        InputError: there is none; names those there are.
    """
    if name not in known_detectors():
        raise InputError(unknown_detector(name))
    return cast(Detector, importlib.import_module(f"clipforensics.detectors.{name}").DETECTOR)


def unknown_detector(name: object) -> str:
    """What is said of a name that is no method's."""
    known = known_detectors()
    return f"detectors: {name!r} is not a detector{nearest(name, known)}; those there are: {', '.join(known)}"


def explainable(detector: Detector) -> Explainable | None:
    """The same detector if it offers `log_odds`, else None."""
    return detector if isinstance(detector, Explainable) else None
