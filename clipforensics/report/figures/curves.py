"""Curves as SVG: ROC, DET, reliability, AUC against strength; in the page's light or dark colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from clipforensics.metrics.calibration import Bin
from clipforensics.report.figures.axes import (
    SERIES_COLOURS,
    Box,
    band,
    dot,
    drawing,
    grey_line,
    grid,
    legend,
    line,
)

QUARTERS = tuple((tick, f"{tick:g}".replace("0.", ".")) for tick in (0.0, 0.25, 0.5, 0.75, 1.0))

DET_RATES = (0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)
"""Rates with a line on both axes of a DET; the first and last are its edges."""


@dataclass(frozen=True, slots=True)
class Band:
    """Bounds around a ROC: at each false positive rate `x` the true positive rates `low` and `high`."""

    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True, slots=True)
class Curve:
    """One named line of a figure.

    Attributes:
        name: Shown in the legend, as it is (escaped).
        x: Abscissae in [0, 1], shape (n,); for a ROC the false positive rate.
        y: Ordinates in [0, 1], shape (n,); for a ROC the true positive rate.
        note: Shown after the name, for instance the area under the curve.
        band: Bounds around the line, or None.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    note: str = ""
    band: Band | None = None


def roc_figure(curves: Sequence[Curve], *, label: str, grey: Sequence[Curve] = ()) -> Markup:
    """Receiver operating characteristic: true against false positive rate, one line a curve.

    Points are joined by straight lines, so a tie between classes is a slope and not a step
    (the convention of scikit-learn's `roc_curve`). The diagonal is a coin's throw.

    Args:
        curves: Lines, drawn in this order; the i-th has the class `series-<i modulo 5>`.
        label: What a screen reader says the figure shows.
        grey: Further lines beneath them, thin, without colour, band or name in the legend.

    Raises:
        ValueError: a curve's `x` and `y` differ in length, are empty, or leave [0, 1].
    """
    box = Box()
    parts = [
        grid(box, QUARTERS, QUARTERS, "false positive rate (real called manipulated)", "true positive rate"),
        chance(box, (0.0, 0.0), (1.0, 1.0)),
        *(grey_line(box.pixels(*_rates(curve)), f"{curve.name} {curve.note}".strip()) for curve in grey),
    ]
    lines = []
    for index, curve in enumerate(curves):
        lines.append(line(box.pixels(*_rates(curve)), index, curve.name))
        if curve.band:
            x, low, high = _bounds(curve)
            parts.append(band(box.pixels(x, low), box.pixels(x, high), index))
    notes = legend(box, [(c.name, c.note) for c in curves], n_grey=len(grey))
    return drawing(box.size, label, [*parts, *lines, notes])


def det_figure(curves: Sequence[Curve], *, label: str, grey: Sequence[Curve] = ()) -> Markup:
    """Detection error trade-off: false negatives against false positives on normal-deviate axes.

    Both rates are placed at the quantile of the standard normal distribution (Martin et al.,
    "The DET curve in assessment of detection task performance", Eurospeech 1997), so the curve
    of normally distributed scores is straight, and lower left is better. Rates below 1% or above
    99% stand on the edge, where few videos cannot tell them from 0 or 1. The ROC's straight
    segments are carried over as they are, so they are bent here.

    Args:
        curves: ROC curves as for `roc_figure`; x false, y true positive rate.
        label: What a screen reader says the figure shows.
        grey: As in `roc_figure`.

    Raises:
        ValueError: as `roc_figure`.
    """
    edges = _deviates([DET_RATES[0], DET_RATES[-1]])
    span = (float(edges[0]), float(edges[1]))
    box = Box(x=span, y=span)
    ticks = [
        (float(z), f"{rate:g}".lstrip("0")) for rate, z in zip(DET_RATES, _deviates(DET_RATES), strict=True)
    ]
    middle = [(span[0], span[1]), (span[1], span[0])]
    parts = [
        grid(box, ticks, ticks, "false positive rate", "false negative rate (manipulated called real)"),
        chance(box, *middle),
        *(grey_line(_bent(box, curve), f"{curve.name} {curve.note}".strip()) for curve in grey),
    ]
    lines = []
    for index, curve in enumerate(curves):
        lines.append(line(_bent(box, curve), index, curve.name))
        if curve.band:
            at, low, high = _bounds(curve)
            lower = box.pixels(_deviates(at), _deviates(1 - high))
            parts.append(band(lower, box.pixels(_deviates(at), _deviates(1 - low)), index))
    notes = legend(box, [(c.name, c.note) for c in curves], top=True, n_grey=len(grey))
    return drawing(box.size, label, [*parts, *lines, notes])


def _bent(box: Box, curve: Curve) -> NDArray[np.int64]:
    """A ROC in pixels on the axes of a DET."""
    x, y = _dense(*_rates(curve))
    return box.pixels(_deviates(x), _deviates(1 - y))


def _deviates(rates: ArrayLike) -> NDArray[np.float64]:
    """Standard normal quantiles of rates, those beyond the edges of the figure taken to the edge."""
    clipped = np.clip(np.asarray(rates, dtype=float), DET_RATES[0], DET_RATES[-1])
    quantile = NormalDist().inv_cdf
    return np.array([quantile(rate) for rate in clipped], dtype=float)


def _dense(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same polyline with points every half per cent along each segment, so that a map can bend it."""
    steps = np.maximum(1, np.ceil(np.maximum(np.diff(x), np.diff(y)) / 0.005)).astype(int)
    place = np.concatenate([i + np.arange(n) / n for i, n in enumerate(steps)] + [[len(x) - 1.0]])
    vertices = np.arange(len(x))
    return np.interp(place, vertices, x), np.interp(place, vertices, y)


def reliability_figure(bins: Sequence[Bin], *, index: int, label: str) -> Markup:
    """Reliability diagram: in each bin of probabilities, the share that was manipulated, and the counts.

    On the diagonal a probability is what it says. Beneath, a bar a bin: how many cases the point
    rests on, written over it; a point's area grows with its count.

    Args:
        bins: Those that hold a case, in the order of their edges.
        index: Which series' colour.
        label: What a screen reader says the figure shows.
    """
    box = Box(bottom=44 + 62)
    most = max((b.n for b in bins), default=0)
    parts = [
        grid(box, QUARTERS, QUARTERS, "probability given", "share manipulated"),
        chance(box, (0.0, 0.0), (1.0, 1.0)),
    ]
    if bins:
        found = np.array([(b.mean_probability, b.share_manipulated) for b in bins])
        parts.append(line(box.pixels(found[:, 0], found[:, 1]), index, label))
    for b in bins:
        said = f"{b.n} at {b.low:.1f} to {b.high:.1f}: {b.share_manipulated:.0%} manipulated"
        at = box.at(b.mean_probability, b.share_manipulated)
        parts.append(dot(*at, index, radius=2.5 + 6 * (b.n / most) ** 0.5, title=said))
    parts += [_count_bar(box, b, most, index) for b in bins]
    return drawing(box.size, label, parts)


def _count_bar(box: Box, b: Bin, most: int, index: int) -> Markup:
    left, right = box.at(b.low, 0)[0] + 2, box.at(b.high, 0)[0] - 2
    base, height = box.top + box.height + 76, max(1.0, round(32 * b.n / most, 1))
    place = index % len(SERIES_COLOURS)
    return Markup(
        '<rect class="fill-{} count" x="{:g}" y="{:g}" width="{:g}" height="{:g}" fill="{}"'
        ' fill-opacity=".45"/>'
        '<text class="tick-text" x="{:g}" y="{:g}" text-anchor="middle" font-size="10.5">{}</text>'
    ).format(
        place, left, round(base - height, 1), round(right - left, 1), height, SERIES_COLOURS[place],
        round((left + right) / 2, 1), round(base - height - 3, 1), b.n,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strengths:
    """One detector's AUC against the strength of a degradation; None where it is undefined."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


def strength_figure(
    lines: Sequence[Strengths],
    *,
    floor: float,
    ticks: Sequence[tuple[float, str]],
    label: str,
    grey: Sequence[Strengths] = (),
) -> Markup:
    """AUC against strength, one line a detector with its band; small, to stand beside others like it.

    Args:
        lines: Drawn in this order; the i-th has the class `series-<i modulo 5>`.
        floor: Lowest AUC shown; panels that share it can be compared by eye. The highest is 1.
        ticks: Strengths with the text to write at them.
        label: What a screen reader says the figure shows.
        grey: Further lines beneath them, thin, without colour, band or dots.
    """
    furthest = max([value for value, _ in ticks] + [1.0])
    box = Box(width=270, height=150, x=(-0.15, furthest + 0.15), y=(floor, 1.0), left=46, bottom=26)
    rates = [(r / 10, f"{r / 10:g}".replace("0.", ".")) for r in range(0, 11, 1) if r / 10 >= floor - 1e-9]
    rates = rates if len(rates) <= 5 else [tick for tick in rates if round(tick[0] * 10) % 2 == 0]
    parts = [grid(box, ticks, rates, "", "AUC")]
    if floor <= 0.5:
        parts.append(chance(box, (box.x[0], 0.5), (box.x[1], 0.5)))
    drawn = [grey_line(found, one.name) for one in grey if len(found := _known_points(box, one))]
    for index, one in enumerate(lines):
        bounded = [(x, a, b) for x, a, b in zip(one.x, one.low, one.high, strict=True) if None not in (a, b)]
        if len(bounded) > 1:
            x, low, high = np.array(bounded, dtype=float).T
            parts.append(band(box.pixels(x, low), box.pixels(x, high), index))
        known = [(x, y) for x, y in zip(one.x, one.y, strict=True) if y is not None]
        if known:
            drawn.append(line(_known_points(box, one), index, one.name))
            drawn += [dot(*box.at(x, y), index, title=f"{one.name}: {y:.3f}") for x, y in known]
    return drawing(box.size, label, [*parts, *drawn])


def _known_points(box: Box, one: Strengths) -> NDArray[np.int64]:
    """The AUCs that are defined, in tenths of a pixel; shape (n, 2), n may be 0."""
    known = [(x, y) for x, y in zip(one.x, one.y, strict=True) if y is not None]
    return box.pixels([x for x, _ in known], [y for _, y in known])


def chance(box: Box, start: tuple[float, float], end: tuple[float, float]) -> Markup:
    """The dotted line of a coin's throw between two points."""
    (a, b), (c, d) = box.at(*start), box.at(*end)
    return Markup(
        '<path class="chance" d="M{:g} {:g}L{:g} {:g}" fill="none" stroke="#9aa2af" stroke-dasharray="3 4"/>'
    ).format(a, b, c, d)


def _rates(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    if x.shape != y.shape or x.ndim != 1 or x.size == 0:
        raise ValueError(f"curve {curve.name!r}: x and y need one common length, got {x.shape} and {y.shape}")
    if not (((x >= 0) & (x <= 1)).all() and ((y >= 0) & (y <= 1)).all()):
        raise ValueError(f"curve {curve.name!r}: rates must lie in [0, 1]")
    return x, y


def _bounds(curve: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Abscissae, lower and upper bounds of a curve's band, checked as the curve is."""
    assert curve.band is not None
    x, low = _rates(Curve(f"{curve.name}, lower bound", curve.band.x, curve.band.low))
    _, high = _rates(Curve(f"{curve.name}, upper bound", curve.band.x, curve.band.high))
    return x, low, high
