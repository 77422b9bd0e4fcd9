"""A model card as HTML that can do nothing: Markdown without HTML, pictures or addresses that run."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
"""Settings for the hub ahead of the text."""

ALERT = re.compile(r"^> \[!(\w+)\]\s*$", re.MULTILINE)
"""Markdown of the hub that CommonMark does not know."""

LOWERED = 2
"""Levels by which headings go down: the page has a first and a second of its own."""


def card_html(text: str) -> str:
    """HTML of a card.

    HTML in it is shown as text, pictures as links, and addresses other than http, https and mailto are no
    links.

    Args:
        text: Markdown, perhaps behind settings for the hub.
    """
    from markdown_it import MarkdownIt

    class Reader(MarkdownIt):
        def validateLink(self, url: str) -> bool:
            return re.match(r"(?i)(https?://|mailto:|#)", url) is not None

    reader = Reader("commonmark", {"html": False}).enable("table").disable("image")
    body = ALERT.sub(lambda match: f"> **{match[1].capitalize()}**\n>", FRONT.sub("", text, count=1))
    tokens = reader.parse(body)
    for token in tokens:
        _mend(token)
    rendered = reader.renderer.render(tokens, reader.options, {})
    return str(rendered)


def _mend(token: "Token") -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + LOWERED)}"
    token.attrs.pop("style", None)  # of tables' columns; the page's policy forbids it
    for child in token.children or ():
        if child.type == "link_open":
            child.attrSet("rel", "noopener noreferrer")
            child.attrSet("target", "_blank")
