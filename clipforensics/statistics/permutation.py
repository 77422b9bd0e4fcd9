"""A permutation test of two strata of the fakes, for where chance alone decided which fake is in which.

Fisher, "The Design of Experiments" (1935), section 21. Of m drawn permutations b are as extreme as the data,
and p is (b + 1) / (m + 1), which is never 0 and keeps its level (Phipson & Smyth, Statistical Applications in
Genetics and Molecular Biology 9 (2010), article 39).

The bootstrap asks how the gap would vary over other videos, reals among them. Here the videos stay as they
are, and only their status is drawn anew, as the split's shuffle drew it. So reals, few as they are, add
nothing to the noise: this test sees more, and speaks of these videos only.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.statistics.weighted import wins

BLOCK = 2_000_000
"""Numbers that an array of a block may hold. Results do not depend on it."""


class Permutation(NamedTuple):
    """Two-sided `p` in (0, 1] that status makes no difference to any score; `n` permutations were drawn."""

    p: float
    n: int


def shares_won(scores: Floats, labels: Ints) -> Floats:
    """Share of the reals that each fake outscores, ties counting half: their mean is the AUC.

    Args:
        scores: Shape (n_videos,).
        labels: Shape (n_videos,).

    Returns:
        Shape (n_fake,), in [0, 1], in the order of `scores`.
    """
    return np.asarray(wins(scores, np.arange(len(scores)), labels).mean(axis=0))


def permute_status(won: Floats, status: npt.NDArray[np.bool_], *, n: int, seed: int) -> Permutation:
    """How often a drawn status makes a gap of AUCs at least as large, either way, as the real one.

    Args:
        won: Shape (n_fake,), of `shares_won`; mean over training seeds where there are several.
        status: Shape (n_fake,): which fakes are of the minuend's stratum; all fakes as likely to be.
        n: Permutations to draw, 1 or more; 9,999 make a p of .05 steady to .002.
        seed: Of the draws.

    Raises:
        InputError: n is less than 1, or a stratum is empty.
    """
    if n < 1:
        raise InputError(f"n {n}: must be at least 1 permutation; 9999 are usual")
    n_first, n_all = int(status.sum()), len(status)
    if not 0 < n_first < n_all:
        raise InputError(f"status: {n_first} of {n_all} fakes have it; must be some, not all")
    # The gap of means rises with the sum over the first stratum, whose size stays: its distance from what is
    # expected says all.
    centred = won - won.mean()
    observed, rng, reached = abs(float(centred[status].sum())), np.random.default_rng([seed, 5]), 0
    for start in range(0, n, size := max(1, BLOCK // n_all)):
        drawn = rng.permuted(np.tile(status, (min(size, n - start), 1)), axis=1)
        reached += int((np.abs(np.einsum("nf,f->n", drawn.astype(float), centred)) >= observed - 1e-9).sum())
    return Permutation((reached + 1) / (n + 1), n)
