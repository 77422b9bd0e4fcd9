"""Rows of comparison.json looked up, and what their intervals say."""

from clipforensics.report.reading import lookup
from tests.support.comparison_cells import cell


def test_an_interval_that_touches_zero_excludes_nothing():
    assert lookup.state_of(cell(gap=(0.05, 0.0, 0.1)), "lora") == "open"
    assert lookup.state_of(cell(gap=(-0.05, -0.1, 0.0)), "lora") == "open"


def test_the_interval_of_the_whole_family_decides_where_there_is_one():
    alone = {"auc": 0.14, "low": 0.02, "high": 0.25}
    together = {**alone, "simultaneous": {"low": -0.03, "high": 0.31, "p": 0.2}}
    assert lookup.sign_of(alone) == "above"
    assert lookup.sign_of(together) == "open"
    assert lookup.as_judged(together)["low"] == -0.03
    assert lookup.as_judged(alone) == alone
