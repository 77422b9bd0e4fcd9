"""A summary for a pull request: first lines, Table 1, the league and how to reproduce it, in Markdown."""

from clipforensics.report.reading import lookup
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.reading.findings import Findings
from clipforensics.report.sections import caveats, faces, league, leaks, origin, verdict
from clipforensics.report.sections.failures import unusable
from clipforensics.report.sections.first_table import first_table
from clipforensics.report.sections.opening import all_seen, opening
from clipforensics.report.sections.seen import about_protocols, about_reals
from clipforensics.report.wording.markdown import Markdown, escape, line
from clipforensics.report.wording.names import protocol_in_words
from clipforensics.report.wording.tables import Entry, Table


def first_lines(findings: Findings) -> list[str]:
    """The finding, what failed, whether the adaptation generalises, losses: as the page begins."""
    said = opening(findings, cast_of(findings.comparison, findings.detector))
    texts = [
        f"{said.headline}.",
        *(one.text for one in said.failures),
        *(one.text for one in said.conclusions),
    ]
    return [*texts, *said.points]


def summarise(findings: Findings) -> str:
    """The summary; the same findings give the same bytes, and names in the data are only text.

    Args:
        findings: Contents of the metrics files.
    """
    comparison = findings.comparison
    headline, *rest = first_lines(findings)
    lines = [f"## {escape(headline.removesuffix('.'))}\n", *(f"{escape(text)}\n" for text in rest)]
    if findings.is_sample:
        lines.append("**The built-in sample: these numbers show the machinery, not science.**\n")
    lines += _first_table(findings)
    lines.append("".join(f"- {escape(point)}\n" for point in _points(findings)))
    if comparison.get("league"):
        lines.append(_league(findings))
    return "\n".join([*lines, _reproduce(findings)])


def _first_table(findings: Findings) -> list[str]:
    comparison, seen, runs = findings.comparison, all_seen(findings), lookup.of_headline(findings)
    order = cast_of(comparison, findings.detector).order
    table = first_table(comparison, seen, runs, order, list(unusable(comparison, runs)))
    protocols = about_protocols(seen)
    said = [f"{escape(protocols)}\n"] if protocols else []
    return said if table is None else [*said, f"**{escape(table.caption)}**\n", as_markdown(table)]


def _points(findings: Findings) -> list[str]:
    comparison, head = findings.comparison, findings.comparison["headline"]
    cast, seen = cast_of(comparison, findings.detector), all_seen(findings)
    whole = lookup.find_cell(comparison, stratum="all", level="video")
    points = [verdict.what_was_asked(head["train_set"], head["manipulation"])]
    points += [text for name in cast.pairs for text in verdict.points(comparison, name)]
    points += [
        about_reals(seen[lookup.protocol(comparison)]),
        faces.about_clue(findings.faces),
        caveats.about_size(whole, seen[lookup.protocol(comparison)].unknown),
        caveats.about_seeds(comparison, whole, cast.shown),
        leaks.about_sizes(findings.leakage, comparison, lookup.partner_protocol(comparison)),
    ]
    return [text for text in points if text]


def _league(findings: Findings) -> str:
    """The league table, what its order is by, and who cannot be told apart."""
    comparison = findings.comparison
    said = "".join(f"- {escape(point)}\n" for point in league.points(comparison))
    table = as_markdown(league.league_table(comparison, findings.controls))
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


def _text(cell: Entry) -> Markdown:
    note = cell.note if cell.note.startswith("[") or not cell.note else f"({cell.note})"
    mark = f"**{escape(cell.mark)}**" if cell.mark else ""
    text = escape(" ".join(part for part in (cell.text, note, *cell.further) if part), begins_line=False)
    return Markdown(f"{text} {mark}".strip())
