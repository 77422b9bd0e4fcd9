"""Detectors that differ by a known amount, and their paired differences to the first."""

import numpy as np

from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates


def differences(gains, *, n=(10, 30), alike=0.5, n_replicates=400, seed=0, rng=None):
    """Video AUC of each detector but the first minus that of the first, on the same draws.

    gains: how far each detector puts manipulated videos above real ones, in standard deviations. alike: the
    correlation of any two detectors' scores within a class.
    """
    rng = rng or np.random.default_rng([11, seed])
    truth = np.repeat([0, 1], n)
    common = rng.normal(size=len(truth))
    scores = {
        f"d{i}": gain * truth + np.sqrt(alike) * common + np.sqrt(1 - alike) * rng.normal(size=len(truth))
        for i, gain in enumerate(gains)
    }
    draws = draw_replicates(truth, np.arange(len(truth)), n_replicates=n_replicates, seed=seed)
    first, *others = bootstrap_auc(draws, scores)["all"]["video"].items()
    return {name: one - first[1] for name, one in others}
