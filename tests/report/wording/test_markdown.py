"""Markdown in which a name is only text, whatever it holds: read back by a parser of Markdown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from clipforensics.report.wording import markdown

PARSER = MarkdownIt("commonmark").enable("table")


@given(st.text(max_size=40))
def test_any_text_is_shown_as_it_is_and_as_nothing_else(text):
    page = PARSER.render(markdown.escape(text))
    shown = re.sub(r"^<p>|</p>\n$", "", page)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(entity, character)
    assert shown.split() == re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split()


@given(st.lists(st.text(max_size=10), min_size=2, max_size=2))
def test_any_cell_stays_a_cell(cells):
    page = PARSER.render(markdown.table(["one", "two"], [cells]))
    assert page.count("<td>") == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://example.org", r"https\://example.org"),
        ("www.example.org", r"www\.example.org"),
        ("a@b.org", r"a\@b.org"),
        (":smile:", r"\:smile:"),
        ("Data: one", "Data: one"),
        ("per_class", "per_class"),
        ("2. b", r"2\. b"),
    ],
)
def test_addresses_mentions_and_emoji_are_broken_and_the_rest_stays_legible(text, shown):
    assert markdown.escape(text) == shown


def test_only_the_head_of_a_line_begins_a_list():
    assert markdown.escape("2. b", begins_line=False) == "2. b"


def test_what_is_markdown_already_stays_as_it_is():
    assert markdown.line([markdown.Markdown("**a**"), "**a**"]) == r"| **a** | \*\*a\*\* |"


@pytest.mark.parametrize(
    ("text", "shown"), [("a `b_*c` d*", "a `b_*c` d\\*"), ("a ` b*", "a \\` b\\*"), ("- a", "\\- a")]
)
def test_prose_keeps_code_and_escapes_the_rest(text, shown):
    assert markdown.prose(text) == shown


def test_columns_line_up_numbers_to_the_right():
    text = markdown.aligned([("name", False), ("n", True)], [["a", "1"], ["longer", "1,000"]])
    assert text == "| name   |     n |\n| :----- | ----: |\n| a      |     1 |\n| longer | 1,000 |\n"
