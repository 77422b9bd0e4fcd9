"""The errors of each detector: lists with frames, groups of similar ones; what heatmaps are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clipforensics.report.sections.gallery import Album, ErrorList, error_lists, flags_of, split_key
from clipforensics.report.sections.verdict import MANY
from clipforensics.report.wording.names import label_of
from clipforensics.report.wording.numbers import count, number
from clipforensics.report.wording.tables import Column, Entry, Group, Json, Table


@dataclass(frozen=True, slots=True)
class Gallery:
    """One detector's error lists and the groups of similar errors; `no_groups` says why there are none."""

    detector: str
    lists: tuple[ErrorList, ...]
    groups: Table | None
    no_groups: str


MOST_VIDEOS = 15
"""So many of the videos that most detectors get wrong are listed."""


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


def counts_table(errors: Sequence[tuple[str, Json]]) -> Table:
    """How many errors each detector makes, a row a detector."""
    rows = tuple(
        (
            Entry(label_of(name)),
            *(Entry(count(len(found.get(kind) or ()))) for kind in ("false_positives", "false_negatives")),
            Entry(number(_threshold(found))),
        )
        for name, found in errors
    )
    columns = (
        Column("detector", numeric=False), Column("false positives"), Column("false negatives"),
        Column("threshold"),
    )  # fmt: skip
    return Table("Errors of every detector", columns, (Group("", rows),))


def _threshold(errors: Json) -> object:
    """The video's, whether the file has one number or one a level."""
    found = errors.get("threshold")
    return found.get("video") if isinstance(found, Mapping) else found


def hardest_table(errors: Sequence[tuple[str, Json]]) -> Table | None:
    """The videos that most detectors get wrong, and who gets them right; None without errors."""
    wrong: dict[str, dict[str, Json]] = {}
    for name, found in errors:
        for row in (*(found.get("false_positives") or ()), *(found.get("false_negatives") or ())):
            wrong.setdefault(row["key"], {})[name] = row
    order = sorted(wrong, key=lambda key: (-len(wrong[key]), key))[:MOST_VIDEOS]
    rows = tuple(_hard_row(key, wrong[key], [name for name, _ in errors]) for key in order)
    columns = (
        Column("video", numeric=False), Column("of", numeric=False), Column("wrong by"),
        Column("right by", numeric=False),
    )  # fmt: skip
    note = "Detectors share the encoder and the training videos, so their errors are not independent."
    caption = "Videos that most detectors get wrong"
    return Table(caption, columns, (Group("", rows),), (note,)) if rows else None


def _hard_row(key: str, by_detector: dict[str, Json], everyone: Sequence[str]) -> tuple[Entry, ...]:
    name, origin = split_key(key)
    right = [label_of(one) for one in everyone if one not in by_detector]
    seen = next(iter(by_detector.values()))
    flags = flags_of({key: seen[key] for key in ("twin", "any_seen") if key in seen})
    who = ", ".join(right) if len(right) <= MANY else f"{len(right)} detectors"
    tally = f"{len(by_detector)} of {len(everyone)}"
    return Entry(name, ", ".join(flags)), Entry(origin), Entry(tally), Entry(who or "nobody")


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


def _group_row(row: Json) -> tuple[Entry, ...]:
    names = [split_key(key)[0] for key in row["keys"]]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    kinds = ", ".join(f"{name} {n}" for name, n in row["manipulations"].items())
    typical = split_key(row["medoid"])[0]
    return (
        Entry(str(row["cluster"])),
        Entry(count(row["size"])),
        Entry(kinds),
        Entry(typical),
        Entry(shown),
    )


def sanity_table(explanations: Json) -> Table | None:
    """Rank correlation of each detector's maps with those of its randomised weights; None where unknown."""
    sanity = explanations.get("sanity") or {}
    if not sanity:
        return None
    rows, notes = [], []
    for name, found in sanity.items():
        rows.append(
            (
                Entry(label_of(name)),
                Entry(number(found.get("rank_correlation"), 2)),
                Entry(number(found.get("rank_correlation_head"), 2)),
                Entry(count(found.get("n"))),
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
