"""All metrics with intervals, thresholds from validation and what they lead to, every run's own numbers."""

from collections.abc import Iterable, Mapping, Sequence

from clipforensics.report.wording.names import (
    RULES,
    SHOWN_LEVELS,
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
    reasons,
)

ALL_FAKE = "All fake"


def threshold_table(evaluations: Sequence[Json], *, manipulation: str, level: str) -> Table | None:
    """Thresholds chosen on validation, what they do there, and what they lead to on the test; a group a rule.

    Args:
        evaluations: Contents of metrics/evaluate, one a detector (one seed).
        manipulation: A key of their `test`.
        level: video or frame.

    Returns:
        None where the files name no thresholds.
    """
    by_rule: dict[str, list[tuple[Entry, ...]]] = {}
    for one in evaluations:
        used = (one.get("threshold") or {}).get("rule")
        for rule, cut in ((one.get("thresholds") or {}).get(level) or {}).items():
            title = _rule(rule, one) + (" (the operating point)" if rule == used else "")
            by_rule.setdefault(title, []).append(_cut_row(one, rule, cut, manipulation, level))
    if not by_rule:
        return None
    order = sorted(by_rule, key=lambda title: "operating" not in title)
    groups = [Group(f"Chosen by {title}", tuple(by_rule[title])) for title in order]
    groups += _everything_fake(evaluations, manipulation, level)
    columns = [Column("detector", numeric=False), Column("threshold")]
    columns += [Column("FPR", "on validation"), Column("TPR", "on validation")]
    columns += [Column(name, "on test") for name in ("FPR", "TPR", "accuracy", "bal. acc.", "F1")]
    return Table(f"Thresholds and what they lead to, by {level}", tuple(columns), tuple(groups))


def _cut_row(one: Json, rule: str, cut: object, manipulation: str, level: str) -> tuple[Entry, ...]:
    point = one["test"].get(manipulation, {}).get(level) or {}
    validation = ((one.get("validation") or {}).get(level) or {}).get("at_thresholds") or {}
    before, after = validation.get(rule) or {}, (point.get("at_thresholds") or {}).get(rule) or {}
    return (
        Entry(label_of(one["detector"])),
        Entry(number(cut)),
        *(Entry(number(before.get(key))) for key in ("fpr", "tpr")),
        *(Entry(number(after.get(key))) for key in ("fpr", "tpr", "accuracy", "balanced_accuracy", "f1")),
    )


def _everything_fake(evaluations: Sequence[Json], manipulation: str, level: str) -> list[Group]:
    """What every detector has to beat: everything called manipulated."""
    for one in evaluations:
        values = one["test"].get(manipulation, {}).get("all_fake", {}).get(level)
        if values:
            cells = [Entry(number(values.get(k))) for k in ("accuracy", "balanced_accuracy", "f1")]
            return [Group("To beat", ((Entry("everything manipulated"), *[EMPTY] * 5, *cells),))]
    return []


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
    return Table(
        "Every run on its own, without intervals",
        tuple(columns),
        tuple(groups),
        (explained, *dict.fromkeys(notes)),
    )


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
    return Table("Models", tuple(columns), (Group("", tuple(rows)),), (note,))
