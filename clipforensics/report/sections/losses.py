"""What the adaptation lost and gained in every metric: a headline of AUC alone would hide it."""

from collections.abc import Mapping, Sequence
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
    is_shown,
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
    """

    detector: str
    protocol: str | None
    metric: str
    row: Json
    is_loss: bool

    @property
    def values(self) -> Json:
        """The difference."""
        found: Json = self.row["differences"][self.detector]
        return found


def changes(comparison: Json, detectors: Sequence[str], *, level: str = "video") -> list[Change]:
    """Every metric of the headline's test and of the same under other protocols that is shown to differ.

    Args:
        comparison: Content of metrics/comparison.json.
        detectors: Whose differences.
        level: video or frame.
    """
    found = []
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
                    found.append(Change(name, protocol, metric, rows[metric], worse))
    return found


def n_metrics(comparison: Json) -> int:
    """How many metrics by video the headline's test has."""
    return next((len(rows) for _, level, rows in metrics_of(comparison) if level == "video"), 0)


def about_losses(comparison: Json, detector: str) -> str:
    """Every loss of one detector on the headline's test, and how many gains; empty without metrics."""
    n, head = n_metrics(comparison), comparison["headline"]
    if not n:
        return ""
    mine = [c for c in changes(comparison, [detector]) if c.protocol == head.get("protocol")]
    lost, won = [c for c in mine if c.is_loss], [c for c in mine if not c.is_loss]
    who, whom = name_of(detector), name_of(comparison["reference"])
    of_what = f"of {counted(n, 'metric')} by video on {head['manipulation']}"
    gains = f"gains in {listed([metric_in_words(c.metric) for c in won])}" if won else "no gain is shown"
    if not lost:
        return f"{capital(who)} loses to {whom} in none {of_what}, as far as intervals show; {gains}."
    said = listed([f"{metric_in_words(c.metric)} {_bounded(c.values)}" for c in lost])
    return f"{capital(who)} loses to {whom} in {len(lost)} {of_what}: {said}; {gains}."


def _bounded(values: Mapping[str, object]) -> str:
    text = f"{signed(values.get('value'))}{NO_BREAK}{interval(values.get('low'), values.get('high'))}"
    text += f" (p {p_value(values['p'])})" if known(values.get("p")) is not None else ""
    return text if is_shown(values) else f"{text} (not once all looks are allowed for)"


def about_others(comparison: Json, detectors: Sequence[str]) -> str:
    """How many of several detectors lose somewhere on the headline's test; empty for none."""
    if not detectors or not n_metrics(comparison):
        return ""
    protocol = comparison["headline"].get("protocol")
    found = changes(comparison, detectors)
    losers = {c.detector for c in found if c.is_loss and c.protocol == protocol}
    number_of = {0: "none is", 1: "one is"}.get(len(losers), f"{len(losers)} are")
    return (
        f"Of {counted(len(detectors), 'other detector')}, {number_of} shown to lose to"
        f" {name_of(comparison['reference'])} in some metric."
    )


def losses_table(comparison: Json, detectors: Sequence[str]) -> Table | None:
    """Every shown change, losses first, a group a detector; None where there is none."""
    reference, groups = comparison["reference"], []
    for name in detectors:
        found = sorted(changes(comparison, [name]), key=lambda c: not c.is_loss)
        if found:
            groups.append(Group(label_of(name), tuple(_row(c, reference) for c in found)))
    if not groups:
        return None
    columns = (
        Column("metric by video", numeric=False), Column("protocol", numeric=False),
        Column("what", numeric=False),
        Column(label_of(reference)), Column("detector"), Column("difference"), Column("p"),
    )  # fmt: skip
    shown = [c.values for c in changes(comparison, detectors)]
    return Table("Every metric that is shown to differ", columns, tuple(groups), legend_of(shown))


def _row(change: Change, reference: str) -> tuple[Entry, ...]:
    values = change.row.get("detectors") or {}
    return (
        Entry(metric_in_words(change.metric)),
        Entry(protocol_in_words(change.protocol) if change.protocol else ""),
        Entry("", mark="loss") if change.is_loss else Entry("gain"),
        value_cell(values.get(reference), "value"),
        value_cell(values.get(change.detector), "value"),
        difference_cell(change.values, "value"),
        p_cell(change.values),
    )
