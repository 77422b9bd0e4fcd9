"""A frame's score from those of its people, and a video's from those of its frames."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats, Ints, checked_scores

Pooling = Literal["mean", "median", "max"]

LEVELS = ("frame", "video")
"""What is judged: single frames, or videos by their pooled frames."""


def most_suspect(scores: Floats, moments: Ints) -> Ints:
    """Of every frame the person with the highest score, by whom it is judged: is anybody manipulated?

    Args:
        scores: A row a person in a frame, (n,).
        moments: Code of each row's frame, from 0 without a gap, (n,), in any order (`rows.Labelled`).

    Returns:
        Place of one row a frame, in order of `moments`, int64 (number of frames,); of equal scores the first
        row. A score that is NaN counts as the highest, so that it is seen and not hidden.
    """
    lowest_last = np.where(np.isnan(scores), -np.inf, -np.asarray(scores, dtype=np.float64))
    order = np.lexsort((lowest_last, moments))  # stable: of equal ones the first row
    first = np.searchsorted(np.asarray(moments)[order], np.arange(int(np.max(moments, initial=-1)) + 1))
    return np.asarray(order[first], dtype=np.int64)


def pool_by_video(
    scores: npt.ArrayLike, labels: npt.ArrayLike, videos: npt.ArrayLike, how: Pooling = "mean"
) -> tuple[Floats, Ints]:
    """One score and one label a video from scores of frames.

    Args:
        scores: Shape (n_frames,).
        labels: Shape (n_frames,).
        videos: Shape (n_frames,): what a video is told by, its key or a code of it. Never its name:
            000_003 exists under every manipulation.
        how: `mean`, `median` or `max` of a video's frames.

    Returns:
        Scores and labels, each of shape (n_videos,), in the sorted order of `videos`
        (that of `numpy.unique(videos)`). Bit for bit independent of the order of rows.

    Raises:
        InputError: a video has frames of both labels, or `how` is not one of these.
    """
    if how not in get_args(Pooling):
        raise InputError(f"pooling {how!r}: must be one of {', '.join(get_args(Pooling))}; choose one")
    values, truth = checked_scores(scores, labels)
    keys, codes = np.unique(np.asarray(videos), return_inverse=True)
    if codes.shape != values.shape:
        raise InputError(f"videos: shape {codes.shape}, scores {values.shape}; give one entry a frame")
    if not len(keys):
        return np.empty(0), np.empty(0, dtype=np.int64)
    order = np.lexsort((values, codes))  # within a video by score: sums in one order, medians in place
    values, truth = values[order], truth[order]
    starts = np.searchsorted(codes[order], np.arange(len(keys)))
    low, high = np.minimum.reduceat(truth, starts), np.maximum.reduceat(truth, starts)
    if (low != high).any():
        raise InputError(f"video {str(keys[low != high][0])!r} has frames of both labels; give it one label")
    return _pool(values, starts, how), low


def _pool(values: Floats, starts: Ints, how: Pooling) -> Floats:
    """Pool runs of ascending scores that begin at `starts`."""
    ends = np.r_[starts[1:], len(values)]
    if how == "max":
        return values[ends - 1]
    low, high = values[starts], values[ends - 1]
    if how == "median":
        pooled = values[(starts + ends - 1) // 2] / 2 + values[(starts + ends) // 2] / 2
    else:
        pooled = np.add.reduceat(values, starts) / (ends - starts)
    # Rounding may carry a mean of equal scores off that score, which would undo ties.
    return np.clip(pooled, low, high)
