"""The audit's metrics to tables of the page. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from clipforensics.report.wording.numbers import count, number
from clipforensics.report.wording.tables import (
    Column,
    Entry,
    Group,
    Table,
    bar_cell,
    difference_cell,
    interval_words,
    p_cell,
    reach_of,
    reasons,
    value_cell,
)

Json = Mapping[str, Any]

STRATA = {
    "all": "all fakes",
    "trained_on": "training videos themselves",
    "twin": "with a twin in training",
    "no_twin": "without a twin",
    "seen_identity": "any identity seen in training",
    "clean": "no identity seen in training",
    "clean_of_both": "nor in validation",
    "unknown": "not known who is in it",
}
"""Strata in the order of the table, in words."""

GAP = "with minus without a twin"

HEADINGS = (("video", "Video level"), ("frame", "Frame level"))

RANKING = {
    "auc": "AUC",
    "ap": "AP",
    "eer": "EER",
    "partial_auc": "pAUC",
    "tpr_at_fpr_0.01": "FPR .01",
    "tpr_at_fpr_0.05": "FPR .05",
    "tpr_at_fpr_0.1": "FPR .1",
}
AT_THRESHOLD = {"accuracy": "ACC", "balanced_accuracy": "bal. ACC", "f1": "F1", "tpr": "TPR", "fpr": "FPR"}
"""Metrics in the order of the table, and their heads."""

EXPLAINED = (
    "All fake, for reference: everything is called manipulated.",
    "EER is read off the ROC's straight segments; EER, vertex is the false positive rate of the nearest"
    " vertex, as many papers print it.",
    "pAUC: area up to a false positive rate of .1, scaled so that chance is .5. TPR at an FPR: the highest"
    " that a threshold reaches without exceeding it; with n real rows the FPR moves in steps of 1/n.",
    "There is no Brier score and no calibration error: nothing calibrates these scores.",
)


def strata_table(content: Json, manipulation: str) -> Table:
    """AUC of every detector, and differences to the reference, on all fakes and each leak stratum."""
    cells, gaps = (_of(content[table], manipulation) for table in ("cells", "leak_gaps"))
    names = list(content["points"])
    others = [name for name in names if name != content["reference"]]
    reach = reach_of(values for row in (*cells, *gaps) for values in row["differences"].values())
    groups, notes = [], []
    for level, heading in _headings(content):
        found = {c["stratum"]: c for c in cells if c["level"] == level}
        order = [s for s in STRATA if s in found]
        rows = [_stratum_row(found[s], names, others, reach) for s in order]
        gap = next(row for row in gaps if row["level"] == level and row["subtrahend"] == "no_twin")
        groups.append(Group(heading, (*rows, _gap_row(gap, names, others, reach))))
        for name, row in (*((STRATA[s], found[s]) for s in order), (GAP, gap)):
            notes += reasons(row.get("undefined"), f"{_capital(name)}, {level} level")
    columns = [Column("stratum", numeric=False), Column("groups")]
    columns += [Column(name, "AUC") for name in names]
    for name in others:
        columns += [Column(head, f"{name} minus {content['reference']}") for head in ("AUC", "around 0", "p")]
    explained = (
        f"The real videos are the same in every stratum. Brackets are {interval_words(content)}; those of"
        " differences are paired, and bold where they leave 0 out."
    )
    return Table("", tuple(columns), tuple(groups), (explained, *notes))


def numbers_table(content: Json, manipulation: str) -> Table:
    """Every metric of every detector with its interval, and those of calling everything manipulated."""
    measured = _of(content["metrics"], manipulation)
    groups, notes = [], []
    for level, heading in _headings(content):
        rows = []
        found = {row["metric"]: row["detectors"] for row in measured if row["level"] == level}
        for name, points in content["points"].items():
            point = points[manipulation][level]
            metrics = {metric: detectors[name] for metric, detectors in found.items()}
            rows.append(_point_row(name, metrics, point, content["threshold"][name]["value"]))
            notes += reasons(point.get("undefined"), f"{name}, {level} level")
        first = next(iter(content["points"].values()))[manipulation]
        all_fake = {metric: {"value": value} for metric, value in first["all_fake"][level].items()}
        rows.append(_point_row("All fake", all_fake, {}, None))
        groups.append(Group(heading, tuple(rows)))
    at = [Column(name, "TPR at") if name.startswith("FPR ") else Column(name) for name in RANKING.values()]
    columns = [Column("detector", numeric=False), *at, Column("EER, vertex")]
    columns += [Column(name, "at the threshold") for name in (*AT_THRESHOLD.values(), "at")]
    columns += [Column(name, "n") for name in ("real", "fake", "groups")]
    return Table("", tuple(columns), tuple(groups), (*EXPLAINED, *dict.fromkeys(notes)))


def _headings(content: Json) -> list[tuple[str, str]]:
    """Levels that were scored, with their headings."""
    return [(level, heading) for level, heading in HEADINGS if level in content["levels"]]


def _of(rows: Sequence[Json], manipulation: str) -> list[Json]:
    return [row for row in rows if row["manipulation"] == manipulation]


def _stratum_row(cell: Json, names: Sequence[str], others: Sequence[str], reach: float) -> tuple[Entry, ...]:
    size = f"{count(cell['n_fake'])} fake, {count(cell['n_real'])} real"
    row = [Entry(STRATA[cell["stratum"]], size), Entry(count(cell["n_groups"]))]
    row += [value_cell(cell["detectors"][name]) for name in names]
    return (*row, *_differences(cell, others, reach))


def _gap_row(gap: Json, names: Sequence[str], others: Sequence[str], reach: float) -> tuple[Entry, ...]:
    row = [Entry(GAP, "what the leak is worth"), Entry(count(gap["n_groups"]))]
    row += [difference_cell(gap["detectors"][name]) for name in names]
    return (*row, *_differences(gap, others, reach))


def _differences(row: Json, others: Sequence[str], reach: float) -> list[Entry]:
    found = [row["differences"][name] for name in others]
    return [
        cell
        for values in found
        for cell in (difference_cell(values), bar_cell(values, reach), p_cell(values))
    ]


def _point_row(
    name: str, metrics: Mapping[str, Json], point: Json, threshold: float | None
) -> tuple[Entry, ...]:
    def shown(metric: str) -> Entry:
        return value_cell(metrics.get(metric), "value")

    return (
        Entry(name),
        *(shown(metric) for metric in RANKING),
        Entry(number(point.get("eer_vertex"))),
        *(shown(metric) for metric in AT_THRESHOLD),
        Entry(number(threshold)),
        *(Entry(count(point.get(key))) for key in ("n_real", "n_fake", "n_groups")),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
