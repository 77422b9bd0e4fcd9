"""The bootstrap against the usual one: a loop that hands every replicate to scikit-learn.

FULL is the report's test set: 11,110 frames of 110 videos, 10,000 replicates, one detector. Loops run fewer
replicates and their time is scaled up. A loop repeats each frame as often as its video was drawn, or hands
scikit-learn these counts as weights, which is quicker. The loops compute fewer metrics than ours does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from benchmarks.table import Row, Side, compare, timed
from clipforensics.metrics.pooling import pool_by_video
from clipforensics.statistics.bootstrap import GRID, bootstrap_auc, bootstrap_metrics, roc_band
from clipforensics.statistics.replicates import Replicates, draw_replicates

LARGEST_SCORE = 1.5
One = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]
"""Labels, scores and weights of rows -> what scikit-learn makes of one replicate."""


@dataclass(frozen=True)
class Size:
    """Videos of each class, frames of each, replicates of ours and of the loops."""

    real: int
    fake: int
    frames: int
    replicates: int
    looped: int
    rounds: int


FULL = Size(real=10, fake=100, frames=101, replicates=10_000, looped=20, rounds=3)
TINY = Size(real=4, fake=6, frames=3, replicates=40, looped=4, rounds=1)


def rows(size: Size) -> Iterator[Row]:
    """AUC against both loops, then every other metric and the band of the ROC at both levels."""
    rng = np.random.default_rng(0)
    videos = np.repeat(np.arange(size.real + size.fake), size.frames)
    labels = (videos >= size.real).astype(int)
    scores = rng.random(size.real + size.fake)[videos] + 0.2 * rng.random(len(videos)) + 0.3 * labels
    draws = draw_replicates(labels, videos, n_replicates=size.replicates, seed=0)
    pooled, truth = pool_by_video(scores, labels, videos)
    weights = first_weights(draws, size.looped)
    levels = {"frame": (labels, scores, weights[:, videos]), "video": (truth, pooled, weights)}

    def loop(one: One, *names: str) -> Side:
        taken = timed(lambda: [[one(*levels[n][:2], w) for w in levels[n][2]] for n in names])
        return lambda: taken() * size.replicates / size.looped

    check_values(draws, scores, levels)
    auc, options = timed(partial(bootstrap_auc, draws, {"detector": scores})), {"rounds": size.rounds}
    for how, one in (("repeated", repeated_auc), ("weighted", weighted_auc)):
        what = f"bootstrap of frame and video AUC / scikit-learn, rows {how}"
        yield compare(what, auc, loop(one, "frame", "video"), goal=50, **options)
    for level in levels:
        every = partial(bootstrap_metrics, draws, scores, level=level, threshold=0.8, probability=probability)
        what = f"bootstrap of every {level} metric / scikit-learn's AUC, AP and Brier score"
        yield compare(what, timed(every), loop(three_metrics, level), goal=10, **options)
        band = timed(partial(roc_band, draws, scores, level=level))
        yield compare(
            f"band of the {level} ROC / scikit-learn's curves", band, loop(curve, level), goal=10, **options
        )


def first_weights(draws: Replicates, n: int) -> np.ndarray:
    """Weights of the videos (n, n_videos) in the first replicates, the very ones that ours draws."""
    return next(draws._drawn(n))


def check_values(draws: Replicates, scores: np.ndarray, levels: dict[str, tuple[np.ndarray, ...]]) -> None:
    """A comparison of times is worth something only where both sides give the same.

    Raises:
        ArithmeticError: they do not.
    """
    found = bootstrap_auc(draws, {"detector": scores})["all"]
    for level, (labels, values, weights) in levels.items():
        theirs = np.array([weighted_auc(labels, values, w) for w in weights])
        apart = np.abs(found[level]["detector"].draws[: len(theirs)] - theirs).max()
        if not apart < 1e-12:
            raise ArithmeticError(f"{level} AUC of the replicates and scikit-learn's differ by {apart}")


def probability(scores: np.ndarray) -> np.ndarray:
    """Scores brought to [0, 1]."""
    return scores / LARGEST_SCORE


def repeated_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """AUC of rows that are repeated as often as they were drawn."""
    drawn = np.repeat(np.arange(len(labels)), weights.astype(int))
    return float(roc_auc_score(labels[drawn], scores[drawn]))


def weighted_auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """The same by weights."""
    return float(roc_auc_score(labels, scores, sample_weight=weights))


def three_metrics(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[float, ...]:
    """Three of the dozen that ours computes."""
    found = (roc_auc_score, average_precision_score)
    ranked = (float(metric(labels, scores, sample_weight=weights)) for metric in found)
    return *ranked, float(brier_score_loss(labels, probability(scores), sample_weight=weights))


def curve(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One replicate's ROC on the grid of the band."""
    fpr, tpr, _ = roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    return np.interp(GRID, fpr, tpr)
