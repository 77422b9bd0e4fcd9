"""Bits of surprise at the truth."""

import math

import pytest

from clipforensics.core.faults import InputError
from clipforensics.likelihood.surprise import surprise


def test_an_lr_of_one_costs_a_bit_and_a_right_one_less():
    bits, truth = surprise([0.0, 1.0, 1.0], [1, 1, 0])
    assert truth.tolist() == [1, 1, 0]
    assert bits == pytest.approx([1.0, math.log2(1.1), math.log2(11)])


def test_what_is_refused():
    for llrs, labels in (([math.nan], [1]), ([1.0, 2.0], [1]), ([1.0], [2])):
        with pytest.raises(InputError):
            surprise(llrs, labels)
