"""The audit's page, in the look of the pipeline's report: one offline file, names escaped."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from clipforensics.audit import words
from clipforensics.audit.tables import numbers_table, strata_table
from clipforensics.report.figures.curves import Curve, roc_figure
from clipforensics.report.sections.leaks import leak_tables
from clipforensics.report.wording.html import render_html
from clipforensics.report.wording.nested import nested_tables
from clipforensics.report.wording.tables import Table

PAGE = Path(__file__).with_name("audit.html")

Json = Mapping[str, Any]

Rocs = Mapping[str, Mapping[str, list[Curve]]]
"""Manipulation -> level -> curves."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What the page says of one manipulation."""

    name: str
    headline: str
    conclusions: list[str]
    points: list[str]
    strata: Table
    numbers: Table
    rocs: list[tuple[str, Markup]]


def render(content: Json, rocs: Rocs, *, sources: Mapping[str, str]) -> str:
    """Write the page: no script, no request; the same content gives the same bytes.

    Args:
        content: As `findings.find` returns it.
        rocs: Curves to draw.
        sources: What is shown of the files: a name and a text each.
    """
    parts = [_part(content, name, rocs.get(name, {})) for name in content["leakage"]["manipulations"]]
    first = content["headline"]["manipulation"]
    parts.sort(key=lambda part: part.name != first)
    leakage, bootstrap = content["leakage"], content["bootstrap"]
    settings = {
        "files": dict(sources),
        **{key: content[key] for key in ("bootstrap", "calibration")},
        "names": {**content["names"], "owners": [_owner(row) for row in content["names"]["owners"]]},
    }
    said = {
        "parts": parts,
        "train_set": content["headline"]["train_set"],
        "detectors": list(content["points"]),
        "leakage": leak_tables({"": leakage}),
        "settings": nested_tables(settings),
        "cluster": bootstrap["cluster"],
    }
    return render_html(PAGE, said) + "\n"


def _owner(row: Json) -> str:
    return f"{row['identity']} in {row['n']} of {row['whole']} {row['part']} videos of {row['class']}"


def _part(content: Json, manipulation: str, rocs: Mapping[str, list[Curve]]) -> _Part:
    return _Part(
        name=manipulation,
        headline=words.headline(content, manipulation),
        conclusions=[words.conclusion(content, manipulation, name) for name in content["points"]],
        points=words.points(content, manipulation),
        strata=strata_table(content, manipulation),
        numbers=numbers_table(content, manipulation),
        rocs=[
            (level, roc_figure(curves, label=f"ROC curves, {level} level"))
            for level, curves in rocs.items()
            if curves
        ],
    )
