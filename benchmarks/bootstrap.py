"""How long the bootstrap takes, and how that compares with a loop over scikit-learn, in one run.

`python -m benchmarks.bootstrap`: 10,000 replicates of frame and video AUC over 11,110 frames of 110
videos (the report's test set), one detector. The loop calls `roc_auc_score` on the frames, each repeated as
often as its video was drawn, and on the videos; the quicker loop gives it weights instead. Loops run fewer
replicates; their time is scaled up. Last, the time of every other metric and of a band of the ROC.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from clipforensics.metrics.pooling import pool_by_video
from clipforensics.statistics.bootstrap import bootstrap_auc, bootstrap_metrics, roc_band
from clipforensics.statistics.replicates import draw_replicates

N_REAL, N_FAKE, N_FRAMES, N_REPLICATES, N_LOOPS = 10, 100, 101, 10_000, 40
BUDGET_SECONDS, BUDGET_RATIO = 2.0, 50.0


def main() -> None:
    """Print seconds of each, their ratios, and the largest difference of their values."""
    rng = np.random.default_rng(0)
    videos = np.repeat(np.arange(N_REAL + N_FAKE), N_FRAMES)
    labels = (videos >= N_REAL).astype(int)
    scores = rng.random(N_REAL + N_FAKE)[videos] + 0.2 * rng.random(len(videos)) + 0.3 * labels

    print(f"{N_REPLICATES} replicates, {len(videos)} frames of {N_REAL + N_FAKE} videos")
    draws = draw_replicates(labels, videos, n_replicates=N_REPLICATES, seed=0)
    ours, found = timed(lambda: bootstrap_auc(draws, {"detector": scores})["all"])
    print(f"frame and video AUC            {ours:8.2f} s  (at most {BUDGET_SECONDS:g})")
    drawn = np.stack([found[level]["detector"].draws[:N_LOOPS] for level in ("frame", "video")])
    weights = np.concatenate(list(draws._weights(N_LOOPS)))[1 + len(draws.strata) :][:N_LOOPS]
    pooled, truth = pool_by_video(scores, labels, videos)
    for name, loop in (("repeated", repeated), ("weighted", weighted)):
        seconds, theirs = timed(
            lambda loop=loop: [(loop(labels, scores, w[videos]), loop(truth, pooled, w)) for w in weights]
        )
        seconds *= N_REPLICATES / N_LOOPS
        apart = float(np.abs(drawn - np.array(theirs).T).max())
        print(
            f"scikit-learn, {name} rows    {seconds:8.1f} s  ratio {seconds / ours:.0f}"
            f" (at least {BUDGET_RATIO:g}); values differ by {apart:.1e}"
        )
    for level in ("frame", "video"):
        options: dict[str, Any] = {"level": level, "threshold": 0.8, "probability": lambda s: s / 1.5}
        seconds, _ = timed(lambda options=options: bootstrap_metrics(draws, scores, **options))
        print(f"every metric at {level} level    {seconds:8.2f} s")
        seconds, _ = timed(lambda level=level: roc_band(draws, scores, level=level))
        print(f"band of the ROC, {level} level   {seconds:8.2f} s")


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what it returned."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def repeated(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """AUC of rows that are repeated as often as they were drawn."""
    rows = np.repeat(np.arange(len(labels)), weights.astype(int))
    return float(roc_auc_score(labels[rows], scores[rows]))


def weighted(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """The same by weights."""
    return float(roc_auc_score(labels, scores, sample_weight=weights))


if __name__ == "__main__":
    main()
