"""Where a page comes from: code, data, libraries and machine as tables, and how to find the commit."""

from collections.abc import Mapping, Sequence

from clipforensics.report.reading.provenance import Provenance
from clipforensics.report.wording.tables import Column, Entry, Group, Table


def origin_tables(provenance: Provenance) -> list[Table]:
    """Code and data, machine, library versions; those that are known."""
    trees = {f"git tree of {folder}/": tree for folder, tree in provenance.trees.items()}
    parts = (
        ("Code and data", {**trees, **provenance.data}),
        ("Machine", provenance.machine),
        ("Libraries", provenance.libraries),
    )
    return [_pairs(title, rows) for title, rows in parts if rows]


def commands(provenance: Provenance) -> list[str]:
    """Shell commands that list the commits by which these trees came (last line) and went."""
    return [f"git log --oneline --find-object={tree}" for tree in provenance.trees.values()]


def _pairs(title: str, content: Mapping[str, str]) -> Table:
    rows = tuple((Entry(key), Entry(value)) for key, value in content.items())
    return Table(title, (Column("", numeric=False), Column("", numeric=False)), (Group("", rows),))


def skipped_table(skipped: Sequence[Mapping[str, str]]) -> Table:
    """Videos left out, with the stage and the reason."""
    columns = tuple(Column(name, numeric=False) for name in ("stage", "path", "reason"))
    rows = tuple(tuple(Entry(row.get(c.name, "")) for c in columns) for row in skipped)
    return Table("Videos left out", columns, (Group("", rows),))
