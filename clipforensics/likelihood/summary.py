"""The content of likelihood.json and its curves, from every detector that was assessed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from clipforensics.likelihood.abstention import GUARANTEE
from clipforensics.likelihood.assessment import Assessed
from clipforensics.likelihood.words import propositions

CURVES = {
    "tippett": ("llr", "share", {"h1": "manipulated", "h2": "real"}),
    "ece": ("prior", "bits", {"ece": "", "pav": "best rising map", "neutral": "without LR"}),
}
"""Kinds of curves: abscissa and ordinate in plots/likelihood, and by column of the curve what its line is."""


def summarise(
    assessed: Sequence[Assessed], videos: pd.DataFrame, dataset: str, primary: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Rows of every detector, protocol, train set and seed; curves, conditions, abstention of one test.

    That test is the primary comparison's, by rule one in which nobody is known from training: what a leaking
    test says of evidence holds for no case.

    Args:
        assessed: In order; the first test is taken where there is no primary comparison, or it is none of
            these.
        videos: videos.csv, its keys as index.
        dataset: Name of the data set.
        primary: Of comparison.json.

    Returns:
        The content of likelihood.json, and for plots/likelihood the tables `tippett` (detector, llr, share)
        and `ece` (detector, prior, bits), whose first column names the line too: `lora, real`.
    """
    first = next((one for one in assessed if _is_at(one, primary or {})), assessed[0])
    head = [one for one in assessed if _cell(one) == _cell(first)]
    named = str((primary or {}).get("manipulation"))
    manipulation = named if named in first.tested else first.tested[0]
    curves = {one.place["detector"]: one.curves(manipulation) for one in head}
    content = {
        "propositions": propositions(dataset, str(first.place["train_set"]).split("+")),
        "headline": {**_cell(first), "manipulation": manipulation},
        "method": first.settings.method,
        "rows": [row for one in assessed for row in one.rows()],
        **{
            kind: {name: found[kind].to_dict("list") for name, found in curves.items() if found}
            for kind in CURVES
        },
        "conditions": [one.conditions(name, videos) for one in head for name in one.tested],
        "abstention": {
            "alpha": first.settings.alpha,
            "guarantee": GUARANTEE,
            "rows": [one.abstention(name) for one in head for name in one.tested],
        },
    }
    return content, {kind: _table(curves, kind) for kind in CURVES}


def _is_at(one: Assessed, primary: Mapping[str, Any]) -> bool:
    return all(one.place[name] == primary.get(name) for name in ("protocol", "train_set"))


def _cell(one: Assessed) -> dict[str, Any]:
    return {name: one.place[name] for name in ("protocol", "split", "train_set", "seed")}


def _table(curves: dict[str, dict[str, pd.DataFrame]], kind: str) -> pd.DataFrame:
    x, y, lines = CURVES[kind]
    parts = [
        pd.DataFrame(
            {"detector": f"{name}, {line}" if line else name, x: found[kind][x], y: found[kind][column]}
        )
        for name, found in curves.items()
        if found
        for column, line in lines.items()
    ]
    return pd.concat(parts) if parts else pd.DataFrame(columns=["detector", x, y])
