"""A video's figures as a piece of HTML: nothing of its name gets out, and what there is not is left out."""

import re
from dataclasses import replace

import pytest
from markupsafe import escape

from clipforensics.casework.examining import examine
from clipforensics.casework.record import model_of
from clipforensics.casework.wording import LIMITS
from clipforensics.scoring.detector import Detector
from clipforensics.serving.figures import figures

EVIL = "<script>alert(1)</script>.mp4"


@pytest.fixture(scope="module")
def detector(package):
    return Detector.from_pretrained(package)


@pytest.fixture(scope="module")
def model(detector):
    return model_of(detector)


@pytest.fixture(scope="module")
def seen(detector, short_clip):
    return examine(detector, short_clip, prior=None)


def headings(html):
    return re.findall(r"<h3>(.*?)</h3>", html)


def test_it_shows_evidence_course_and_telling_frames(seen, detector, model):
    html = figures(seen, detector, model)
    assert {"What the score is worth", "Score over time", "The most telling frames"} < {*headings(html)}
    assert html.count("data:image/jpeg;base64,") >= 2 * len(seen.moments) > 0
    assert seen.case.exhibit.sha256 in html
    assert escape(LIMITS[-1]) in html


def test_it_is_a_piece_that_runs_nothing_and_loads_nothing(seen, detector, model):
    named = replace(
        seen,
        name=EVIL,
        verdict=replace(seen.verdict, warnings=(EVIL,), exhibit=replace(seen.case.exhibit, path=EVIL)),
    )
    html = figures(named, detector, model)
    assert "&lt;script&gt;alert(1)" in html
    assert re.findall(r"<(?:script|style|html|body|link|iframe)\b", html) == []
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []


def test_what_is_not_there_has_no_heading(seen, detector, model):
    empty = replace(
        seen,
        moments=(),
        verdict=replace(seen.verdict, outcome="not scored", opinion="no opinion", score=None, frames=()),
    )
    assert {"What the score is worth", "Score over time", "The most telling frames"}.isdisjoint(
        headings(figures(empty, detector, model))
    )
