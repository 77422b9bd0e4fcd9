"""Tables of the page: tints, differences with what stands beneath them, running numbers."""

import math

import pytest

from clipforensics.report.wording import tables


@pytest.mark.parametrize(
    ("auc", "step"),
    [(0.3, 0), (0.4999, 0), (0.5, 1), (0.5625, 2), (0.63, 3), (0.999, 8), (1.0, 8), (None, 0), (math.nan, 0)],
)
def test_shades_run_from_chance_to_perfect(auc, step):
    assert tables.shade(auc) == step


def test_a_difference_says_beneath_what_the_file_knows_of_it():
    power = {"level": 0.8, "detectable": 0.172}
    open_one = {"auc": 0.02, "low": -0.1, "high": 0.14, "power": power}
    plain = tables.difference_cell(open_one)
    assert (plain.text, plain.further, plain.strong, plain.mark) == ("+.020", ("shows .17",), False, "")
    assert tables.difference_cell({**open_one, "low": 0.01}).further == (), "what is shown needs no power"
    marked = tables.difference_cell({**open_one, "caution": "one side at exactly 1"})
    assert marked.mark == "one side at exactly 1"
    assert tables.difference_cell(None) == tables.difference_cell({}) == tables.Entry("–")


@pytest.mark.parametrize(
    ("own", "both", "bold"),
    [
        ((0.01, 0.2), (-0.05, 0.3), False),  # not once all looks are allowed for
        ((0.01, 0.2), (0.005, 0.3), True),
        ((0.01, 0.2), (None, None), False),
        ((0.01, 0.2), None, True),
        ((-0.1, 0.2), None, False),
    ],
)
def test_the_simultaneous_interval_decides_what_is_bold(own, both, bold):
    values = {"auc": 0.1, "low": own[0], "high": own[1]}
    if both:
        values["simultaneous"] = {"low": both[0], "high": both[1]}
    assert tables.difference_cell(values).strong == tables.is_shown(values) == bold


def test_a_legend_has_what_its_table_needs():
    assert tables.legend_of([{}, {"auc": 1}]) == ()
    assert tables.legend_of([{"power": None}, {"power": {"detectable": 1}}]) == (tables.LEGEND["power"],)


def test_tables_are_numbered_and_no_note_is_said_twice():
    counting = tables.Numbering()
    assert [counting.number(), counting.number()] == [1, 2]
    assert counting.fresh(["a", "b", "a"]) == ["a", "b"]
    assert counting.fresh(["b", "c"]) == ["c"]
