"""The errors of each detector: lists with frames, groups of similar ones; what heatmaps are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

from clipforensics.report.gallery import Album, ErrorList, error_lists, split_key
from clipforensics.report.names import label_of
from clipforensics.report.numbers import count, number
from clipforensics.report.tables import Cell, Column, Group, Json, Table


@dataclass(frozen=True, slots=True)
class Gallery:
    """One detector's error lists and the groups of similar errors; `no_groups` says why there are none."""

    detector: str
    lists: tuple[ErrorList, ...]
    groups: Table | None
    no_groups: str


def galleries(
    errors: Sequence[tuple[str, Json]], album: Album | None, *, pictures_per_list: int
) -> list[Gallery]:
    """The error lists of each detector; without an album none has pictures."""
    shown = pictures_per_list if album else 0
    return [
        Gallery(
            label_of(name),
            tuple(error_lists(found, album, pictures_per_list=shown)),
            groups_table(found),
            str((found.get("clusters") or {}).get("undefined", "")),
        )
        for name, found in errors
    ]


def groups_table(errors: Json) -> Table | None:
    """Groups of errors that look alike; None where there are none."""
    summary = (errors.get("clusters") or {}).get("summary") or ()
    rows = tuple(_group_row(row) for row in summary)
    if not rows:
        return None
    columns = (
        Column("cluster", numeric=False), Column("videos"), Column("of", numeric=False),
        Column("most typical", numeric=False), Column("all", numeric=False),
    )  # fmt: skip
    note = (
        "Videos whose frozen embeddings point the same way. The encoder is the same for every detector: a"
        " cluster says that its videos look alike, not that the detector sees them alike."
    )
    return Table("Errors that look alike", columns, (Group("", rows),), (note,))


def _group_row(row: Json) -> tuple[Cell, ...]:
    names = [split_key(key)[0] for key in row["keys"]]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    kinds = ", ".join(f"{name} {n}" for name, n in row["manipulations"].items())
    typical = split_key(row["medoid"])[0]
    return Cell(str(row["cluster"])), Cell(count(row["size"])), Cell(kinds), Cell(typical), Cell(shown)


def sanity_table(explanations: Json) -> Table | None:
    """Rank correlation of each detector's maps with those of its randomised weights; None where unknown."""
    sanity = explanations.get("sanity") or {}
    if not sanity:
        return None
    rows, notes = [], []
    for name, found in sanity.items():
        rows.append(
            (
                Cell(label_of(name)),
                Cell(number(found.get("rank_correlation"), 2)),
                Cell(number(found.get("rank_correlation_head"), 2)),
                Cell(count(found.get("n"))),
            )
        )
        if found.get("undefined"):
            notes.append(f"{label_of(name)}: {found['undefined']}.")
    head = "rank correlation with maps of random weights"
    columns = (
        Column("detector", numeric=False), Column("encoder and head", head), Column("head only", head),
        Column("maps"),
    )  # fmt: skip
    notes.insert(
        0,
        "Near 0: the maps depend on what was trained. Near 1: they would look the same without any training.",
    )
    return Table("Can the heatmaps be trusted?", columns, (Group("", tuple(rows)),), tuple(notes))
