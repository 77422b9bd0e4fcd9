"""SFace: a face as 128 numbers (Zhong et al. 2021, doi 10.1109/TIP.2020.3048632), run by OpenCV."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.faces.face import POINTS, Face
from clipforensics.faces.yunet import load_opencv

WIDTH = 128
"""Numbers of a feature."""

SIDE = 112
"""Pixels of the square that a face is brought to."""


class SFace:
    """The network, loaded; not for several threads at once."""

    def __init__(self, weights: Path) -> None:
        """Load it.

        Args:
            weights: Its ONNX file.

        Raises:
            InputError: OpenCV is not installed, cannot read the file, or the network in it is another one.
        """
        self._cv2 = load_opencv()
        fault = f"recognition.weights {str(weights)!r} is no network that embeds faces"
        try:
            self._network: Any = self._cv2.FaceRecognizerSF.create(str(weights), "")
            # Another network loads as well, and fails at the first face only.
            shape = self._network.feature(np.zeros((SIDE, SIDE, 3), np.uint8)).shape
        except self._cv2.error as error:
            raise InputError(f"{fault}: {error}") from error
        if shape != (1, WIDTH):
            raise InputError(f"{fault}: of one it gives {shape}, not (1, {WIDTH}); name the file of SFace")

    def embed(self, picture: NDArray[np.uint8], face: Face) -> NDArray[np.float64] | None:
        """The feature of a face, turned upright and scaled by its landmarks, of unit length.

        Args:
            picture: uint8 (height, width, 3), RGB: the full frame.
            face: A face in it.

        Returns:
            float64 (`WIDTH`,); None where the landmarks lie on one spot or the network says nothing.
        """
        points = np.array(face.points).reshape(len(POINTS), 2)
        if np.ptp(points, axis=0).max() < 1:
            return None
        # alignCrop reads YuNet's rows: box, landmarks in the order of `POINTS`, score.
        row = np.array([[face.x, face.y, face.width, face.height, *face.points, face.score]], np.float32)
        aligned = self._network.alignCrop(self._cv2.cvtColor(picture, self._cv2.COLOR_RGB2BGR), row)
        feature = self._network.feature(aligned)[0].astype(np.float64)
        length = np.linalg.norm(feature)
        return feature / length if np.isfinite(length) and length > 0 else None
