"""All metrics with intervals, thresholds from validation and what they lead to, every run's own numbers."""

from collections.abc import Iterable, Mapping, Sequence

from clipforensics.report.reading.lookup import candidates, metrics_of
from clipforensics.report.wording.names import (
    METRICS,
    ORACLE,
    RULES,
    SHOWN_LEVELS,
    capital,
    label_of,
    protocol_in_words,
)
from clipforensics.report.wording.numbers import NONE, count, known, number, percent
from clipforensics.report.wording.tables import (
    EMPTY,
    Column,
    Entry,
    Group,
    Json,
    Table,
    detectors_of,
    difference_cell,
    difference_head,
    interval_words,
    p_cell,
    reasons,
    value_cell,
)

ALL_FAKE = "All fake"


def metric_tables(comparison: Json) -> list[Table]:
    """Every metric of the headline's cell, one table a protocol and level, the headline's protocol first.

    Args:
        comparison: Content of metrics/comparison.json.
    """
    return [_metric_table(comparison, found, name, level) for name, level, found in metrics_of(comparison)]


def _metric_table(comparison: Json, found: Mapping[str, Json], protocol: str | None, level: str) -> Table:
    names, detectors = candidates(comparison), detectors_of(comparison)
    groups = []
    for kind, metrics in _kinds(found).items():
        rows = tuple(
            _metric_row(found[m], text, names, detectors) for m, text in metrics.items() if m in found
        )
        if rows:
            groups.append(Group(kind, rows))
    columns = [Column("metric", numeric=False), *(Column(label_of(d)) for d in detectors)]
    for name in names:
        columns += [Column(difference_head(comparison, name)), Column("p")]
    first = next(iter(found.values()))
    where = f", {protocol_in_words(protocol)}" if protocol else ""
    size = ", ".join(
        f"{count(first.get(key))} {text}"
        for key, text in (("n_real", "real"), ("n_fake", "manipulated"), ("n_groups", "identity groups"))
        if first.get(key) is not None
    )
    notes = [f"Brackets are {interval_words(comparison)}; bold where a difference's excludes 0."]
    texts = {metric: text for kind in METRICS.values() for metric, text in kind.items()}
    notes += [r for m, row in found.items() for r in reasons(row.get("undefined"), _said(texts.get(m, m)))]
    caption = f"{capital(level)} level{where}: {size}"
    return Table(caption, tuple(columns), tuple(groups), tuple(dict.fromkeys(notes)))


def _kinds(found: Mapping[str, Json]) -> dict[str, dict[str, str]]:
    """Metrics by kind; those without a name of their own are others, or an oracle's if their row says so."""
    unnamed = {metric: metric for metric in found if all(metric not in kind for kind in METRICS.values())}
    oracle = {metric: text for metric, text in unnamed.items() if found[metric].get("oracle")}
    others = {metric: text for metric, text in unnamed.items() if metric not in oracle}
    return {**METRICS, ORACLE: {**METRICS[ORACLE], **oracle}, "Others": others}


def _said(text: str) -> str:
    """A metric's name in a note, without the arrow."""
    return text.removesuffix(" ↓")


def _metric_row(row: Json, text: str, names: Sequence[str], detectors: Sequence[str]) -> tuple[Entry, ...]:
    cells = [Entry(text), *(value_cell((row.get("detectors") or {}).get(d), "value") for d in detectors)]
    for name in names:
        values = (row.get("differences") or {}).get(name) or {}
        cells += [difference_cell(values, "value"), p_cell(values)]
    return tuple(cells)


def threshold_table(evaluations: Sequence[Json], *, manipulation: str, level: str) -> Table | None:
    """Thresholds chosen on validation, what they do there, and what they lead to on the test.

    Args:
        evaluations: Contents of metrics/evaluate, one a detector (one seed).
        manipulation: A key of their `test`.
        level: video or frame.

    Returns:
        None where the files name no thresholds.
    """
    groups, notes = [], []
    for one in evaluations:
        cuts = (one.get("thresholds") or {}).get(level) or {}
        point = one["test"].get(manipulation, {}).get(level) or {}
        validation = ((one.get("validation") or {}).get(level) or {}).get("at_thresholds") or {}
        after = point.get("at_thresholds") or {}
        used = (one.get("threshold") or {}).get("rule")
        rows = [
            (
                Entry(_rule(rule, one), "the operating point" if rule == used else ""),
                Entry(number(cut)),
                *(Entry(number((validation.get(rule) or {}).get(key))) for key in ("fpr", "tpr")),
                *(
                    Entry(number((after.get(rule) or {}).get(key)))
                    for key in ("fpr", "tpr", "accuracy", "balanced_accuracy", "f1")
                ),
            )
            for rule, cut in cuts.items()
        ]
        if rows:
            groups.append(Group(label_of(one["detector"]), tuple(rows)))
    for one in evaluations:
        values = one["test"].get(manipulation, {}).get("all_fake", {}).get(level)
        if values and groups:
            cells = [Entry(number(values.get(k))) for k in ("accuracy", "balanced_accuracy", "f1")]
            groups.append(Group("For reference", ((Entry("everything manipulated"), *[EMPTY] * 5, *cells),)))
            notes.append("The last row calls every video manipulated: what a detector has to beat.")
            break
    if not groups:
        return None
    columns = [Column("chosen by", numeric=False), Column("threshold")]
    columns += [Column("FPR", "on validation"), Column("TPR", "on validation")]
    columns += [Column(name, "on test") for name in ("FPR", "TPR", "accuracy", "bal. acc.", "F1")]
    return Table(f"{capital(level)} level", tuple(columns), tuple(groups), tuple(notes))


def _rule(rule: str, evaluation: Json) -> str:
    budget = evaluation.get("fpr_budget")
    if rule == "fpr" and known(budget) is not None:
        return f"FPR of at most {percent(budget)}"
    return RULES.get(rule, rule)


def point_table(evaluations: Sequence[Json], *, manipulation: str) -> Table:
    """Every run's point metrics on one manipulation, per level, with the all-fake row.

    Args:
        evaluations: Contents of metrics/evaluate/<detector>/<split>/<train_set>-<seed>.json.
        manipulation: A key of their `test`.
    """
    levels = (("video", "Video level"), ("frame", "Frame level"))
    groups, notes = [], []
    for level, heading in levels:
        rows = [_point_row(e, manipulation, level, len(_seeds(evaluations)) > 1) for e in evaluations]
        rows += _all_fake_rows(evaluations, manipulation, level)
        groups.append(Group(heading, tuple(rows)))
        notes += [note for e in evaluations for note in _undefined(e, manipulation, level)]
    columns = [
        Column("detector", numeric=False),
        Column("AUC"),
        Column("AP"),
        Column("EER", "test's own ROC"),
    ]
    for where in ("at threshold .5", "at validation's threshold"):
        columns += [Column(name, where) for name in ("ACC", "bal. ACC", "F1")]
    columns += [Column("threshold", "at validation's threshold"), Column("real", "n"), Column("fake", "n")]
    explained = f"{ALL_FAKE}, for reference: everything is called manipulated."
    return Table("", tuple(columns), tuple(groups), (explained, *dict.fromkeys(notes)))


def _seeds(evaluations: Iterable[Json]) -> set[int]:
    return {e["seed"] for e in evaluations}


def _point_row(evaluation: Json, manipulation: str, level: str, name_seed: bool) -> tuple[Entry, ...]:
    point = evaluation["test"].get(manipulation, {}).get(level) or {}
    name = label_of(evaluation["detector"])
    head = Entry(name, f"seed {evaluation['seed']}" if name_seed else "")
    threshold = (evaluation.get("threshold") or {}).get(level)
    return (
        head,
        *(Entry(number(point.get(key))) for key in ("auc", "ap", "eer")),
        *_at_threshold(point.get("at_half")),
        *_at_threshold(point.get("at_validation")),
        Entry(number(threshold)),
        *(Entry(count(point.get(key))) for key in ("n_real", "n_fake")),
    )


def _at_threshold(values: Json | None) -> list[Entry]:
    return [Entry(number((values or {}).get(key))) for key in ("accuracy", "balanced_accuracy", "f1")]


def _all_fake_rows(evaluations: Sequence[Json], manipulation: str, level: str) -> list[tuple[Entry, ...]]:
    """One row: it does not depend on the detector, so the first that has it gives it."""
    for evaluation in evaluations:
        part = evaluation["test"].get(manipulation, {})
        values = part.get("all_fake", {}).get(level)
        if values:
            point = part.get(level) or {}
            counts = [Entry(count(point.get(key))) for key in ("n_real", "n_fake")]
            cells = _at_threshold(values)
            head = Entry(ALL_FAKE)
            return [(head, *[Entry(NONE)] * 3, *cells, *cells, Entry(NONE), *counts)]
    return []


def _undefined(evaluation: Json, manipulation: str, level: str) -> list[str]:
    """Why numbers are missing, as evaluate wrote it."""
    point = evaluation["test"].get(manipulation, {}).get(level) or {}
    who = f"{label_of(evaluation['detector'])}, {level}"
    value = point.get("undefined")
    if isinstance(value, Mapping):
        return [f"{who} {name}: {reason}" for name, reason in value.items()]
    return reasons(value, f"{who} level")


def training_table(evaluations: Sequence[Json]) -> Table:
    """What was trained: counts of parameters, thresholds chosen on validation, validation AUC."""
    rows = []
    for evaluation in evaluations:
        parameters = evaluation.get("parameters") or {}
        validation = evaluation.get("validation") or {}
        cells = [Entry(count(parameters.get(key))) for key in ("trainable", "all", "head")]
        cells += [Entry(number((validation.get(level) or {}).get("auc"))) for level in SHOWN_LEVELS]
        where = [protocol_in_words(evaluation["split"])] if evaluation.get("split") else []
        head = Entry(label_of(evaluation["detector"]), ", ".join([*where, f"seed {evaluation['seed']}"]))
        rows.append((head, *cells))
    columns = [Column("detector", numeric=False)]
    columns += [Column(name, "parameters") for name in ("trainable", "all", "head")]
    columns += [Column(name, "validation AUC") for name in SHOWN_LEVELS]
    note = "The validation AUC is of the videos that the model was chosen on: no measure of what it can do."
    return Table("", tuple(columns), (Group("", tuple(rows)),), (note,))
