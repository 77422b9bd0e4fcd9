"""AUC against the number of trainable parameters, a point a detector, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup

from clipforensics.report.figures.axes import GREY, NOTHING, Box, Tick, drawing, grid, series
from clipforensics.report.figures.curves import chance
from clipforensics.report.figures.placing import Rectangle, place_labels, spread

RADIUS = 4.2
APART = 6.0
"""Pixels between two points across: enough to tell their bars apart, little on the axis."""

CHARACTER, LINE = 6.1, 13.0
"""Width and height in pixels that a letter of a label is given; no wide word is wider."""

FAR = 7.0
"""A label further than this from its point is tied to it by a line."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One detector.

    Attributes:
        name: Written beside it.
        trainable: Number of trainable parameters; 0 where nothing is trained.
        value: Its AUC.
        low: Lower bound, or None.
        high: Upper bound, or None.
        series: Index of its colour, or None for grey.
    """

    name: str
    trainable: int
    value: float
    low: float | None
    high: float | None
    series: int | None = None


def parameters_figure(marks: Sequence[Mark], *, floor_at: float, label: str) -> Markup:
    """AUC against trainable parameters on a logarithmic axis, intervals as bars, a name at each point.

    A logarithm has no place for 0, so detectors without trainable parameters stand at a tick of their own,
    left of the axis and cut off from it. Points that would cover each other are moved aside by a few
    pixels. A name that finds no free place is told by the point's title alone.

    Args:
        marks: In the order of importance: the first ones have the first choice of a place for their name.
        floor_at: Lowest AUC shown; the highest is 1.
        label: What a screen reader says the figure shows.
    """
    box, ticks, cut = _axis([mark.trainable for mark in marks], floor_at)
    rates = [(r / 10, f"{r / 10:g}".replace("0.", ".")) for r in range(11) if r / 10 >= floor_at - 1e-9]
    parts = [grid(box, ticks, rates, "trainable parameters", "AUC"), _cut(box, cut)]
    if floor_at <= 0.5:
        parts.append(chance(box, (box.x[0], 0.5), (box.x[1], 0.5)))
    wanted = [box.at(_place(mark.trainable, box), mark.value) for mark in marks]
    across = spread([x for x, _ in wanted], APART)
    points = [(round(x, 1), y) for x, (_, y) in zip(across, wanted, strict=True)]
    bars = [_bar(box, mark, x) for mark, (x, _) in zip(marks, points, strict=True)]
    places = place_labels(
        points,
        [(CHARACTER * len(mark.name) + 2, LINE) for mark in marks],
        area=Rectangle(box.left, box.top, box.left + box.width + box.right, box.top + box.height),
        radius=RADIUS,
        lines=[Rectangle(x - 1, top, x + 1, bottom) for x, top, bottom in bars],
    )
    drawn = list(zip(marks, points, bars, places, strict=True))[::-1]  # the first lies on top
    parts += [_drawn_bar(mark, bar) for mark, _, bar, _ in drawn]
    parts += [_tie(mark, point, place) for mark, point, _, place in drawn]
    parts += [_point(mark, point) for mark, point, _, _ in drawn]
    parts += [_name(mark, place) for mark, _, _, place in drawn]
    return drawing(box.size, label, parts)


def _axis(counts: Sequence[int], floor_at: float) -> tuple[Box, list[Tick], float | None]:
    """The box over decades, ticks at them, and where the axis is cut; x is a logarithm, 0 a decade below."""
    known = [log10(n) for n in counts if n > 0]
    first, last = (floor(min(known)), ceil(max(known))) if known else (0, 1)
    last = max(last, first + 1)
    step = 1 if last - first <= 7 else 2
    ticks: list[Tick] = [(float(k), _short(k)) for k in range(first, last + 1) if (last - k) % step == 0]
    with_zero = any(n == 0 for n in counts)
    start = first - 1.0 if with_zero else float(first)
    box = Box(width=310, height=270, x=(start - 0.3, last + 0.3), y=(floor_at, 1.0), left=46, right=16)
    return box, [(start, "0"), *ticks] if with_zero else ticks, first - 0.5 if with_zero else None


def _short(power: int) -> str:
    """10 to a power: `100`, `10k`, `1M`."""
    unit = ("", "k", "M", "G", "T")[min(power // 3, 4)]
    return f"{10 ** (power - 3 * min(power // 3, 4))}{unit}"


def _place(trainable: int, box: Box) -> float:
    return log10(trainable) if trainable > 0 else box.x[0] + 0.3


def _cut(box: Box, at: float | None) -> Markup:
    """Two strokes through the lower edge, where the axis leaves its scale."""
    if at is None:
        return NOTHING
    x, y = box.at(at, box.y[0])
    return Markup(
        '<path class="tick" d="M{a:g} {b:g}l4 -8M{c:g} {b:g}l4 -8" fill="none" stroke="#9aa2af"/>'
    ).format(a=x - 4, b=y + 4, c=x)


def _bar(box: Box, mark: Mark, x: float) -> tuple[float, float, float]:
    """x, upper and lower end in pixels; without an interval the point alone."""
    bounds = [mark.value if bound is None else bound for bound in (mark.high, mark.low)]
    return x, box.at(box.x[0], bounds[0])[1], box.at(box.x[0], bounds[1])[1]


def _colour(mark: Mark, kind: str) -> tuple[str, str]:
    """Class and fallback colour; `kind` is `series`, `fill` or `series-text`."""
    if mark.series is None:
        return {"series": "other", "fill": "other-fill", "series-text": "tick-text"}[kind], GREY
    place, colour = series(mark.series)
    return f"{kind}-{place}", colour


def _drawn_bar(mark: Mark, bar: tuple[float, float, float]) -> Markup:
    name, colour = _colour(mark, "series")
    return Markup(
        '<path class="bar-line {}" d="M{:g} {:g}V{:g}" fill="none" stroke="{}" stroke-width="1.75"'
        ' stroke-opacity=".55"/>'
    ).format(name, *bar, colour)


def _tie(mark: Mark, point: tuple[float, float], place: Rectangle | None) -> Markup:
    """A line from a point to a name that stands far from it."""
    if place is None:
        return NOTHING
    x, y = place.nearest(*point)
    if (x - point[0]) ** 2 + (y - point[1]) ** 2 <= (RADIUS + FAR) ** 2:
        return NOTHING
    return Markup(
        '<path class="tie" d="M{:g} {:g}L{:g} {:g}" fill="none" stroke="#9aa2af" stroke-width=".75"/>'
    ).format(*point, x, y)


def _point(mark: Mark, point: tuple[float, float]) -> Markup:
    name, colour = _colour(mark, "fill")
    bounds = "" if mark.low is None or mark.high is None else f" [{mark.low:.3f}, {mark.high:.3f}]"
    told = f"{mark.name}: {mark.value:.3f}{bounds}, {mark.trainable:,} trainable parameters"
    return Markup(
        '<circle class="{}" cx="{:g}" cy="{:g}" r="{:g}" fill="{}"><title>{}</title></circle>'
    ).format(name, *point, RADIUS, colour, told)


def _name(mark: Mark, place: Rectangle | None) -> Markup:
    if place is None:
        return NOTHING
    name, colour = _colour(mark, "series-text")
    return Markup(
        '<text class="label {}" x="{:g}" y="{:g}" text-anchor="middle" font-size="11.5" fill="{}">{}</text>'
    ).format(name, round((place.left + place.right) / 2, 1), place.bottom - 3, colour, mark.name)
