"""The page: everything that the metrics files say, in one HTML file that needs nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.report.reading import lookup
from clipforensics.report.reading.cast import Cast, cast_of
from clipforensics.report.reading.findings import Findings
from clipforensics.report.sections import (
    caveats,
    curves,
    duplicates,
    faces,
    league,
    leaks,
    losses,
    matrix,
    metrics,
    opening,
    origin,
    recognition,
    verdict,
)
from clipforensics.report.sections.by_detector import metric_tables, strata_tables
from clipforensics.report.sections.calibration import calibration_section
from clipforensics.report.sections.controls import controls_section
from clipforensics.report.sections.elsewhere import elsewhere_tables
from clipforensics.report.sections.errors import counts_table, galleries, hardest_table, sanity_table
from clipforensics.report.sections.failures import unusable
from clipforensics.report.sections.first_table import first_table
from clipforensics.report.sections.gallery import Album
from clipforensics.report.sections.likelihood import likelihood_section
from clipforensics.report.sections.prevalence import prevalence_section
from clipforensics.report.sections.robustness import robustness_section
from clipforensics.report.sections.seen import about_protocols, about_reals
from clipforensics.report.wording import nested, numbers
from clipforensics.report.wording.html import render_html
from clipforensics.report.wording.names import capital, label_of, name_of, protocol_in_words
from clipforensics.report.wording.tables import Json, Numbering, Table, interval_words

__all__ = ["MAX_BYTES", "Findings", "check_agreement", "render"]

PAGE = Path(__file__).with_name("page.html")

MAX_BYTES = 10_000_000
"""A page above this is refused: it should open on a phone and pass through mail."""


class ReportSection(Section):
    """Section `report` of params.yaml."""

    pictures_per_list: int = Field(ge=0)
    picture_size: int = Field(ge=16)


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
        for e in lookup.of_headline(findings)
        if e["detector"] == detector
    ]
    aucs = [auc for point in points if (auc := numbers.known(point.get("auc"))) is not None]
    return sum(aucs) / len(aucs) if aucs and len(aucs) == len(points) else None


def first_seed(evaluations: Sequence[Json]) -> list[Json]:
    """One evaluation a detector: the first."""
    found: dict[str, Json] = {}
    for one in evaluations:
        found.setdefault(one["detector"], one)
    return list(found.values())


def _content(findings: Findings, cast: Cast) -> dict[str, Any]:
    """Names that the template uses, without the error lists."""
    return {
        **_opening(findings, cast),
        **_sections(findings, cast),
        **_rates(findings, cast),
        **_origin(findings),
        "numbering": Numbering(),
    }


def _opening(findings: Findings, cast: Cast) -> dict[str, Any]:
    comparison, head = findings.comparison, findings.comparison["headline"]
    runs, seen = lookup.of_headline(findings), opening.all_seen(findings)
    broken = unusable(comparison, runs)
    whole = lookup.find_cell(comparison, stratum="all", level="video")
    alone = caveats.fold_alone(comparison)
    points = [
        verdict.what_was_asked(head["train_set"], head["manipulation"]),
        about_reals(seen[lookup.protocol(comparison)]),
        faces.about_clue(findings.faces),
        caveats.about_size(whole, seen[lookup.protocol(comparison)].unknown),
        caveats.about_seeds(comparison, whole, cast.shown),
        _of_fold(alone, verdict.about_all_fake(runs, head["manipulation"])),
        caveats.about_fold(comparison),
    ]
    return {
        "dataset": findings.dataset,
        "is_sample": findings.is_sample,
        "train_set": head["train_set"],
        "manipulation": head["manipulation"],
        "protocol": protocol_in_words(head["protocol"]) if head.get("protocol") else "",
        "fold": capital(alone),
        "opening": opening.opening(findings, cast),
        "unusable": {label_of(name): reason for name, reason in broken.items()},
        "first": first_table(comparison, seen, runs, cast.order, list(broken)),
        "about_pair": about_pair(comparison, cast),
        "points": [text for text in points if text],
        "protocols": about_protocols(seen),
        "title": [label_of(name) for name in cast.shown],
        "n_others": len(cast.order) - len(cast.shown),
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
    order = [row["detector"] for row in comparison.get("league") or ()]
    place = f"{_ordinal(order.index(pair) + 1)} of {len(order)} by validation" if pair in order else ""
    if cast.chosen_by in ("primary", "detector"):
        return f"params.yaml names {name_of(pair)}" + (f", {place}." if place else ".")
    if not place:
        return f"Of {len(cast.order)} detectors, {name_of(pair)} stands first in the file."
    if order[0] == cast.order[0]:
        return f"{capital(name_of(order[0]))} itself is first by validation, {name_of(pair)} {place}."
    return f"{capital(name_of(pair))} is {place}."


def _ordinal(place: int) -> str:
    """`first`, `second`, `third`, then `number 4`."""
    return {1: "first", 2: "second", 3: "third"}.get(place, f"number {place}")


def _of_fold(alone: str, text: str) -> str:
    """A sentence from the files of the headline's split, which may be one fold."""
    return f"{capital(alone)}: {text[:1].lower()}{text[1:]}" if alone and text else text


def _sections(findings: Findings, cast: Cast) -> dict[str, Any]:
    comparison, order = findings.comparison, cast.order
    said = [text for name in cast.pairs for text in verdict.points(comparison, name)]
    said.append(leaks.about_sizes(findings.leakage, comparison, lookup.partner_protocol(comparison)))
    return {
        "changes": losses.losses_table(comparison, order[1:]),
        "families": families_table(comparison),
        "about_strata": [text for text in said if text],
        "strata": strata_tables(comparison, order),
        "league": league.league_section(comparison, cast, findings.controls),
        "controls": controls_section(findings.controls, cast),
        "metrics": metric_tables(comparison, order),
        "elsewhere": elsewhere_tables(comparison, cast),
        "matrices": matrix.matrix_tables(comparison, order),
        "folds": matrix.folds_table(comparison, order),
        "robustness": robustness_section(
            findings.robustness,
            why=f"There is no robustness test here. {findings.no_robustness}",
            reference=comparison["reference"],
            cast=cast,
        ),
        "keys": [(label_of(name), place) for place, name in enumerate(cast.named)],
        "n_grey": len(cast.rest),
        "leakage": leaks.leak_tables(findings.leakage),
        "about_duplicates": duplicates.about_duplicates(findings.duplicates),
        "duplicates": duplicates.duplicates_table(findings.duplicates),
        "about_recognised": recognition.about_recognised(findings.recognised),
        "recognised": recognition.recognised_table(findings.recognised),
    }


def families_table(comparison: Json) -> Table | None:
    """The declared families of secondary differences, and how many of each are shown."""
    rows = [
        {"family": one["name"], "differences": one["n"], "shown": one.get("n_shown"), "by": one.get("method"),
         "about": one.get("about", "")}
        for one in comparison.get("families") or ()
    ]  # fmt: skip
    if not rows:
        return None
    (table,) = nested.nested_tables({"rows": rows}, "Families of secondary differences")
    return table


def _rates(findings: Findings, cast: Cast) -> dict[str, Any]:
    """What rests on single evaluations: curves, thresholds, probabilities."""
    manipulation = findings.comparison["headline"]["manipulation"]
    runs = sorted(lookup.of_headline(findings), key=lambda run: cast.place(run["detector"]))
    one_each = first_seed(runs)
    cuts = [
        metrics.threshold_table(one_each, manipulation=manipulation, level=level)
        for level in ("video", "frame")
    ]
    return {
        "figures": curves.figures(findings, one_each, cast),
        "cuts": [table for table in cuts if table],
        "runs": metrics.point_table(runs, manipulation=manipulation),
        "worth": prevalence_section(findings.comparison, one_each, cast.shown),
        "calibration": calibration_section(one_each, manipulation=manipulation, order=cast.named),
        "likelihood": likelihood_section(findings.likelihood, cast),
    }


def _origin(findings: Findings) -> dict[str, Any]:
    return {
        "training": metrics.training_table(findings.evaluations),
        "settings": nested.nested_tables(dict(nested.flatten(findings.settings)), "Settings"),
        "origins": origin.origin_tables(findings.provenance),
        "commands": origin.commands(findings.provenance),
        "about_faces": faces.about_faces(findings.faces, findings.settings.get("extract_frames") or {}),
        "faces": faces.faces_table(findings.faces),
        "skipped": origin.skipped_table(findings.skipped),
        "n_skipped": len(findings.skipped),
    }


def _wrong(findings: Findings, cast: Cast, album: Album | None, pictures_per_list: int) -> dict[str, Any]:
    explained = findings.explanations
    errors = sorted(findings.errors, key=lambda one: cast.place(one[0]))
    shown = [one for one in errors if one[0] in cast.shown]
    return {
        "galleries": galleries(shown, album, pictures_per_list=pictures_per_list),
        "n_without_gallery": len(errors) - len(shown),
        "error_counts": counts_table(errors) if errors else None,
        "hardest": hardest_table(errors),
        "sanity": sanity_table(explained) if explained else None,
        "no_explanations": f"There are no heatmaps here. {findings.no_explanations}",
        "method": str(explained.get("method", "")) if explained else "",
    }
