"""A summary for a pull request: verdict, the side-by-side table and how to reproduce it, in Markdown."""

import re

from clipforensics.report import caveats, leaks, origin, verdict
from clipforensics.report.findings import Findings
from clipforensics.report.names import protocol_of
from clipforensics.report.side_by_side import side_by_side
from clipforensics.report.tables import Cell, Table

SPECIAL = re.compile(r"[\\`*_<>&|~$@#]|:(?=\S)")
"""What Markdown, its HTML, tables, mentions, emoji, links and formulas take for more than text."""


def summarise(findings: Findings) -> str:
    """The summary; the same findings give the same bytes, and names in the data are only text.

    Args:
        findings: Contents of the metrics files.
    """
    comparison, head = findings.comparison, findings.comparison["headline"]
    opening = [verdict.verdict(comparison, name) for name in verdict.candidates(comparison)]
    lines = [f"## {escaped(one.headline)}\n\n{escaped(one.conclusion)}\n" for one in opening]
    if not lines:
        lines = [f"## {escaped(head['train_set'])} to {escaped(head['manipulation'])}\n"]
    if findings.is_sample:
        lines.append("**The built-in sample: these numbers show the machinery, not science.**\n")
    whole = verdict.find_cell(comparison, stratum="all", level="video")
    points = [point for one in opening for point in one.points]
    points += [
        leaks.about_reals(findings.leakage),
        caveats.about_size(whole),
        caveats.about_seeds(comparison, whole),
    ]
    points.append(leaks.about_sizes(findings.leakage, comparison, verdict.partner_protocol(comparison)))
    lines.append("".join(f"- {escaped(point)}\n" for point in points if point))
    lines.append(
        f"Video AUC, trained on {escaped(head['train_set'])}, tested on {escaped(head['manipulation'])}:\n"
    )
    lines.append(markdown_table(side_by_side(comparison, "video")))
    return "\n".join([*lines, _reproduce(findings)])


def _reproduce(findings: Findings) -> str:
    head, trees = findings.comparison["headline"], findings.provenance.trees
    where = f" ({escaped(protocol_of(head['protocol']))} split)" if head.get("protocol") else ""
    text = "### Reproduce\n\n`dvc repro` writes `report/report.html`"
    text += f"{where}, data set {escaped(findings.dataset)}.\n"
    if trees:
        named = ", ".join(f"`{tree[:12]}` of {escaped(folder)}/" for folder, tree in trees.items())
        text += f"\nThe code is the git tree {named}. The commits that brought it and changed it again:\n\n"
        text += "".join(f"    {command}\n" for command in origin.commands(findings.provenance))
    facts = [f"{escaped(key)}: {escaped(value)}" for key, value in findings.provenance.data.items()]
    return text + (f"\nData: {', '.join(facts)}.\n" if facts else "")


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


def _text(cell: Cell) -> str:
    note = cell.note if cell.note.startswith("[") or not cell.note else f"({cell.note})"
    return f"{cell.text} {note}".strip()


def _line(texts: list[str]) -> str:
    return "| " + " | ".join(escaped(text) for text in texts) + " |"


def escaped(text: object) -> str:
    """A text that Markdown shows as it is, on one line: no table cell, link, mention or HTML in it."""
    safe = SPECIAL.sub(lambda found: f"&#{ord(found.group())};", " ".join(str(text).split()))
    return safe.replace("[", r"\[").replace("]", r"\]")
