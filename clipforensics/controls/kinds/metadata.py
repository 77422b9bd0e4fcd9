"""File metadata alone: a random forest on codec, encoder, size, length, rates and bytes; no pixel enters.

Where it tells real from manipulated, the data set does so for every detector: real and manipulated videos
come from different places and were encoded in different ways. Breiman, Machine Learning 45 (2001) 5-32, by
scikit-learn; the smallest leaf is chosen on validation.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field
from sklearn.ensemble import RandomForestClassifier

from clipforensics.controls.contract import Control, Fitted, Known
from clipforensics.core.params import Section
from clipforensics.frames.rows import Labelled
from clipforensics.training.validation import Validation

NUMBERS = ("width", "height", "n_frames", "n_bytes", "frame_rate", "key_interval")
"""Columns of data/videos.csv that are taken as they stand."""

NAMES = ("codec", "encoder")
"""Columns that hold names."""

MOST_NAMES = 32
"""Of more names in a column those of most training videos count; the others are as if never seen."""

Categories = Mapping[str, Sequence[str]]


class Settings(Section):
    """Section `controls.metadata` of params.yaml.

    Attributes:
        trees: Of the forest.
        min_leaf: Candidates for the fewest videos of a leaf; the best on validation is kept.
    """

    trees: int = Field(ge=1)
    min_leaf: list[Annotated[int, Field(ge=1)]] = Field(min_length=1)


def categories(videos: pd.DataFrame) -> Categories:
    """Column of `NAMES` to the names that these videos have there, sorted; at most `MOST_NAMES`."""
    counts = {column: Counter(videos[column]) for column in NAMES}
    ordered = {column: sorted(of, key=lambda name: (-of[name], name)) for column, of in counts.items()}
    return {column: sorted(names[:MOST_NAMES]) for column, names in ordered.items()}


def features(videos: pd.DataFrame, known: Categories) -> np.ndarray:
    """What the forest sees of each video, float64 (n, 9 + number of names).

    Args:
        videos: Rows of data/videos.csv.
        known: As `categories` gives them: each name is a column that is 1 for its videos; another one has 0
            in all of them.

    Returns:
        The columns of `NUMBERS`, then aspect ratio, bytes a frame, seconds (0 where the rate is not known),
        and the names.
    """
    numbers = videos[list(NUMBERS)].to_numpy(np.float64)
    width, height, n_frames, n_bytes, rate, _ = numbers.T
    shape = width / np.maximum(height, 1), n_bytes / np.maximum(n_frames, 1)
    seconds = np.divide(n_frames, rate, out=np.zeros(len(rate)), where=rate > 0)
    named = [(videos[column] == name).to_numpy(np.float64) for column in NAMES for name in known[column]]
    return np.column_stack([numbers, *shape, seconds, *named])


def fit(known: Known, settings: Any, draw: int) -> Fitted:
    """A forest a candidate, each on training videos; of equals on validation the one of the largest leaf."""
    train, val = known.train.table, known.val.table
    names = categories(known.videos.loc[train["key"]])
    x, x_val = (features(known.videos.loc[part["key"]], names) for part in (train, val))
    best: tuple[tuple[float, float], int, RandomForestClassifier] | None = None
    for leaf in sorted(settings.metadata.min_leaf, reverse=True):
        forest = _forest(settings, leaf).fit(x, train["label"])
        rank = _rank(known.val, forest.predict_proba(x_val)[:, 1])
        if best is None or rank > best[0]:
            best = rank, leaf, forest
    assert best is not None  # the section asks for one candidate at least
    rank, leaf, forest = best

    def score(rows: np.ndarray) -> np.ndarray:
        keys, places = np.unique(known.index.keys_of(rows).astype(str), return_inverse=True)
        probabilities = forest.predict_proba(features(known.videos.loc[keys], names))[:, 1]
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
    return Validation.of(val).rank(by_video[val.videos])


CONTROL = Control(
    title="file metadata alone",
    about="A random forest on codec, encoder tag, width, height, length, frame rate, key frames and bytes;"
    " no pixel enters.",
    asks="rival",
    said="faces were read",
    fit=fit,
)
