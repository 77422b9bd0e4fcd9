"""Pool adjacent violators against scikit-learn, by the min-max formula, and pure ends."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.isotonic import IsotonicRegression

from clipforensics.core.faults import InputError
from clipforensics.likelihood.pav import class_weights, pool_adjacent_violators
from tests.support.score_tables import tables


def slow(scores, labels):
    """At each distinct score the largest over starts of the smallest over ends of the mean between them."""
    mass = [0.5 / sum(labels == label) for label in labels]
    values = sorted(set(scores.tolist()))

    def mean(low, high):
        inside = [(m, y) for m, s, y in zip(mass, scores, labels, strict=True) if low <= s <= high]
        return sum(m * y for m, y in inside) / sum(m for m, _ in inside)

    return [
        max(min(mean(low, high) for high in values if high >= v) for low in values if low <= v)
        for v in values
    ]


@given(tables())
def test_the_steps_are_those_of_the_min_max_formula_and_of_scikit_learn(table):
    scores, labels = table
    found = pool_adjacent_violators(scores, labels)
    assert found.values.tolist() == sorted(set(scores.tolist()))
    assert found.probabilities == pytest.approx(slow(scores, labels), abs=1e-9)
    model = IsotonicRegression().fit(scores, labels, sample_weight=class_weights(labels))
    assert found.probabilities == pytest.approx(model.predict(found.values), abs=1e-9)


def test_pure_ends_are_exactly_0_and_1():
    scores, labels = np.arange(14.0), np.repeat([0, 1, 0, 1], [3, 1, 7, 3])
    assert set(pool_adjacent_violators(scores, labels).probabilities[[0, 1, 2, 11, 12, 13]]) == {0.0, 1.0}


def test_both_classes_weigh_a_half():
    weights = class_weights([0, 0, 0, 1])
    assert weights == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="not finite"):
        pool_adjacent_violators([np.nan, 1.0], [0, 1])
