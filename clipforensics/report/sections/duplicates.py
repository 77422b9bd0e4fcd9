"""Videos of different parts that look alike: what names explain, and what only looking can."""

from collections.abc import Iterator, Mapping

from clipforensics.report.sections.leaks import audit_title
from clipforensics.report.wording.names import CLASSES, listed
from clipforensics.report.wording.numbers import count, counted
from clipforensics.report.wording.tables import Column, Entry, Group, Json, Table

SIDES = {
    "train_test": ("test", "training"),
    "val_test": ("test", "validation"),
    "train_val": ("validation", "training"),
}
"""Which videos are counted, and like which of the other part they look."""

EXAMPLES = 3


def about_duplicates(duplicates: Mapping[str, Json]) -> list[str]:
    """A sentence an audit on test videos that look like training or validation, unexplained ones by name.

    Args:
        duplicates: What it is of (`per_class FaceSwap`) -> metrics/leakage/content/<split>/<train_set>.json.
    """
    found = [text for title, audit in titled(duplicates) for text in _about(title, audit)]
    if found:
        found.append(
            "Frames look alike where their perceptual hashes differ in few bits. A fake keeps most pixels of"
            " its target, so twins and fakes of one target look alike as their names say. Where names share"
            " nobody it may be a leak that no name tells, or two scenes that only look alike: look at them. A"
            " copy that was cropped, mirrored or made much lighter is not found."
        )
    return found


def titled(audits: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Title of each audit and the audit, then those of other data sets' tests under the same split."""
    for name, audit in audits.items():
        yield audit_title(name), audit
        for where, one in (audit.get("elsewhere") or {}).items():
            yield f"{audit_title(name)}, tested on {where}", one


def _about(title: str, audit: Json) -> Iterator[str]:
    for side in ("train_test", "val_test"):
        one, (_, of) = audit[side], SIDES[side]
        n, explained, unexplained = totals(one)
        text = f"{title}: of {counted(n, 'test video')}"
        if unexplained:
            examples = [_example(row) for row in one["examples"][:EXAMPLES]]
            yield (
                f"{text} {count(unexplained)} look like a video of {of} though their names share nobody, such"
                f" as {listed(examples)}; {count(explained)} look like one as their names explain."
            )
        elif side == "train_test":
            yield (
                f"{text} none looks like a video of {of} whose name shares nobody with it; {count(explained)}"
                " look like one as their names explain."
            )


def totals(one: Json) -> tuple[int, int, int]:
    """Of one side of an audit, real and fake: videos in all, explained ones, unexplained ones."""
    n, explained, unexplained = (
        sum(videos[key] for videos in one["videos"].values()) for key in ("n", *KINDS)
    )
    return n, explained, unexplained


def _example(row: Json) -> str:
    """`real/a and fake/b (2 bits apart, of the other class)`."""
    other = "" if row["same_class"] else ", of the other class"
    return f"{row['video']} and {row['other']} ({counted(row['distance'], 'bit')} apart{other})"


def duplicates_table(duplicates: Mapping[str, Json]) -> Table | None:
    """Videos of each class that look like one of another part, by whether a name explains it."""
    caption = "Videos that look like one of another part, whatever they are called"
    return alike_table(duplicates, caption, "looks like a video of")


def alike_table(audits: Mapping[str, Json], caption: str, first_column: str) -> Table | None:
    """Videos of each class that are like one of another part, by whether a name explains it."""
    columns = [Column(first_column, numeric=False)]
    columns += [Column(kind, CLASSES[name]) for name in ("real", "fake") for kind in ("all", *KINDS)]
    groups = tuple(
        Group(
            title,
            tuple(
                (Entry(f"{counted_part} videos: {of}"), *(Entry(text) for text in _counts(audit[side])))
                for side, (counted_part, of) in SIDES.items()
                if side in audit
            ),
        )
        for title, audit in titled(audits)
    )
    return Table(caption, tuple(columns), groups) if groups else None


KINDS = ("explained", "unexplained")


def _counts(one: Json) -> Iterator[str]:
    for name in ("real", "fake"):
        yield from (count(one["videos"][name][key]) for key in ("n", *KINDS))
