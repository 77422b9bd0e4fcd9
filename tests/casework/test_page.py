"""Both pages: complete, escaped, the same each time, and in a real browser."""

import re
import shutil
from dataclasses import replace

import pytest

from clipforensics.casework.claims import found_claims
from clipforensics.casework.page import case_page, explain_page
from tests.casework.conftest import EVIL
from tests.casework.test_claims import STORE
from tests.report.test_browser import asked_for, browse, opened, printed_pages

needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")

PAGES = {"explain": explain_page, "case": case_page}


def page_of(made, kind, **changes):
    return PAGES[kind](made.seen, made.detector, {**made.record, **changes})


def hostile(made):
    """Everything that others write, as a page shows it."""
    tags = {EVIL: EVIL, "title": f'"><img src=x onerror=alert(1)>{EVIL}'}
    file = made.record["file"] | {"tags": tags, "created": EVIL, "codec_tag": EVIL}
    file["tracks"] = [one | {"tags": tags, "profile": EVIL} for one in file["tracks"]]
    return {"file": file, "c2pa": found_claims(STORE, EVIL)}


@pytest.mark.parametrize("kind", PAGES)
def test_the_opinion_comes_first_then_its_worth(whole, kind):
    text = page_of(whole, kind)
    places = [
        text.index(words)
        for words in ("<h1>", whole.seen.verdict.reason[1:40].replace("'", "&#39;"), "<dt>H1</dt>", "<svg")
    ]
    assert places == sorted(places)
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert "<script" not in text


def test_a_case_folds_nothing_away_and_has_every_number(pair):
    text = page_of(pair, "case")
    assert "<details" not in text
    for row in pair.record["sampled"]:
        assert f'<th scope="row">{row["frame"]}</th>' in text
    assert pair.record["exhibit"]["sha256"] in text
    assert all(digest in text for digest in pair.record["model"]["files"].values())
    assert all(str(one).replace("'", "&#39;").replace('"', "&#34;") in text for one in pair.record["limits"])
    assert pair.record["again"]["command"] in text


def test_an_explanation_folds_what_is_not_asked_first(pair):
    text = page_of(pair, "explain")
    assert text.index("<details") > text.index("How good this detector is")
    assert text.count("<details") >= 5


@pytest.mark.parametrize("kind", PAGES)
def test_the_same_gives_the_same_bytes(pair, kind):
    assert page_of(pair, kind) == page_of(pair, kind)


def test_without_heatmaps_the_reason_stands_there(whole):
    bare = replace(
        whole.seen,
        untraced="its pooling mixes patches",
        moments=tuple(replace(one, heat=None) for one in whole.seen.moments),
    )
    text = explain_page(bare, whole.detector, whole.record)
    assert "There are no heatmaps: its pooling mixes patches." in text
    assert "heatmap of frame" not in text


def test_kernels_that_were_not_pinned_are_owned_up_to(whole):
    software = whole.record["software"]
    said = "Kernels could not be pinned"
    assert said in page_of(whole, "case", software=software | {"pinned": False})
    assert said not in page_of(whole, "case", software=software | {"pinned": True})


def test_a_case_lists_every_warning_and_says_so_where_there_is_none(whole):
    def told(*warnings):
        seen = replace(whole.seen, verdict=replace(whole.seen.verdict, warnings=warnings))
        return case_page(seen, whole.detector, whole.record)

    assert "<li>This detector is a toy: x.</li>" in told("this detector is a toy: x")
    assert "calls for a warning" not in told("it is short")
    assert "Nothing about this video calls for a warning." in told()


def test_a_name_that_is_no_text_is_written_all_the_same(whole):
    odd = replace(whole.seen, name="\udcff.mp4")
    explain_page(odd, whole.detector, whole.record).encode("utf-8")


@pytest.mark.parametrize("kind", PAGES)
def test_what_others_wrote_is_shown_as_text(whole, kind):
    text = page_of(whole, kind, **hostile(whole))
    assert EVIL not in text
    assert "<img src=x" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5


@needs_chromium
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("kind", PAGES)
def test_a_browser_opens_it_without_a_word(whole, pair, kind, width, tmp_path):
    """No console message, no request, nothing sticks out; with hostile text in it."""
    for number, made in enumerate((whole, pair)):
        folder = tmp_path / str(number)
        folder.mkdir()
        messages, found = browse(folder, opened(page_of(made, kind, **hostile(made))), width)
        assert (messages, asked_for(folder)) == ([], [])
        page, inner, height = map(int, re.search(r"width (\d+) of (\d+), height (\d+)", found).groups())
        assert page <= inner
        assert height > 1000


@needs_chromium
def test_an_explanation_prints_what_is_folded_too(pair, tmp_path):
    page = page_of(pair, "explain")
    assert printed_pages(tmp_path, page) == printed_pages(tmp_path, opened(page))


@needs_chromium
def test_a_case_prints_on_several_sheets(pair, tmp_path):
    assert printed_pages(tmp_path, page_of(pair, "case")) >= 5
