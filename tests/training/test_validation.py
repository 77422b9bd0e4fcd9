"""The rank that chooses C and checkpoints: AUC of mean scores by video, then AUC by frame."""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from clipforensics.frames.rows import RowIndex
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


def test_where_people_are_apart_a_frame_counts_once_by_its_highest_score():
    rng = np.random.default_rng(1)
    frames = np.repeat(np.arange(40), rng.integers(1, 4, 40))  # one to three people in a frame
    videos, order = frames // 4, rng.permutation(len(frames))
    scores, labels = rng.random(len(frames)), videos % 2
    highest = np.array([scores[frames == frame].max() for frame in range(40)])
    apart = Validation(labels[order], videos[order], frames[order])
    plain = Validation(np.arange(40) // 4 % 2, np.arange(40) // 4)
    assert apart.rank(scores[order]) == plain.rank(highest)
    assert apart.loss(scores[order]) == plain.loss(highest)
    assert apart.rank(scores[order]) != Validation(labels, videos).rank(scores)


def test_it_is_of_the_rows_of_a_part_and_labels_may_be_others():
    index = RowIndex(["a", "a", "b"], [0, 0, 3], [1, 0, 0])
    part = index.labelled(pd.DataFrame({"key": ["a", "b"], "label": [0, 1]}))
    made = Validation.of(part)
    assert (made.labels.tolist(), made.videos.tolist(), made.moments.tolist()) == (
        [0, 0, 1],
        [0, 0, 1],
        [0, 0, 1],
    )
    assert Validation.of(part, np.array([1, 1, 0])).labels.tolist() == [1, 1, 0]
