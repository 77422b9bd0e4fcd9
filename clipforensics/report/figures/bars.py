"""Small bars as SVG: an interval, a score, a sparkline."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from clipforensics.report.figures.axes import NOTHING, Box


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
        return NOTHING
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
    ).format(kind, label, NOTHING.join(parts))


@dataclass(frozen=True, slots=True)
class Whisker:
    """A value on its interval; None where undefined."""

    value: float | None
    low: float | None
    high: float | None


def whiskers(found: Sequence[Whisker], *, floor_at: float, label: str) -> Markup:
    """Values in [floor, 1] one below the other, the first filled and the others open, with a line at .5.

    Args:
        found: Two at most are legible; what is undefined leaves its line empty.
        floor_at: Value at the left edge, below .5; rows that share it can be compared by eye.
        label: What a screen reader says.
    """
    width, height = 160, 14 * len(found) + 4

    def place(value: float) -> float:
        return 6 + max(0.0, min(1.0, (value - floor_at) / (1 - floor_at))) * (width - 12)

    parts = [
        Markup('<path class="chance" d="M{0:.1f} 0V{1}" stroke="#9aa2af" stroke-dasharray="2 3"/>').format(
            place(0.5), height
        )
    ]
    for index, one in enumerate(found):
        y = 9 + 14 * index
        if one.low is not None and one.high is not None:
            parts.append(
                Markup(
                    '<line x1="{:.1f}" y1="{y}" x2="{:.1f}" y2="{y}" stroke="currentColor" stroke-width="2"'
                    ' stroke-linecap="round"/>'
                ).format(place(one.low), place(one.high), y=y)
            )
        if one.value is not None:
            kind, fill = ("full", "currentColor") if index == 0 else ("open", "#fff")
            parts.append(
                Markup(
                    '<circle class="{}" cx="{:.1f}" cy="{}" r="4" fill="{}" stroke="currentColor"'
                    ' stroke-width="1.5"/>'
                ).format(kind, place(one.value), y, fill)
            )
    return Markup(
        '<svg class="bar" viewBox="0 0 160 {h}" width="160" height="{h}" role="img" aria-label="{}">{}</svg>'
    ).format(label, NOTHING.join(parts), h=height)


def score_bar(score: float, threshold: float | None, *, label: str) -> Markup:
    """A score as a dot on the line from 0 (real) to 1 (manipulated), with a tick at the threshold."""
    width = 120
    tick = NOTHING
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


def sparkline(scores: Sequence[float], threshold: float | None, *, label: str) -> Markup:
    """Scores over time, a dot a frame, on [0, 1] (values beyond stand on the edge), and the threshold.

    Args:
        scores: In the order of the frames; not empty.
        threshold: Of a frame's score; a dotted line, or None.
        label: What a screen reader says.
    """
    box = Box(120, 28, x=(0.0, max(len(scores) - 1, 1)), left=4, top=4, right=4, bottom=4)
    points = box.pixels(np.arange(len(scores)), np.asarray(scores, dtype=float))
    path = "M" + "L".join(f"{x / 10:g} {y / 10:g}" for x, y in points)
    rule = NOTHING
    if threshold is not None:
        _, y = box.at(0, threshold)
        rule = Markup('<path class="tick" d="M2 {:g}H126" stroke="#9aa2af" stroke-dasharray="2 3"/>').format(
            y
        )
    dots = [
        Markup('<circle cx="{:g}" cy="{:g}" r="2" fill="currentColor"/>').format(x / 10, y / 10)
        for x, y in points
    ]
    parts = [
        Markup('<path class="rail" d="M2 4H126M2 32H126" stroke="#c9ced6"/>'),
        rule,
        Markup('<path d="{}" fill="none" stroke="currentColor" stroke-width="1.5"/>').format(path),
        *(dots if len(scores) <= 24 else []),
    ]
    return Markup(
        '<svg class="spark" viewBox="0 0 128 36" width="128" height="36" role="img" aria-label="{}">{}</svg>'
    ).format(label, NOTHING.join(parts))


def _place(value: float, reach: float, width: int) -> float:
    """Pixel of a value in [-reach, reach], with 6 pixels of margin for the dot; clipped."""
    share = 0.0 if reach <= 0 else max(-1.0, min(1.0, value / reach))
    return width / 2 + share * (width / 2 - 6)
