"""From a full frame to what the encoder reads: the square around a face, upright if that is wished."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipforensics.core.fitting import Fitting
from clipforensics.faces.face import Face, square_around

Floats = NDArray[np.float64]

TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where the landmarks of an upright face lie in 112 x 112 pixels: InsightFace's template (Deng et al. 2019,
arXiv 1801.07698), whose first point is the eye on the picture's left, that is the person's right eye."""

TEMPLATE_SIDE = 112


def cut_square(picture: NDArray[np.uint8], face: Face, margin: float, fitting: Fitting) -> NDArray[np.uint8]:
    """The square around a face (`square_around`), resized with antialiasing; of it nothing is cropped.

    Args:
        picture: The full frame, uint8 (height, width, 3), RGB.
        face: In that frame.
        margin: Side of the square over the face's.
        fitting: Its `size` is the side of the result, its `resample` the filter.

    Returns:
        uint8 (size, size, 3), RGB.
    """
    height, width = picture.shape[:2]
    left, top, side = square_around(face, margin, width, height)
    image = Image.fromarray(np.ascontiguousarray(picture[top : top + side, left : left + side]))
    return _resized(image, fitting)


def cut_upright(picture: NDArray[np.uint8], face: Face, margin: float, fitting: Fitting) -> NDArray[np.uint8]:
    """The face turned, moved and scaled so that its landmarks come closest to `TEMPLATE`; then resized.

    It is turned at the frame's own resolution first and made smaller afterwards, with antialiasing. What
    lies outside the frame is black.

    Args:
        picture: The full frame, uint8 (height, width, 3), RGB.
        face: In that frame, with landmarks.
        margin: 1: the template fills the square as InsightFace has it; larger: more around it.
        fitting: As in `cut_square`.

    Returns:
        uint8 (size, size, 3), RGB.
    """
    goal = (TEMPLATE / TEMPLATE_SIDE - 0.5) / margin + 0.5
    points = np.array(face.points, dtype=np.float64).reshape(-1, 2)
    turn = similarity(goal, points)
    side = max(1, min(round(float(np.hypot(turn[0, 0], turn[1, 0]))), *picture.shape[:2]))
    turn[:, :2] /= side
    image = Image.fromarray(np.ascontiguousarray(picture))
    upright = image.transform(
        (side, side), Image.Transform.AFFINE, tuple(turn.ravel()), Image.Resampling.BICUBIC
    )
    return _resized(upright, fitting)


def _resized(square: Image.Image, fitting: Fitting) -> NDArray[np.uint8]:
    filter_ = Image.Resampling[fitting.resample.upper()]
    return np.asarray(square.resize((fitting.size, fitting.size), filter_))


def blank(picture: NDArray[np.uint8], faces: Sequence[Face]) -> NDArray[np.uint8]:
    """The frame with a black box in place of each face, as large as the detector's.

    Args:
        picture: The full frame, uint8 (height, width, 3), RGB; it stays as it is.
        faces: In that frame.
    """
    without = picture.copy()
    for face in faces:
        without[face.y : face.y + face.height, face.x : face.x + face.width] = 0
    return without


def similarity(source: Floats, target: Floats) -> Floats:
    """The turn, scale and shift that bring `source` closest to `target` by squares (Umeyama 1991).

    Args:
        source: Points, shape (n, 2).
        target: Their counterparts, shape (n, 2).

    Returns:
        Matrix (2, 3): target = matrix[:, :2] @ source + matrix[:, 2]; never a reflection.
    """
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    # As complex numbers the least squares of turn and scale are one division, and never a reflection.
    x, y = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    factor = complex((np.conj(x) @ y) / (np.conj(x) @ x))
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.column_stack([turn, target.mean(axis=0) - turn @ source.mean(axis=0)])
