"""Markdown from templates in which every value is escaped unless it says that it is Markdown already."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import jinja2

SPECIAL = re.compile(r"([\\`*\[\]<>#|~&$!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
"""What Markdown, its tables or mathematics on the hub could take for their own, within a line; an underscore
inside a word means nothing to them."""

LINKS = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)|(@)")
"""What makes an address of a bare text."""

BEGIN = re.compile(r"^([-+=])|^(\d+)(?=[.)])")
"""What at the head of a line begins a list or underlines a heading."""

FOLDER_OF_TEMPLATES = Path(__file__).parent


class Markdown(str):
    """Text that is put into a template as it is."""

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


def render(template: str, content: dict[str, object]) -> str:
    """Fill a template of this package's folder.

    Raises:
        jinja2.UndefinedError: it asks for a name that is not given.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER_OF_TEMPLATES),
        finalize=lambda value: value if isinstance(value, Markdown) else escape(value),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(content)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markdown:
    """A table of escaped cells, one row a line; cells that are `Markdown` stay as they are."""
    lines: list[Sequence[str]] = [head, [Markdown("---")] * len(head), *rows]
    return Markdown("\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines))


def _cell(text: str) -> Markdown:
    return text if isinstance(text, Markdown) else escape(text, begins_line=False)
