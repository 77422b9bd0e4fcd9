"""ROC and DET figures of the headline, with the bands of the bootstrap."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from markupsafe import Markup

from clipforensics.report.figures.curves import Band, Curve, det_figure, roc_figure
from clipforensics.report.reading.cast import Cast
from clipforensics.report.reading.findings import Findings, Rows
from clipforensics.report.sections import caveats
from clipforensics.report.wording.names import capital, label_of
from clipforensics.report.wording.numbers import known, number
from clipforensics.report.wording.tables import Json


def figures(findings: Findings, evaluations: Sequence[Json], cast: Cast) -> list[list[tuple[str, Markup]]]:
    """(caption, figure) of ROC and DET, of each level that has curves.

    Args:
        findings: Curves and bands are those of the headline and the first seed, folds pooled.
        evaluations: One a detector, of that seed: the AUC beside each curve, unless it is of a fold alone.
        cast: Who has a colour; the others are grey. Of many only the pair has bands.
    """
    drawn = []
    for level in findings.curves:
        curves = level_curves(findings, evaluations, level, cast.order)
        coloured = [d for d in (*cast.named, *(d for d in curves if d not in cast.order)) if d in curves]
        with_band = cast.shown if cast.is_large else coloured
        named = [curves[d] if d in with_band else replace(curves[d], band=None) for d in coloured]
        grey = [curves[d] for d in cast.rest if d in curves]
        if curves:
            title = f"{capital(level)} level"
            roc = roc_figure(named, label=f"ROC curves, {title}", grey=grey)
            det = det_figure(named, label=f"DET curves, {title}", grey=grey)
            drawn.append([(f"ROC, {level}s", roc), (f"DET, {level}s", det)])
    return drawn


def level_curves(
    findings: Findings, evaluations: Sequence[Json], level: str, order: Sequence[str]
) -> dict[str, Curve]:
    """The curves of one level by detector, each with its AUC; of pooled folds, the area beneath.

    Those of the order come first, and others that have one behind them.
    """
    comparison, rows = findings.comparison, findings.curves[level]
    manipulation, seeds = comparison["headline"]["manipulation"], comparison["seeds"]
    aucs = {e["detector"]: (e["test"].get(manipulation, {}).get(level) or {}).get("auc") for e in evaluations}
    if caveats.fold_alone(comparison):
        aucs = {name: _area(found) for name, found in rows.items()}
    return {
        name: Curve(
            label_of(name) + (f", seed {seeds[0]}" if len(seeds) > 1 else ""),
            [float(row["fpr"]) for row in rows[name]],
            [float(row["tpr"]) for row in rows[name]],
            number(aucs.get(name)),
            _band(findings, level, name),
        )
        for name in dict.fromkeys([*order, *rows])
        if rows.get(name)
    }


def _area(rows: Rows) -> float | None:
    """Area beneath the vertices of a ROC, which is its AUC."""
    points = [(float(row["fpr"]), float(row["tpr"])) for row in rows]
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points)) if points else None


def _band(findings: Findings, level: str, name: str) -> Band | None:
    """The band, without the grid points at which it is undefined; None where fewer than two are left."""
    rows = (findings.bands.get(level) or {}).get(name) or ()
    points = [
        (float(row["fpr"]), float(row["low"]), float(row["high"]))
        for row in rows
        if row["low"] and row["high"] and known(float(row["low"])) is not None
    ]
    if len(points) < 2:
        return None
    x, low, high = zip(*points, strict=True)
    return Band(x, low, high)
