"""Small bars as SVG: an interval, a score, a sparkline."""

from xml.etree import ElementTree

import pytest

from clipforensics.report.figures.bars import Whisker, interval_bar, score_bar, sparkline, whiskers
from tests.support.drawings import elements_of


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
    zero, span = elements_of(svg, "line")
    (dot,) = elements_of(svg, "circle")
    assert float(zero.get("x1")) == 80
    assert (float(span.get("x1")), float(span.get("x2"))) == (6, 154)
    assert float(dot.get("cx")) == 80 + 74 / 2


def test_nothing_is_drawn_for_an_undefined_value_and_no_line_without_bounds():
    assert interval_bar(None, None, None, reach=1, label="x") == ""
    assert len(elements_of(interval_bar(0.1, None, None, reach=1, label="x"), "line")) == 1
    assert len(elements_of(interval_bar(0.0, 0.0, 0.0, reach=0, label="x"), "circle")) == 1


def test_the_score_bar_places_score_and_threshold():
    svg = score_bar(1.0, 0.5, label="score")
    ticks = [float(line.get("x1")) for line in elements_of(svg, "line") if line.get("class") == "tick"]
    assert ticks == [60]
    assert float(elements_of(svg, "circle")[0].get("cx")) == 114
    assert not [
        line for line in elements_of(score_bar(0.0, None, label="s"), "line") if line.get("class") == "tick"
    ]


def test_a_sparkline_has_a_dot_a_frame_and_the_threshold():
    svg = sparkline([0.0, 1.0, 0.5], 0.25, label="scores")
    assert [(c.get("cx"), c.get("cy")) for c in elements_of(svg, "circle")] == [
        ("4", "32"), ("64", "4"), ("124", "18"),
    ]  # fmt: skip
    assert [p.get("d") for p in elements_of(svg, "path") if p.get("class") == "tick"] == ["M2 25H126"]
    bare = sparkline([2.0] * 101, None, label="scores")
    assert elements_of(bare, "circle") == []
    assert not [p for p in elements_of(bare, "path") if p.get("class") == "tick"]


def test_whiskers_share_a_scale_from_the_floor_to_1():
    svg = whiskers([Whisker(0.75, 0.5, 1.0), Whisker(0.5, None, None)], floor_at=0.5, label="a<b")
    first, second = elements_of(svg, "circle")
    assert (first.get("cx"), second.get("cx")) == ("80.0", "6.0")
    assert (first.get("class"), second.get("class")) == ("full", "open")
    (bar,) = elements_of(svg, "line")
    assert (bar.get("x1"), bar.get("x2")) == ("6.0", "154.0")
    below = whiskers([Whisker(0.1, 0.0, 0.2)], floor_at=0.4, label="")
    assert elements_of(below, "circle")[0].get("cx") == "6.0", "what lies beyond stands on the edge"
    assert elements_of(whiskers([Whisker(None, None, None)], floor_at=0.4, label=""), "circle") == []
