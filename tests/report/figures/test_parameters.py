"""AUC against parameters: where points stand, what is written, and that names never overlap."""

import re
from itertools import combinations

import pytest

from clipforensics.report.figures.parameters import CHARACTER, LINE, Mark, parameters_figure


def mark(name, trainable, value=0.7, low=0.6, high=0.8, series=None):
    return Mark(name, trainable, value, low, high, series)


def figure(*marks, floor_at=0.4):
    return str(parameters_figure(marks, floor_at=floor_at, label="AUC against parameters"))


def circles(text):
    found = re.findall(r'cx="([\d.]+)" cy="([\d.]+)".*?<title>(.*?):', text)
    return {name: (float(x), float(y)) for x, y, name in found}


def names(text):
    found = re.findall(r'<text class="label[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', text)
    return {name: (float(x), float(y)) for x, y, name in found}


def test_equal_ratios_are_equal_steps():
    at = circles(figure(mark("a", 100), mark("b", 10_000), mark("c", 1_000_000)))
    assert at["b"][0] - at["a"][0] == pytest.approx(at["c"][0] - at["b"][0], abs=0.2)
    assert at["a"][1] == at["b"][1]


def test_auc_rises_from_the_floor_to_one():
    at = circles(figure(mark("a", 100, 0.4), mark("b", 10**4, 1.0, None, None), mark("c", 10**6, 0.7)))
    assert at["a"][1] == 280
    assert at["b"][1] == 10
    assert at["c"][1] == pytest.approx(145)


def test_nothing_to_train_stands_apart_at_zero():
    text = figure(mark("none", 0), mark("a", 100), mark("b", 10**6))
    at = circles(text)
    assert at["none"][0] < at["a"][0] - 20
    assert ">0</text>" in text
    assert 'class="tick"' in text, "the axis is cut"
    without = figure(mark("a", 100), mark("b", 10**6))
    assert ">0</text>" not in without
    assert 'class="tick"' not in without


def test_ticks_are_powers_of_ten_in_short():
    text = figure(mark("a", 500), mark("b", 80_000_000))
    assert re.findall(r'text-anchor="middle">([\dkMG]+)<', text) == [
        "100", "1k", "10k", "100k", "1M", "10M", "100M",
    ]  # fmt: skip
    wide = re.findall(r'text-anchor="middle">([\dkMG]+)<', figure(mark("a", 2), mark("b", 5 * 10**9)))
    assert wide == ["1", "100", "10k", "1M", "100M", "10G"], "every second of many"


def test_a_bar_spans_the_interval_and_is_a_point_without_one():
    text = figure(mark("a", 100, 0.7, 0.4, 1.0))
    assert re.search(r'class="bar-line other" d="M[\d.]+ 10V280"', text)
    bare = figure(mark("a", 100, 0.7, None, None))
    assert re.search(r'class="bar-line other" d="M[\d.]+ 145V145"', bare)
    assert "<title>a: 0.700, 100 trainable parameters</title>" in bare


def test_colours_and_grey():
    text = figure(mark("a", 100, series=1), mark("b", 10**4))
    assert 'class="fill-1"' in text
    assert 'class="label series-text-1"' in text
    assert 'class="other-fill"' in text


def test_points_of_one_size_are_moved_aside_and_told_apart():
    at = circles(figure(mark("a", 1000), mark("b", 1000), mark("c", 10**6)))
    assert abs(at["a"][0] - at["b"][0]) == pytest.approx(6, abs=0.11)
    lone = circles(figure(mark("a", 1000), mark("c", 10**6)))
    assert (at["a"][0] + at["b"][0]) / 2 == pytest.approx(lone["a"][0], abs=0.11)


def test_thirteen_names_are_all_written_and_do_not_overlap():
    sizes = (0, 513, 8192, 39_936, 65_664, 101_376, 131_328, 150_528, 190_000, 294_912, 294_912, 14_175_744,
             87_849_216)  # fmt: skip
    marks = [
        mark(f"Method number {i}", size, 0.7 + (i * 7 % 5) / 50, 0.55, 0.9, i if i < 5 else None)
        for i, size in enumerate(sizes)
    ]
    found = names(figure(*marks))
    assert len(found) == 13
    boxes = [
        (x - CHARACTER * len(n) / 2, y - LINE, x + CHARACTER * len(n) / 2, y) for n, (x, y) in found.items()
    ]
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] + 0.1 or b[2] <= a[0] + 0.1 or a[3] <= b[1] + 0.1 or b[3] <= a[1] + 0.1


def test_the_same_marks_give_the_same_bytes_and_names_are_escaped():
    marks = [mark("<script>", 100), mark('"&', 10**5, series=0)]
    assert figure(*marks) == figure(*marks)
    assert "<script>" not in figure(*marks)


def test_one_detector_without_parameters_is_a_figure_too():
    assert "nan" not in figure(mark("a", 0))
    assert circles(figure(mark("a", 0)))
