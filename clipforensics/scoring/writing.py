"""Verdicts for programs: JSON, lines of JSON, and a flat CSV."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from clipforensics.core.files import json_ready

Row = Mapping[str, Any]

COLUMNS = (
    "path", "sha256", "opinion", "outcome", "exit_code", "score", "score_low", "score_high", "threshold",
    "above", "log10_lr", "log10_lr_low", "log10_lr_high", "evidence", "probability", "prior", "n_scored",
    "n_sampled", "n_people", "warnings", "reason",
)  # fmt: skip
"""Of the CSV; frames and people are in the JSON alone."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a cell a formula in a spreadsheet."""


def as_json(head: Row, rows: Sequence[Row]) -> str:
    """One object: what the verdicts hang on, and `videos`."""
    return json.dumps(json_ready({**head, "videos": rows}), indent=2, allow_nan=False) + "\n"


def as_lines(rows: Sequence[Row]) -> str:
    """A line of JSON a video."""
    return "".join(json.dumps(json_ready(row), allow_nan=False) + "\n" for row in rows)


def as_csv(rows: Sequence[Row]) -> str:
    """A row a video; text that a spreadsheet would compute begins with an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in _flat(row).items()} for row in rows)
    return out.getvalue()


def _flat(row: Row) -> dict[str, Any]:
    evidence = row["evidence"] or {}
    flat = {name: row[name] for name in COLUMNS if name in row and name not in ("evidence", "warnings")}
    flat |= {"score_low": row["low"], "score_high": row["high"]}
    names = {"log10_lr": "log10_lr", "log10_lr_low": "low", "log10_lr_high": "high", "evidence": "words"}
    flat |= {name: evidence.get(key) for name, key in names.items()}
    flat["sha256"] = (row["exhibit"] or {}).get("sha256")
    flat["n_people"] = sum(person["person"] >= 0 for person in row["people"])
    flat["warnings"] = "; ".join(row["warnings"])
    return flat


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None else value
