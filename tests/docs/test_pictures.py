"""Pictures of the pages: small, shown somewhere, and taken with the colours that they have."""

import re
import shutil

import pytest
from PIL import Image

from tests.docs.test_pages import TEXTS
from tests.support.refresh_pictures import (
    OF_THE_AUDIT,
    OF_THE_CASE,
    OF_THE_CLIP,
    OF_THE_REPORT,
    OF_THE_SERVICE,
    PICTURES,
    View,
    shown,
    take,
)

VIEWS = OF_THE_REPORT | OF_THE_AUDIT | OF_THE_CLIP | OF_THE_CASE | OF_THE_SERVICE
TAKEN = {f"{name}.png" for name in VIEWS}
PAGE = """<html><head><title>t</title></head><body style="margin: 0; background: #fff">
<main><section id="a" style="height: 50px; background: #00f"></section>
<section id="b" style="border-left: 3px solid #a83a33"><details><summary>s</summary>
<p style="margin: 0; height: 90px; background: #0f0"></p></details></section></main></body></html>"""


def test_every_picture_is_taken_by_the_command_and_shown_by_a_page():
    there = {path.name for path in PICTURES.glob("*.png")}
    named = {
        name for text in TEXTS.values() for name in re.findall(r"!\[[^\]]+\]\(static/(\w+\.png)\)", text)
    }
    assert there == TAKEN == named


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_a_picture_is_small(name):
    assert (PICTURES / name).stat().st_size < 150_000


def test_what_is_left_out_is_hidden_and_the_rest_open():
    assert shown(PAGE, View(10, 10)) == PAGE
    page = shown(PAGE, View(10, 10, hidden="#a"))
    assert "<style>#a {display: none}</style></head>" in page
    assert "<details open>" in page


@pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is not installed, so it takes no picture"
)
def test_a_picture_has_the_size_and_the_colours_of_the_page(tmp_path):
    take(PAGE, View(200, 60, hidden="#a", above=10), tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as picture:
        assert (picture.mode, picture.size) == ("P", (200, 50))
        colours = {colour for _, colour in picture.convert("RGB").getcolors()}
    near = [(168, 58, 51), (0, 255, 0)]
    for wanted in near:
        assert any(max(abs(a - b) for a, b in zip(wanted, one, strict=True)) < 8 for one in colours), wanted
    assert (0, 0, 255) not in colours
