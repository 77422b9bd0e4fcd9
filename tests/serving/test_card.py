"""A model card as HTML: what it says stays, what could run or load does not."""

from html.parser import HTMLParser

import pytest

from clipforensics.serving.card import card_html

HARMLESS = {
    *("h3", "h4", "h5", "h6", "p", "a", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "hr"),
    *("br", "table", "thead", "tbody", "tr", "th", "td"),
}  # fmt: skip


class Tags(HTMLParser):
    """Which tags with which attributes there are."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    "nasty",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://evil.example/a.png)",
        "[x](javascript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "[x](file:///etc/passwd)",
        "<javascript:alert(1)>", "a <b onmouseover=alert(1)>b</b>", "|a<script>|\n|-|\n|</table><script>|",
        "```html\n</code></pre><script>\n```", "[x]: javascript:alert(1)\n[x]", "<!-- --><style>*{}</style>",
    ],
)  # fmt: skip
def test_nothing_in_it_runs_or_loads(nasty):
    for tag, attributes in Tags(card_html(f"# A\n\n{nasty}\n")).found:
        assert tag in HARMLESS
        assert set(attributes) <= {"href", "rel", "target", "class"}
        assert attributes.get("href", "https://").startswith(("https://", "http://", "mailto:", "#"))


def test_what_it_says_stays():
    card = "---\nlicense: x\n---\n# A & B\n\n> [!WARNING]\n> **A toy.**\n\n|a|b|\n|:-:|-|\n|1|2|\n\n## C\n\n[d](https://e.example)"
    html = card_html(card)
    assert "license" not in html
    assert "<h3>A &amp; B</h3>" in html
    assert "<h4>C</h4>" in html
    assert "<strong>Warning</strong>" in html
    assert "<td>1</td>" in html
    assert '<a href="https://e.example" rel="noopener noreferrer" target="_blank">d</a>' in html


def test_rules_within_the_text_are_not_taken_for_the_hubs_settings():
    assert "<p>b</p>" in card_html("a\n\n---\nb\n\n---\nc")
