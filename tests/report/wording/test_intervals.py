"""Whether a difference is shown: both ends on one side of 0, of the family's interval where there is one."""

import pytest

from clipforensics.report.wording.intervals import excludes_zero, is_shown


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 0.2, True),
        (-0.2, -0.1, True),
        (-0.1, 0.2, False),
        (0.0, 0.2, False),
        (None, 0.2, False),
        (0.1, None, False),
    ],
)
def test_an_interval_shows_what_lies_on_one_side_of_0(low, high, expected):
    assert excludes_zero({"low": low, "high": high}) == expected
    assert is_shown({"low": low, "high": high}) == expected


def test_the_family_decides():
    alone = {"low": 0.1, "high": 0.2}
    assert not is_shown({**alone, "simultaneous": {"low": -0.1, "high": 0.4}})
    assert is_shown({"low": -0.1, "high": 0.2, "simultaneous": {"low": 0.1, "high": 0.2}})
