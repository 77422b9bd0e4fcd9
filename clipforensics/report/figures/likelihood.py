"""Curves of likelihood ratios as SVG: the Tippett plot, and cross entropy over the prior odds."""

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from markupsafe import Markup

from clipforensics.report.figures.axes import (
    GREY,
    NOTHING,
    Box,
    Tick,
    drawing,
    grey_line,
    grid,
    line,
    series,
)
from clipforensics.report.figures.curves import QUARTERS, chance

WIDTH, HEIGHT = 270, 190


def tippett_figure(
    llr: Sequence[float], h1: Sequence[float], h2: Sequence[float], *, index: int, label: str
) -> Markup:
    """Share of videos whose log10 LR is at least x: manipulated ones in colour, real ones in grey.

    Right of the dotted line an LR supports H1. What the grey line has there, and what the coloured one lacks
    there, misleads.

    Args:
        llr: log10 LRs, ascending.
        h1: Share of manipulated videos at or above each.
        h2: Of real videos.
        index: Which series' colour.
        label: What a screen reader says the figure shows.
    """
    reach = max(1.0, ceil(2 * max(map(abs, llr))) / 2)
    box = Box(width=WIDTH, height=HEIGHT, x=(-reach, reach))
    real, manipulated = (_falling(box, llr, shares) for shares in (h2, h1))
    parts = [
        grid(box, _whole_ticks(reach), QUARTERS, "log10 LR", "share at or above"),
        chance(box, (0.0, 0.0), (0.0, 1.0)),
        grey_line(real, "real videos"),
        line(manipulated, index, "manipulated videos"),
        _names(box, index, "manipulated", "real, in grey"),
    ]
    return drawing(box.size, label, parts)


def entropy_figure(
    prior: Sequence[float],
    ece: Sequence[float],
    pav: Sequence[float],
    neutral: Sequence[float],
    *,
    index: int,
    label: str,
) -> Markup:
    """Bits that the truth still costs at each prior: with these LRs in colour, with the best map in grey.

    The dotted line is without any LR: where the coloured one lies above it, the LRs do harm.

    Args:
        prior: log10 prior odds of H1, ascending.
        ece: Empirical cross entropy of the LRs.
        pav: Of the best rising map of them.
        neutral: Of LR = 1.
        index: Which series' colour.
        label: What a screen reader says the figure shows.
    """
    reach, top = max(map(abs, prior)), max(1.0, ceil(4 * max(ece)) / 4)
    box = Box(width=WIDTH, height=HEIGHT, x=(-reach, reach), y=(0.0, 1.35 * top))  # names above the curves
    ups = [(at, f"{at:g}".replace("0.", ".")) for at in np.arange(0, top + 1e-9, 0.25 if top < 2 else 1)]
    parts = [
        grid(box, _whole_ticks(reach), ups, "log10 prior odds of H1", "bits"),
        _dotted(box, prior, neutral),
        grey_line(box.pixels(prior, pav), "best rising map"),
        line(box.pixels(prior, ece), index, "these LRs"),
        _names(box, index, "these LRs", "best map, in grey", "without LR, dotted"),
    ]
    return drawing(box.size, label, parts)


def _falling(box: Box, llr: Sequence[float], shares: Sequence[float]) -> np.ndarray:
    """A step function that holds each share up to and with its LR, from the left edge to the right."""
    x = np.r_[box.x[0], np.repeat(llr, 2), box.x[1]]
    y = np.r_[np.repeat(shares, 2), 0.0, 0.0]
    return box.pixels(x, y)


def _whole_ticks(reach: float) -> list[Tick]:
    step = max(1, ceil(reach / 3))
    last = floor(reach / step) * step
    return [(float(v), f"{v:d}".replace("-", "\N{MINUS SIGN}")) for v in range(-last, last + 1, step)]


def _dotted(box: Box, x: Sequence[float], y: Sequence[float]) -> Markup:
    path = "M" + "L".join(f"{a / 10:g} {b / 10:g}" for a, b in box.pixels(x, y))
    return Markup('<path class="chance" d="{}" fill="none" stroke="#9aa2af" stroke-dasharray="3 4"/>').format(
        path
    )


def _names(box: Box, index: int, coloured: str, *others: str) -> Markup:
    """The coloured line's name in its colour, and the others' beneath it, in the upper right corner."""
    place, colour = series(index)
    lines = [(f"series-text-{place}", colour, coloured), *(("tick-text", GREY, text) for text in others)]
    text = Markup(
        '<text class="legend {}" x="{}" y="{}" text-anchor="end" font-size="12" fill="{}">{}</text>'
    )
    right = box.left + box.width - 6
    return NOTHING.join(
        text.format(kind, right, box.top + 16 + 16 * number, ink, name)
        for number, (kind, ink, name) in enumerate(lines)
    )
