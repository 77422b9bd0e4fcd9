"""A face's size and the square around it, which never leaves the frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.faces.face import square_around
from tests.support.faces import make_face


def test_size_is_the_longer_side_and_distance_counts_in_sizes():
    tall, wide = make_face(0, 0, 100, width=60), make_face(200, 0, 50, width=100)
    assert (tall.side, wide.side) == (100, 100)
    assert tall.centre == (30, 50)
    assert make_face(0, 0).distance(make_face(150, 0)) == pytest.approx(1.5)
    assert make_face(0, 0, 100).distance(make_face(0, 0, 50)) == pytest.approx((2 * 25**2) ** 0.5 / 75)


@pytest.mark.parametrize(
    ("face", "margin", "square"),
    [
        (make_face(400, 300, 100), 1.3, (385, 285, 130)),
        (make_face(400, 300, 100, width=60), 1.0, (380, 300, 100)),
        (make_face(0, 0, 100), 1.3, (0, 0, 130)),  # moved inwards at the corner
        (make_face(950, 620, 100), 1.3, (870, 590, 130)),
        (make_face(400, 100, 600), 2.0, (280, 0, 720)),  # no larger than the frame's shorter side
    ],
)
def test_the_square_around_a_face_lies_in_the_frame(face, margin, square):
    assert square_around(face, margin, 1000, 720) == square


@given(
    st.integers(1, 500), st.integers(1, 500), st.integers(0, 499), st.integers(0, 499), st.integers(1, 500),
    st.floats(1, 4),
)  # fmt: skip
def test_no_square_leaves_the_frame_or_is_empty(width, height, x, y, side, margin):
    face = make_face(min(x, width - 1), min(y, height - 1), side)
    left, top, edge = square_around(face, margin, width, height)
    assert edge == max(1, min(round(margin * side), width, height))
    assert left >= 0 <= top
    assert left + edge <= width
    assert top + edge <= height
