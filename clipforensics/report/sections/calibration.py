"""What scores say as probabilities: reliability diagrams, Brier score, calibration error, the caveat."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from clipforensics.metrics.calibration import Bin
from clipforensics.report.figures.curves import reliability_figure
from clipforensics.report.wording.names import SHOWN_LEVELS, capital, label_of
from clipforensics.report.wording.numbers import count, counted, known, number, percent
from clipforensics.report.wording.tables import EMPTY, Column, Entry, Group, Json, Table


@dataclass(frozen=True, slots=True)
class CalibrationSection:
    """Figures with captions by level, the table, and sentences before and after."""

    lead: str
    figures: tuple[tuple[tuple[str, Markup], ...], ...] = ()
    table: Table | None = None
    caveat: str = ""


def calibration_section(
    evaluations: Sequence[Json], *, manipulation: str, order: Sequence[str]
) -> CalibrationSection:
    """The section from one evaluation a detector.

    Args:
        evaluations: Contents of metrics/evaluate, one a detector.
        manipulation: A key of their `test`.
        order: Detectors in the order of their colours; only these have a diagram.
    """
    found = [one for one in evaluations if _points(one, manipulation)]
    if not found:
        methods = {(one.get("calibration") or {}).get("method") for one in evaluations}
        why = (
            "calibration is switched off" if methods == {"none"} else "the metrics files hold no calibration"
        )
        return CalibrationSection(f"Scores are not called probabilities on this page: {why}.")
    method = {"platt": "Platt scaling", "temperature": "temperature scaling"}
    names = sorted({str(one["calibration"].get("method")) for one in found})
    fitted = " and ".join(method.get(name, name) for name in names)
    lead = (
        f"Only after {fitted}, fitted on validation, is a score called a probability. On the dotted line it"
        " is what it says; a dot's area, and the bars beneath, say how many cases it rests on. "
        + _mixed(found, manipulation)
    )
    figures = [
        tuple(
            (f"{label_of(one['detector'])}, {level} level", _figure(one, manipulation, level, order))
            for one in found
            if level in _points(one, manipulation) and one["detector"] in order
        )
        for level in SHOWN_LEVELS
    ]
    if len(found) > len(order):
        lead += f" Diagrams are of {counted(len(order), 'detector')}, the table of all {len(found)}."
    return CalibrationSection(
        lead, tuple(row for row in figures if row), _table(found, manipulation), _caveat(found, manipulation)
    )


def _mixed(found: Sequence[Json], manipulation: str) -> str:
    """At which share of manipulated videos the diagrams are drawn."""
    one = found[0]
    level, point = next(iter(_points(one, manipulation).items()))
    prior = _prior(one, level)
    if at_prior(point) and prior is not None:
        return (
            f"Diagrams are drawn at the prevalence that it is for, validation's {percent(prior)} manipulated:"
            " the test's classes are weighted to that."
        )
    return f"Diagrams are drawn as the test is mixed, {percent(_share(point))} manipulated."


def at_prior(point: Json) -> Sequence[Json]:
    """Bins of the reliability diagram with the classes weighted as in validation; empty where unknown."""
    found: Sequence[Json] = (point["probability"].get("at_validation_prior") or {}).get("reliability") or ()
    return found


def _points(one: Json, manipulation: str) -> dict[str, Json]:
    """Level -> the test's point that has probabilities."""
    part = one["test"].get(manipulation, {})
    return {level: part[level] for level in SHOWN_LEVELS if (part.get(level) or {}).get("probability")}


def _figure(one: Json, manipulation: str, level: str, order: Sequence[str]) -> Markup:
    point = _points(one, manipulation)[level]
    rows = at_prior(point) or point["probability"].get("reliability") or ()
    numbers = ("low", "high", "n", "mean_probability", "share_manipulated")
    bins = [Bin(**{key: r[key] for key in numbers}) for r in rows if None not in map(r.get, numbers)]
    index = list(order).index(one["detector"])
    said = f"reliability of {label_of(one['detector'])}, {level} level"
    return reliability_figure(bins, index=index, label=said)


def _table(found: Sequence[Json], manipulation: str) -> Table:
    groups = []
    for level in SHOWN_LEVELS:
        rows = [
            _row(one, level, _points(one, manipulation)[level])
            for one in found
            if level in _points(one, manipulation)
        ]
        if rows:
            groups.append(Group(f"{capital(level)} level", tuple(rows)))
    columns = [Column("detector", numeric=False)]
    columns += [Column(name, "Brier score ↓") for name in ("before", "after")]
    columns += [Column(name, "calibration error ↓") for name in ("before", "after", "at validation's mix")]
    columns += [Column(name, "fitted on validation") for name in ("slope", "intercept")]
    columns += [Column(name, "manipulated in") for name in ("validation", "test")]
    notes = (
        "Calibration error: the expected one, in equal bins. At validation's mix: the classes weighted to be"
        " as frequent as in validation, which is what the probabilities were fitted for.",
    )
    return Table("Brier score and calibration error", tuple(columns), tuple(groups), notes)


def _row(one: Json, level: str, point: Json) -> tuple[Entry, ...]:
    before, after = point.get("uncalibrated") or {}, point["probability"]
    fitted = one["calibration"].get(level) or {}
    weighted = after.get("at_validation_prior") or {}
    return (
        Entry(label_of(one["detector"]), str(fitted.get("note", ""))),
        Entry(number(before.get("brier"))),
        Entry(number(after.get("brier"))),
        Entry(number(before.get("ece"))),
        Entry(number(after.get("ece"))),
        Entry(number(weighted.get("ece"))) if weighted else EMPTY,
        Entry(number(fitted.get("slope"))),
        Entry(number(fitted.get("intercept"))),
        Entry(percent(_prior(one, level))),
        Entry(percent(_share(point)), f"of {count(_cases(point))}"),
    )


def _prior(one: Json, level: str) -> float | None:
    return known(((one.get("calibration") or {}).get("validation_prior") or {}).get(level))


def _cases(point: Json) -> float | None:
    n_real, n_fake = known(point.get("n_real")), known(point.get("n_fake"))
    return None if n_real is None or n_fake is None else n_real + n_fake


def _share(point: Json) -> float | None:
    """Part of the test that is manipulated, from its counts."""
    cases = _cases(point)
    return float(point["n_fake"]) / cases if cases else None


def _caveat(found: Sequence[Json], manipulation: str) -> str:
    """A probability holds for the mixture of classes that it was fitted on, and no other."""
    one = found[0]
    level = next(iter(_points(one, manipulation)))
    before, after = _prior(one, level), _share(_points(one, manipulation)[level])
    if before is None or after is None:
        return "A probability holds only for footage mixed like the validation's."
    return (
        f"A probability holds for footage mixed as the validation was: {percent(before)} manipulated."
        f" Of this test {percent(after)} are, and of footage in the wild far fewer: there, the same score"
        " means a smaller chance."
    )
