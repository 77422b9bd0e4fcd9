"""The rank that chooses C and checkpoints: AUC of mean scores by video, then AUC by frame."""

import numpy as np
from sklearn.metrics import roc_auc_score

from clipforensics.training.validation import Validation


def test_rank_is_the_auc_of_mean_scores_then_of_frames():
    rng = np.random.default_rng(0)
    videos = np.repeat(np.arange(12), 5)
    labels = (videos % 2).astype(int)
    scores = rng.exponential(size=60) + 0.3 * labels  # skewed: mean, median and max order differently
    pools = {"mean": np.mean, "max": np.max}
    by_video = {how: [pool(scores[videos == v]) for v in range(12)] for how, pool in pools.items()}
    truth = [v % 2 for v in range(12)]
    expected = roc_auc_score(truth, by_video["mean"])
    assert expected != roc_auc_score(truth, by_video["max"])
    assert Validation(labels, videos).rank(scores) == (expected, roc_auc_score(labels, scores))
