"""What scores are worth as evidence: likelihood ratios, worst conditions, abstention."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from clipforensics.report.figures.likelihood import entropy_figure, tippett_figure
from clipforensics.report.reading.cast import Cast
from clipforensics.report.wording.names import (
    capital,
    label_of,
    listed,
    name_of,
    protocol_in_words,
)
from clipforensics.report.wording.numbers import count, interval, known, number, percent
from clipforensics.report.wording.tables import Column, Entry, Group, Json, Table, value_cell

METHODS = {"logistic": "logistic regression", "pav": "pooled adjacent violators"}
WORST_ROWS = 8
"""Of each detector's conditions, so many are shown; the file has all."""


def likelihood_section(likelihood: Json | None, cast: Cast) -> dict[str, Any] | None:
    """The section, for part_likelihood.html; None where the run has no likelihood.json.

    Args:
        likelihood: Content of metrics/likelihood.json.
        cast: Only its `shown` detectors have figures, sentences and conditions; the table has all.

    Returns:
        `propositions` (name, text); `lead`: sentences; `figures`: rows of (caption, figure); `costs`,
        `conditions`, `abstention`: tables, None where there is nothing; `about_conditions`,
        `about_abstention`: sentences.
    """
    if not likelihood or not likelihood.get("rows"):
        return None
    head = likelihood["headline"]
    rows = [row for row in likelihood["rows"] if row["method"] == likelihood["method"]]
    shown = [name for name in cast.shown if any(row["detector"] == name for row in rows)]
    mine = [row for name in shown for row in rows if row["detector"] == name and _is_at(row, head)]
    others = {
        row["detector"]: row
        for row in likelihood["rows"]
        if row["method"] != likelihood["method"] and _is_at(row, head)
    }
    return {
        "propositions": list(likelihood["propositions"].items()),
        "lead": [*(_verdict(row, others.get(row["detector"])) for row in mine), *_about_h1(mine)],
        "figures": [_panels(likelihood, name, cast) for name in shown if name in likelihood["tippett"]],
        "costs": _costs(rows, head, cast, str(likelihood["method"])),
        **_conditions(likelihood, shown),
        **_abstention(likelihood, cast),
    }


def _is_at(row: Json, head: Json) -> bool:
    return all(row[key] == value for key, value in head.items())


def _verdict(row: Json, other: Json | None) -> str:
    """Whether a detector's LRs tell anything, by either calibration, and the most that they may say."""
    who = capital(name_of(row["detector"]))
    if known(row["cllr"]) is None:
        return f"{who} gives no likelihood ratio: {row.get('undefined', 'its cost is not defined')}."
    cost = _cost(row)
    if other is not None and known(other["cllr"]) is not None:
        cost += f" (by {METHODS.get(str(other['method']), other['method'])} {_cost(other)})"
    low, high = known(row["cllr_low"]), known(row["cllr_high"])
    if low is None or high is None:
        told = f"has {cost}, and how sure that is cannot be said: {row.get('undefined', 'no interval')}"
    elif high < 1:
        told = f"gives likelihood ratios that inform: {cost}, where 1 is what silence costs"
    elif low > 1:
        told = f"gives likelihood ratios that mislead: {cost}, where 1 is what silence costs"
    else:
        told = f"is not shown to give likelihood ratios that inform: {cost}, where 1 is what silence costs"
    most = (row.get("strongest") or {}).get("H1"), (row.get("strongest") or {}).get("H2")
    said = f"{most[0]} (LR {_ratio(row['elub_high'])}), and {most[1]} (LR {_ratio(row['elub_low'])})"
    where = f"{row['manipulation']} ({protocol_in_words(row['split'])})"
    return f"{who} on {where} {told}. So many validation videos allow at most: {said}."


def _cost(row: Json) -> str:
    return f"Cllr {number(row['cllr'])} {interval(row['cllr_low'], row['cllr_high'])}".strip()


def _ratio(llr: object) -> str:
    """`3.0`, `120`, `1/4.0`: a ratio from its log10."""
    found = known(llr)
    if found is None:
        return "unknown"
    size = 10 ** abs(found)
    text = f"{size:.1f}" if size < 10 else count(size)
    return text if found >= 0 else f"1/{text}"


def _about_h1(rows: Sequence[Json]) -> list[str]:
    others = list(dict.fromkeys(str(row["manipulation"]) for row in rows if not row["h1_names_it"]))
    if not others:
        return []
    return [
        f"H1 does not name {listed(others)}: these ratios weigh a proposition that is not true of the test's"
        " fakes, which is how a detector meets a new manipulation."
    ]


def _panels(likelihood: Json, name: str, cast: Cast) -> list[tuple[str, Markup]]:
    index, who = cast.colour(name) or 0, label_of(name)
    steps, entropy = likelihood["tippett"][name], likelihood["ece"][name]
    return [
        (
            f"Tippett plot, {who}",
            tippett_figure(**_columns(steps), index=index, label=f"Tippett plot of {who}"),
        ),
        (
            f"Cross entropy, {who}",
            entropy_figure(**_columns(entropy), index=index, label=f"empirical cross entropy of {who}"),
        ),
    ]


def _columns(curve: Json) -> dict[str, list[float]]:
    return {name: [float(value) for value in values] for name, values in curve.items()}


def _costs(rows: Sequence[Json], head: Json, cast: Cast, method: str) -> Table:
    """A group a protocol or repeat, of the headline's train set and seed; detectors in the page's order."""
    found = [row for row in rows if (row["train_set"], row["seed"]) == (head["train_set"], head["seed"])]
    found = sorted(found, key=lambda row: cast.place(row["detector"]))
    splits = dict.fromkeys(row["split"] for row in found)
    groups = [
        Group(
            capital(protocol_in_words(name)),
            tuple(_cost_row(row) for row in found if row["split"] == name),
        )
        for name in splits
    ]
    columns = (
        Column("detector", numeric=False), Column("tested on", numeric=False),
        Column("Cllr", "cost in bits ↓"), Column("least", "cost in bits ↓"),
        Column("calibration", "cost in bits ↓"),
        Column("for H2", "LR is held within"), Column("for H1", "LR is held within"),
        Column("real", "LR on the wrong side of 1 ↓"), Column("manipulated", "LR on the wrong side of 1 ↓"),
    )  # fmt: skip
    lost = dict.fromkeys(
        f"{label_of(row['detector'])}, {protocol_in_words(row['split'])}: {row['undefined']}."
        for row in found
        if row.get("undefined")
    )
    notes = (
        f"Fitted on validation by {METHODS.get(method, method)}, at video level. Cllr: mean surprise at the"
        " truth, 1 for silence. Least: of the best rising map of these ratios, fitted on the test itself.",
        *lost,
    )
    return Table("What the likelihood ratios cost", columns, tuple(groups), notes)


def _cost_row(row: Json) -> tuple[Entry, ...]:
    ends = {"low": row["cllr_low"], "high": row["cllr_high"]}
    ratios = [_ratio(row[end]) if known(row[end]) is not None else "–" for end in ("elub_low", "elub_high")]
    return (
        Entry(label_of(row["detector"])),
        Entry(str(row["manipulation"]), "which H1 names" if row["h1_names_it"] else ""),
        value_cell({"auc": row["cllr"], **ends}),
        Entry(number(row["cllr_min"])),
        Entry(number(row["cllr_cal"])),
        *map(Entry, ratios),
        value_cell(row.get("misleading_real"), "rate"),
        value_cell(row.get("misleading_fake"), "rate"),
    )


def _conditions(likelihood: Json, shown: Sequence[str]) -> dict[str, Any]:
    """The worst conditions of the headline manipulation, and what is not known of the footage."""
    manipulation = likelihood["headline"]["manipulation"]
    found = [
        one
        for name in shown
        for one in likelihood["conditions"]
        if (one["detector"], one["manipulation"]) == (name, manipulation)
    ]
    if not found:
        return {"conditions": None, "about_conditions": "The run has no error rates by condition."}
    absent = [f"{one['condition']} ({one['reason']})" for one in found[0]["absent"]]
    about = f"Not among them: {listed(absent)}." if absent else ""
    groups = tuple(
        Group(label_of(one["detector"]), (_error_row("all", "", one), *_worst(one))) for one in found
    )
    columns = (
        Column("condition", numeric=False), Column("videos: real + manipulated"),
        Column("real called manipulated ↓"), Column("manipulated called real ↓"), Column("AUC"),
    )  # fmt: skip
    lead = (
        f"Errors on {manipulation} at the threshold from validation, the worst first; the worst of many is"
        " partly so by chance."
    )
    return {
        "conditions": Table("Error rates by condition", columns, groups),
        "about_conditions": f"{lead} {about}".strip(),
    }


def _worst(one: Json) -> list[tuple[Entry, ...]]:
    rows = one["rows"][:WORST_ROWS]
    return [_error_row(f"{row['condition']}: {row['value']}", "", row) for row in rows]


def _error_row(name: str, note: str, row: Json) -> tuple[Entry, ...]:
    counts = f"{count(row['fpr']['n'])} + {count(row['fnr']['n'])}"
    return (
        Entry(name, note),
        Entry(counts),
        value_cell(row["fpr"], "rate"),
        value_cell(row["fnr"], "rate"),
        value_cell(row.get("auc")),
    )


def _abstention(likelihood: Json, cast: Cast) -> dict[str, Any]:
    content = likelihood["abstention"]
    rows = sorted(content["rows"], key=lambda row: cast.place(row["detector"]))
    if not rows:
        return {"abstention": None, "about_abstention": ""}
    columns = (
        Column("detector", numeric=False), Column("tested on", numeric=False),
        Column("called manipulated ↓", "real videos"), Column("no opinion", "real videos"),
        Column("called real ↓", "manipulated videos"), Column("no opinion", "manipulated videos"),
    )  # fmt: skip
    table = Table("Where no opinion is due", columns, (Group("", tuple(map(_abstention_row, rows))),))
    about = (
        f"Real, manipulated or no opinion, by conformal prediction with alpha {percent(content['alpha'])}."
        f" {content['guarantee']} In these rates each identity group counts once."
    )
    return {"abstention": table, "about_abstention": about}


def _abstention_row(row: Json) -> tuple[Entry, ...]:
    cells = [
        cell
        for kind in ("real", "manipulated")
        for cell in (value_cell(row[kind], "wrong"), Entry(number(row[kind]["no_opinion"])))
    ]
    return (
        Entry(label_of(row["detector"])),
        Entry(str(row["manipulation"]), "which H1 names" if row["h1_names_it"] else ""),
        *cells,
    )
