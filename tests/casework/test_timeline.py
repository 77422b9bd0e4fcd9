"""Scores over time, as SVG."""

import re

import numpy as np
import pytest

from clipforensics.casework.timeline import NARROW, WIDE, Pooled, Track, among, timeline
from tests.casework.conftest import EVIL

POOLED = Pooled(0.6, 0.5, 0.7, 0.4)


def drawn(tracks=None, pooled=POOLED, **more):
    tracks = tracks or [Track("Person 0", [0.0, 1.0, 2.0], [0.1, 0.5, 0.9])]
    return str(timeline(tracks, pooled, end=2.0, unit="time, s", label="scores", **more))


def test_a_point_lies_where_its_time_and_score_are():
    circles = re.findall(r'<circle[^>]*cx="([\d.]+)" cy="([\d.]+)"', drawn())
    (x0, y0), (x1, y1), (x2, y2) = [(float(x), float(y)) for x, y in circles]
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert x2 - x0 == WIDE
    assert y0 - y1 == pytest.approx(y1 - y2)
    assert y0 > y2


def test_the_videos_score_threshold_and_interval_are_marked():
    text = drawn()
    assert text.count('class="score-line"') == text.count('class="threshold-line"') == 1
    assert 'class="interval"' in text
    assert ">video .600<" in text
    assert ">threshold .400<" in text
    assert 'class="interval"' not in drawn(pooled=Pooled(0.6, None, None, 0.4))


@pytest.mark.parametrize("threshold", [0.599, 0.6, 0.601])
def test_names_of_lines_that_lie_close_do_not_cover_each_other(threshold):
    text = drawn(pooled=Pooled(0.6, None, None, threshold))
    ys = [float(y) for y in re.findall(r'y="([\d.]+)">(?:video|threshold)', text)]
    assert abs(ys[0] - ys[1]) >= 14


def test_from_the_sixth_person_on_lines_are_grey():
    tracks = [Track(f"Person {i}", [0.0, 1.0], [0.2, 0.3]) for i in range(7)]
    text = drawn(tracks)
    assert text.count('class="line other"') == 2
    assert text.count('class="line series-') == 5


def test_a_phone_gets_a_narrower_one_and_names_are_escaped():
    text = drawn([Track(EVIL, [0.0, 1.0], [0.2, 0.3])], width=NARROW)
    assert EVIL not in text
    assert "&lt;script&gt;" in text
    width = int(re.search(r'viewBox="0 0 (\d+)', text)[1])
    assert width < 390


def test_validations_scores_lie_in_a_row_a_class_with_this_video_across():
    text = str(among(np.array([0.1, 0.2]), np.array([0.9]), POOLED, label="among"))
    ys = re.findall(r'<circle[^>]*cy="([\d.]+)"', text)
    assert (len(ys), len(set(ys))) == (3, 2)
    assert ys[0] == ys[1]
    assert ">this video<" in text
