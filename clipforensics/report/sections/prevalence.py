"""What a verdict at the chosen threshold is worth where fakes are rarer than in the test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from clipforensics.report.figures.prevalence import (
    Operating,
    Rate,
    bounds_of,
    exact_interval,
    prevalence_figure,
)
from clipforensics.report.reading.lookup import metrics_of, protocol
from clipforensics.report.wording.names import capital, label_of
from clipforensics.report.wording.numbers import NO_BREAK, interval, known, number
from clipforensics.report.wording.tables import Json

RARE = 0.01
"""The prevalence that the sentence is about: one video in a hundred."""


@dataclass(frozen=True, slots=True)
class Worth:
    """A sentence, figures with captions, and whose lines they show; none where the rates are not known."""

    lead: str
    figures: tuple[tuple[str, Markup], ...] = ()
    names: tuple[str, ...] = ()


def prevalence_section(comparison: Json, evaluations: Sequence[Json], detectors: Sequence[str]) -> Worth:
    """PPV and NPV of the detectors on the headline's test, by video.

    Args:
        comparison: Content of metrics/comparison.json: TPR and FPR with intervals, where it has them.
        evaluations: One a detector: the same without intervals.
        detectors: Those to draw.
    """
    found = [one for name in detectors if (one := operating(comparison, evaluations, name))]
    if not found:
        return Worth("The run has no rates at a threshold, so nothing is known of rarer fakes.")
    figures = [
        ("PPV: of the videos called manipulated, the share that is", True),
        ("NPV: of the videos called real, the share that is", False),
    ]
    return Worth(
        lead(found),
        tuple((text, prevalence_figure(found, positive=positive, label=text)) for text, positive in figures),
        tuple(one.name for one in found),
    )


def operating(comparison: Json, evaluations: Sequence[Json], detector: str) -> Operating | None:
    """TPR and FPR at the threshold chosen on validation; None where one is unknown."""
    rates = list(_rates(comparison, evaluations, detector))
    if None in rates:
        return None
    tpr, fpr = (rate for rate in rates if rate is not None)
    return Operating(label_of(detector), tpr, fpr)


def _rates(comparison: Json, evaluations: Sequence[Json], detector: str) -> Iterator[Rate | None]:
    bounded: Json = next(
        (rows for name, level, rows in metrics_of(comparison)
         if level == "video" and name == protocol(comparison)), {},
    )  # fmt: skip
    manipulation = comparison["headline"]["manipulation"]
    plain: Json = next(
        (e["test"].get(manipulation, {}) for e in evaluations if e["detector"] == detector), {}
    )
    point = (plain.get("video") or {}).get("at_validation") or {}
    confidence = known((comparison.get("bootstrap") or {}).get("confidence"))
    for key, size in (("tpr", "n_fake"), ("fpr", "n_real")):
        row = bounded.get(key) or {}
        values = (row.get("detectors") or {}).get(detector) or {"value": point.get(key)}
        n = known(row.get(size)) or known((plain.get("video") or {}).get(size))
        yield _rate(values, n, 0.95 if confidence is None else confidence)


def _rate(values: Json, n: float | None, confidence: float) -> Rate | None:
    """With the file's interval; where it has none, as at 0 and 1, the exact one."""
    value, low, high = (known(values.get(key)) for key in ("value", "low", "high"))
    if value is None:
        return None
    if n and (low is None or high is None):
        low, high = exact_interval(round(value * n), int(n), confidence)
    return Rate(value, low, high)


def lead(found: Sequence[Operating]) -> str:
    """What a verdict is worth at one manipulated video in a hundred."""
    said = []
    for one in found:
        value, low, high = (float(v) for v in bounds_of(one, np.array([RARE]), positive=True)[:, 0])
        if not np.isfinite(value):
            said.append(f"{one.name} calls nothing manipulated")
            continue
        bounds = interval(low, high) if one.is_bounded else ""
        said.append(f"{one.name} {number(value)}" + (f"{NO_BREAK}{bounds}" if bounds else ""))
    return capital(
        "if one video in a hundred were manipulated, so many of those called manipulated at the threshold"
        f" from validation would be: {'; '.join(said)}."
    )
