"""A summary for a pull request: verdict, the side-by-side table and how to reproduce it, in Markdown."""

from clipforensics.report.reading import lookup
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.reading.findings import Findings
from clipforensics.report.sections import caveats, league, leaks, origin, verdict
from clipforensics.report.sections.side_by_side import side_by_side
from clipforensics.report.wording.markdown import escaped, markdown_table
from clipforensics.report.wording.names import protocol_in_words


def summarise(findings: Findings) -> str:
    """The summary; the same findings give the same bytes, and names in the data are only text.

    Args:
        findings: Contents of the metrics files.
    """
    comparison, head = findings.comparison, findings.comparison["headline"]
    cast = cast_of(comparison, findings.detector)
    opening = [verdict.verdict(comparison, name) for name in cast.pairs]
    lines = [f"## {escaped(one.headline)}\n\n{escaped(one.conclusion)}\n" for one in opening]
    if not lines:
        lines = [f"## {escaped(head['train_set'])} to {escaped(head['manipulation'])}\n"]
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
    lines.append("".join(f"- {escaped(point)}\n" for point in points if point))
    if comparison.get("league"):
        lines.append(_league(findings))
    lines.append(
        f"Video AUC, trained on {escaped(head['train_set'])}, tested on {escaped(head['manipulation'])}:\n"
    )
    lines.append(markdown_table(side_by_side(comparison, "video", cast.pairs)))
    return "\n".join([*lines, _reproduce(findings)])


def _league(findings: Findings) -> str:
    """The league table, what its order is by, and who cannot be told apart."""
    comparison = findings.comparison
    said = "".join(f"- {escaped(point)}\n" for point in league.points(comparison))
    table = markdown_table(league.league_table(comparison))
    texts = (escaped(league.lead(comparison)), said, table, escaped(league.COSTS))
    return "### Which adaptation?\n\n" + "\n".join(f"{text}\n" for text in texts)


def _reproduce(findings: Findings) -> str:
    head, trees = findings.comparison["headline"], findings.provenance.trees
    where = f" ({escaped(protocol_in_words(head['protocol']))} split)" if head.get("protocol") else ""
    text = "### Reproduce\n\n`dvc repro` writes `report/report.html`"
    text += f"{where}, data set {escaped(findings.dataset)}.\n"
    if trees:
        named = ", ".join(f"`{tree[:12]}` of {escaped(folder)}/" for folder, tree in trees.items())
        text += f"\nThe code is the git tree {named}. The commits that brought it and changed it again:\n\n"
        text += "".join(f"    {command}\n" for command in origin.commands(findings.provenance))
    facts = [f"{escaped(key)}: {escaped(value)}" for key, value in findings.provenance.data.items()]
    return text + (f"\nData: {', '.join(facts)}.\n" if facts else "")
