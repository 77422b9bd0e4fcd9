"""How far a video's score hangs on which of its frames were looked at."""

import numpy as np

from clipforensics.metrics.auc import Floats
from clipforensics.metrics.pooling import Pooling, pool_by_video

N_DRAWS = 2000
CONFIDENCE = 0.95
VALUES = 1_000_000
"""So many are drawn at once: memory is that of so many, whatever the number of frames."""
SEED = 0
"""Of the draws: the same video has the same interval each time."""


def over_frames(scores: Floats, pooling: Pooling) -> tuple[float | None, float | None]:
    """Percentile bootstrap of the pooled score over frames, as if they were drawn independently.

    Neighbouring frames are alike, so it is too narrow where frames lie close together, and it says nothing of
    how sure the detector is: only what other frames of the same video would have given.

    Args:
        scores: Of the frames, shape (n,), in [0, 1].
        pooling: How they become the video's.

    Returns:
        Ends of an interval of confidence .95 that holds the score itself; None for fewer than two frames.
    """
    n = len(scores)
    if n < 2:
        return None, None
    rng, at_once = np.random.default_rng(SEED), max(1, VALUES // n)
    pooled = [
        _pooled_rows(scores[rng.integers(0, n, (min(at_once, N_DRAWS - start), n))], pooling)
        for start in range(0, N_DRAWS, at_once)
    ]
    low, high = np.quantile(np.concatenate(pooled), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    whole = float(_pooled_rows(scores[None], pooling)[0])
    return min(float(low), whole), max(float(high), whole)


def _pooled_rows(scores: Floats, pooling: Pooling) -> Floats:
    """Each row (n, k) as a video of its own: shape (n,)."""
    videos = np.repeat(np.arange(len(scores)), scores.shape[1])
    return pool_by_video(scores.ravel(), np.zeros(scores.size, np.int64), videos, how=pooling)[0]
