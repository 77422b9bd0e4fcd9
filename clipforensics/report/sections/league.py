"""Which adaptation: the league table, AUC against parameters, and who cannot be told apart, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor

from markupsafe import Markup

from clipforensics.comparison.league import TESTS, same_cell
from clipforensics.protocol.cells import CLEAN_PROTOCOLS, FOLDS
from clipforensics.report.figures.parameters import Mark, parameters_figure
from clipforensics.report.reading.cast import FEW, Cast
from clipforensics.report.reading.lookup import sign_of
from clipforensics.report.sections.caveats import FEW as FEW_VIDEOS
from clipforensics.report.wording.controls import minus_control, row_of
from clipforensics.report.wording.names import capital, label_of, listed, name_of, protocol_in_words
from clipforensics.report.wording.numbers import count, counted, interval, known, number
from clipforensics.report.wording.tables import (
    EMPTY,
    Column,
    Entry,
    Group,
    Json,
    Table,
    difference_cell,
    value_cell,
)

CHOSEN_ON = "‡"

COSTS = (
    "Training time, samples a second and peak memory differ from machine to machine, so no tracked file has"
    " them: report/league.md, beside this page, does, and"
    " clipforensics league prints them at any time."
)
"""Where the columns are that no tracked file may have."""


@dataclass(frozen=True, slots=True)
class LeagueSection:
    """A sentence on the order, sentences on who is ahead of whom, figures with captions, and the table."""

    lead: str
    points: tuple[str, ...] = ()
    figures: tuple[tuple[str, Markup], ...] = ()
    table: Table | None = None
    costs: str = ""


def league_section(comparison: Json, cast: Cast, controls: Json | None = None) -> LeagueSection:
    """The section of the page.

    Args:
        comparison: Content of metrics/comparison.json.
        cast: Who has a colour.
        controls: Content of metrics/controls.json, or None.
    """
    rows = comparison.get("league") or ()
    if not rows:
        return LeagueSection("The run has no league table.")
    return LeagueSection(
        lead(comparison),
        tuple(points(comparison)),
        tuple(_figures(rows, cast)),
        league_table(comparison, controls),
        COSTS,
    )


def lead(comparison: Json) -> str:
    """What the order is by, and how much that says."""
    row = comparison["league"][0]
    first, place = row["validation"], where(row, "validation")
    n = first["n_models"]
    over = f", means over {counted(n, 'model')}," if n > 1 else ""
    text = (
        f"Best first by validation ({place}): video AUC{over} then frame AUC, then fewer trainable"
        " parameters. No test score has a say in the order. The validation AUC of a trained method is the"
        " best of all looks that it had at these videos, so it is too high, the more looks the more."
    )
    text += _overlap(row)
    if first["protocol"] not in CLEAN_PROTOCOLS:
        text += " Where training has seen their faces, it favours those who know them by heart."
    sizes = [first.get(name) for name in ("n_real", "n_fake")]
    if None in sizes:
        return text
    text += f" Each model was chosen on {counted(sizes[0], 'real video')} and {count(sizes[1])} manipulated"
    return (
        f"{text}: so few that neighbours may well change places." if min(sizes) < FEW_VIDEOS else f"{text}."
    )


def _overlap(row: Json) -> str:
    """What to mind where the videos that give the order may be tested in a column of the table."""
    validated, tested = row["validation"]["protocol"], [row[test]["protocol"] for test in tests_of([row])]
    if validated == FOLDS:
        return " Each of them is tested too, by the model of another fold."
    others = [protocol_in_words(name) for name in tested if name != validated]
    return f" Some of them may be test videos of another split ({listed(others)})." if others else ""


def tests_of(rows: Sequence[Json]) -> list[str]:
    """`cross` and `clean`, those that the table has; one where they are the same cell."""
    found = [test for test in TESTS if rows[0].get(test)]
    return found[:1] if same_cell(rows[0]) else found


def where(row: Json, test: str) -> str:
    """`NeuralTextures, per class`."""
    one = row[test]
    return f"{one['manipulation']}, {protocol_in_words(one['protocol'])}"


def points(comparison: Json) -> list[str]:
    """For each test: whom the first cannot be told from, and who is shown better than the reference."""
    rows = comparison["league"]
    found = [text for test in tests_of(rows) for text in _about(comparison, test)]
    n = len(rows) - 1
    if n > FEW and found and not _is_corrected(rows):
        confidence = known((comparison.get("bootstrap") or {}).get("confidence"))
        share = "" if confidence is None else f": of {n}, about {number_of(n * (1 - confidence))} leave 0 out"
        share += " by chance where nothing differs" if share else ""
        found.append(f"Each interval stands for itself; none is corrected for how many there are{share}.")
    return found


def number_of(value: float) -> str:
    """An expected number: one decimal."""
    return f"{value:.1f}"


def _about(comparison: Json, test: str) -> list[str]:
    """A sentence on the first of the table and its rivals, and one on the reference and its."""
    rows, reference = comparison["league"], comparison["reference"]
    leader, place = rows[0]["detector"], f"On {where(rows[0], test)}"
    texts = [f"{place}: {name_of(leader)}, first by validation, {said}." for said in _rivals(rows, test)]
    others = _by_sign(rows, "differences", test)
    if len(rows) > 2 and leader != reference and any(others.values()):
        shown = [
            f"{word} than {name_of(reference)}: {_names(others[state])}"
            for state, word in (("above", "better"), ("below", "worse"))
            if others[state]
        ]
        said = f"shown {'; '.join(shown)}" if shown else f"nobody is shown better than {name_of(reference)}"
        texts.append(f"{place}, {said}.")
    return texts


def _rivals(rows: Sequence[Json], test: str) -> list[str]:
    """How the first of the table stands to the others: one text, or none where nothing is known."""
    found = _by_sign(rows, "to_leader", test)
    said = []
    if found["open"]:
        alone = len(found["open"]) == len(rows) - 1 and len(rows) > 2
        who = f"any other ({_names(found['open'])})" if alone else _names(found["open"])
        said.append(f"cannot be told apart from {who}: the interval of the paired difference holds 0")
    shown = [
        f"{word} {_names(found[state])}"
        for state, word in (("below", "ahead of"), ("above", "behind"))
        if found[state]
    ]
    if shown:
        corrected = " once all looks are allowed for" if _is_corrected(rows) else ""
        said.append(f"is {' and '.join(shown)}, by intervals that exclude 0{corrected}")
    return ["; it ".join(said)] if said else []


def _is_corrected(rows: Sequence[Json]) -> bool:
    """Whether the file corrects the differences for how many they are."""
    return any(one.get("simultaneous") for row in rows for one in row["differences"].values())


def _by_sign(rows: Sequence[Json], kind: str, test: str) -> dict[str, list[str]]:
    """Detectors by where the interval of their difference lies."""
    found: dict[str, list[str]] = {"above": [], "below": [], "open": [], "unknown": []}
    for row in rows:
        if test in row[kind]:
            found[sign_of(row[kind][test])].append(row["detector"])
    return found


def _names(detectors: Sequence[str]) -> str:
    return listed([name_of(name) for name in detectors])


def league_table(comparison: Json, controls: Json | None = None) -> Table:
    """One row a detector, best first by validation; then one a control, which is marked and has no place."""
    rows, reference = comparison["league"], comparison["reference"]
    tests = tests_of(rows)
    columns = [Column("detector", numeric=False), Column("parameters", "trainable")]
    columns += [Column(name, "trained on") for name in ("validation", "in domain")]
    for test in tests:
        head = where(rows[0], test)
        columns += [Column("AUC", head), Column(f"minus {label_of(reference)}", head)]
    body = tuple(_row(place, row, tests) for place, row in enumerate(rows, start=1))
    groups = [Group("", body)]
    if beside := tuple(_control_rows(rows[0], tests, controls, reference)):
        groups.append(Group("Controls, which are no detectors: what else could explain a score", beside))
    return Table(
        "The league: best first by validation", tuple(columns), tuple(groups), tuple(_notes(comparison))
    )


def _control_rows(
    first: Json, tests: Sequence[str], controls: Json | None, reference: str
) -> Iterator[tuple[Entry, ...]]:
    """A row a control that was tested where the table's columns are."""
    if controls is None:
        return
    found = {test: control_row(first, test, controls) for test in tests}
    for name, one in (controls.get("controls") or {}).items():
        cells = [Entry(f"control: {one['title']}"), EMPTY, EMPTY, EMPTY]
        for test in tests:
            row = found[test] or {"controls": {}, "differences": {}}
            gaps = row["differences"].get(name) or {}
            gap = difference_cell(minus_control(gaps[reference])) if reference in gaps else EMPTY
            cells += [value_cell(row["controls"].get(name)), gap]
        yield tuple(cells)


def control_row(row: Json, test: str, controls: Json) -> Json | None:
    """The row of controls.json of the cell that a column of the league is of."""
    if "judged" not in controls:
        return None
    place = {name: row[test][name] for name in ("protocol", "manipulation")}
    return row_of(controls, **place, train_set=controls["judged"]["train_set"])


def _row(place: int, row: Json, tests: Sequence[str]) -> tuple[Entry, ...]:
    counts, validation = row["parameters"], row["validation"]
    head = f"head {count(counts['head'])}" if counts.get("head") else ""
    cells = [
        Entry(f"{place}. {label_of(row['detector'])}"),
        Entry(count(counts["trainable"]), head),
        Entry(number(validation["auc"]), _spread(validation)),
        _in_domain(row["in_domain"]),
    ]
    for test in tests:
        cells += [value_cell(row[test]), difference_cell(row["differences"].get(test))]
    return tuple(cells)


def _spread(validation: Json) -> str:
    """The interval where there is one; with several models, the range of their AUCs."""
    if bounds := interval(validation.get("low"), validation.get("high")):
        return bounds
    if validation["n_models"] < 2:
        return ""
    return f"{number(validation['min'])} to {number(validation['max'])}"


def _in_domain(one: Json | None) -> Entry:
    if one is None:
        return EMPTY
    mark = f"{CHOSEN_ON} " if one["part"] == "validation" else ""
    return Entry(mark + number(one["auc"]), interval(one.get("low"), one.get("high")))


def _notes(comparison: Json) -> list[str]:
    rows = comparison["league"]
    notes = ["AUC by video. Trainable: adapter and head together, beneath it the head."]
    one = rows[0]["in_domain"]
    if one and one["part"] == "validation":
        notes.append(
            f"{CHOSEN_ON} in domain: validation videos of {one['manipulation']}, on which the models were"
            " chosen, since no protocol here keeps any for test: better than they deserve."
        )
    elif one:
        notes.append(
            f"In domain: test videos of {one['manipulation']}, which was trained on,"
            f" {protocol_in_words(one['protocol'])}."
        )
    reasons = dict.fromkeys(text for row in rows for text in (row.get("undefined") or {}).items())
    return [*notes, *(f"{capital(column.replace('_', ' '))}: {reason}." for column, reason in reasons)]


def _figures(rows: Sequence[Json], cast: Cast) -> list[tuple[str, Markup]]:
    """A panel a test, of one scale."""
    order = [*cast.named, *cast.rest]
    ranked = sorted(rows, key=lambda row: order.index(row["detector"]))
    tests = tests_of(rows)
    lowest = [
        value for row in rows for test in tests for key in ("auc", "low")
        if (value := known(row[test].get(key))) is not None
    ]  # fmt: skip
    floor_at = max(0.0, min([0.4, *(floor(value * 10) / 10 for value in lowest)]))
    found = []
    for test in tests:
        marks = [
            Mark(
                label_of(row["detector"]), int(row["parameters"]["trainable"]), float(row[test]["auc"]),
                known(row[test].get("low")), known(row[test].get("high")), cast.colour(row["detector"]),
            )
            for row in ranked
            if known(row[test].get("auc")) is not None and row["parameters"]["trainable"] is not None
        ]  # fmt: skip
        if marks:
            said = f"AUC against trainable parameters, {where(rows[0], test)}"
            figure = parameters_figure(marks, floor_at=floor_at, label=said)
            found.append((where(rows[0], test), figure))
    return found
