"""Rows of comparison.json looked up, and what their intervals say."""

from clipforensics.report.reading import lookup
from tests.support.comparison_cells import cell


def test_an_interval_that_touches_zero_excludes_nothing():
    assert lookup.state_of(cell(gap=(0.05, 0.0, 0.1)), "lora") == "open"
    assert lookup.state_of(cell(gap=(-0.05, -0.1, 0.0)), "lora") == "open"
