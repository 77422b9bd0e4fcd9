"""Tippett plot and empirical cross entropy by loops; that the latter is Cllr at even odds."""

import math

import numpy as np
import pytest
from hypothesis import given

from clipforensics.core.faults import InputError
from clipforensics.likelihood.costs import cllr, cllr_min
from clipforensics.likelihood.curves import cross_entropy, tippett
from tests.support.score_tables import tables


@given(tables())
def test_a_tippett_plot_counts_lrs_at_or_above(table):
    llrs, labels = table
    found = tippett(llrs, labels)
    assert found.llr.tolist() == sorted(set(llrs.tolist()))
    for at, h1, h2 in zip(*found, strict=True):
        assert h1 == pytest.approx(np.mean([x >= at for x in llrs[labels == 1]]))
        assert h2 == pytest.approx(np.mean([x >= at for x in llrs[labels == 0]]))


@given(tables())
def test_cross_entropy_is_the_bits_that_the_truth_costs(table):
    llrs, labels = 2 * table[0] - 1, table[1]
    found = cross_entropy(llrs, labels, [-1.5, 0.0, 0.7])
    for prior, ece in zip(found.prior, found.ece, strict=True):
        chance = 10**prior / (1 + 10**prior)
        total = 0.0
        for llr, label in zip(llrs, labels, strict=True):
            odds = 10 ** (prior + llr)
            truth, share = (odds / (1 + odds), chance) if label else (1 / (1 + odds), 1 - chance)
            total -= share * math.log2(truth) / sum(labels == label)
        assert ece == pytest.approx(total)
    assert found.ece[1] == pytest.approx(cllr(llrs, labels))
    assert found.pav[1] == pytest.approx(cllr_min(llrs, labels))
    assert (found.pav <= np.minimum(found.ece, found.neutral) + 1e-12).all()


def test_without_lrs_the_entropy_is_that_of_the_prior():
    found = cross_entropy([1.0, -1.0], [1, 0], [math.log10(3)])
    assert found.neutral[0] == pytest.approx(-0.75 * math.log2(0.75) - 0.25 * math.log2(0.25))
    assert found.pav[0] == 0


@pytest.mark.parametrize("curve", [tippett, lambda llrs, labels: cross_entropy(llrs, labels, [0])])
def test_a_missing_class_is_refused(curve):
    with pytest.raises(InputError, match="needs both classes"):
        curve([1.0, 2.0], [0, 0])
