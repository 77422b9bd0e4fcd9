"""Numbers to figures: small SVG drawings that follow the page's light or dark colours.

Hand-written SVG instead of a plotting library: the same numbers give the same bytes on every
machine, the page's style sheet can recolour a drawing, and nothing has to be imported.
Text goes through :class:`markupsafe.Markup`, which escapes whatever is put into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

SERIES_COLOURS = ("#96713a", "#2b5fb3", "#2f7d5b", "#a3456f", "#6b5bb0")
"""Colours where no style sheet says otherwise; a page overrides them by class `series-<i>`."""

_SIDE = 300  # pixels of the square that holds the curves
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 10, 12, 40
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """One named line of a figure.

    Attributes:
        name: Shown in the legend, as it is (escaped).
        x: Abscissae in [0, 1], shape (n,); for a ROC the false positive rate.
        y: Ordinates in [0, 1], shape (n,); for a ROC the true positive rate.
        note: Shown after the name, for instance the area under the curve.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    note: str = ""


def roc_figure(curves: Sequence[Curve], *, label: str) -> Markup:
    """Receiver operating characteristic: true against false positive rate, one line a curve.

    Points are joined by straight lines, so a tie between classes is a slope and not a step
    (the convention of scikit-learn's `roc_curve`). The diagonal is a coin's throw.

    Args:
        curves: Lines, drawn in this order; the i-th has the class `series-<i modulo 5>`.
        label: What a screen reader says the figure shows.

    Raises:
        ValueError: a curve's `x` and `y` differ in length, are empty, or leave [0, 1].
    """
    lines = [_line(index, curve) for index, curve in enumerate(curves)]
    legend = [_legend(index, len(curves), curve) for index, curve in enumerate(curves)]
    return Markup(
        '<svg class="figure" viewBox="0 0 {width} {height}" role="img" aria-label="{label}"'
        ' font-size="11" fill="currentColor">{body}</svg>'
    ).format(
        width=_LEFT + _SIDE + _RIGHT,
        height=_TOP + _SIDE + _BOTTOM,
        label=label,
        body=Markup("").join([_axes(), *lines, *legend]),
    )


def interval_bar(
    value: float | None, low: float | None, high: float | None, *, reach: float, label: str
) -> Markup:
    """One row of a forest plot: a point on its interval, around a line at zero.

    Args:
        value: Point estimate, or None where it is undefined (then nothing is drawn).
        low: Lower bound, or None.
        high: Upper bound, or None.
        reach: The drawing spans [-reach, reach], so rows that share it can be compared by eye.
        label: What a screen reader says.
    """
    if value is None:
        return Markup("")
    width, middle = 160, 10
    parts = [Markup('<line class="zero" x1="80" y1="0" x2="80" y2="20" stroke="#9aa2af"/>')]
    kind = "open"
    if low is not None and high is not None:
        kind = "above" if low > 0 else "below" if high < 0 else "open"
        ends = [_place(bound, reach, width) for bound in (low, high)]
        parts.append(
            Markup(
                '<line x1="{:.1f}" y1="{y}" x2="{:.1f}" y2="{y}" stroke="currentColor"'
                ' stroke-width="2.5" stroke-linecap="round"/>'
            ).format(*ends, y=middle)
        )
    parts.append(
        Markup('<circle cx="{:.1f}" cy="{}" r="4.5" fill="currentColor"/>').format(
            _place(value, reach, width), middle
        )
    )
    return Markup(
        '<svg class="bar bar-{}" viewBox="0 0 160 20" width="160" height="20" role="img"'
        ' aria-label="{}">{}</svg>'
    ).format(kind, label, Markup("").join(parts))


def score_bar(score: float, threshold: float | None, *, label: str) -> Markup:
    """A score as a dot on the line from 0 (real) to 1 (manipulated), with a tick at the threshold."""
    width = 120
    tick = Markup("")
    if threshold is not None:
        x = _place(2 * threshold - 1, 1.0, width)
        tick = Markup(
            '<line class="tick" x1="{0:.1f}" y1="1" x2="{0:.1f}" y2="13" stroke="#9aa2af"/>'
        ).format(x)
    return Markup(
        '<svg class="score" viewBox="0 0 120 14" width="120" height="14" role="img" aria-label="{}">'
        '<line class="rail" x1="6" y1="7" x2="114" y2="7" stroke="#c9ced6" stroke-width="2"'
        ' stroke-linecap="round"/>{}<circle cx="{:.1f}" cy="7" r="4.5" fill="currentColor"/></svg>'
    ).format(label, tick, _place(2 * score - 1, 1.0, width))


def _place(value: float, reach: float, width: int) -> float:
    """Pixel of a value in [-reach, reach], with 6 pixels of margin for the dot; clipped."""
    share = 0.0 if reach <= 0 else max(-1.0, min(1.0, value / reach))
    return width / 2 + share * (width / 2 - 6)


def _axes() -> Markup:
    parts = [
        Markup('<rect class="plot" x="{}" y="{}" width="{s}" height="{s}" fill="none"/>').format(
            _LEFT, _TOP, s=_SIDE
        )
    ]
    for tick in _TICKS:
        x, y = _LEFT + tick * _SIDE, _TOP + (1 - tick) * _SIDE
        text = f"{tick:g}".replace("0.", ".")
        parts.append(
            Markup(
                '<path class="grid" d="M{x:g} {t}V{b}M{l} {y:g}H{r}" fill="none" stroke="#e2e4e8"/>'
                '<text class="tick-text" x="{x:g}" y="{below}" text-anchor="middle">{text}</text>'
                '<text class="tick-text" x="{left}" y="{beside:g}" text-anchor="end">{text}</text>'
            ).format(
                x=x, y=y, t=_TOP, b=_TOP + _SIDE, l=_LEFT, r=_LEFT + _SIDE,
                below=_TOP + _SIDE + 15, left=_LEFT - 6, beside=y + 4, text=text,
            )
        )  # fmt: skip
    parts.append(
        Markup(
            '<path class="chance" d="M{l} {b}L{r} {t}" fill="none" stroke="#9aa2af" stroke-dasharray="3 4"/>'
            '<text class="axis-text" x="{mid}" y="{low}" text-anchor="middle">'
            "false positives: real called manipulated</text>"
            '<text class="axis-text" transform="translate(13 {centre}) rotate(-90)" text-anchor="middle">'
            "true positives: manipulated called so</text>"
        ).format(
            l=_LEFT, b=_TOP + _SIDE, r=_LEFT + _SIDE, t=_TOP, mid=_LEFT + _SIDE // 2,
            low=_TOP + _SIDE + 33, centre=_TOP + _SIDE // 2,
        )
    )  # fmt: skip
    return Markup("").join(parts)


def _line(index: int, curve: Curve) -> Markup:
    points = thin(_pixels(curve))
    path = "M" + "L".join(f"{x / 10:g} {y / 10:g}" for x, y in points)
    return Markup(
        '<path class="line series-{}" d="{}" fill="none" stroke="{}" stroke-width="2.25"'
        ' stroke-linejoin="round"><title>{}</title></path>'
    ).format(index % len(SERIES_COLOURS), path, SERIES_COLOURS[index % len(SERIES_COLOURS)], curve.name)


def _legend(index: int, count: int, curve: Curve) -> Markup:
    """Name and note, in the corner under the diagonal where a useful curve never goes."""
    y = _TOP + _SIDE - 14 - 18 * (count - 1 - index)
    right = _LEFT + _SIDE - 8
    return Markup(
        '<text class="legend series-text-{}" x="{}" y="{}" text-anchor="end" font-size="12.5"'
        ' fill="{}">{} <tspan font-weight="600">{}</tspan></text>'
    ).format(
        index % len(SERIES_COLOURS), right, y, SERIES_COLOURS[index % len(SERIES_COLOURS)],
        curve.name, curve.note,
    )  # fmt: skip


def _pixels(curve: Curve) -> NDArray[np.int64]:
    """Points in tenths of a pixel, shape (n, 2)."""
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    if x.shape != y.shape or x.ndim != 1 or x.size == 0:
        raise ValueError(f"curve {curve.name!r}: x and y need one common length, got {x.shape} and {y.shape}")
    if not (((x >= 0) & (x <= 1)).all() and ((y >= 0) & (y <= 1)).all()):
        raise ValueError(f"curve {curve.name!r}: rates must lie in [0, 1]")
    across, down = _LEFT + x * _SIDE, _TOP + (1 - y) * _SIDE
    return np.rint(10 * np.stack([across, down], axis=1)).astype(np.int64)


def thin(points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave out the points of a polyline that draw nothing: repeated ones and those on a straight run.

    Args:
        points: Shape (n, 2), whole numbers; the run must not turn back on itself, as a ROC never does.

    Returns:
        The corners with both ends, shape (m, 2), m <= n.
    """
    moved = np.ones(len(points), dtype=bool)
    moved[1:] = (np.diff(points, axis=0) != 0).any(axis=1)
    points = points[moved]
    if len(points) < 3:
        return points
    before, after = points[1:-1] - points[:-2], points[2:] - points[1:-1]
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return points[np.concatenate([[True], turns, [True]])]
