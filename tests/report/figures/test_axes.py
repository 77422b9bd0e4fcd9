"""The ground of a figure: where values stand, and that thinning a line leaves its picture as it is."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.report.figures.axes import Box, thin


def test_a_box_lays_values_on_pixels_and_takes_what_lies_beyond_to_the_edge():
    box = Box(100, 50, x=(-1, 1), y=(0, 10), left=5, top=7, right=1, bottom=2)
    assert box.size == (106, 59)
    assert box.at(-1, 0) == (5, 57)
    assert box.at(1, 10) == (105, 7)
    assert box.at(0, 5) == (55, 32)
    assert box.at(-9, 99) == (5, 7)
    assert box.pixels([0, 0.001], [5, 5]).tolist() == [[550, 320], [550, 320]]


@pytest.mark.parametrize("value", [0.123456, 1 / 3])
def test_pixels_are_whole_tenths(value):
    assert Box().pixels([value], [value]).dtype == np.int64


steps = st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 0)), min_size=1, max_size=40)


@given(steps)
def test_thinning_draws_the_same_line(moves):
    points = np.cumsum(np.array([(0, 0), *moves]), axis=0)
    kept = thin(points)
    assert {tuple(p) for p in kept} <= {tuple(p) for p in points}
    assert (kept[0] == points[0]).all()
    assert (kept[-1] == points[-1]).all()
    for point in points:  # each point left out lies on a segment that is kept
        assert len(kept) == 1 or any(_on(point, a, b) for a, b in itertools.pairwise(kept))


@given(steps)
def test_thinning_leaves_nothing_to_leave_out(moves):
    kept = thin(np.cumsum(np.array([(0, 0), *moves]), axis=0))
    assert (np.diff(kept, axis=0) != 0).any(axis=1).all()
    assert not any(_on(b, a, c) for a, b, c in zip(kept[:-2], kept[1:-1], kept[2:], strict=True))


def _on(point, start, end):
    (a, b), (c, d) = point - start, end - start
    inside = (point >= np.minimum(start, end)).all() and (point <= np.maximum(start, end)).all()
    return a * d == b * c and inside
