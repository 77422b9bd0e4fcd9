"""Estimates made by hand or of few scores, and what their errors are by definition."""

import math

import numpy as np

from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.uncertainty import Estimate


def plan(n_real=6, n_fake=9, n_replicates=400, seed=1, clusters=None):
    labels = np.repeat([0, 1], [n_real, n_fake])
    return draw_replicates(
        labels, np.arange(len(labels)), n_replicates=n_replicates, seed=seed, clusters=clusters
    )


def estimate(value=0.8, sd=0.05, replicates=None, **changes):
    """Made by hand: draws of a given spread, real and fake clusters that matter alike."""
    replicates = replicates or plan()
    n = len(replicates.strata)
    draws = value + sd * np.linspace(-1, 1, replicates.n_replicates)
    fields = {
        "replicates": replicates,
        "value": value,
        "draws": draws,
        "jackknife": value + 0.01 * (-1.0) ** np.arange(n),
        "active": np.ones(n, dtype=bool),
        "null": 0.5,
    }
    return Estimate(**{**fields, **changes})


def aucs(replicates, *tables):
    found = bootstrap_auc(replicates, {str(i): table for i, table in enumerate(tables)})["all"]["video"]
    return list(found.values())


def noisy(rng, gain=1.0, n_real=6, n_fake=9):
    return rng.normal(size=n_real + n_fake) + gain * np.repeat([0, 1], [n_real, n_fake])


def expected_error(one, sizes):
    """Standard error and degrees of freedom from their definition; sizes of the strata, in order."""
    parts, start = [], 0
    for n in sizes:
        values = one.jackknife[start : start + n]
        parts.append((n - 1) / n * sum((values - values.mean()) ** 2))
        start += n
    whole = sum(parts)
    understated = sum(part * (n - 1) / n for part, n in zip(parts, sizes, strict=True))
    degrees = whole**2 / sum(part**2 / (n - 1) for part, n in zip(parts, sizes, strict=True))
    return np.nanstd(one.draws, ddof=1) * math.sqrt(whole / understated), degrees


def delong_variance(scores, n_real):
    """From its definition: the variance of each class's placements, over its size."""
    real, fake = scores[:n_real], scores[n_real:]
    won = (fake[None, :] > real[:, None]) + 0.5 * (fake[None, :] == real[:, None])
    parts = (won.mean(axis=1), won.mean(axis=0))
    return sum(np.var(part, ddof=1) / len(part) for part in parts)
