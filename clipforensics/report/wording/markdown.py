"""Markdown in which a name is only text: escaped, unless it says that it is Markdown already."""

import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\`*\[\]<>#|~&$!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
"""What Markdown, its tables or mathematics on the hub could take for their own, within a line; an underscore
inside a word means nothing to them."""

LINKS = re.compile(r"(?i)(:)(?=//|[a-z0-9_+-]+:)|(?<=www)(\.)|(@)")
"""What makes an address, an emoji or a mention of a bare text."""

BEGIN = re.compile(r"^([-+=])|^(\d+)(?=[.)])")
"""What at the head of a line begins a list or underlines a heading."""


class Markdown(str):
    """Text that is put where it belongs as it is."""

    __slots__ = ()


def escape(value: object, *, begins_line: bool = True) -> Markdown:
    """Any value as plain text of one line, whatever it holds.

    Spaces, line breaks and control characters become single spaces.

    Args:
        value: Shown as `str` shows it.
        begins_line: Whether it may stand at the head of a line, where a number or a dash can begin a list.
    """
    text = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", str(value)).split())
    escaped = _escape_within(text)
    return Markdown(_escape_begin(escaped) if begins_line else escaped)


def _escape_within(text: str) -> str:
    return LINKS.sub(lambda m: "\\" + m.group(), SPECIAL.sub(r"\\\1", text))


def _escape_begin(text: str) -> str:
    return BEGIN.sub(lambda m: f"\\{m[1]}" if m[1] else m[2] + "\\", text)


def prose(text: str) -> Markdown:
    """Text of our own, in one line: code between backticks stays code, the rest is escaped."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    shown = [f"`{part}`" if i % 2 else _escape_within(part) for i, part in enumerate(parts)]
    return Markdown(_escape_begin("".join(shown)))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markdown:
    """A table, one row a line; cells are escaped unless they are `Markdown`."""
    lines: list[Sequence[str]] = [head, [Markdown("---")] * len(head), *rows]
    return Markdown("\n".join(map(line, lines)))


def line(cells: Iterable[str]) -> str:
    """One row of a table; cells are escaped unless they are `Markdown`."""
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> Markdown:
    return text if isinstance(text, Markdown) else escape(text, begins_line=False)


def aligned(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> Markdown:
    """A table whose columns line up in a terminal too.

    Args:
        heads: (name, whether numbers stand beneath it, which are set to the right).
        rows: Texts that are Markdown already: names in them are escaped.
    """
    names = [name for name, _ in heads]
    widths = [max(3, *(len(row[i]) for row in (names, *rows))) for i in range(len(heads))]

    def padded(texts: Sequence[str]) -> str:
        return line(
            Markdown(text.rjust(width) if numeric else text.ljust(width))
            for text, width, (_, numeric) in zip(texts, widths, heads, strict=True)
        )

    rule = [
        "-" * (width - 1) + ":" if numeric else ":" + "-" * (width - 1)
        for width, (_, numeric) in zip(widths, heads, strict=True)
    ]
    return Markdown("\n".join([padded(names), padded(rule), *map(padded, rows)]) + "\n")
