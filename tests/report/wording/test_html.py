"""Pages from templates: names escaped, what every page includes is found, an unknown name is no blank."""

import jinja2
import pytest

from clipforensics.report.wording.html import render_html


def page(folder, text, **content):
    (folder / "page.html").write_text(text)
    return render_html(folder / "page.html", content)


def test_names_are_escaped(tmp_path):
    assert page(tmp_path, "<p>{{ name }}</p>", name="<b>&") == "<p>&lt;b&gt;&amp;</p>"


def test_a_page_from_anywhere_includes_the_shared_head_and_style(tmp_path):
    text = page(tmp_path, '{% include "head.html" +%}\n<style>{% include "style.css" %}</style>')
    assert text.startswith('<meta charset="utf-8">\n')
    assert "default-src 'none'" in text
    assert len(text) > 5000


def test_a_name_that_is_not_given_is_an_error(tmp_path):
    with pytest.raises(jinja2.UndefinedError, match="missing"):
        page(tmp_path, "{{ missing }}")
