"""Videos of different parts that show faces which are alike; and what of either kind no name explains."""

from collections.abc import Iterator, Mapping

from clipforensics.report.sections.duplicates import EXAMPLES, SIDES, alike_table, titled, totals
from clipforensics.report.sections.leaks import audit_title
from clipforensics.report.wording.names import listed
from clipforensics.report.wording.numbers import count, counted, number
from clipforensics.report.wording.tables import Json, Table


def about_recognised(recognised: Mapping[str, Json]) -> list[str]:
    """A sentence an audit on test videos that show a face as in training or validation, unexplained by name.

    Args:
        recognised: What it is of (`per_class FaceSwap`) -> metrics/leakage/faces/<split>/<train_set>.json,
            of a run that recognises faces.
    """
    found = [text for title, audit in titled(recognised) for text in _about(title, audit)]
    thresholds = listed(sorted({number(audit["threshold"]) for audit in recognised.values()}))
    if found:
        found.append(
            f"Faces are alike from a cosine of {thresholds} of their embeddings. OpenCV publishes .363 and an"
            " accuracy of 99.60 % on LFW, half of whose pairs are of two people: so up to 8 in 1 000 pairs of"
            " strangers may be taken for one person, and of many pairs some are. It may be one person under"
            " two names, two who look alike, or a fake that shows somebody's face on another's head: look at"
            " them. That faces differ says nothing: a swap may have changed them."
        )
    return found


def _about(title: str, audit: Json) -> Iterator[str]:
    for side in ("train_test", "val_test"):
        one, (_, of) = audit[side], SIDES[side]
        n, explained, unexplained = totals(one)
        pairs = f"{count(one['pairs']['unexplained'])} of {counted(one['compared'], 'pair')} of videos"
        text = f"{title}: of {counted(n, 'test video')}"
        if unexplained:
            examples = [_example(row) for row in one["examples"][:EXAMPLES]]
            yield (
                f"{text} {count(unexplained)} show a face as in a video of {of} though their names"
                f" share nobody ({pairs}), such as {listed(examples)}; {count(explained)} do as their names"
                " explain."
            )
        elif side == "train_test":
            yield (
                f"{text} none shows a face as in a video of {of} whose name shares nobody with it;"
                f" {count(explained)} do as their names explain."
            )


def _example(row: Json) -> str:
    """`real/a and fake/b (cosine .512, of the other class)`."""
    other = "" if row["same_class"] else ", of the other class"
    return f"{row['video']} and {row['other']} (cosine {number(row['cosine'])}{other})"


def recognised_table(recognised: Mapping[str, Json]) -> Table | None:
    """Videos of each class that show a face as in one of another part, by whether a name explains it."""
    caption = "Videos that show a face as in one of another part, whatever they are called"
    return alike_table(recognised, caption, "shows a face as in a video of")


def about_unnamed(duplicates: Mapping[str, Json], recognised: Mapping[str, Json]) -> str:
    """For the first lines: what looks or faces tie between parts though no name does, in the worst split; of
    the data set that is trained on. Of a split the test comes first, then validation, by which all is chosen.

    Args:
        duplicates: As in `about_duplicates`.
        recognised: As in `about_recognised`.

    Returns:
        Empty where there is nothing.
    """
    said: dict[str, list[str]] = {}
    most: dict[str, int] = {}
    for verb, audits in (("look like one", duplicates), ("show a face as in one", recognised)):
        for name, audit in audits.items():
            sides = (side for side in SIDES if side in audit and totals(audit[side])[2])
            side = next(sides, "train_test")
            n, _, unexplained = totals(audit[side])
            if unexplained:
                counted_part, of = SIDES[side]
                text = f"{count(unexplained)} of {counted(n, f'{counted_part} video')} {verb} of {of}"
                said.setdefault(name, []).append(text)
                most[name] = max(most.get(name, 0), unexplained)
    if not most:
        return ""
    worst = max(most, key=lambda name: most[name])
    more = f" (and so in {counted(len(most) - 1, 'more split')})" if len(most) > 1 else ""
    return (
        f"Names do not tell all: under {audit_title(worst)}, {' and '.join(said[worst])}, though their"
        f" names share nobody{more}; look at them in metrics/leakage before any number here is believed."
    )
