"""YuNet: a small face detector (Wu et al. 2023, doi 10.1007/s11633-023-1423-y), run by OpenCV."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.faces.face import Face, Region

_OVERLAP = 0.3
"""Of two boxes that overlap by more (intersection over union) the one of the lower score goes."""

_MOST = 5000
"""Boxes that are compared for overlap."""

_STRIDE = 32  # the network halves its input five times

MOST_FACES = 100
"""Of more faces in a picture the largest count: to follow a crowd takes time by the square of its size."""

SMALLEST = 80
"""Without a face a picture is looked at again at half the size, down to this longer side: YuNet misses faces
that fill it."""


class Yunet:
    """The detector, loaded; not for several threads at once."""

    def __init__(self, weights: Path, *, detect_size: int, min_score: float) -> None:
        """Load it.

        Args:
            weights: Its ONNX file.
            detect_size: Longer side in pixels to which a larger picture is reduced.
            min_score: Least confidence, 0 to 1.

        Raises:
            InputError: OpenCV is not installed, cannot read the file, or the network in it is another one.
        """
        self._cv2 = load_opencv()
        self._detect_size = detect_size
        try:
            self._network: Any = self._cv2.FaceDetectorYN.create(
                str(weights), "", (_STRIDE, _STRIDE), min_score, _OVERLAP, _MOST
            )
            # Another network loads as well, and fails at the first picture only.
            self._network.detect(np.zeros((_STRIDE, _STRIDE, 3), np.uint8))
        except self._cv2.error as error:
            raise InputError(f"faces.weights {str(weights)!r} is no face detector: {error}") from error

    def detect(self, picture: NDArray[np.uint8], frame: int) -> list[Face]:
        """Every face of a picture, the most confident first; boxes are cut off at its edges.

        Of more than `MOST_FACES` the largest.

        Args:
            picture: uint8 (height, width, 3), RGB.
            frame: Its number, which the faces get.
        """
        longer = max(picture.shape[:2])
        side = min(longer, self._detect_size)
        found = self._look(picture, side / longer)
        while not len(found) and side // 2 >= SMALLEST:
            side //= 2
            found = self._look(picture, side / longer)
        faces = (_face(row, picture.shape[1], picture.shape[0], frame) for row in found)
        seen = [face for face in faces if face.width > 0 and face.height > 0]
        if len(seen) <= MOST_FACES:
            return seen
        least = sorted((face.side for face in seen), reverse=True)[MOST_FACES - 1]
        return [face for face in seen if face.side >= least][:MOST_FACES]

    def detect_within(self, picture: NDArray[np.uint8], frame: int, region: Region) -> list[Face]:
        """Every face of a region of a picture, at the scale of `detect`; a face that it cuts, so far as seen.

        The region grows to the network's grid on the whole picture, so that it sees nearly the same numbers.

        Args:
            picture: As there.
            frame: As there.
            region: Where faces are known to be.
        """
        height, width = picture.shape[:2]
        scale = min(1.0, self._detect_size / max(height, width))
        grid = _STRIDE / scale
        left, top = (int(edge // grid * grid) for edge in (region.left, region.top))
        right, bottom = (int(-(-edge // grid) * grid) for edge in (region.right, region.bottom))
        found = self._look(picture[top:bottom, left:right], scale)
        found[:, [0, *range(4, 14, 2)]] += left
        found[:, [1, *range(5, 14, 2)]] += top
        faces = (_face(row, width, height, frame) for row in found)
        return [face for face in faces if face.width > 0 and face.height > 0]

    def _look(self, picture: NDArray[np.uint8], scale: float) -> NDArray[np.float64]:
        """Rows of x, y, width, height, ten coordinates, score, in pixels of the picture."""
        cv2 = self._cv2
        height, width = picture.shape[:2]
        if scale < 1:
            shape = max(1, round(width * scale)), max(1, round(height * scale))
            picture = cv2.resize(picture, shape, interpolation=cv2.INTER_AREA)
        self._network.setInputSize((picture.shape[1], picture.shape[0]))
        _, found = self._network.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if found is None:
            return np.empty((0, 15))
        rows = found.astype(np.float64)
        rows[:, :14] *= np.tile([width / picture.shape[1], height / picture.shape[0]], 7)
        return rows


def _face(row: NDArray[np.float64], width: int, height: int, frame: int) -> Face:
    """A box with whole pixels: it is what is stored, and what is cut is the same on every machine."""
    left, right = (int(np.clip(round(v), 0, width)) for v in (row[0], row[0] + row[2]))
    top, bottom = (int(np.clip(round(v), 0, height)) for v in (row[1], row[1] + row[3]))
    points = tuple(round(float(value), 1) for value in row[4:14])
    return Face(frame, left, top, right - left, bottom - top, round(float(row[14]), 3), points)


@lru_cache(maxsize=1)
def load_opencv() -> Any:
    """OpenCV, on one thread and silent but for errors.

    Raises:
        InputError: it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise InputError(
            "faces.detector needs OpenCV, which is not installed; run `pip install 'clipforensics[faces]'`,"
            " or set faces.detector to none"
        ) from error
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    return cv2
