"""Permuted labels: the probe fitted as the baseline is, on labels that were shuffled among videos.

Nothing is left to learn, so the whole chain, from the split to the AUC, must be at chance. If it is not,
something beside the labels carries them into the test; and a detector within its range has shown nothing.

Labels are permuted among the videos of training and among those of validation, each part by itself: both keep
their numbers of each class, and frames of a video keep one label (Ojala & Garriga, JMLR 11 (2010) 1833-1863).
"""

from typing import Any

import numpy as np
from pydantic import Field

from clipforensics.controls.contract import Control, Fitted, Known
from clipforensics.controls.probing import fit_on
from clipforensics.core.params import Section


class Settings(Section):
    """Section `controls.permuted` of params.yaml.

    Attributes:
        draws: How many permutations.
    """

    draws: int = Field(ge=2)


def fit(known: Known, settings: Any, draw: int) -> Fitted:
    """The probe on labels of one permutation."""
    rng = np.random.default_rng([settings.seed, draw])
    of_videos = (part.table["label"].to_numpy(np.int64) for part in (known.train, known.val))
    train, val = (rng.permutation(labels) for labels in of_videos)
    return fit_on(known.embeddings, known, train_labels=train, val_labels=val)


CONTROL = Control(
    title="the probe on permuted labels",
    about="Labels of training and validation are shuffled among videos: the whole chain must be at chance.",
    asks="chance",
    said="anything was learnt from the labels",
    fit=fit,
    draws=lambda settings: int(settings.permuted.draws),
)
