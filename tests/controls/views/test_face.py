"""Of a frame the face stays: the middle, one part in the margin of its side."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.controls.views.face import VIEW
from clipforensics.core.fitting import Fitting
from clipforensics.crops.cutting import cut_square
from tests.support.faces import make_face


@pytest.mark.parametrize(("size", "margin"), [(224, 1.3), (64, 2.0), (63, 1.5), (10, 1.0)])
def test_the_middle_stays_and_the_rest_is_black(size, margin):
    frames = np.random.default_rng(0).integers(1, 256, (2, size, size, 3), dtype=np.uint8)
    before = frames.copy()
    alone = VIEW.alter(frames, pd.DataFrame({"key": "a", "frame": [0, 1], "margin": margin}), None)
    kept = (alone > 0).all(axis=-1)
    side = round(size / margin)
    begin = (size - side) // 2
    assert kept.sum() == 2 * side**2
    assert kept[:, begin : begin + side, begin : begin + side].all()
    assert (alone[kept] == frames[kept]).all()
    assert (frames == before).all()


def test_it_is_the_face_that_stays():
    picture = np.full((300, 400, 3), 90, np.uint8)
    face = make_face(150, 100, 100)
    picture[100:200, 150:250] = 200
    frame = cut_square(picture, face, 1.5, Fitting(150))[None]
    alone = VIEW.alter(frame, pd.DataFrame({"key": ["a"], "frame": [0], "margin": [1.5]}), None)
    assert (alone[0, 25:125, 25:125] == 200).all()
    assert alone[0].sum(dtype=int) == 3 * 200 * 100**2
