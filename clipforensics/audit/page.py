"""The audit's page, in the look of the pipeline's report: one offline file, names escaped."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from clipforensics import report
from clipforensics.audit import words
from clipforensics.figures import Curve, roc_figure
from clipforensics.report import nested, numbers, tables

Json = Mapping[str, Any]

Rocs = Mapping[str, Mapping[str, list[Curve]]]
"""Manipulation -> level -> curves."""

_STRATA = {"trained_on": "trained on these very videos"}
"""Strata that the pipeline's tables have no words for."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What the page says of one manipulation."""

    name: str
    headline: str
    conclusions: list[str]
    points: list[str]
    strata: tables.Table
    numbers: tables.Table
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
        leakage=nested.nested_tables(content["leakage"]),
        settings=nested.nested_tables(
            {"files": dict(sources), "bootstrap": content["bootstrap"], "names": content["names"]}
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
        strata=tables.strata_table(_of(content, manipulation)),
        numbers=_numbers(content, manipulation),
        rocs=[
            (level, roc_figure(curves, label=f"ROC curves, {level} level"))
            for level, curves in rocs.items()
            if curves
        ],
    )


def _of(content: Json, manipulation: str) -> Json:
    """The comparison with one manipulation as its headline, and words for every stratum."""
    cells = [{**c, "stratum": _STRATA.get(c["stratum"], c["stratum"])} for c in content["cells"]]
    return {**content, "cells": cells, "headline": {**content["headline"], "manipulation": manipulation}}


def _numbers(content: Json, manipulation: str) -> tables.Table:
    """Point metrics of every detector, and of calling everything manipulated."""
    groups, notes = [], []
    for level, heading in (("video", "Video level"), ("frame", "Frame level")):
        rows = []
        for name, found in content["points"].items():
            point = found[manipulation][level]
            rows.append(_row(name, point, content["threshold"][name]["value"]))
            if point.get("undefined"):
                notes.append(f"{name}, {level} level: {point['undefined']}")
        first = next(iter(content["points"].values()))[manipulation]
        rows.append(_row(tables.ALL_FAKE, {"at_threshold": first["all_fake"][level]}, None))
        groups.append(tables.Group(heading, tuple(rows)))
    columns = [tables.Column("detector", numeric=False)]
    columns += [tables.Column(name) for name in ("AUC", "AP", "EER", "EER, vertex")]
    columns += [tables.Column(n, "at the threshold") for n in ("ACC", "bal. ACC", "F1", "TPR", "FPR", "at")]
    columns += [tables.Column(name, "n") for name in ("real", "fake", "groups")]
    explained = (
        f"{tables.ALL_FAKE}, for reference: everything is called manipulated.",
        "EER is read off the ROC's straight segments; EER, vertex is the false positive rate of the nearest"
        " vertex, as many papers print it.",
    )
    return tables.Table("", tuple(columns), tuple(groups), (*explained, *dict.fromkeys(notes)))


def _row(name: str, point: Json, threshold: float | None) -> tuple[tables.Cell, ...]:
    at = point.get("at_threshold") or {}
    keys = ("accuracy", "balanced_accuracy", "f1", "tpr", "fpr")
    return (
        tables.Cell(name),
        *(tables.Cell(numbers.number(point.get(key))) for key in ("auc", "ap", "eer", "eer_vertex")),
        *(tables.Cell(numbers.number(at.get(key))) for key in keys),
        tables.Cell(numbers.number(threshold)),
        *(tables.Cell(numbers.count(point.get(key))) for key in ("n_real", "n_fake", "n_groups")),
    )
