"""How validation chooses: the one order in which candidates and checkpoints of every detector stand."""

from dataclasses import dataclass

import numpy as np

from clipforensics.metrics.auc import roc_auc
from clipforensics.metrics.pooling import pool_by_video


@dataclass(frozen=True)
class Validation:
    """The validation frames that choices are made on.

    Attributes:
        labels: 0 real, 1 manipulated, a frame, (n,).
        videos: Integer code of each frame's video, (n,).
    """

    labels: np.ndarray
    videos: np.ndarray

    def rank(self, scores: np.ndarray) -> tuple[float, float]:
        """(video AUC of mean scores, frame AUC): compare as tuples, higher is better.

        With ten real videos the video AUC moves in coarse steps; the frame AUC breaks its ties.
        """
        pooled, labels = pool_by_video(scores, self.labels, self.videos, how="mean")
        return roc_auc(pooled, labels), roc_auc(scores, self.labels)

    def loss(self, scores: np.ndarray) -> float:
        """Cross-entropy of the scores taken as probabilities, both classes weighing alike, in nats.

        For the learning curve, where it shows overfitting before the AUC does; nothing is chosen by it.
        A score of 0 or 1 counts as 1e-7 away from it.
        """
        right = np.clip(np.where(self.labels == 1, scores, 1 - scores), 1e-7, None)
        by_class = [-np.log(right[self.labels == label]).mean() for label in (0, 1)]
        return float(np.mean(by_class))
