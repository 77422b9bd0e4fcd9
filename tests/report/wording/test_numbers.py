"""How numbers are written: they read back, and what is none is a dash."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.report.wording import numbers
from tests.support.comparison_cells import plain_spaces


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8346, ".835"), (1.0, "1.000"), (0, ".000"), (-0.25, "−.250"), (-0.0001, ".000"), (None, "–"),
        (math.nan, "–"), (math.inf, "–"), ("x", "–"), (True, "–"), (12.5, "12.500"), (0.9996, "1.000"),
    ],
)  # fmt: skip
def test_number(value, text):
    assert numbers.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.06, "+.060"), (-0.06, "−.060"), (0.0004, ".000"), (-0.0004, ".000"), (None, "–")]
)
def test_signed(value, text):
    assert numbers.signed(value) == text


def test_interval_count_and_p_value():
    assert plain_spaces(numbers.interval(-0.01, 0.11)) == "[−.010, .110]"
    assert numbers.interval(None, 0.1) == numbers.interval(0.1, math.nan) == ""
    assert numbers.count(88144128) == "88\u202f144\u202f128"
    assert numbers.count(None) == numbers.p_value(None) == "–"
    assert [numbers.p_value(p) for p in (0.0005, 0.001, 0.034, 1)] == ["< .001", ".001", ".034", "1.000"]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-0.2, -0.0004, "[−.200, −.0004]"), (0.00004, 0.2, "[.00004, .200]"), (-0.2, 0.0, "[−.200, .000]"),
        (-0.2, -4e-9, "[−.200, −4e−09]"), (0.9996, 1, "[1.000, 1.000]"),
    ],
)  # fmt: skip
def test_a_bound_that_rounds_to_0_shows_on_which_side_of_it_it_lies(low, high, text):
    assert plain_spaces(numbers.interval(low, high)) == text


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_printed_interval_excludes_0_where_the_numbers_do(low, high):
    ends = plain_spaces(numbers.interval(low, high)).strip("[]").replace("−", "-").split(", ")
    assert [math.copysign(bool(float(end)), float(end)) for end in ends] == [
        math.copysign(bool(value), value or 0.0) for value in (low, high)
    ]


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_written_number_reads_back(value):
    text = numbers.signed(value)
    if math.isfinite(value):
        assert float(text.replace("−", "-")) == float(f"{value:.3f}")
    else:
        assert text == numbers.NONE


@pytest.mark.parametrize(
    ("n", "whole", "said"),
    [(9, 10, "nine of ten"), (90, 100, "nine of ten"), (0, 7, "none"), (7, 7, "all"), (17, 60, "17 of 60"),
     (4, 8, "4 of 8"), (1, 20, "1 of 20"), (0, 0, "0 of 0")],
)  # fmt: skip
def test_shares_in_words_only_where_they_are_exact(n, whole, said):
    assert numbers.share(n, whole) == said
