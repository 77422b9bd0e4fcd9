"""Figures: well-formed, escaped, reproducible, and the ink stands where the numbers say."""

import re
from statistics import NormalDist
from xml.etree import ElementTree

import numpy as np
import pytest

from clipforensics.metrics.calibration import Bin
from clipforensics.report.figures.axes import SERIES_COLOURS
from clipforensics.report.figures.bars import interval_bar, score_bar, sparkline
from clipforensics.report.figures.curves import (
    Band,
    Curve,
    Strengths,
    det_figure,
    reliability_figure,
    roc_figure,
    strength_figure,
)
from tests.support.drawings import elements_of

NASTY = """<script>alert("1")</script>&'"""


def lines(svg):
    """Corner points of each curve, shape (n, 2), in pixels."""
    paths = [p.get("d") for p in elements_of(svg, "path") if p.get("class").startswith("line ")]
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
    classes = [p.get("class") for p in elements_of(svg, "path") if p.get("class").startswith("line ")]
    assert classes == [f"line series-{i % len(SERIES_COLOURS)}" for i in range(7)]
    legends = ["".join(t.itertext()) for t in elements_of(svg, "text") if t.get("class").startswith("legend")]
    assert legends == [f"{name} .500" for name in names]


def test_names_are_escaped_everywhere():
    svg = roc_figure([Curve(NASTY, [0, 1], [0, 1], NASTY)], label=NASTY)
    assert "<script" not in svg
    assert [t.text for t in elements_of(svg, "title")] == [NASTY]
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


def test_a_curve_of_many_points_stays_small():
    x = np.linspace(0, 1, 200_001)
    svg = roc_figure([Curve("a", x, x**0.5)], label="roc")
    assert len(svg) < 60_000
    assert len(lines(svg)[0]) > 200


def test_no_number_has_a_long_tail():
    svg = roc_figure([Curve("a", [0, 1 / 3, 1], [0, 2 / 3, 1])], label="roc")
    assert not re.search(r"\d\.\d{3,}", svg)


def paths(svg, kind):
    """Points of each path of a class, shape (n, 2), in pixels."""
    found = [p.get("d") for p in elements_of(svg, "path") if p.get("class", "").split()[0] == kind]
    return [np.array([[float(v) for v in q.split()] for q in d[1:].rstrip("Z").split("L")]) for d in found]


def test_a_band_is_drawn_under_the_lines_where_its_bounds_say():
    curve = Curve("a", [0, 1], [0, 1], band=Band([0, 0.5, 1], [0, 0.25, 0.5], [0.5, 0.75, 1]))
    svg = roc_figure([curve, Curve("b", [0, 1], [0, 1])], label="roc")
    (outline,) = paths(svg, "band")
    left, right, top, bottom = 56, 356, 10, 310
    assert {tuple(p) for p in outline} == {(left, bottom), (right, 160), (left, 160), (right, top)}
    classes = [p.get("class") for p in elements_of(svg, "path")]
    assert classes.index("band fill-0") < classes.index("line series-0")


@pytest.mark.parametrize("wrong", [Band([0, 1], [0], [0, 1]), Band([0, 1], [0, 0], [0, 1.2])])
def test_a_band_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="bound"):
        roc_figure([Curve("a", [0, 1], [0, 1], band=wrong)], label="roc")


def test_normal_scores_make_a_straight_det_at_the_right_place():
    """Martin et al. 1997: reals N(0, 1), fakes N(d, 1) give the line z(fnr) = -z(fpr) - d."""
    normal, d = NormalDist(), 1.5
    cuts = np.linspace(-5, 7, 400)[::-1]
    fpr = [0.0, *(1 - normal.cdf(c) for c in cuts), 1.0]
    tpr = [0.0, *(1 - normal.cdf(c - d) for c in cuts), 1.0]
    (line,) = lines(det_figure([Curve("a", fpr, tpr)], label="det"))
    edge = normal.inv_cdf(0.99)
    z_fpr = (line[:, 0] - 56) / 300 * 2 * edge - edge
    z_fnr = edge - (line[:, 1] - 10) / 300 * 2 * edge
    inner = (np.abs(z_fpr) < edge - 0.05) & (np.abs(z_fnr) < edge - 0.05)
    assert inner.sum() > 30
    np.testing.assert_allclose(z_fnr[inner], -z_fpr[inner] - d, atol=0.03)


def test_det_bends_the_straight_segments_of_a_roc():
    """From (0, .5) to (1, 1): at a false positive rate of .5 a quarter of the fakes is missed."""
    (line,) = lines(det_figure([Curve("a", [0, 1], [0.5, 1])], label="det"))
    expected = 160 - 150 * NormalDist().inv_cdf(0.25) / NormalDist().inv_cdf(0.99)
    assert np.interp(206, line[:, 0], line[:, 1]) == pytest.approx(expected, abs=0.3)
    assert line[0].tolist() == [56, 160]
    assert line[-1].tolist() == [356, 310]


def test_det_bands_run_from_one_minus_high_to_one_minus_low():
    curve = Curve("a", [0, 1], [0, 1], band=Band([0.2, 0.4], [0.5, 0.5], [0.8, 0.8]))
    (outline,) = paths(det_figure([curve], label="det"), "band")
    assert outline[:, 1].max() == pytest.approx(10 + 150 * (1 + NormalDist().inv_cdf(0.8) / 2.3263), abs=0.1)
    assert outline[:, 1].min() == pytest.approx(160, abs=0.1)


def test_reliability_points_and_counts():
    bins = [Bin(0.0, 0.5, 3, 0.25, 0.5), Bin(0.6, 1.0, 12, 0.8, 1.0)]
    svg = reliability_figure(bins, index=1, label="reliability")
    dots = [(float(c.get("cx")), float(c.get("cy")), float(c.get("r"))) for c in elements_of(svg, "circle")]
    assert [d[:2] for d in dots] == [(131, 160), (296, 10)]
    areas = [(r - 2.5) ** 2 for _, _, r in dots]
    assert areas[0] / areas[1] == pytest.approx(3 / 12, abs=0.01)
    bars = elements_of(svg, "rect")
    assert [float(b.get("height")) for b in bars] == [8, 32]
    assert {"3", "12"} <= {t.text for t in elements_of(svg, "text")}


def test_reliability_without_any_case_is_an_empty_figure():
    svg = reliability_figure([], index=0, label="reliability")
    assert elements_of(svg, "circle") == elements_of(svg, "rect") == []


def test_strengths_share_the_scale_and_leave_out_what_is_undefined():
    one = Strengths("a", [0, 1, 2], [0.9, None, 0.4], [0.8, None, 0.3], [1.0, None, 0.5])
    svg = strength_figure([one], floor=0.3, ticks=[(0, "0"), (1, "1"), (2, "2")], label="x")
    (line,) = lines(svg)
    assert len(line) == 2
    heights = [(160 - y) / 150 * 0.7 + 0.3 for y in line[:, 1]]
    assert heights == pytest.approx([0.9, 0.4], abs=0.001)
    assert len(paths(svg, "band")) == len(paths(svg, "chance")) == 1
    high = strength_figure([one], floor=0.6, ticks=[(0, "0"), (1, "1"), (2, "2")], label="x")
    assert paths(high, "chance") == []


def test_strengths_without_intervals_have_no_band():
    one = Strengths("a", [0, 1], [0.9, 0.8], [None, None], [None, None])
    svg = strength_figure([one], floor=0.5, ticks=[(0, "0"), (1, "1")], label="x")
    assert (len(paths(svg, "band")), len(lines(svg))) == (0, 1)


def test_names_are_escaped_in_every_figure():
    for svg in (
        det_figure([Curve(NASTY, [0, 1], [0, 1], NASTY)], label=NASTY),
        reliability_figure([Bin(0, 1, 1, 0.5, 0.5)], index=0, label=NASTY),
        strength_figure(
            [Strengths(NASTY, [0], [0.5], [0.4], [0.6])], floor=0, ticks=[(0, NASTY)], label=NASTY
        ),
        sparkline([0.5], 0.5, label=NASTY),
    ):
        assert "<script" not in svg
        assert ElementTree.fromstring(str(svg)).get("aria-label") == NASTY


@pytest.mark.parametrize("figure", [roc_figure, det_figure])
def test_grey_lines_lie_beneath_without_colour_and_are_counted(figure):
    named = [Curve(name, [0, 1], [0, 1], ".500") for name in ("a", "b")]
    grey = [Curve(f"grey {i}", [0, 0.5, 1], [0, 0.6, 1], ".600") for i in range(3)]
    svg = figure(named, label="x", grey=grey)
    classes = [p.get("class") for p in elements_of(svg, "path") if p.get("class").startswith("line ")]
    assert classes == ["line other"] * 3 + ["line series-0", "line series-1"]
    assert "".join(elements_of(svg, "text")[-1].itertext()) == "others, in grey 3"
    assert [t.text for t in elements_of(svg, "title")][:3] == [f"grey {i} .600" for i in range(3)]
    same = figure(grey[:1], label="x")
    np.testing.assert_array_equal(lines(svg)[0], lines(same)[0])
    assert "grey" not in figure(named, label="x").replace("grey-", "")


def test_grey_strengths_have_neither_band_nor_dots():
    def one(name, y):
        return Strengths(name, [0, 1], y, [0.5, 0.5], [0.9, 0.9])

    ticks = [(0.0, "0"), (1.0, "1")]
    grey = [one("g", [0.7, 0.6]), one("unknown", [None, None])]
    svg = strength_figure([one("a", [0.8, 0.7])], floor=0.4, ticks=ticks, label="x", grey=grey)
    classes = [
        p.get("class") for p in elements_of(svg, "path") if p.get("class").startswith(("line", "band"))
    ]
    assert classes == ["band fill-0", "line other", "line series-0"]
    assert len(elements_of(svg, "circle")) == 2
