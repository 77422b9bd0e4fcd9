"""File metadata alone: a random forest on codec, size, length, frame rate and bytes; no pixel enters.

Where it tells real from manipulated, the data set does so for every detector: real and manipulated videos
come from different places and were encoded in different ways. Breiman, Machine Learning 45 (2001) 5-32, by
scikit-learn; the smallest leaf is chosen on validation.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field
from sklearn.ensemble import RandomForestClassifier

from clipforensics.controls.contract import Control, Fitted, Known
from clipforensics.core.params import Section
from clipforensics.frames.rows import Labelled
from clipforensics.training.validation import Validation

NUMBERS = ("width", "height", "n_frames", "n_bytes", "frame_rate")
"""Columns of data/videos.csv that are taken as they stand."""


class Settings(Section):
    """Section `controls.metadata` of params.yaml.

    Attributes:
        trees: Of the forest.
        min_leaf: Candidates for the fewest videos of a leaf; the best on validation is kept.
    """

    trees: int = Field(ge=1)
    min_leaf: list[Annotated[int, Field(ge=1)]] = Field(min_length=1)


def features(videos: pd.DataFrame, codecs: Sequence[str]) -> np.ndarray:
    """What the forest sees of each video, float64 (n, 8 + number of codecs).

    Args:
        videos: Rows of data/videos.csv.
        codecs: Each is a column that is 1 for its videos; another codec has 0 in all of them.

    Returns:
        The columns of `NUMBERS`, then aspect ratio, bytes a frame, seconds (0 where the rate is not known),
        and the codecs.
    """
    numbers = videos[list(NUMBERS)].to_numpy(np.float64)
    width, height, n_frames, n_bytes, rate = numbers.T
    shape = width / np.maximum(height, 1), n_bytes / np.maximum(n_frames, 1)
    seconds = np.divide(n_frames, rate, out=np.zeros(len(rate)), where=rate > 0)
    of_codec = [(videos["codec"] == codec).to_numpy(np.float64) for codec in codecs]
    return np.column_stack([numbers, *shape, seconds, *of_codec])


def fit(known: Known, settings: Any, draw: int) -> Fitted:
    """A forest a candidate, each on training videos; of equals on validation the one of the largest leaf."""
    train, val = known.train.table, known.val.table
    codecs = sorted(set(known.videos.loc[train["key"], "codec"]))
    x, x_val = (features(known.videos.loc[part["key"]], codecs) for part in (train, val))
    best: tuple[tuple[float, float], int, RandomForestClassifier] | None = None
    for leaf in sorted(settings.metadata.min_leaf, reverse=True):
        forest = _forest(settings, leaf).fit(x, train["label"])
        rank = _rank(known.val, forest.predict_proba(x_val)[:, 1])
        if best is None or rank > best[0]:
            best = rank, leaf, forest
    assert best is not None  # the section asks for one candidate at least
    rank, leaf, forest = best

    def score(rows: np.ndarray) -> np.ndarray:
        keys, places = np.unique(known.index.keys[rows].astype(str), return_inverse=True)
        probabilities = forest.predict_proba(features(known.videos.loc[keys], codecs))[:, 1]
        return np.asarray(probabilities[places], dtype=np.float64)

    return Fitted(score, rank, {"min_leaf": leaf})


def _forest(settings: Any, leaf: int) -> RandomForestClassifier:
    return RandomForestClassifier(
        n_estimators=settings.metadata.trees,
        min_samples_leaf=leaf,
        class_weight="balanced",
        random_state=settings.seed,
        n_jobs=1,
    )


def _rank(val: Labelled, by_video: np.ndarray) -> tuple[float, float]:
    return Validation(val.labels, val.videos).rank(by_video[val.videos])


CONTROL = Control(
    title="file metadata alone",
    about="A random forest on codec, width, height, length, frame rate and bytes; no pixel enters.",
    asks="rival",
    said="faces were read",
    fit=fit,
)
