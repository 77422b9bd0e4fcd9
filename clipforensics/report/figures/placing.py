"""Where names stand beside the points of a figure: never on one another, near their own. Pure, in pixels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

ANGLES = 24
DISTANCES = (3, 8, 14, 21, 29, 38, 48, 60, 74, 90, 108, 128, 150, 175)
"""Free pixels between a point's edge and its label's that are tried, nearest first."""

ON_LINE, PAST_DOT = 12.0, 40.0
"""What covering a line costs, and a tie to the label that runs over another point, as pixels of distance."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Left, top, right and bottom edge; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Rectangle") -> bool:
        """Whether the two share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: "Rectangle") -> bool:
        """Whether the other lies wholly inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def is_crossed_by(self, start: tuple[float, float], end: tuple[float, float]) -> bool:
        """Whether the straight line between two points has a part inside (Liang & Barsky, 1984)."""
        enters, leaves = 0.0, 1.0
        for a, b, low, high in (
            (start[0], end[0], self.left, self.right),
            (start[1], end[1], self.top, self.bottom),
        ):
            if a == b:
                if not low < a < high:
                    return False
                continue
            ends = sorted(((low - a) / (b - a), (high - a) / (b - a)))
            enters, leaves = max(enters, ends[0]), min(leaves, ends[1])
        return enters < leaves

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The point of it that is nearest to (x, y)."""
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)


def spread(values: Sequence[float], gap: float) -> list[float]:
    """The values moved as little as can be (least squares) until neighbours are `gap` apart.

    Their order stays; ties keep the order in which they are given. This is isotonic regression of
    value - rank * gap, by pooling adjacent violators (Ayer et al., 1955).
    """
    order = sorted(range(len(values)), key=lambda i: values[i])
    pools: list[tuple[float, int]] = []
    for rank, i in enumerate(order):
        mean, size = values[i] - rank * gap, 1
        while pools and pools[-1][0] >= mean:
            before, n = pools.pop()
            mean, size = (mean * size + before * n) / (size + n), size + n
        pools.append((mean, size))
    moved = [0.0] * len(values)
    means = [mean for mean, size in pools for _ in range(size)]
    for rank, (i, mean) in enumerate(zip(order, means, strict=True)):
        moved[i] = mean + rank * gap
    return moved


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    *,
    area: Rectangle,
    radius: float,
    lines: Sequence[Rectangle] = (),
) -> list[Rectangle | None]:
    """A rectangle for the label of each point: inside the area, off every point and every other label.

    Greedy, in the order given, which is that of importance: each takes the free place that is nearest to
    its point, where covering a line counts as distance, and so does a point or label between the two. The
    same input gives the same places.

    Args:
        points: Centres (x, y).
        sizes: (width, height) of each label.
        area: Where labels may stand.
        radius: Of the points.
        lines: What labels had better not cover, such as bars.

    Returns:
        One a point; None where no place was free.
    """
    dots = [Rectangle(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    taken: list[Rectangle] = []
    found: list[Rectangle | None] = []
    for number, (point, size) in enumerate(zip(points, sizes, strict=True)):
        others = [*dots[:number], *dots[number + 1 :], *taken]
        free = [
            (distance + _cost(point, place, lines, others), rank, place)
            for rank, (distance, place) in enumerate(_around(point, size, radius))
            if area.holds(place) and not any(place.meets(other) for other in (*dots, *taken))
        ]
        best = min(free, key=lambda one: one[:2])[2] if free else None
        found.append(best)
        taken += [best] if best else []
    return found


def _cost(
    point: tuple[float, float], place: Rectangle, lines: Sequence[Rectangle], others: Sequence[Rectangle]
) -> float:
    covered = sum(place.meets(line) for line in lines)
    tie = (point, place.nearest(*point))
    return ON_LINE * covered + PAST_DOT * sum(other.is_crossed_by(*tie) for other in others)


def _around(
    point: tuple[float, float], size: tuple[float, float], radius: float
) -> Iterator[tuple[float, Rectangle]]:
    """(distance, rectangle) around a point: right, left, below and above before the directions between."""
    (x, y), (width, height) = point, size
    turns = sorted(range(ANGLES), key=lambda k: (k % (ANGLES // 4) != 0, k % (ANGLES // 2) != 0, k))
    for distance in DISTANCES:
        for k in turns:
            across, down = cos(2 * pi * k / ANGLES), sin(2 * pi * k / ANGLES)
            reach = radius + distance
            # the label touches a circle around the point from outside, with the edge or corner that faces it
            middle = x + across * (reach + width / 2), y + down * (reach + height / 2)
            left, top = round(middle[0] - width / 2, 1), round(middle[1] - height / 2, 1)
            place = Rectangle(left, top, left + width, top + height)
            yield float(distance), place
