"""Small tables of frames for tests of the bootstrap, and replicates taken literally."""

import numpy as np

from clipforensics.statistics.replicates import Replicates


def table(seed: int, n_real: int = 4, n_fake: int = 6, digits: int = 1):
    """Frames of videos of different lengths, with ties, rows shuffled; scores in [0, 1] of two detectors."""
    rng = np.random.default_rng(seed)
    truth = np.r_[np.zeros(n_real, int), np.ones(n_fake, int)]
    codes = rng.permutation(np.repeat(np.arange(len(truth)), rng.integers(1, 5, len(truth))))
    labels = truth[codes]
    scores = {
        name: np.round(0.8 * rng.random(len(codes)) + shift * labels, digits)
        for name, shift in (("a", 0.05), ("b", 0.2))
    }
    return scores, labels, codes


def all_weights(replicates: Replicates) -> np.ndarray:
    """Every row of weights, shape (n_rows, n_videos)."""
    return replicates.evaluate(lambda weights: weights.T, width=1).T


def drawn_weights(replicates: Replicates) -> np.ndarray:
    """Weights of the replicates alone."""
    return all_weights(replicates)[-replicates.n_replicates :]


def repeated(weights: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Row numbers, each as often as its video weighs."""
    return np.repeat(np.arange(len(codes)), weights[codes].astype(int))
