"""The audit's metrics to tables of the page. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from clipforensics.figures import interval_bar
from clipforensics.report.numbers import count, interval, known, number, p_value, signed
from clipforensics.report.tables import Cell, Column, Group, Table

Json = Mapping[str, Any]

STRATA = {
    "all": "all fakes",
    "trained_on": "training videos themselves",
    "twin": "with a twin in training",
    "no_twin": "without a twin",
    "seen_identity": "any identity seen in training",
    "clean": "no identity seen in training",
}
"""Strata in the order of the table, in words."""

LEVELS = (("video", "Video level"), ("frame", "Frame level"))


def strata_table(content: Json, manipulation: str) -> Table:
    """AUC of every detector, and differences to the reference, on all fakes and each leak stratum."""
    cells = [c for c in content["cells"] if c["manipulation"] == manipulation]
    names = list(content["points"])
    others = [name for name in names if name != content["reference"]]
    reach = _reach(cells)
    groups, notes = [], []
    for level, heading in LEVELS:
        found = {c["stratum"]: c for c in cells if c["level"] == level}
        order = [s for s in STRATA if s in found]
        rows = tuple(_stratum_row(found[s], names, others, reach) for s in order)
        groups.append(Group(heading, rows))
        notes += [f"{_capital(STRATA[s])}, {level} level: {r}" for s in order for r in _reasons(found[s])]
    columns = [Column("stratum", numeric=False), Column("groups")]
    columns += [Column(name, "AUC") for name in names]
    for name in others:
        columns += [Column(head, f"{name} minus {content['reference']}") for head in ("AUC", "around 0", "p")]
    percent = f"{100 * content['bootstrap']['confidence']:g}%"
    explained = f"The real videos are the same in every stratum. Brackets are {percent} intervals."
    return Table("", tuple(columns), tuple(groups), (explained, *notes))


def numbers_table(content: Json, manipulation: str) -> Table:
    """Point metrics of every detector, and of calling everything manipulated."""
    groups, notes = [], []
    for level, heading in LEVELS:
        rows = []
        for name, found in content["points"].items():
            point = found[manipulation][level]
            rows.append(_point_row(name, point, content["threshold"][name]["value"]))
            notes += [f"{name}, {level} level: {reason}" for reason in _reasons(point)]
        first = next(iter(content["points"].values()))[manipulation]
        rows.append(_point_row("All fake", {"at_threshold": first["all_fake"][level]}, None))
        groups.append(Group(heading, tuple(rows)))
    columns = [Column("detector", numeric=False)]
    columns += [Column(name) for name in ("AUC", "AP", "EER", "EER, vertex")]
    columns += [Column(n, "at the threshold") for n in ("ACC", "bal. ACC", "F1", "TPR", "FPR", "at")]
    columns += [Column(name, "n") for name in ("real", "fake", "groups")]
    explained = (
        "All fake, for reference: everything is called manipulated.",
        "EER is read off the ROC's straight segments; EER, vertex is the false positive rate of the nearest"
        " vertex, as many papers print it.",
    )
    return Table("", tuple(columns), tuple(groups), (*explained, *dict.fromkeys(notes)))


def _stratum_row(cell: Json, names: Sequence[str], others: Sequence[str], reach: float) -> tuple[Cell, ...]:
    size = f"{count(cell['n_fake'])} fake, {count(cell['n_real'])} real"
    row = [Cell(STRATA[cell["stratum"]], size), Cell(count(cell["n_groups"]))]
    row += [_auc_cell(cell["detectors"][name]) for name in names]
    for name in others:
        row += _difference_cells(cell["differences"][name], reach)
    return tuple(row)


def _auc_cell(values: Json) -> Cell:
    return Cell(number(values.get("auc")), interval(values.get("low"), values.get("high")))


def _difference_cells(values: Json, reach: float) -> list[Cell]:
    auc, low, high = (values.get(key) for key in ("auc", "low", "high"))
    bounds = interval(low, high)
    bar = interval_bar(
        known(auc), known(low), known(high), reach=reach, label=f"difference {signed(auc)} {bounds}"
    )
    return [Cell(signed(auc), bounds), Cell(figure=bar), Cell(p_value(values.get("p")))]


def _point_row(name: str, point: Json, threshold: float | None) -> tuple[Cell, ...]:
    at = point.get("at_threshold") or {}
    return (
        Cell(name),
        *(Cell(number(point.get(key))) for key in ("auc", "ap", "eer", "eer_vertex")),
        *(Cell(number(at.get(key))) for key in ("accuracy", "balanced_accuracy", "f1", "tpr", "fpr")),
        Cell(number(threshold)),
        *(Cell(count(point.get(key))) for key in ("n_real", "n_fake", "n_groups")),
    )


def _reach(cells: Sequence[Json]) -> float:
    """What the bars have to span: the largest bound or value of any difference."""
    rows = [difference for cell in cells for difference in cell["differences"].values()]
    found = [known(row.get(key)) for row in rows for key in ("auc", "low", "high")]
    return max((abs(value) for value in found if value is not None), default=0.0)


def _reasons(row: Json) -> list[str]:
    """Why numbers are missing: one text, or texts by the name of the number."""
    reasons = row.get("undefined") or []
    if isinstance(reasons, Mapping):
        return [f"{name}: {reason}" for name, reason in reasons.items()]
    return [reasons] if isinstance(reasons, str) else [str(reason) for reason in reasons]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
