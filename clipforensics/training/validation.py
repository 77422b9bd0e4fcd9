"""How validation chooses: the one order in which candidates and checkpoints of every detector stand."""

from dataclasses import dataclass

import numpy as np

from clipforensics.frames.rows import Labelled
from clipforensics.metrics.auc import roc_auc
from clipforensics.metrics.pooling import most_suspect, pool_by_video


@dataclass(frozen=True)
class Validation:
    """The validation frames that choices are made on.

    Where people are stored apart, a frame counts once, by the highest score of its people, as in the test.

    Attributes:
        labels: 0 real, 1 manipulated, a row, (n,).
        videos: Integer code of each row's video, (n,).
        moments: Code of each row's frame, (n,); None: each row is a frame of its own (`rows.Labelled`).
    """

    labels: np.ndarray
    videos: np.ndarray
    moments: np.ndarray | None = None

    @classmethod
    def of(cls, part: Labelled, labels: np.ndarray | None = None) -> "Validation":
        """Of the rows of a part; with other labels a row than its own, if given."""
        return cls(part.labels if labels is None else labels, part.videos, part.moments)

    def _frames(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Score, label and video a frame, from scores a row."""
        if self.moments is None:
            return scores, self.labels, self.videos
        judged = most_suspect(scores, self.moments)
        return scores[judged], self.labels[judged], self.videos[judged]

    def rank(self, scores: np.ndarray) -> tuple[float, float]:
        """(video AUC of mean scores, frame AUC): compare as tuples, higher is better.

        With ten real videos the video AUC moves in coarse steps; the frame AUC breaks its ties.
        """
        scores, labels, videos = self._frames(scores)
        pooled, of_videos = pool_by_video(scores, labels, videos, how="mean")
        return roc_auc(pooled, of_videos), roc_auc(scores, labels)

    def loss(self, scores: np.ndarray) -> float:
        """Cross-entropy of the scores taken as probabilities, both classes weighing alike, in nats.

        For the learning curve, where it shows overfitting before the AUC does; nothing is chosen by it.
        A score of 0 or 1 counts as 1e-7 away from it.
        """
        scores, labels, _ = self._frames(scores)
        right = np.clip(np.where(labels == 1, scores, 1 - scores), 1e-7, None)
        by_class = [-np.log(right[labels == label]).mean() for label in (0, 1)]
        return float(np.mean(by_class))
