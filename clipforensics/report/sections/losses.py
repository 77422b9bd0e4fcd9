"""What the adaptation lost and gained in every metric: a headline of AUC alone would hide it.

Shown is what `losses` and `gains` of metrics/comparison.json list, after correction for all looks. What
excludes 0 only by itself is called so and stands in the table alone; both kinds alike for losses and gains.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clipforensics.report.reading.lookup import metrics_of
from clipforensics.report.wording.names import (
    LESS_IS_BETTER,
    METRICS,
    capital,
    label_of,
    listed,
    metric_in_words,
    name_of,
    protocol_in_words,
)
from clipforensics.report.wording.numbers import NO_BREAK, counted, interval, known, p_value, signed
from clipforensics.report.wording.tables import (
    Column,
    Entry,
    Group,
    Json,
    Table,
    difference_cell,
    excludes_zero,
    legend_of,
    p_cell,
    value_cell,
)


@dataclass(frozen=True, slots=True)
class Change:
    """A metric in which one detector differs from the reference, by an interval that excludes 0.

    Attributes:
        detector: Which.
        protocol: Under which protocol, or None.
        metric: Its key.
        row: Of `metrics` in metrics/comparison.json.
        is_loss: Whether the detector is worse in it.
        is_judged: Whether the file lists it among `losses` or `gains`, which are corrected for all looks.
    """

    detector: str
    protocol: str | None
    metric: str
    row: Json
    is_loss: bool
    is_judged: bool

    @property
    def values(self) -> Json:
        """The difference."""
        found: Json = self.row["differences"][self.detector]
        return found

    @property
    def is_alone(self) -> bool:
        """Whether it excludes 0 only by itself, before all looks are allowed for."""
        return not self.is_judged and not excludes_zero(self.values.get("simultaneous") or {})


def is_corrected(comparison: Json) -> bool:
    """Whether the file says which losses and gains are shown once all looks are allowed for."""
    return "losses" in comparison and "gains" in comparison and bool(comparison.get("families"))


def changes(comparison: Json, detectors: Sequence[str], *, level: str = "video") -> list[Change]:
    """Every metric of the headline's test and of the same under other protocols whose interval excludes 0.

    Args:
        comparison: Content of metrics/comparison.json.
        detectors: Whose differences.
        level: video or frame.
    """
    found = []
    listed_ones = _listed_places(comparison)
    for protocol, at, rows in metrics_of(comparison):
        if at != level:
            continue
        order = [m for kind in METRICS.values() for m in kind if m in rows]
        for metric in (*order, *(m for m in rows if m not in order)):
            for name in detectors:
                values = (rows[metric].get("differences") or {}).get(name) or {}
                value = known(values.get("value"))
                if value and excludes_zero(values):
                    worse = (value < 0) != (metric in LESS_IS_BETTER)
                    judged = (name, metric, level, protocol) in listed_ones
                    found.append(Change(name, protocol, metric, rows[metric], worse, judged))
    return found


def _listed_places(comparison: Json) -> set[tuple[object, ...]]:
    """Detector, metric, level and protocol of what is listed of the headline's train set and manipulation."""
    if not is_corrected(comparison):
        return set()
    head, keys = comparison["headline"], ("detector", "metric", "level", "protocol")
    return {
        tuple(one.get(key) for key in keys)
        for one in (*comparison["losses"], *comparison["gains"])
        if all(one.get(key) == head[key] for key in ("train_set", "manipulation"))
    }


def n_metrics(comparison: Json) -> int:
    """How many metrics by video the headline's test has."""
    return next((len(rows) for _, level, rows in metrics_of(comparison) if level == "video"), 0)


ALLOWED = "once all looks are allowed for"


def about_losses(comparison: Json, detector: str) -> str:
    """Every loss and gain of a detector by video that is shown; empty without metrics.

    Args:
        comparison: Content of metrics/comparison.json; where it corrects nothing, what excludes 0 by itself
            is told as that.
        detector: Whose.
    """
    if not n_metrics(comparison):
        return ""
    if not is_corrected(comparison):
        return _about_uncorrected(comparison, detector)
    who, whom = name_of(detector), name_of(comparison["reference"])
    lost, won = (_in_metrics(comparison, key, detector) for key in ("losses", "gains"))
    return f"{capital(who)} is shown to lose to {whom} in {lost} by video, and to gain in {won}, {ALLOWED}."


def _of_detector(comparison: Json, key: str, detector: str) -> list[Json]:
    """What is listed of one detector by video."""
    return [one for one in comparison[key] if (one["detector"], one["level"]) == (detector, "video")]


def _in_metrics(comparison: Json, key: str, detector: str) -> str:
    """`no metric`, or `2 metrics (accuracy −.200 [−.300, −.100] (p < .001) and F1 ...)`."""
    found = _of_detector(comparison, key, detector)
    if not found:
        return "no metric"
    said = [
        f"{metric_in_words(one['metric'])}{_elsewhere(one, comparison['headline'])} {_bounded(one)}"
        for one in found
    ]
    return f"{counted(len(found), 'metric')} ({listed(said)})"


def _elsewhere(one: Json, head: Json) -> str:
    """Where it was found, as far as that is not the headline's test."""
    text = f" under {protocol_in_words(one['protocol'])}" if one["protocol"] != head.get("protocol") else ""
    text += f" on {one['manipulation']}" if one["manipulation"] != head["manipulation"] else ""
    return text + (f" trained on {one['train_set']}" if one["train_set"] != head["train_set"] else "")


def _about_uncorrected(comparison: Json, detector: str) -> str:
    """What excludes 0 by itself on the headline's test, where nothing allows for the number of looks."""
    n, head = n_metrics(comparison), comparison["headline"]
    mine = [c for c in changes(comparison, [detector]) if c.protocol == head.get("protocol")]
    text = (
        f"{capital(name_of(detector))} minus {name_of(comparison['reference'])}: differences of single"
        f" metrics are not corrected for how many they are; by itself {len(mine) or 'none'} of {n} by video"
        f" on {head['manipulation']} {'excludes' if len(mine) < 2 else 'exclude'} 0"
    )
    for kind, is_loss in (("worse", True), ("better", False)):
        said = [f"{metric_in_words(c.metric)} {_bounded(c.values)}" for c in mine if c.is_loss == is_loss]
        text += f"; {kind}: {listed(said)}" if said else ""
    return f"{text}."


def _bounded(values: Json) -> str:
    text = f"{signed(values.get('value'))}{NO_BREAK}{interval(values.get('low'), values.get('high'))}"
    return text + (f" (p {p_value(values['p'])})" if known(values.get("p")) is not None else "")


def about_others(comparison: Json, detectors: Sequence[str]) -> str:
    """How many of several detectors lose somewhere by video, and how many gain; empty for none."""
    if not detectors or not n_metrics(comparison):
        return ""
    whom = name_of(comparison["reference"])
    of_whom = f"Of {counted(len(detectors), 'other detector')}"
    if is_corrected(comparison):
        lost, won = (
            sum(bool(_of_detector(comparison, key, name)) for name in detectors)
            for key in ("losses", "gains")
        )
        are = "are" if lost > 1 else "is"
        return (
            f"{of_whom}, {_number(lost)} {are} shown to lose to {whom} in some metric and {_number(won)} to"
            f" gain, {ALLOWED}."
        )
    protocol = comparison["headline"].get("protocol")
    found = [c for c in changes(comparison, detectors) if c.protocol == protocol]
    lost, won = (len({c.detector for c in found if c.is_loss == is_loss}) for is_loss in (True, False))
    have = "have" if lost > 1 else "has"
    return (
        f"{of_whom}, {_number(lost)} {have} a metric that is worse than {whom}'s and {_number(won)} one"
        " that is better, by intervals that exclude 0 and are not corrected for how many they are."
    )


def _number(n: int) -> str:
    return {0: "none", 1: "one"}.get(n, str(n))


def losses_table(comparison: Json, detectors: Sequence[str]) -> Table | None:
    """Every change, what is shown first and of that losses, a group a detector; None where there is none."""
    reference, groups, shown = comparison["reference"], [], changes(comparison, detectors)
    for name in detectors:
        found = sorted((c for c in shown if c.detector == name), key=lambda c: (c.is_alone, not c.is_loss))
        if found:
            groups.append(Group(label_of(name), tuple(_row(c, reference) for c in found)))
    if not groups:
        return None
    columns = (
        Column("metric by video", numeric=False), Column("protocol", numeric=False),
        Column("what", numeric=False),
        Column(label_of(reference)), Column("detector"), Column("difference"), Column("p"),
    )  # fmt: skip
    notes = (*_notes(comparison, shown), *legend_of([c.values for c in shown]))
    return Table("Metrics that differ, and which are shown to", columns, tuple(groups), notes)


def _notes(comparison: Json, found: Sequence[Change]) -> list[str]:
    notes = []
    if any(c.is_alone for c in found):
        but = f"which is not shown {ALLOWED}" if is_corrected(comparison) else "and nothing here is corrected"
        notes.append(f"Alone: its own interval excludes 0, {but}.")
    if any(not c.is_judged and not c.is_alone for c in found):
        notes.append("Worse, better: shown, but not one of the metrics in which losses and gains are judged.")
    if any(c.values.get("simultaneous") for c in found):
        notes.append("p allows for all looks of the family.")
    return notes


def _what(change: Change) -> Entry:
    """`loss`, in red, or `gain` where that is shown; else in which direction."""
    if change.is_judged:
        return Entry("", mark="loss") if change.is_loss else Entry("gain")
    direction = "worse" if change.is_loss else "better"
    return Entry(f"{direction} alone" if change.is_alone else direction)


def _row(change: Change, reference: str) -> tuple[Entry, ...]:
    values = change.row.get("detectors") or {}
    return (
        Entry(metric_in_words(change.metric)),
        Entry(protocol_in_words(change.protocol) if change.protocol else ""),
        _what(change),
        value_cell(values.get(reference), "value"),
        value_cell(values.get(change.detector), "value"),
        difference_cell(change.values, "value"),
        p_cell(change.values.get("simultaneous") or change.values),
    )
