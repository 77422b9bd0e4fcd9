"""A relevance map laid over its frame, as a picture."""

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.faults import InputError

INFERNO = np.array(
    [
        (0, 0, 4),
        (22, 11, 57),
        (66, 10, 104),
        (106, 23, 110),
        (147, 38, 103),
        (188, 55, 84),
        (221, 81, 58),
        (243, 120, 25),
        (252, 165, 10),
        (246, 215, 70),
        (252, 255, 164),
    ],
    dtype=np.float64,
)
"""RGB at 0, .1, ..., 1 of matplotlib's colour map inferno (CC0): lightness rises evenly with the value."""


def overlay(
    frame: NDArray[np.uint8], relevance: NDArray[np.floating], *, opacity: float = 0.75
) -> NDArray[np.uint8]:
    """Lay a map over a frame: the more relevant a place, the brighter and the less of the frame shows.

    Args:
        frame: uint8 RGB (height, width, 3).
        relevance: Map over the patch grid, (rows, columns) in [0, 1]; stretched bilinearly over the frame.
        opacity: Share of the colour in the mixture where the map is 1, in [0, 1]; where it is v, the
            share is opacity v, so the frame is untouched where the map is 0.

    Returns:
        uint8 RGB (height, width, 3).

    Raises:
        InputError: the map or `opacity` leaves [0, 1].
    """
    values = np.asarray(relevance, dtype=np.float64)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise InputError("overlay: the map must lie in [0, 1]; divide it by its highest value")
    if not 0 <= opacity <= 1:
        raise InputError(f"overlay: opacity must lie in [0, 1], got {opacity}")
    stretched = stretch(values, *frame.shape[:2])
    share = opacity * stretched[..., None]
    return np.rint((1 - share) * frame + share * colours(stretched)).astype(np.uint8)


def stretch(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Enlarge (rows, columns) to (height, width) bilinearly.

    A value stands at the middle of its patch, as in `align_corners=False` of
    `torch.nn.functional.interpolate`; beyond the outermost middles the edge value goes on.
    """
    rows, columns = values.shape
    return _weights(height, rows) @ values @ _weights(width, columns).T


def colours(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values in [0, 1] of any shape -> RGB in [0, 255], shape (..., 3)."""
    stops = np.linspace(0, 1, len(INFERNO))
    return np.stack([np.interp(values, stops, INFERNO[:, channel]) for channel in range(3)], axis=-1)


def _weights(n: int, patches: int) -> NDArray[np.float64]:
    """Matrix (n, patches) by which pixel i is a mixture of its two nearest patches."""
    places = np.clip((np.arange(n) + 0.5) * patches / n - 0.5, 0, patches - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(patches)))
