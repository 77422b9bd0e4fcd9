"""Tables of the page: the tint of an AUC."""

import math

import pytest

from clipforensics.report.wording import tables


@pytest.mark.parametrize(
    ("auc", "step"),
    [(0.3, 0), (0.4999, 0), (0.5, 1), (0.5625, 2), (0.63, 3), (0.999, 8), (1.0, 8), (None, 0), (math.nan, 0)],
)
def test_shades_run_from_chance_to_perfect(auc, step):
    assert tables.shade(auc) == step
