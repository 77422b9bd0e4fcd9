"""Templates of a package: in Markdown a name is escaped unless it is Markdown, in code nothing is touched."""

import jinja2
import pytest

from clipforensics.publishing import templates
from clipforensics.report.wording.markdown import Markdown


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(templates, "FOLDER", tmp_path)
    (tmp_path / "t.jinja").write_text("{{ a }}{{ b }}\n")


def test_markdown_is_escaped_once(place):
    found = templates.render_markdown("t.jinja", {"a": "*a*", "b": Markdown("*b*")})
    assert found == "\\*a\\**b*\n"


def test_code_is_left_as_it_is(place):
    assert templates.render_code("t.jinja", {"a": "x * ", "b": "y"}) == "x * y\n"


def test_a_name_that_is_not_given_is_an_error(place):
    for render in (templates.render_markdown, templates.render_code):
        with pytest.raises(jinja2.UndefinedError, match="'b' is undefined"):
            render("t.jinja", {"a": "x"})
