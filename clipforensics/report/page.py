"""The page: everything that the metrics files say, in one HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.report.reading import lookup
from clipforensics.report.reading.cast import Cast, cast_of
from clipforensics.report.reading.findings import Findings
from clipforensics.report.sections import caveats, curves, leaks, matrix, metrics, origin, verdict
from clipforensics.report.sections.by_detector import (
    metrics_by_detector,
    strata_by_detector,
    thresholds_by_detector,
)
from clipforensics.report.sections.calibration import calibration_section
from clipforensics.report.sections.errors import counts_table, galleries, hardest_table, sanity_table
from clipforensics.report.sections.gallery import Album
from clipforensics.report.sections.league import league_section
from clipforensics.report.sections.robustness import robustness_section
from clipforensics.report.sections.side_by_side import about_protocols, side_by_side
from clipforensics.report.wording import nested, numbers
from clipforensics.report.wording.html import render_html
from clipforensics.report.wording.names import capital, label_of, name_of, protocol_in_words
from clipforensics.report.wording.tables import Json, interval_words

__all__ = ["MAX_BYTES", "Findings", "Tile", "check_agreement", "render"]

PAGE = Path(__file__).with_name("page.html")

MAX_BYTES = 10_000_000
"""A page above this is refused: it should open on a phone and pass through mail."""


class ReportSection(Section):
    """Section `report` of params.yaml."""

    pictures_per_list: int = Field(ge=0)
    picture_size: int = Field(ge=16)


@dataclass(frozen=True, slots=True)
class Tile:
    """One big number at the head of the page."""

    name: str
    value: str
    note: str
    series: str = ""


def render(findings: Findings, album: Album | None, *, pictures_per_list: int) -> str:
    """Write the page: no script, no request, names escaped; the same findings give the same bytes.

    Args:
        findings: Contents of the metrics files.
        album: Where the pictures of the error lists come from; None for a page without any.
        pictures_per_list: The first so many videos of each error list are shown with frames.

    Raises:
        InputError: the page would be larger than `MAX_BYTES`, or two files disagree on an AUC.
    """
    check_agreement(findings)
    cast = cast_of(findings.comparison, findings.detector)
    content = _content(findings, cast) | _wrong(findings, cast, album, pictures_per_list)
    page = render_html(PAGE, content)
    size = len(page.encode("utf-8"))
    if size > MAX_BYTES:
        raise InputError(
            f"report.pictures_per_list: {pictures_per_list} makes a page of {size / 1e6:.1f} MB,"
            f" which must stay under {MAX_BYTES / 1e6:.0f} MB; lower it, or report.picture_size"
        )
    return page + "\n"


def check_agreement(findings: Findings) -> None:
    """Refuse findings in which evaluate and compare disagree on the headline's AUCs.

    Both compute them from the same scores, so a difference (of the mean over seeds, by more
    than rounding) means that files of two runs, or scores of other frames, were mixed. Pooled
    folds have no single evaluation to agree with, and are not checked.

    Raises:
        InputError: naming the detector and both numbers.
    """
    head = findings.comparison["headline"]
    if head.get("split") != head.get("protocol"):
        return
    for level in ("video", "frame"):
        cell = lookup.find_cell(findings.comparison, stratum="all", level=level) or {"detectors": {}}
        for name, values in cell["detectors"].items():
            found, compared = _mean_auc(findings, name, level), numbers.known(values.get("auc"))
            if found is not None and compared is not None and abs(found - compared) > 1e-6:
                raise InputError(
                    f"{name}: {level} AUC on {head['manipulation']} is {found:.6f} in metrics/evaluate but"
                    f" {compared:.6f} in metrics/comparison.json; run `dvc repro` so that both are of one run"
                )


def _mean_auc(findings: Findings, detector: str, level: str) -> float | None:
    """Mean over seeds of the headline's AUC as evaluate found it; None where one is undefined."""
    manipulation = findings.comparison["headline"]["manipulation"]
    points = [
        e["test"].get(manipulation, {}).get(level) or {}
        for e in of_headline(findings)
        if e["detector"] == detector
    ]
    aucs = [auc for point in points if (auc := numbers.known(point.get("auc"))) is not None]
    return sum(aucs) / len(aucs) if aucs and len(aucs) == len(points) else None


def of_headline(findings: Findings) -> list[Json]:
    """Evaluations of the headline's split, all seeds."""
    split = findings.comparison["headline"].get("split")
    return [e for e in findings.evaluations if e.get("split") == split]


def first_seed(evaluations: Sequence[Json]) -> list[Json]:
    """One evaluation a detector: the first."""
    found: dict[str, Json] = {}
    for one in evaluations:
        found.setdefault(one["detector"], one)
    return list(found.values())


def _content(findings: Findings, cast: Cast) -> dict[str, Any]:
    """Names that the template uses, without the error lists."""
    return {**_opening(findings, cast), **_sections(findings, cast), **_origin(findings)}


def _opening(findings: Findings, cast: Cast) -> dict[str, Any]:
    comparison, headline = findings.comparison, findings.comparison["headline"]
    manipulation = headline["manipulation"]
    whole = lookup.find_cell(comparison, stratum="all", level="video")
    alone = caveats.fold_alone(comparison)
    doubts = [
        leaks.about_reals(findings.leakage),
        caveats.about_size(whole),
        caveats.about_seeds(comparison, whole, cast.shown),
        _of_fold(alone, verdict.about_all_fake(of_headline(findings), manipulation)),
    ]
    return {
        "dataset": findings.dataset,
        "is_sample": findings.is_sample,
        "train_set": headline["train_set"],
        "manipulation": manipulation,
        "protocol": protocol_in_words(headline["protocol"]) if headline.get("protocol") else "",
        "fold": capital(alone),
        "about_fold": caveats.about_fold(comparison),
        "asked": verdict.what_was_asked(headline["train_set"], manipulation),
        "verdicts": [verdict.verdict(comparison, name) for name in cast.pairs],
        "about_pair": about_pair(comparison, cast),
        "tiles": _tiles(comparison, cast),
        "doubts": [text for text in doubts if text],
        "detectors": [label_of(name) for name in cast.shown] if cast.is_large else labels(cast.order),
        "n_others": len(cast.order) - len(cast.shown) if cast.is_large else 0,
        "n_seeds": len(comparison["seeds"]),
        "seeds": ", ".join(str(seed) for seed in comparison["seeds"]),
        "intervals": interval_words(comparison),
        "of_what": caveats.resampled(comparison),
    }


def about_pair(comparison: Json, cast: Cast) -> str:
    """Of many detectors, why the page opens with this one; else the empty text."""
    if not cast.is_large or not cast.pairs:
        return ""
    (pair,) = cast.pairs
    league = [row["detector"] for row in comparison.get("league") or ()]
    place = f"{_ordinal(league.index(pair) + 1)} of {len(league)} by validation" if pair in league else ""
    if cast.chosen_by == "detector":
        return f"params.yaml names {name_of(pair)}" + (f", {place}." if place else ".")
    if not place:
        return f"Of {len(cast.order)} detectors, {name_of(pair)} stands first in the file."
    if league[0] == cast.order[0]:
        return f"{capital(name_of(league[0]))} itself is first by validation, {name_of(pair)} {place}."
    return f"{capital(name_of(pair))} is {place}."


def _ordinal(place: int) -> str:
    """`first`, `second`, `third`, then `number 4`."""
    return {1: "first", 2: "second", 3: "third"}.get(place, f"number {place}")


def labels(detectors: Sequence[str]) -> list[str]:
    """Names for the head of the page."""
    return [label_of(name) for name in detectors]


def _of_fold(alone: str, text: str) -> str:
    """A sentence from the files of the headline's split, which may be one fold."""
    return f"{capital(alone)}: {text[:1].lower()}{text[1:]}" if alone and text else text


def _sections(findings: Findings, cast: Cast) -> dict[str, Any]:
    comparison, manipulation = findings.comparison, findings.comparison["headline"]["manipulation"]
    runs = sorted(of_headline(findings), key=lambda run: cast.place(run["detector"]))
    by_detector = cast.order if cast.is_large else ()
    return {
        **_tables(comparison, cast, first_seed(runs)),
        "league": league_section(comparison, cast),
        "about_protocols": about_protocols(comparison),
        "about_sizes": leaks.about_sizes(findings.leakage, comparison, lookup.partner_protocol(comparison)),
        "figures": curves.figures(findings, first_seed(runs), cast),
        "points": metrics.point_table(runs, manipulation=manipulation),
        "calibration": calibration_section(first_seed(runs), manipulation=manipulation, order=cast.named),
        "matrices": matrix.matrix_tables(comparison, by_detector=by_detector),
        "folds": matrix.folds_table(comparison, by_detector=by_detector),
        "robustness": robustness_section(
            findings.robustness,
            why=f"There is no robustness test here. {findings.no_robustness}",
            reference=comparison["reference"],
            cast=cast,
        ),
        "keys": [(label_of(name), place) for place, name in enumerate(cast.named)],
        "n_grey": len(cast.rest),
        "leakage": leaks.leak_tables(findings.leakage),
        "leak_sentence": leaks.leak_sentence(findings.leakage),
    }


def _tables(comparison: Json, cast: Cast, evaluations: Sequence[Json]) -> dict[str, Any]:
    """What stands side by side while the detectors are few, and one below the other where they are many."""
    manipulation = comparison["headline"]["manipulation"]
    cuts = [
        metrics.threshold_table(evaluations, manipulation=manipulation, level=level)
        for level in ("video", "frame")
    ]
    large, levels = cast.is_large, ("video", "frame")
    every = {level: strata_by_detector(comparison, level, cast.order) if large else None for level in levels}
    return {
        "strata": {level: side_by_side(comparison, level, cast.pairs) for level in levels},
        "every_stratum": every,
        "metrics": metrics_by_detector(comparison, cast.order)
        if large
        else metrics.metric_tables(comparison),
        "cuts": thresholds_by_detector(cuts) if large else [table for table in cuts if table],
    }


def _origin(findings: Findings) -> dict[str, Any]:
    return {
        "training": metrics.training_table(findings.evaluations),
        "settings": nested.nested_tables(dict(nested.flatten(findings.settings))),
        "origins": origin.origin_tables(findings.provenance),
        "commands": origin.commands(findings.provenance),
        "skipped": origin.skipped_table(findings.skipped),
        "n_skipped": len(findings.skipped),
    }


def _wrong(findings: Findings, cast: Cast, album: Album | None, pictures_per_list: int) -> dict[str, Any]:
    explained = findings.explanations
    errors = sorted(findings.errors, key=lambda one: cast.place(one[0]))
    shown = [one for one in errors if one[0] in cast.shown] if cast.is_large else errors
    return {
        "galleries": galleries(shown, album, pictures_per_list=pictures_per_list),
        "error_counts": counts_table(errors) if cast.is_large and errors else None,
        "hardest": hardest_table(errors) if cast.is_large else None,
        "sanity": sanity_table(explained) if explained else None,
        "no_explanations": f"There are no heatmaps here. {findings.no_explanations}",
        "method": str(explained.get("method", "")) if explained else "",
    }


def _tiles(comparison: Json, cast: Cast) -> list[Tile]:
    """Video AUC on the headline, and differences, there and under the other protocol; of many, the pair's."""
    cell = lookup.find_cell(comparison, stratum="all", level="video")
    if cell is None:
        return []
    tiles = []
    for index, name in enumerate(cast.shown if cast.is_large else cast.order):
        values = cell["detectors"].get(name) or {}
        bounds = numbers.interval(values.get("low"), values.get("high"))
        tiles.append(Tile(label_of(name), numbers.number(values.get("auc")), bounds, f"series-{index % 5}"))
    names = cast.pairs
    partner = lookup.partner_protocol(comparison)
    cells = [("Difference", cell)]
    if partner:
        found = lookup.find_cell(comparison, stratum="all", level="video", protocol=partner)
        cells.append((f"Difference, {protocol_in_words(partner)}", found or {}))
    for title, one in cells:
        tiles += [
            _difference_tile(one, name, title if len(names) == 1 else f"{label_of(name)}: {title}")
            for name in names
        ]
    return tiles


def _difference_tile(cell: Mapping[str, Any], name: str, title: str) -> Tile:
    values = lookup.difference(cell, name)
    bounds = numbers.interval(values.get("low"), values.get("high"))
    return Tile(title, numbers.signed(values.get("auc")), bounds)
