"""Labels beside points: never on one another, near their own; and values spread by as little as can be."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from clipforensics.report.figures.placing import Rectangle, place_labels, spread

AREA = Rectangle(0, 0, 360, 280)
RADIUS = 4


def placed(points, sizes=None, **more):
    sizes = sizes or [(50, 12)] * len(points)
    return place_labels(points, sizes, area=AREA, radius=RADIUS, **more)


# rectangles


@pytest.mark.parametrize(
    ("other", "meets"),
    [((5, 5, 6, 6), True), ((10, 0, 20, 10), False), ((9, 9, 20, 20), True), ((0, 10, 10, 20), False)],
)
def test_rectangles_meet_where_they_share_more_than_an_edge(other, meets):
    one = Rectangle(0, 0, 10, 10)
    assert one.meets(Rectangle(*other)) == Rectangle(*other).meets(one) == meets


@pytest.mark.parametrize(
    ("start", "end", "crossed"),
    [((-5, 5), (15, 5), True), ((5, -5), (5, -1), False), ((5, 5), (5, 5), True), ((-5, 0), (15, 0), False),
     ((-5, 5), (5, -5), False), ((-5, 6), (6, -5), True), ((20, 20), (30, 30), False)],
)  # fmt: skip
def test_a_line_crosses_a_rectangle_where_a_part_of_it_is_inside(start, end, crossed):
    one = Rectangle(0, 0, 10, 10)
    assert one.is_crossed_by(start, end) == one.is_crossed_by(end, start) == crossed


corners = st.tuples(*[st.integers(-20, 20)] * 2)


@given(corners, corners)
def test_crossing_is_what_sampling_the_line_finds(start, end):
    one = Rectangle(-5, -3, 7, 6)
    line = np.linspace(start, end, 4001)
    inside = ((line > [-5, -3]) & (line < [7, 6])).all(axis=1).any()
    assert one.is_crossed_by(start, end) == inside


# spread


def test_values_far_apart_stay_where_they_are():
    assert spread([5, 1, 9], 3) == [5, 1, 9]
    assert spread([], 3) == []


def test_values_that_coincide_move_to_both_sides():
    assert spread([4, 4], 2) == [3, 5]
    assert spread([4, 4, 4, 20], 2) == [2, 4, 6, 20]


values = st.lists(st.integers(0, 30).map(float), min_size=1, max_size=6)


@given(values, st.sampled_from([0.5, 2.0, 5.0]))
def test_spread_is_the_nearest_that_keeps_order_and_gap(found, gap):
    moved = np.array(spread(found, gap))
    order = np.argsort(found, kind="stable")
    assert all(b - a >= gap - 1e-9 for a, b in pairwise(moved[order]))
    kept = [{"type": "ineq", "fun": lambda x, i=i, j=j: x[j] - x[i] - gap} for i, j in pairwise(order)]
    best = minimize(lambda x: ((x - found) ** 2).sum(), moved + 0.1, constraints=kept, method="SLSQP")
    assert ((moved - found) ** 2).sum() <= best.fun + 1e-3


# labels


def test_a_lone_label_stands_to_the_right_of_its_point():
    (place,) = placed([(100, 100)])
    assert (place.left, place.top, place.right, place.bottom) == (107, 94, 157, 106)


def test_at_the_edge_it_stands_to_the_left_and_lines_are_left_free():
    (place,) = placed([(350, 100)])
    assert place.right == 343
    beside = Rectangle(120, 0, 122, 280)
    (place,) = placed([(100, 100)], lines=[beside])
    assert not place.meets(beside)


def test_a_label_does_not_stand_beyond_another_point():
    """The tie of the first would run over the second: the place behind that is not taken."""
    points = [(100, 100), (112, 100), (88, 100), (100, 88), (100, 112)]
    places = placed(points)
    dots = [Rectangle(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in points]
    tie = (points[0], places[0].nearest(*points[0]))
    assert not any(dot.is_crossed_by(*tie) for dot in dots[1:])


def test_without_room_there_is_no_label():
    assert placed([(100, 100)], [(400, 12)]) == [None]
    crowd = placed([(180, 140)] * 3, [(300, 250)] * 3)
    assert crowd == [None] * 3


points = st.tuples(st.integers(0, 360), st.integers(0, 280)).map(lambda p: (float(p[0]), float(p[1])))


@settings(deadline=None)  # sixteen labels try some hundred places each
@given(st.lists(st.tuples(points, st.integers(10, 130)), max_size=16))
def test_no_label_covers_another_or_a_point_or_leaves_the_area(found):
    at, sizes = [p for p, _ in found], [(float(width), 13.0) for _, width in found]
    places = placed(at, sizes)
    known = [place for place in places if place]
    assert all(AREA.holds(place) for place in known)
    assert not any(a.meets(b) for a, b in combinations(known, 2))
    dots = [Rectangle(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in at]
    assert not any(place.meets(dot) for place in known for dot in dots)
    assert places == placed(at, sizes)


def test_thirteen_detectors_in_a_heap_all_find_a_place():
    rng = np.random.default_rng(0)
    for _ in range(10):
        heap = [tuple(map(float, p)) for p in rng.normal((180, 120), (45, 25), (13, 2))]
        assert None not in placed(heap, [(110, 13)] * 13)
