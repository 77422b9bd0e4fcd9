"""Faces at given places, and the detector's real weights where this machine has them."""

import pytest

from clipforensics.faces.face import Face
from tests.support.shared_data import DATA

YUNET = DATA / "face_detector" / "face_detection_yunet_2026may.onnx"
YUNET_SHA256 = "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0"

needs_yunet = pytest.mark.skipif(not YUNET.is_file(), reason=f"no face detector at {YUNET}")


def make_face(
    x: int, y: int, side: int = 100, *, frame: int = 0, person: int = -1, score: float = 0.9, width: int = 0
) -> Face:
    """A face with its box at (x, y), `side` high and as wide unless `width` is given, landmarks within."""
    width = width or side
    shares = (0.3, 0.4, 0.7, 0.4, 0.5, 0.6, 0.35, 0.8, 0.65, 0.8)
    points = tuple((x, y)[i % 2] + share * (width, side)[i % 2] for i, share in enumerate(shares))
    return Face(frame, x, y, width, side, score, points, person)
