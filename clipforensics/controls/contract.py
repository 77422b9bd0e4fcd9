"""The contract that every control keeps.

A control is fitted on training videos, chooses on validation, and then scores any stored frame, as a detector
does. It is one file: in `clipforensics/controls/kinds/` with a `CONTROL` where it reads what a run has, in
`clipforensics/controls/views/` with a `VIEW` where it only alters frames before they are embedded. Both
folders are listed (`finding`); nothing else names a control.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.controls.view import Asks
from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.rows import Labelled, RowIndex
from clipforensics.training.sampling import Sampling

ANCHOR = "unaltered"
"""Name of the control that removals are compared with: the probe on frames as they are stored."""


FILE_FACTS = ("codec", "width", "height", "n_frames", "n_bytes", "frame_rate", "key_interval", "encoder")
"""Columns of data/videos.csv that controls may see: no label, name or path, which would tell the class."""


@dataclass(frozen=True)
class ProbeSettings:
    """How the baseline is fitted in this run.

    Attributes:
        inverse_l2: Candidates for scikit-learn's C, as in section `methods.baseline`.
        max_iterations: As there.
        class_weight: As in section `train`.
        sampling: As there.
        seed: The first training seed: which frames are drawn where `sampling` does not take all.
    """

    inverse_l2: Sequence[float]
    max_iterations: int
    class_weight: str
    sampling: Sampling
    seed: int


@dataclass(frozen=True)
class Known:
    """All that a control may be fitted on: nothing of it is a test label.

    Attributes:
        train: Rows to fit on.
        val: Rows to choose on.
        embeddings: Of frames as they are stored.
        views: View to the embeddings of its frames, in the same order of rows.
        videos: `FILE_FACTS` of all videos, by key: what a file is, and nothing of who or what is in it.
        probe: How the baseline is fitted.
    """

    train: Labelled
    val: Labelled
    embeddings: EmbeddingStore
    views: Mapping[str, EmbeddingStore]
    videos: pd.DataFrame
    probe: ProbeSettings

    @property
    def index(self) -> RowIndex:
        """Which row is which frame of which video."""
        return self.embeddings.rows


@dataclass(frozen=True)
class Inputs:
    """What controls of every split are fitted on; see `Known`, whose fields these are.

    Raises:
        InputError: a view was embedded by another encoder than the frames as they are.
    """

    embeddings: EmbeddingStore
    views: Mapping[str, EmbeddingStore]
    videos: pd.DataFrame
    probe: ProbeSettings

    def __post_init__(self) -> None:
        """Compare what the stores remember of the encoder."""
        for what in ("weights_sha256", "config_sha256"):
            other = [
                name
                for name, view in self.views.items()
                if view.meta.get(what) != self.embeddings.meta.get(what)
            ]
            if other:
                raise InputError(
                    f"the frames of {', '.join(other)} were embedded with another {what} than those as they"
                    " are; run `dvc repro -s -f embed embed_controls`"
                )

    def known(self, parts: Mapping[str, pd.DataFrame]) -> Known:
        """What controls of one split may be fitted on: of its parts `train` and `val`."""
        rows = self.embeddings.rows
        train, val = rows.labelled(parts["train"], main=True), rows.labelled(parts["val"])
        return Known(train, val, self.embeddings, self.views, self.videos, self.probe)


def file_facts(videos: Iterable[Video]) -> pd.DataFrame:
    """`FILE_FACTS` of each video, by key."""
    rows = {video.key: [getattr(video, name) for name in FILE_FACTS] for video in videos}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(FILE_FACTS))


@dataclass(frozen=True)
class Fitted:
    """A control that can score.

    Attributes:
        score: Row numbers (n,) -> scores float64 (n,) in [0, 1], higher means manipulated.
        rank: Validation (video AUC, frame AUC) of what was kept.
        chosen: Settings that validation chose.
    """

    score: Callable[[np.ndarray], np.ndarray]
    rank: tuple[float, float]
    chosen: Mapping[str, Any] = field(default_factory=dict)


def _once(settings: Any) -> int:
    return 1


@dataclass(frozen=True)
class Control:
    """What a control's file offers.

    Attributes:
        title: What tables and sentences call it, such as `file metadata alone`.
        about: What it is, in a sentence.
        asks: How its AUC is read.
        said: Ends the sentence that a finding has in the first lines. Of a `rival` or `chance`: "this test
            does not show that ...", such as `faces were read`. Of a `removal` that loses: "so ...", such as
            `part of what it reads is in the background`. Of the anchor empty.
        fit: (what is known, section `controls`, number of the draw from 1) -> the fitted control.
            Deterministic.
        draws: Section `controls` -> how often it is fitted; its AUC is the mean over these.
    """

    title: str
    about: str
    asks: Asks
    said: str
    fit: Callable[[Known, Any, int], Fitted]
    draws: Callable[[Any], int] = _once
