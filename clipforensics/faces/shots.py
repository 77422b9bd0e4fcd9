"""Whether the film was cut between two frames: after a cut somebody else may sit in the same place."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]

SIDE = 32
"""Pixels to which a picture is reduced before it is compared."""

ALIKE = 0.4
"""Least correlation of two pictures of one shot. In 28 clips, eight frames of each, neighbours in one shot
have .47 to 1, those across a cut -.03 to .34."""


def thumbnail(picture: NDArray[np.uint8]) -> Floats:
    """Brightness of a picture, reduced to `SIDE` x `SIDE` by means over areas, less its mean.

    Args:
        picture: uint8 (height, width, 3), RGB.
    """
    small = Image.fromarray(picture).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float64)
    return values - values.mean()


def is_cut(before: Floats, after: Floats) -> bool:
    """Whether two thumbnails are of different shots: their correlation is below `ALIKE`.

    A picture of one colour is of the same shot as another such, and of none with anything in it.
    """
    sizes = float(np.sqrt((before**2).sum() * (after**2).sum()))
    if sizes == 0:
        return bool(before.any() or after.any())
    return float((before * after).sum()) < ALIKE * sizes
