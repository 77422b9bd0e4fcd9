"""Scores over the time of a video, a line a person; and where its score lies among validation's: as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from clipforensics.report.figures.axes import (
    GREY,
    NOTHING,
    SERIES_COLOURS,
    Box,
    Tick,
    dot,
    drawing,
    grey_line,
    grid,
    line,
)
from clipforensics.report.wording.numbers import number

RATES = tuple((tick, f"{tick:g}".replace("0.", ".")) for tick in (0.0, 0.25, 0.5, 0.75, 1.0))

WIDE, NARROW = 600, 230
"""Pixels for the data in the drawing for a desk, and in that for a phone."""

LINE = 15
"""Pixels from one line of text to the next."""


@dataclass(frozen=True, slots=True)
class Track:
    """One person's scores.

    Attributes:
        name: Shown at its points.
        at: Seconds, or numbers of frames, ascending.
        scores: In [0, 1].
    """

    name: str
    at: Sequence[float]
    scores: Sequence[float]


@dataclass(frozen=True, slots=True)
class Pooled:
    """The video's own score, its interval over frames (None where there is none), and the threshold."""

    score: float
    low: float | None
    high: float | None
    threshold: float


def timeline(
    tracks: Sequence[Track], pooled: Pooled, *, end: float, unit: str, label: str, width: int = WIDE
) -> Markup:
    """Score over time.

    Args:
        tracks: The first is the judged one; from the sixth on they are grey.
        pooled: Drawn as a line with a band, and the threshold as a dotted one.
        end: Last value of the time axis.
        unit: Name of that axis.
        label: What a screen reader says.
        width: `WIDE` or `NARROW`.
    """
    box = Box(width=width, height=190, x=(0.0, end or 1.0), left=46, right=100, top=14)
    parts = [
        grid(box, _ticks(end or 1.0, 8 if width == WIDE else 4), RATES, unit, "score"),
        _band(box, pooled),
    ]
    parts += [_across(box, pooled.score, "score-line"), _across(box, pooled.threshold, "threshold-line")]
    parts += _named(box, {"video": pooled.score, "threshold": pooled.threshold})
    for place, track in reversed(list(enumerate(tracks))):
        parts.append(_drawn(box, track, place))
    return drawing(box.size, label, parts)


def among(
    scores: NDArray[np.float64], others: NDArray[np.float64], pooled: Pooled, *, label: str, width: int = WIDE
) -> Markup:
    """Validation's scores as dots, real above and manipulated below, with this video's across both.

    Args:
        scores: Of real validation videos.
        others: Of manipulated ones.
        pooled: This video's.
        label: What a screen reader says.
        width: `WIDE` or `NARROW`.
    """
    box = Box(width=width, height=72, left=96, right=50, top=40, bottom=44)
    parts = [grid(box, RATES, [], "score", "")]
    for row, (name, found) in enumerate((("real", scores), ("manipulated", others))):
        y = box.top + 18 + 36 * row
        parts.append(
            Markup('<text class="tick-text" x="{}" y="{}" text-anchor="end">{}</text>').format(
                box.left - 12, y + 4, name
            )
        )
        parts += [_small(box.at(float(score), 0)[0], y) for score in found]
    parts += [
        _down(box, pooled.threshold, "threshold-line", "threshold"),
        _down(box, pooled.score, "score-line", "this video"),
    ]
    return drawing(box.size, label, parts)


def _drawn(box: Box, track: Track, place: int) -> Markup:
    points = box.pixels(list(track.at), list(track.scores))
    told = [f"{track.name}: {score:.3f} at {at:g}" for at, score in zip(track.at, track.scores, strict=True)]
    if place >= len(SERIES_COLOURS):
        return grey_line(points, track.name)
    dots = [
        dot(float(x) / 10, float(y) / 10, place, title=text)
        for (x, y), text in zip(points, told, strict=True)
    ]
    return line(points, place, track.name) + NOTHING.join(dots if len(dots) <= 64 else [])


def _band(box: Box, pooled: Pooled) -> Markup:
    if pooled.low is None or pooled.high is None:
        return NOTHING
    (_, top), (_, bottom) = box.at(0, pooled.high), box.at(0, pooled.low)
    return Markup(
        '<rect class="interval" x="{}" y="{:g}" width="{}" height="{:g}" fill="{}" fill-opacity=".13"/>'
    ).format(box.left, top, box.width, round(bottom - top, 1), GREY)


def _across(box: Box, value: float, kind: str) -> Markup:
    _, y = box.at(0, value)
    return Markup('<path class="{}" d="M{} {:g}H{}" fill="none" stroke="{}"/>').format(
        kind, box.left, y, box.left + box.width, GREY
    )


def _named(box: Box, values: Mapping[str, float]) -> list[Markup]:
    """The names of lines across, right of the box; where two would meet, both move apart."""
    places = {name: box.at(0, value)[1] + 4 for name, value in values.items()}
    upper, lower = sorted(places, key=lambda name: -values[name])
    apart = max(0.0, LINE - (places[lower] - places[upper])) / 2
    places[upper], places[lower] = places[upper] - apart, places[lower] + apart
    x = box.left + box.width + 6
    text = Markup('<text class="tick-text" x="{}" y="{:g}">{} {}</text>')
    return [text.format(x, round(y, 1), name, number(values[name])) for name, y in places.items()]


def _down(box: Box, value: float, kind: str, name: str) -> Markup:
    """A line down with its name above it, this video's above the threshold's."""
    x, _ = box.at(value, 0)
    bottom = box.top + box.height
    end = "start" if value < 0.25 else "end" if value > 0.75 else "middle"
    y = box.top - (23 if kind == "score-line" else 7)
    return Markup(
        '<path class="{}" d="M{:g} {}V{}" fill="none" stroke="{}"/>'
        '<text class="label tick-text" x="{:g}" y="{}" text-anchor="{}">{}</text>'
    ).format(kind, x, y + 4, bottom, GREY, x, y, end, name)


def _small(x: float, y: float) -> Markup:
    return Markup(
        '<circle class="other-fill" cx="{:g}" cy="{:g}" r="3.5" fill="{}" fill-opacity=".5"/>'
    ).format(x, y, GREY)


def _ticks(end: float, most: int) -> list[Tick]:
    """Round values from 0 to the end, at most so many and one."""
    rough = end / most
    size = 10 ** floor(log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough * (1 - 1e-9))
    values = np.arange(0, end * (1 + 1e-9), step)
    return [(float(value), f"{value:g}") for value in np.round(values, 6)]
