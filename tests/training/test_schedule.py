"""The learning rate of every step."""

import itertools

import pytest

from clipforensics.training.schedule import learning_rate_factor, warmup_steps


def test_learning_rate_rises_then_falls_as_a_cosine():
    factors = [learning_rate_factor(s, steps=100, warmup_fraction=0.1) for s in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert factors[10] == 1.0
    assert factors[55] == pytest.approx(0.5)
    assert all(a > b for a, b in itertools.pairwise(factors[10:]))
    assert 0 < factors[-1] < 0.001
    assert learning_rate_factor(0, steps=5, warmup_fraction=0.0) == 1.0


def test_the_steps_of_the_rise_are_a_share_of_all():
    assert [warmup_steps(18, fraction) for fraction in (0.0, 0.2, 0.5)] == [0, 4, 9]
