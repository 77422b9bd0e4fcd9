"""Tables and names as GitHub's Markdown; nothing in a name is markup."""

import re
from collections.abc import Sequence

from clipforensics.report.wording.tables import Entry, Table

SPECIAL = re.compile(r"[\\`*_<>&|~$@#]|:(?=\S)")
"""What Markdown, its HTML, tables, mentions, emoji, links and formulas take for more than text."""


def escaped(text: object) -> str:
    """A text that Markdown shows as it is, on one line: no table cell, link, mention or HTML in it."""
    safe = SPECIAL.sub(lambda found: f"&#{ord(found.group())};", " ".join(str(text).split()))
    return safe.replace("[", r"\[").replace("]", r"\]")


def markdown_table(table: Table) -> str:
    """A table as GitHub's Markdown; drawings are left out, and a group's name is a row of its own."""
    kept = [i for i, c in enumerate(table.columns) if not _is_drawn(table, i)]
    heads = [table.columns[i] for i in kept]
    lines = [
        _line([f"{c.group}: {c.name}" if c.group else c.name for c in heads]),
        "|" + "|".join("---:" if c.numeric else ":---" for c in heads) + "|",
    ]
    for group in table.groups:
        if group.name:
            lines.append(f"| **{escaped(group.name)}** |" + " |" * (len(kept) - 1))
        lines += [_line([_text(row[i]) for i in kept]) for row in group.rows]
    notes = "".join(f"\n{escaped(note)}\n" for note in table.notes)
    return "\n".join(lines) + f"\n{notes}"


def _is_drawn(table: Table, column: int) -> bool:
    return any(row[column].figure is not None for group in table.groups for row in group.rows)


def _text(cell: Entry) -> str:
    note = cell.note if cell.note.startswith("[") or not cell.note else f"({cell.note})"
    return f"{cell.text} {note}".strip()


def _line(texts: list[str]) -> str:
    return "| " + " | ".join(escaped(text) for text in texts) + " |"


def aligned(heads: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up in a terminal too.

    Args:
        heads: (name, whether numbers stand beneath it, which are set to the right).
        rows: Texts that are Markdown already: names in them are `escaped`.
    """
    names = [name for name, _ in heads]
    widths = [max(3, *(len(row[i]) for row in (names, *rows))) for i in range(len(heads))]

    def line(texts: Sequence[str]) -> str:
        cells = (
            text.rjust(width) if numeric else text.ljust(width)
            for text, width, (_, numeric) in zip(texts, widths, heads, strict=True)
        )
        return f"| {' | '.join(cells)} |"

    rule = [
        "-" * (width - 1) + ":" if numeric else ":" + "-" * (width - 1)
        for width, (_, numeric) in zip(widths, heads, strict=True)
    ]
    return "\n".join([line(names), line(rule), *map(line, rows)]) + "\n"
