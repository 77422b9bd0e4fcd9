"""All manipulations that training never saw, taken together: one sentence of the first lines."""

from collections.abc import Sequence

from clipforensics.report.wording.names import capital, listed, name_of, protocol_in_words
from clipforensics.report.wording.numbers import NO_BREAK, interval, number
from clipforensics.report.wording.tables import Json


def about_unseen(comparison: Json, detectors: Sequence[str]) -> str:
    """Video AUC over all of them under every protocol, of one train set; empty where none is pooled.

    Args:
        comparison: Content of metrics/comparison.json.
        detectors: Whose.
    """
    train_set = comparison["headline"]["train_set"]
    rows = [
        row
        for row in comparison.get("unseen") or ()
        if row["level"] == "video" and row["train_set"] == train_set
    ]
    if not rows:
        return ""
    names = listed(rows[0]["manipulations"])
    said = [f"{protocol_in_words(row['protocol'])} {_aucs(row, detectors)}" for row in rows]
    return capital(f"all that training never saw ({names}), every fake once, video AUC: {'; '.join(said)}.")


def _aucs(row: Json, detectors: Sequence[str]) -> str:
    known = {name: row["detectors"][name] for name in detectors if name in row["detectors"]}
    return ", ".join(f"{name_of(name)} {_bounded(values)}" for name, values in known.items())


def _bounded(values: Json) -> str:
    bounds = interval(values.get("low"), values.get("high"))
    return number(values.get("auc")) + (f"{NO_BREAK}{bounds}" if bounds else " (no interval)")
