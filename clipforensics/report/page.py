"""The page: everything that the metrics files say, in one HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from clipforensics.faults import InputError
from clipforensics.figures import Curve, roc_figure
from clipforensics.report import nested, numbers, tables, verdict
from clipforensics.report.gallery import Album, ErrorList, error_lists

Json = Mapping[str, Any]

Curves = Mapping[str, Sequence[Mapping[str, str]]]

MAX_BYTES = 10_000_000
"""A page above this is refused: it should open on a phone and pass through mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that the page shows, as it stands in the files.

    Attributes:
        dataset: Name of the data set.
        is_sample: Whether it is the rendered sample, whose numbers are no science.
        comparison: metrics/comparison.json.
        evaluations: metrics/evaluate/<detector>/<train_set>-<seed>.json, of the headline's train set.
        leakage: Train set -> metrics/leakage/<train_set>.json.
        errors: (detector, data/errors/<detector>/<train_set>-<seed>.json) to show with pictures.
        curves: Level (video, frame) -> detector -> rows (fpr, tpr) of plots/roc/<level>/<detector>.csv,
            of the headline and the first seed.
        settings: What the run was given: params.yaml.
        skipped: Rows (stage, path, reason) of the tables of skipped videos.
    """

    dataset: str
    is_sample: bool
    comparison: Json
    evaluations: Sequence[Json]
    leakage: Mapping[str, Json] = field(default_factory=dict)
    errors: Sequence[tuple[str, Json]] = ()
    curves: Mapping[str, Curves] = field(default_factory=dict)
    settings: Json = field(default_factory=dict)
    skipped: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One big number at the head of the page."""

    name: str
    value: str
    note: str
    series: str = ""


def render(findings: Findings, album: Album, *, pictures_per_list: int) -> str:
    """Write the page: no script, no request, names escaped; the same findings give the same bytes.

    Args:
        findings: Contents of the metrics files.
        album: Where the pictures of the error lists come from.
        pictures_per_list: The first so many videos of each error list are shown with frames.

    Raises:
        InputError: the page would be larger than `MAX_BYTES`, or two files disagree on an AUC.
    """
    check_agreement(findings)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    galleries = [
        (tables.label_of(detector), error_lists(errors, album, pictures_per_list=pictures_per_list))
        for detector, errors in findings.errors
    ]
    page = environment.get_template("page.html").render(_content(findings, galleries))
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
    than rounding) means that files of two runs, or scores of other frames, were mixed.

    Raises:
        InputError: naming the detector and both numbers.
    """
    manipulation = findings.comparison["headline"]["manipulation"]
    for level in ("video", "frame"):
        cell = verdict.find_cell(findings.comparison, stratum="all", level=level) or {"detectors": {}}
        for name, values in cell["detectors"].items():
            found, compared = _mean_auc(findings, name, level), numbers.known(values.get("auc"))
            if found is not None and compared is not None and abs(found - compared) > 1e-6:
                raise InputError(
                    f"{name}: {level} AUC on {manipulation} is {found:.6f} in metrics/evaluate but"
                    f" {compared:.6f} in metrics/comparison.json; run `dvc repro` so that both are of one run"
                )


def _mean_auc(findings: Findings, detector: str, level: str) -> float | None:
    """Mean over seeds of the headline's AUC as evaluate found it; None where one is undefined."""
    manipulation = findings.comparison["headline"]["manipulation"]
    points = [
        e["test"].get(manipulation, {}).get(level) or {}
        for e in findings.evaluations
        if e["detector"] == detector
    ]
    aucs = [auc for point in points if (auc := numbers.known(point.get("auc"))) is not None]
    return sum(aucs) / len(aucs) if aucs and len(aucs) == len(points) else None


def _content(findings: Findings, galleries: Sequence[tuple[str, list[ErrorList]]]) -> dict[str, Any]:
    """Names that the template uses."""
    comparison, headline = findings.comparison, findings.comparison["headline"]
    train_set, manipulation = headline["train_set"], headline["manipulation"]
    names = tables_order(comparison)
    opening = [verdict.verdict(comparison, name) for name in verdict.candidates(comparison)]
    return {
        "dataset": findings.dataset,
        "is_sample": findings.is_sample,
        "train_set": train_set,
        "manipulation": manipulation,
        "asked": verdict.what_was_asked(train_set, manipulation),
        "verdicts": opening,
        "tiles": _tiles(comparison),
        "all_fake": verdict.about_all_fake(findings.evaluations, manipulation),
        "points": tables.point_table(findings.evaluations, manipulation=manipulation),
        "strata": tables.strata_table(comparison),
        "matrix": tables.matrix_table(comparison),
        "rocs": [(level, roc(findings, level)) for level, curves in findings.curves.items() if curves],
        "leakage": _leak_tables(findings.leakage),
        "galleries": galleries,
        "training": training_table(findings.evaluations),
        "settings": nested.nested_tables(dict(nested.flatten(findings.settings))),
        "skipped": _skipped_table(findings.skipped),
        "n_skipped": len(findings.skipped),
        "detectors": [tables.label_of(name) for name in names],
        "seeds": ", ".join(str(seed) for seed in comparison["seeds"]),
        "n_seeds": len(comparison["seeds"]),
        "intervals": tables.interval_words(comparison),
        "of_what": "bootstrap over videos" if "bootstrap" in comparison else "",
    }


def tables_order(comparison: Json) -> list[str]:
    """All detectors of the comparison, the reference first: the order of colours on the page."""
    names = dict.fromkeys([comparison["reference"]])
    for cell in comparison["cells"]:
        names.update(dict.fromkeys(cell["detectors"]))
    return list(names)


def roc(findings: Findings, level: str) -> Markup:
    """The ROC figure of the headline at one level, with the AUC that evaluate found for each curve."""
    comparison, curves = findings.comparison, findings.curves[level]
    manipulation, seeds = comparison["headline"]["manipulation"], comparison["seeds"]
    aucs = {
        e["detector"]: (e["test"].get(manipulation, {}).get(level) or {}).get("auc")
        for e in reversed(findings.evaluations)  # the first seed is the one that stays
    }
    drawn = [
        Curve(
            tables.label_of(name) + (f", seed {seeds[0]}" if len(seeds) > 1 else ""),
            [float(row["fpr"]) for row in curves[name]],
            [float(row["tpr"]) for row in curves[name]],
            numbers.number(aucs.get(name)),
        )
        for name in dict.fromkeys([*tables_order(comparison), *curves])
        if curves.get(name)
    ]
    return roc_figure(drawn, label=f"ROC curves, {level} level")


def training_table(evaluations: Sequence[Json]) -> tables.Table:
    """What was trained: counts of parameters, thresholds chosen on validation, validation AUC."""
    rows = []
    for evaluation in evaluations:
        parameters = evaluation.get("parameters") or {}
        threshold = evaluation.get("threshold") or {}
        validation = evaluation.get("validation") or {}
        cells = [tables.Cell(numbers.count(parameters.get(key))) for key in ("trainable", "all", "head")]
        cells += [tables.Cell(numbers.number(threshold.get(level))) for level in ("video", "frame")]
        cells.append(tables.Cell(str(threshold.get("rule", numbers.NONE))))
        cells += [
            tables.Cell(numbers.number((validation.get(level) or {}).get("auc")))
            for level in ("video", "frame")
        ]
        head = tables.Cell(tables.label_of(evaluation["detector"]), f"seed {evaluation['seed']}")
        rows.append((head, *cells))
    columns = [tables.Column("detector", numeric=False)]
    columns += [tables.Column(name, "parameters") for name in ("trainable", "all", "head")]
    columns += [tables.Column(name, "threshold from validation") for name in ("video", "frame", "rule")]
    columns += [tables.Column(name, "validation AUC") for name in ("video", "frame")]
    return tables.Table("", tuple(columns), (tables.Group("", tuple(rows)),))


def _tiles(comparison: Json) -> list[Tile]:
    """Video AUC of each detector on the headline, and the differences."""
    cell = verdict.find_cell(comparison, stratum="all", level="video")
    if cell is None:
        return []
    tiles = []
    for index, name in enumerate(tables_order(comparison)):
        values = cell["detectors"].get(name) or {}
        bounds = numbers.interval(values.get("low"), values.get("high"))
        tiles.append(
            Tile(tables.label_of(name), numbers.number(values.get("auc")), bounds, f"series-{index % 5}")
        )
    for name in verdict.candidates(comparison):
        values = cell["differences"].get(name) or {}
        bounds = numbers.interval(values.get("low"), values.get("high"))
        title = "Difference" if len(tiles) == 2 else f"{tables.label_of(name)}: difference"
        tiles.append(Tile(title, numbers.signed(values.get("auc")), bounds))
    return tiles


def _leak_tables(leakage: Mapping[str, Json]) -> list[tables.Table]:
    """One audit's tables go without a caption; several are captioned by their train set."""
    several = len(leakage) > 1
    found = []
    for train_set, audit in leakage.items():
        found += nested.nested_tables(audit, f"Trained on {train_set}" if several else "")
    return found


def _skipped_table(skipped: Sequence[Mapping[str, str]]) -> tables.Table:
    columns = tuple(tables.Column(name, numeric=False) for name in ("stage", "path", "reason"))
    rows = tuple(tuple(tables.Cell(row.get(c.name, "")) for c in columns) for row in skipped)
    return tables.Table("", columns, (tables.Group("", rows),))
