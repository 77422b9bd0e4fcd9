"""The audit's page, in the look of the pipeline's report: one offline file, names escaped."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from clipforensics import report
from clipforensics.audit import words
from clipforensics.audit.tables import numbers_table, strata_table
from clipforensics.report.figures.curves import Curve, roc_figure
from clipforensics.report.wording.nested import nested_tables
from clipforensics.report.wording.tables import Table

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
    places = [Path(__file__).parent, *(Path(place) for place in report.__path__)]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(places),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = [_part(content, name, rocs.get(name, {})) for name in content["leakage"]["manipulations"]]
    first = content["headline"]["manipulation"]
    parts.sort(key=lambda part: part.name != first)
    page = environment.get_template("audit.html").render(
        parts=parts,
        train_set=content["headline"]["train_set"],
        detectors=list(content["points"]),
        leakage=nested_tables(content["leakage"]),
        settings=nested_tables(
            {
                "files": dict(sources),
                "bootstrap": content["bootstrap"],
                "calibration": content["calibration"],
                "names": content["names"],
            }
        ),
        cluster=content["bootstrap"]["cluster"],
    )
    return page + "\n"


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
