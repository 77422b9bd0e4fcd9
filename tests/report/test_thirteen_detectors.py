"""The page of a run of thirteen detectors: legible, none forgotten, no bigger than a phone can load."""

import re

import numpy as np
import pytest

from clipforensics.explanations.maps import Heatmaps
from clipforensics.report import page
from clipforensics.report.page import render
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.sections import curves
from clipforensics.report.sections.gallery import Album
from clipforensics.report.summary import summarise
from clipforensics.report.wording.names import capital, label_of, name_of
from tests.support import made_up_run
from tests.support.made_up_findings import SECTIONS, Elements, Store

KEYS = tuple(f"sample/NeuralTextures/c23/{j:03d}_{j + 1:03d}" for j in range(1, 40))


def page_of(found=None, size=24):
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    store = Store(keys=(*KEYS, "sample/real/c23/001"), frames=(0, 1, 2))
    store.read = lambda rows: np.stack([noise] * len(rows))
    found = found or made_up_run.findings()
    maps = Heatmaps(np.ones((len(KEYS) * 3, 2, 2)), {(k, f): i for i, (k, f) in enumerate(
        (k, f) for k in KEYS for f in (0, 1, 2))})  # fmt: skip
    shown = cast_of(found.comparison, found.detector).shown
    album = Album(store, size=size, heatmaps={name: maps for name in shown})
    return render(found, album, pictures_per_list=5)


def section(text, name):
    return text.partition(f'<section id="{name}">')[2].partition("</section>")[0]


# the whole page
def test_the_page_has_every_section_filled():
    text = page_of()
    found = Elements(text)
    assert found.sections == SECTIONS
    said = " ".join(found.words)
    assert not re.search(r"The run has no|There are no|there is no matrix|not called probabilities", said)
    assert not re.search(r"\b(None|nan)\b", said)


@pytest.mark.parametrize(
    "where", ["league", "strata", "points", "calibration", "matrix", "robustness", "errors", "provenance"]
)
def test_no_section_forgets_a_detector(where):
    text = section(page_of(), where)
    assert [name for name in made_up_run.DETECTORS if label_of(name) not in text] == []


def test_one_verdict_not_one_a_pair_and_all_in_table_1():
    text = page_of()
    assert text.count('<p class="conclusion') == 1
    first = section(text, "first")
    assert [name for name in made_up_run.DETECTORS if label_of(name) not in first] == []
    assert f"{capital(name_of('effort'))} is first of 13 by validation." in text
    assert 'href="#first">All 13 detectors: Table 1.' in text


def test_the_page_is_small_with_pictures_of_noise():
    """Noise takes more bytes than any frame; the numbers alone are well below a megabyte."""
    text = page_of(size=128)
    pictures = re.findall(r'src="(data:image/jpeg[^"]*)"', text)
    assert len(pictures) <= 2 * 3 * 5 * 3 * 3, "of two detectors, with the heatmaps of both"
    assert len(text) - sum(map(len, pictures)) < 1_000_000
    assert len(text) < page.MAX_BYTES / 2


def test_no_table_grows_sideways_with_the_detectors():
    """A column a detector would make one of 13; heads name strata, metrics, folds and strengths instead."""
    thirteen, five = page_of(), page_of(made_up_run.findings((*made_up_run.DETECTORS[:4], "effort")))
    widths = [re.findall(r'<tr class="group"><th colspan="(\d+)"', text) for text in (thirteen, five)]
    assert max(map(int, widths[0])) == max(map(int, widths[1]))


def test_the_same_findings_give_the_same_bytes():
    assert page_of() == page_of()
    assert summarise(made_up_run.findings()) == summarise(made_up_run.findings())


def test_the_summary_has_the_pair_and_the_league():
    text = summarise(made_up_run.findings())
    lines = text.splitlines()
    assert sum(line.startswith("## ") for line in lines) == 1
    assert "### Which adaptation?" in lines
    rows = [line for line in lines if re.match(r"\| \d+\. ", line)]
    assert [row.split("|")[1].split(". ")[0].strip() for row in rows] == [str(n) for n in range(1, 14)]
    assert len({row.count("|") for row in rows}) == 1
    assert len(text) < 20_000


# sections
def test_curves_have_five_colours_two_bands_and_the_rest_in_grey():
    found = made_up_run.findings()
    ((roc, det), _) = curves.figures(found, found.evaluations, cast_of(found.comparison))
    for _, figure in (roc, det):
        assert len(re.findall(r'class="line series-\d"', figure)) == 5
        assert figure.count('class="line other"') == 8
        assert figure.count('class="band') == 2
        assert "others, in grey" in figure
    text = page_of()
    assert "Without a colour: the other 8 detectors." in section(text, "roc")
    robustness = section(text, "robustness")
    assert robustness.count('class="line other"') == 6 * 8
    assert robustness.count('class="band') == 6 * 2
    assert "8 others" in robustness


def test_diagrams_are_of_five_and_the_table_of_all():
    text = section(page_of(), "calibration")
    assert text.count("<svg") == 2 * 5
    assert "Diagrams are of 5 detectors, the table of all 13." in text


def test_thresholds_are_grouped_by_rule_the_one_in_use_first():
    text = section(page_of(), "points")
    heads = re.findall(r"<span>(Chosen by .*?|To beat)</span>", text)
    assert heads == 2 * [
        "Chosen by equal error rates (the operating point)", "Chosen by Youden&#39;s index",
        "Chosen by FPR of at most 10%", "To beat",
    ]  # fmt: skip
    assert text.count("everything manipulated") == 2


def test_pictures_are_of_the_pair():
    text = section(page_of(), "errors")
    assert re.findall(r"<h3>(.*?)</h3>", text) == [label_of("baseline"), label_of("effort")]
    assert "Errors of every detector" in text
    assert set(re.findall(r"what drove the score: (.*?)</p>", text)) == {
        label_of("baseline"),
        label_of("effort"),
    }
