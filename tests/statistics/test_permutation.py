"""The permutation of status: against all permutations, at its level, and blind to what it must not see."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.core.faults import InputError
from clipforensics.statistics import permutation
from clipforensics.statistics.permutation import permute_status, shares_won


def every_permutation(won, status):
    """Exact p: the share of all choices of as many fakes whose gap of means is as large."""

    def gap(chosen):
        inside = np.isin(np.arange(len(won)), chosen)
        return abs(won[inside].mean() - won[~inside].mean())

    observed = gap(np.flatnonzero(status))
    choices = list(combinations(range(len(won)), int(status.sum())))
    return np.mean([gap(choice) >= observed - 1e-12 for choice in choices])


@pytest.mark.parametrize("n_first", [1, 4, 6])
def test_it_comes_near_the_p_of_all_permutations(n_first):
    rng = np.random.default_rng(n_first)
    won, status = rng.integers(0, 11, 9) / 10, np.arange(9) < n_first  # with ties, as of ten reals
    found = permute_status(won, status, n=20_000, seed=3)
    assert found.p == pytest.approx(every_permutation(won, status), abs=0.012)
    assert found.n == 20_000


def test_p_is_never_0_and_1_where_all_fakes_are_alike():
    status = np.arange(40) < 20
    assert permute_status(status.astype(float), status, n=99, seed=0).p == 1 / 100
    assert permute_status(np.full(40, 0.7), status, n=99, seed=0).p == 1


def test_it_holds_its_level_in_unequal_strata():
    rng, status = np.random.default_rng(0), np.arange(40) < 36
    p = np.array([permute_status(rng.random(40), status, n=199, seed=i).p for i in range(600)])
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.025)
    assert p.mean() == pytest.approx(0.5, abs=0.04)


def test_blocks_and_seeds(monkeypatch):
    won, status = np.random.default_rng(1).random(12), np.arange(12) < 5
    whole = permute_status(won, status, n=500, seed=1)
    assert permute_status(won, status, n=500, seed=1) == whole
    assert permute_status(won, status, n=500, seed=2) != whole
    monkeypatch.setattr(permutation, "BLOCK", 84)
    assert permute_status(won, status, n=500, seed=1) == whole


def test_the_mean_share_won_is_the_auc():
    rng, labels = np.random.default_rng(0), np.repeat([0, 1, 0], [4, 7, 2])
    scores = rng.normal(size=13).round(1)
    won = shares_won(scores, labels)
    assert won.shape == (7,)
    assert won.mean() == pytest.approx(roc_auc_score(labels, scores))
    assert won[2] == np.mean((scores[6] > scores[labels == 0]) + (scores[6] == scores[labels == 0]) / 2)


@pytest.mark.parametrize(("n", "first", "words"), [(0, 2, "n 0"), (9, 0, "0 of 4"), (9, 4, "4 of 4")])
def test_what_cannot_be_permuted_is_refused(n, first, words):
    with pytest.raises(InputError, match=words):
        permute_status(np.arange(4.0), np.arange(4) < first, n=n, seed=0)
