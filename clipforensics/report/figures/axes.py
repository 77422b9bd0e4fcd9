"""The ground of a figure: where a value stands in pixels, grid and ticks, lines and bands, as SVG.

Hand-written SVG instead of a plotting library: the same numbers give the same bytes on every
machine, the page's style sheet can recolour a drawing, and nothing has to be imported.
Text goes through :class:`markupsafe.Markup`, which escapes whatever is put into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

SERIES_COLOURS = ("#96713a", "#2b5fb3", "#2f7d5b", "#a3456f", "#6b5bb0")
"""Colours where no style sheet says otherwise; a page overrides them by class `series-<i>`."""

GREY = "#5b6472"
"""Of lines and points without a colour of their own."""

NOTHING = Markup("")

Tick = tuple[float, str]
"""A value and the text at it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels on which two ranges of values are laid, y upwards.

    Attributes:
        width: Pixels that the data may fill, without margins.
        height: The same, downwards.
        x: Values at the left and right edge.
        y: Values at the lower and upper edge.
        left: Margin for the text of the y axis; `top`, `right` and `bottom` likewise.
    """

    width: int = 300
    height: int = 300
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    left: int = 56
    top: int = 10
    right: int = 12
    bottom: int = 44

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole drawing."""
        return self.left + self.width + self.right, self.top + self.height + self.bottom

    def pixels(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
        """Points in tenths of a pixel, shape (n, 2); values beyond the ranges stand on the edge."""
        (x0, x1), (y0, y1) = self.x, self.y
        across = self.left + _share(x, x0, x1) * self.width
        down = self.top + (1 - _share(y, y0, y1)) * self.height
        return np.rint(10 * np.stack([across, down], axis=-1)).astype(np.int64)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """One point in pixels."""
        across, down = self.pixels([x], [y])[0] / 10
        return float(across), float(down)


def _share(value: ArrayLike, low: float, high: float) -> NDArray[np.float64]:
    share: NDArray[np.float64] = (np.asarray(value, dtype=float) - low) / (high - low)
    return np.clip(share, 0.0, 1.0)


def drawing(size: tuple[int, int], label: str, parts: Sequence[Markup], kind: str = "figure") -> Markup:
    """The SVG around its parts; `label` is what a screen reader says, `kind` its class."""
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="12.5"'
        ' fill="currentColor">{}</svg>'
    ).format(kind, *size, label, NOTHING.join(parts))


def series(index: int) -> tuple[int, str]:
    """Number of the class, and the colour, of the index-th series."""
    place = index % len(SERIES_COLOURS)
    return place, SERIES_COLOURS[place]


def grid(box: Box, xs: Sequence[Tick], ys: Sequence[Tick], x_label: str, y_label: str) -> Markup:
    """Lines of the grid with their texts, and the names of the axes."""
    parts = [_tick_across(box, value, text) for value, text in xs]
    parts += [_tick_up(box, value, text) for value, text in ys]
    return NOTHING.join([*parts, _names(box, x_label, y_label)])


def _tick_across(box: Box, value: float, text: str) -> Markup:
    x, _ = box.at(value, box.y[0])
    return Markup(
        '<path class="grid" d="M{x:g} {t}V{b}" fill="none" stroke="#e2e4e8"/>'
        '<text class="tick-text" x="{x:g}" y="{below}" text-anchor="middle">{text}</text>'
    ).format(x=x, t=box.top, b=box.top + box.height, below=box.top + box.height + 16, text=text)


def _tick_up(box: Box, value: float, text: str) -> Markup:
    _, y = box.at(box.x[0], value)
    return Markup(
        '<path class="grid" d="M{l} {y:g}H{r}" fill="none" stroke="#e2e4e8"/>'
        '<text class="tick-text" x="{beside}" y="{base:g}" text-anchor="end">{text}</text>'
    ).format(l=box.left, r=box.left + box.width, y=y, beside=box.left - 6, base=y + 4, text=text)


def _names(box: Box, x_label: str, y_label: str) -> Markup:
    _, height = box.size
    across = Markup('<text class="axis-text" x="{}" y="{}" text-anchor="middle">{}</text>').format(
        box.left + box.width // 2, height - 7, x_label
    )
    up = Markup(
        '<text class="axis-text" transform="translate(14 {}) rotate(-90)" text-anchor="middle">{}</text>'
    ).format(box.top + box.height // 2, y_label)
    return (across if x_label else NOTHING) + (up if y_label else NOTHING)


def line(points: NDArray[np.int64], index: int, name: str) -> Markup:
    """A polyline through points in tenths of a pixel, in the colour of the index-th series."""
    place, colour = series(index)
    return Markup(
        '<path class="line series-{}" d="{}" fill="none" stroke="{}" stroke-width="2.25"'
        ' stroke-linejoin="round"><title>{}</title></path>'
    ).format(place, _path(thin(points)), colour, name)


def grey_line(points: NDArray[np.int64], name: str) -> Markup:
    """A thin grey polyline: there to be seen beside the coloured ones, not to be told from its like."""
    return Markup(
        '<path class="line other" d="{}" fill="none" stroke="{}" stroke-width="1" stroke-opacity=".5"'
        ' stroke-linejoin="round"><title>{}</title></path>'
    ).format(_path(thin(points)), GREY, name)


def band(lower: NDArray[np.int64], upper: NDArray[np.int64], index: int) -> Markup:
    """The area between two polylines that run the same way, in a light tint of the series."""
    place, colour = series(index)
    outline = np.concatenate([thin(lower), thin(upper)[::-1]])
    return Markup('<path class="band fill-{}" d="{}Z" fill="{}" fill-opacity=".16" stroke="none"/>').format(
        place, _path(outline), colour
    )


def dot(x: float, y: float, index: int, *, radius: float = 3.0, title: str = "") -> Markup:
    """A filled circle in the colour of the series, with what a pointer at rest is told."""
    place, colour = series(index)
    told = Markup("<title>{}</title>").format(title) if title else NOTHING
    return Markup(
        '<circle class="fill-{}" cx="{:g}" cy="{:g}" r="{:g}" fill="{}">{}</circle>'
    ).format(place, x, y, round(radius, 1), colour, told)  # fmt: skip


def legend(box: Box, entries: Sequence[tuple[str, str]], *, top: bool = False, n_grey: int = 0) -> Markup:
    """Name and note of each series, right-aligned in the lower or upper right corner of the box.

    Beneath them stands how many grey lines there are.
    """
    lines = [(f"series-text-{series(i)[0]}", series(i)[1], *entry) for i, entry in enumerate(entries)]
    lines += [("tick-text", GREY, "others, in grey", str(n_grey))] if n_grey else []
    texts = []
    for index, (kind, colour, name, note) in enumerate(lines):
        step = index + 1 if top else index - len(lines)
        y = box.top + 4 + 18 * step if top else box.top + box.height + 4 + 18 * step
        texts.append(
            Markup(
                '<text class="legend {}" x="{}" y="{}" text-anchor="end" font-size="13"'
                ' fill="{}">{} <tspan font-weight="600">{}</tspan></text>'
            ).format(kind, box.left + box.width - 8, y, colour, name, note)
        )
    return NOTHING.join(texts)


def _path(points: NDArray[Any]) -> str:
    return "M" + "L".join(f"{x / 10:g} {y / 10:g}" for x, y in points)


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
