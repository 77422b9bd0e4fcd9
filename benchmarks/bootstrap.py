"""How long the bootstrap takes, and how that compares with a loop over scikit-learn, in one run.

`python -m benchmarks.bootstrap`: 10,000 replicates of frame and video AUC over 11,110 frames of 110
videos (the report's test set), one detector. The loop runs fewer replicates; its time is scaled up.
"""

import time

import numpy as np
from sklearn.metrics import roc_auc_score

from clipforensics.metrics import pool_by_video
from clipforensics.uncertainty import draw_replicates

N_REAL, N_FAKE, N_FRAMES, N_REPLICATES, N_LOOPS = 10, 100, 101, 10_000, 30
BUDGET_SECONDS, BUDGET_RATIO = 2.0, 50.0


def main() -> None:
    """Print seconds of both, their ratio, and the largest difference of their estimates."""
    rng = np.random.default_rng(0)
    videos = np.repeat(np.arange(N_REAL + N_FAKE), N_FRAMES)
    labels = (videos >= N_REAL).astype(int)
    scores = rng.random(N_REAL + N_FAKE)[videos] + 0.2 * rng.random(len(videos)) + 0.3 * labels

    start = time.perf_counter()
    drawn = draw_replicates({"detector": scores}, labels, videos, n_replicates=N_REPLICATES, seed=0)
    ours = time.perf_counter() - start

    pooled, truth = pool_by_video(scores, labels, videos)
    start = time.perf_counter()
    for _ in range(N_LOOPS):
        real, fake = rng.integers(0, N_REAL, N_REAL), rng.integers(0, N_FAKE, N_FAKE) + N_REAL
        weights = np.bincount(np.r_[real, fake], minlength=N_REAL + N_FAKE)
        roc_auc_score(labels, scores, sample_weight=weights[videos])
        roc_auc_score(truth, pooled, sample_weight=weights)
    loop = (time.perf_counter() - start) * N_REPLICATES / N_LOOPS

    exact = (roc_auc_score(labels, scores), roc_auc_score(truth, pooled))
    apart = float(np.abs(drawn.values[:, 0] - exact).max())
    print(f"{N_REPLICATES} replicates, {len(videos)} frames of {N_REAL + N_FAKE} videos, frame and video AUC")
    print(f"bootstrap          {ours:8.3f} s  (at most {BUDGET_SECONDS:g})")
    print(f"scikit-learn loop  {loop:8.1f} s  (scaled from {N_LOOPS} replicates)")
    print(
        f"ratio              {loop / ours:8.0f}    (at least {BUDGET_RATIO:g}); values differ by {apart:.1e}"
    )


if __name__ == "__main__":
    main()
