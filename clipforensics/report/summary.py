"""A summary for a pull request: verdict, the side-by-side table and how to reproduce it, in Markdown."""

from clipforensics.report.reading import lookup
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.reading.findings import Findings
from clipforensics.report.sections import caveats, league, leaks, origin, verdict
from clipforensics.report.sections.side_by_side import side_by_side
from clipforensics.report.wording.markdown import Markdown, escape, line
from clipforensics.report.wording.names import protocol_in_words
from clipforensics.report.wording.tables import Entry, Table


def summarise(findings: Findings) -> str:
    """The summary; the same findings give the same bytes, and names in the data are only text.

    Args:
        findings: Contents of the metrics files.
    """
    comparison, head = findings.comparison, findings.comparison["headline"]
    cast = cast_of(comparison, findings.detector)
    opening = [verdict.verdict(comparison, name) for name in cast.pairs]
    lines = [f"## {escape(one.headline)}\n\n{escape(one.conclusion)}\n" for one in opening]
    if not lines:
        lines = [f"## {escape(head['train_set'])} to {escape(head['manipulation'])}\n"]
    if findings.is_sample:
        lines.append("**The built-in sample: these numbers show the machinery, not science.**\n")
    whole = lookup.find_cell(comparison, stratum="all", level="video")
    points = [point for one in opening for point in one.points]
    points += [
        leaks.about_reals(findings.leakage),
        caveats.about_size(whole),
        caveats.about_seeds(comparison, whole, cast.shown),
    ]
    points.append(leaks.about_sizes(findings.leakage, comparison, lookup.partner_protocol(comparison)))
    lines.append("".join(f"- {escape(point)}\n" for point in points if point))
    if comparison.get("league"):
        lines.append(_league(findings))
    lines.append(
        f"Video AUC, trained on {escape(head['train_set'])}, tested on {escape(head['manipulation'])}:\n"
    )
    lines.append(as_markdown(side_by_side(comparison, "video", cast.pairs)))
    return "\n".join([*lines, _reproduce(findings)])


def _league(findings: Findings) -> str:
    """The league table, what its order is by, and who cannot be told apart."""
    comparison = findings.comparison
    said = "".join(f"- {escape(point)}\n" for point in league.points(comparison))
    table = as_markdown(league.league_table(comparison))
    texts = (escape(league.lead(comparison)), said, table, escape(league.COSTS))
    return "### Which adaptation?\n\n" + "\n".join(f"{text}\n" for text in texts)


def _reproduce(findings: Findings) -> str:
    head, trees = findings.comparison["headline"], findings.provenance.trees
    where = f" ({escape(protocol_in_words(head['protocol']))} split)" if head.get("protocol") else ""
    text = "### Reproduce\n\n`dvc repro` writes `report/report.html`"
    text += f"{where}, data set {escape(findings.dataset)}.\n"
    if trees:
        named = ", ".join(f"`{tree[:12]}` of {escape(folder)}/" for folder, tree in trees.items())
        text += f"\nThe code is the git tree {named}. The commits that brought it and changed it again:\n\n"
        text += "".join(f"    {command}\n" for command in origin.commands(findings.provenance))
    facts = [f"{escape(key)}: {escape(value)}" for key, value in findings.provenance.data.items()]
    return text + (f"\nData: {', '.join(facts)}.\n" if facts else "")


def as_markdown(table: Table) -> str:
    """A table of the page as Markdown; drawings are left out, and a group's name is a row of its own."""
    kept = [i for i, c in enumerate(table.columns) if not _is_drawn(table, i)]
    heads = [table.columns[i] for i in kept]
    lines = [
        line([f"{c.group}: {c.name}" if c.group else c.name for c in heads]),
        "|" + "|".join("---:" if c.numeric else ":---" for c in heads) + "|",
    ]
    for group in table.groups:
        if group.name:
            lines.append(line([Markdown(f"**{escape(group.name)}**")]) + " |" * (len(kept) - 1))
        lines += [line([_text(row[i]) for i in kept]) for row in group.rows]
    notes = "".join(f"\n{escape(note)}\n" for note in table.notes)
    return "\n".join(lines) + f"\n{notes}"


def _is_drawn(table: Table, column: int) -> bool:
    return any(row[column].figure is not None for group in table.groups for row in group.rows)


def _text(cell: Entry) -> str:
    note = cell.note if cell.note.startswith("[") or not cell.note else f"({cell.note})"
    return f"{cell.text} {note}".strip()
