"""Templates: all is escaped, nothing is left open, and the nearest of a name is taken."""

import jinja2
import pytest

from clipforensics.serving import templates
from clipforensics.serving.templates import PLACES, fill


@pytest.fixture
def places(tmp_path, monkeypatch):
    found = tmp_path / "near", tmp_path / "far"
    for place in found:
        place.mkdir()
        (place / "a.html").write_text(f"{place.name}: {{{{ text }}}}")
    monkeypatch.setattr(templates, "PLACES", found)
    return found


def test_the_nearest_is_taken(places):
    assert fill("a.html", {"text": "x"}) == "near: x"
    (places[0] / "a.html").unlink()
    assert fill("a.html", {"text": "x"}) == "far: x"


def test_names_are_escaped(places):
    assert fill("a.html", {"text": "<b>\"&'"}) == "near: &lt;b&gt;&#34;&amp;&#39;"


def test_what_is_not_given_is_no_blank(places):
    with pytest.raises(jinja2.UndefinedError, match="text"):
        fill("a.html", {})


def test_its_own_lie_nearest_and_every_place_holds_some():
    assert (PLACES[0] / "page.html").is_file()
    assert all(any(place.glob("*.html")) for place in PLACES)
