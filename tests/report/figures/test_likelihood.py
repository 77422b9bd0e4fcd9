"""Tippett and cross entropy: the ink stands where the numbers say, in colour, grey and dots."""

import numpy as np

from clipforensics.report.figures.likelihood import entropy_figure, tippett_figure
from tests.support.drawings import elements_of


def paths(svg, kind):
    found = [p.get("d") for p in elements_of(svg, "path") if p.get("class").startswith(kind)]
    return [np.array([[float(v) for v in point.split()] for point in d[1:].split("L")]) for d in found]


def test_a_tippett_plot_steps_down_behind_each_ratio():
    svg = tippett_figure([-0.5, 0.25], [1, 0.5], [1, 0], index=1, label="tippett")
    (manipulated,), (real,) = paths(svg, "line series-1"), paths(svg, "line other")
    left, width, top, height = 56, 270, 10, 190
    x = {value: left + width * (value + 1) / 2 for value in (-1, -0.5, 0.25, 1)}
    y = {share: top + height * (1 - share) for share in (0, 0.5, 1)}
    expected = [(-1, 1), (-0.5, 1), (-0.5, 0.5), (0.25, 0.5), (0.25, 0), (1, 0)]
    np.testing.assert_allclose(manipulated, [(x[a], y[b]) for a, b in expected], atol=0.1)
    of_reals = [*expected[:2], (-0.5, 0), (1, 0)]
    np.testing.assert_allclose(real, [(x[a], y[b]) for a, b in of_reals], atol=0.1)
    assert "log10 LR" in svg
    assert ">manipulated<" in svg


def test_cross_entropy_has_ratios_in_colour_best_map_in_grey_and_silence_in_dots():
    svg = entropy_figure([-1, 0, 1], [0.2, 0.9, 0.3], [0.1, 0.5, 0.2], [0.4, 1, 0.4], index=0, label="ece")
    (ratios,), (best,), (silence,) = (paths(svg, kind) for kind in ("line series-0", "line other", "chance"))
    assert [len(one) for one in (ratios, best, silence)] == [3, 3, 3]
    assert (best[:, 1] > ratios[:, 1]).all()  # further down the page
    assert ratios[1, 1] > silence[1, 1]
    top, bottom = silence[1, 1], 200
    np.testing.assert_allclose((bottom - ratios[1, 1]) / (bottom - top), 0.9, atol=0.01)


def test_entropy_above_one_bit_is_not_cut_off():
    svg = entropy_figure([-1, 0, 1], [0.2, 3.1, 0.3], [0, 0, 0], [0.4, 1, 0.4], index=0, label="ece")
    (ratios,) = paths(svg, "line series-0")
    (silence,) = paths(svg, "chance")
    np.testing.assert_allclose((200 - ratios[1, 1]) / (200 - silence[1, 1]), 3.1, atol=0.05)


def test_labels_are_escaped():
    nasty = "<script>"
    for svg in (
        tippett_figure([0.0], [1], [1], index=0, label=nasty),
        entropy_figure([-1, 1], [0, 0], [0, 0], [0, 0], index=0, label=nasty),
    ):
        assert nasty not in svg
