"""Figures: well-formed, escaped, reproducible, and the ink stands where the numbers say."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.figures import SERIES_COLOURS, Curve, interval_bar, roc_figure, score_bar, thin

NASTY = """<script>alert("1")</script>&'"""


def drawn(svg, kind):
    """Elements of one kind; parsing fails where the SVG is not well-formed."""
    return list(ElementTree.fromstring(str(svg)).iter(kind))


def lines(svg):
    """Corner points of each curve, shape (n, 2), in pixels."""
    paths = [p.get("d") for p in drawn(svg, "path") if p.get("class").startswith("line ")]
    return [np.array([[float(v) for v in point.split()] for point in d[1:].split("L")]) for d in paths]


def test_roc_begins_and_ends_in_the_corners_and_keeps_its_corner():
    (line,) = lines(roc_figure([Curve("a", [0, 0, 0.5, 1], [0, 0.5, 1, 1])], label="roc"))
    assert len(line) == 4
    (left, bottom), (right, top) = line[0], line[-1]
    assert right - left == bottom - top == 300
    np.testing.assert_allclose(line[1], [left, (top + bottom) / 2])
    np.testing.assert_allclose(line[2], [(left + right) / 2, top])


def test_roc_has_one_line_and_one_legend_a_curve_with_colours_by_order():
    names = [f"detector {i}" for i in range(7)]
    svg = roc_figure([Curve(name, [0, 1], [0, 1], ".500") for name in names], label="roc")
    classes = [p.get("class") for p in drawn(svg, "path") if p.get("class").startswith("line ")]
    assert classes == [f"line series-{i % len(SERIES_COLOURS)}" for i in range(7)]
    legends = ["".join(t.itertext()) for t in drawn(svg, "text") if t.get("class").startswith("legend")]
    assert legends == [f"{name} .500" for name in names]


def test_names_are_escaped_everywhere():
    svg = roc_figure([Curve(NASTY, [0, 1], [0, 1], NASTY)], label=NASTY)
    assert "<script" not in svg
    assert [t.text for t in drawn(svg, "title")] == [NASTY]
    assert ElementTree.fromstring(str(svg)).get("aria-label") == NASTY
    assert "<script" not in interval_bar(0.1, 0.0, 0.2, reach=1, label=NASTY)
    assert "<script" not in score_bar(0.1, 0.5, label=NASTY)


@pytest.mark.parametrize(
    ("x", "y", "problem"),
    [
        ([0, 1], [0], "length"),
        ([], [], "length"),
        ([0, 1.1], [0, 1], "lie in"),
        ([0, float("nan")], [0, 1], "lie in"),
    ],
)
def test_a_curve_that_is_none_is_refused(x, y, problem):
    with pytest.raises(ValueError, match=problem):
        roc_figure([Curve("a", x, y)], label="roc")


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (0.01, 0.2, "above"),
        (-0.2, -0.01, "below"),
        (-0.1, 0.2, "open"),
        (0.0, 0.2, "open"),
        (None, 0.2, "open"),
    ],
)
def test_an_interval_is_coloured_only_where_it_excludes_zero(low, high, kind):
    svg = interval_bar(0.1, low, high, reach=0.3, label="difference")
    assert ElementTree.fromstring(str(svg)).get("class") == f"bar bar-{kind}"


def test_interval_bars_share_a_scale_with_zero_in_the_middle():
    svg = interval_bar(0.1, -0.2, 0.2, reach=0.2, label="difference")
    zero, span = drawn(svg, "line")
    (dot,) = drawn(svg, "circle")
    assert float(zero.get("x1")) == 80
    assert (float(span.get("x1")), float(span.get("x2"))) == (6, 154)
    assert float(dot.get("cx")) == 80 + 74 / 2


def test_nothing_is_drawn_for_an_undefined_value_and_no_line_without_bounds():
    assert interval_bar(None, None, None, reach=1, label="x") == ""
    assert len(drawn(interval_bar(0.1, None, None, reach=1, label="x"), "line")) == 1
    assert len(drawn(interval_bar(0.0, 0.0, 0.0, reach=0, label="x"), "circle")) == 1


def test_the_score_bar_places_score_and_threshold():
    svg = score_bar(1.0, 0.5, label="score")
    ticks = [float(line.get("x1")) for line in drawn(svg, "line") if line.get("class") == "tick"]
    assert ticks == [60]
    assert float(drawn(svg, "circle")[0].get("cx")) == 114
    assert not [
        line for line in drawn(score_bar(0.0, None, label="s"), "line") if line.get("class") == "tick"
    ]


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


def test_a_curve_of_many_points_stays_small():
    x = np.linspace(0, 1, 200_001)
    svg = roc_figure([Curve("a", x, x**0.5)], label="roc")
    assert len(svg) < 60_000
    assert len(lines(svg)[0]) > 200


def test_no_number_has_a_long_tail():
    svg = roc_figure([Curve("a", [0, 1 / 3, 1], [0, 2 / 3, 1])], label="roc")
    assert not re.search(r"\d\.\d{3,}", svg)
