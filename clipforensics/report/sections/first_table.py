"""Table 1: the AUC of each detector, leaking and clean, side by side."""

from collections.abc import Mapping, Sequence
from math import floor

from markupsafe import Markup

from clipforensics.report.figures.bars import Whisker, whiskers
from clipforensics.report.reading.lookup import partner_protocol, protocol, strata_of
from clipforensics.report.sections.failures import Trial, trials
from clipforensics.report.sections.seen import NOT_COUNTED, Seen, status_in_words
from clipforensics.report.wording.names import capital, label_of, protocol_in_words
from clipforensics.report.wording.numbers import count, known, number
from clipforensics.report.wording.tables import Column, Entry, Group, Json, Table, interval_words, value_cell

HEADS = {
    "all": "all fakes", "twin": "with a twin", "no_twin": "no twin", "clean": "nobody seen",
    "clean_of_both": "nobody seen, nor in validation",
}  # fmt: skip
CLEANEST = ("clean_of_both", "clean")

UNUSABLE = "unusable"

Place = tuple[str, str, Json]
"""Protocol in words with what it leaks, name of the stratum, cell."""


def first_table(
    comparison: Json, seen: Mapping[str | None, Seen], evaluations: Sequence[Json], order: Sequence[str],
    unusable: Sequence[str],
) -> Table | None:  # fmt: skip
    """A row a detector: validation, all fakes, with a twin, without, the cleanest; then the other protocol.

    Args:
        comparison: Content of metrics/comparison.json.
        seen: Protocol -> what training has seen of its test.
        evaluations: Contents of metrics/evaluate of the headline's split.
        order: Of the detectors, the reference first.
        unusable: Those marked so.
    """
    places = places_of(comparison, seen)
    if not places:
        return None
    validation = {one.name: one for one in trials(places[0][2], evaluations)}
    drawn = [cell for _, _, cell in drawn_of(places)]
    floor_at = _floor([cell for _, _, cell in places])
    rows = tuple(
        (
            Entry(label_of(name), mark=UNUSABLE if name in unusable else ""),
            _validation(validation.get(name)),
            *(value_cell((cell.get("detectors") or {}).get(name)) for _, _, cell in places),
            Entry(figure=_figure(name, drawn, floor_at)),
        )
        for name in order
    )
    columns = [Column("detector", numeric=False), Column("validation", places[0][0])]
    columns += [Column(f"{head} ({count(cell['n_fake'])})", group) for group, head, cell in places]
    columns.append(Column("drawn", numeric=False))
    caption = (
        f"Video AUC of each detector on {comparison['headline']['manipulation']}, by what training has seen"
    )
    return Table(caption, tuple(columns), (Group("", rows),), _notes(comparison, places), wrapped=True)


def places_of(comparison: Json, seen: Mapping[str | None, Seen]) -> list[Place]:
    """The columns: the headline's strata that say something of their own, then the other protocol."""
    name, partner = protocol(comparison), partner_protocol(comparison)
    mine = strata_of(comparison, name, "video")
    found = [(_group(name, seen), HEADS[s], mine[s]) for s in _told(mine)]
    if partner:
        beside = strata_of(comparison, partner, "video").get("all")
        found += [(_group(partner, seen), HEADS["all"], beside)] if beside else []
    return found


def drawn_of(places: Sequence[Place]) -> list[Place]:
    """The one or two that are drawn: what the heading sets side by side, else the first and the last."""
    contrast = [one for name in ("twin", "no_twin") for one in places if one[1] == HEADS[name]]
    if len(contrast) == 2:
        return contrast
    return [places[0], *([places[-1]] if len(places) > 1 else [])]


def _told(strata: Mapping[str, Json]) -> list[str]:
    """All; twin and no twin where both have fakes; the cleanest, unless it is one of these."""
    if "all" not in strata:
        return []
    n = {name: cell["n_fake"] for name, cell in strata.items()}
    told = ["all"]
    if n.get("twin") and n.get("no_twin"):
        told += ["twin", "no_twin"]
    cleanest = next((name for name in CLEANEST if n.get(name) and _has_interval(strata[name])), None)
    if cleanest and n[cleanest] not in {n[name] for name in told if name != "twin"}:
        told.append(cleanest)
    return told


def _has_interval(cell: Json) -> bool:
    """Whether anything can be said of it: two fakes of two people carry nothing."""
    return any(known(values.get("low")) is not None for values in cell["detectors"].values())


def _group(name: str | None, seen: Mapping[str | None, Seen]) -> str:
    status = status_in_words(seen.get(name, NOT_COUNTED))
    return f"{capital(protocol_in_words(name))}: {status}" if name else capital(status)


def _validation(one: Trial | None) -> Entry:
    return value_cell(one.validation if one else None)


def _figure(name: str, cells: Sequence[Json], floor_at: float) -> Markup:
    found = [
        Whisker(known(v.get("auc")), known(v.get("low")), known(v.get("high")))
        for cell in cells
        for v in [(cell.get("detectors") or {}).get(name) or {}]
    ]
    said = " and ".join(number(one.value) for one in found)
    return whiskers(found, floor_at=floor_at, label=f"{label_of(name)}: {said}")


def _floor(cells: Sequence[Json]) -> float:
    """Left edge that all rows share: a tenth at or below the lowest bound, at most .4."""
    found = [
        value
        for cell in cells
        for values in (cell.get("detectors") or {}).values()
        for key in ("auc", "low")
        if (value := known((values or {}).get(key))) is not None
    ]
    return max(0.0, min([0.4, *(floor(value * 10) / 10 for value in found)]))


def _notes(comparison: Json, places: Sequence[Place]) -> tuple[str, ...]:
    drawn = "Drawn: " + ", ".join(
        f"{head} ({group.partition(':')[0].lower()}) {look}"
        for (group, head, _), look in zip(drawn_of(places), ("filled", "open"), strict=False)
    )
    values = [v or {} for _, _, cell in places for v in (cell.get("detectors") or {}).values()]
    bare = any(known(v.get("auc")) is not None and known(v.get("low")) is None for v in values)
    none = ", where one could be made" if bare else ""
    return (
        f"In brackets at the head how many fakes; beneath a number its {interval_words(comparison)}{none}."
        f" {drawn};"
        " the dotted line is .5, a coin. Validation chose the model, so its AUC flatters; its interval is"
        " that by which it must lie above a coin, wider where several settings were tried.",
    )
