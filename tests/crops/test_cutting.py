"""What is cut out of a frame is the square around the face, resized as Pillow does it; upright if wished."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clipforensics.core.fitting import Fitting
from clipforensics.crops.cutting import TEMPLATE, blank, cut_square, cut_upright, similarity
from clipforensics.faces.face import Face
from tests.support.faces import make_face

NOISE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)


def test_the_square_is_resized_with_pillows_bicubic():
    cut = cut_square(NOISE, make_face(100, 80, 100), 1.5, Fitting(48))
    square = NOISE[55:205, 75:225]
    assert np.array_equal(cut, np.asarray(Image.fromarray(square).resize((48, 48), Image.Resampling.BICUBIC)))
    assert (cut.shape, cut.dtype) == ((48, 48, 3), np.uint8)


def test_nothing_outside_the_square_matters():
    other = NOISE.copy()
    other[:, :75] = other[:, 225:] = other[:55] = other[205:] = 0
    face = make_face(100, 80, 100)
    assert np.array_equal(
        cut_square(NOISE, face, 1.5, Fitting(48)), cut_square(other, face, 1.5, Fitting(48))
    )


def test_a_square_of_the_wanted_size_is_not_resampled():
    assert np.array_equal(
        cut_square(NOISE, make_face(100, 80, 100), 1.0, Fitting(100)), NOISE[80:180, 100:200]
    )


points = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=5, max_size=5)


@settings(max_examples=50)
@given(points, st.floats(-3.1, 3.1), st.floats(0.1, 10), st.tuples(st.floats(-99, 99), st.floats(-99, 99)))
def test_a_similarity_is_found_again(source, angle, scale, shift):
    a = np.array(source)
    if np.ptp(a, axis=0).max() < 1:
        return
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = similarity(a, a @ turn.T + shift)
    assert np.allclose(found, np.column_stack([turn, shift]), atol=1e-6 * max(1, scale * 100))


def test_it_is_the_least_squares_of_all_turns_scales_and_shifts():
    """Umeyama's way, by singular values."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        a, b = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
        x, y = a - a.mean(0), b - b.mean(0)
        u, s, vt = np.linalg.svd(y.T @ x)
        sign = np.diag([1, np.sign(np.linalg.det(u @ vt))])
        turn = u @ sign @ vt * (s * np.diag(sign)).sum() / (x**2).sum()
        expected = np.column_stack([turn, b.mean(0) - turn @ a.mean(0)])
        assert np.allclose(similarity(a, b), expected)


@pytest.mark.parametrize("angle", [0, 25, -40])
def test_a_turned_face_comes_out_upright(angle):
    """Five dots where the landmarks are; cut out, they lie on the template."""
    size, margin = 112, 1.5
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    dots = (TEMPLATE - 56) * 1.7 @ rotation.T + [260, 240]
    picture = np.zeros((480, 520, 3), np.uint8)
    grid = np.stack(np.meshgrid(np.arange(520) + 0.5, np.arange(480) + 0.5), axis=-1)
    for dot in dots:
        picture[((grid - dot) ** 2).sum(-1) < 5**2] = 255
    face = Face(0, 100, 100, 200, 200, 0.9, tuple(dots.ravel()), 0)
    cut = cut_upright(picture, face, margin, Fitting(size))
    goal = (TEMPLATE - 56) / margin + 56
    bright = cut[..., 0].astype(float)
    place = np.stack(np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5), axis=-1)
    for x, y in goal:
        near = (((place - [x, y]) ** 2).sum(-1) < 6**2) * bright
        found = (near[..., None] * place).sum((0, 1)) / near.sum()
        assert np.abs(found - [x, y]).max() < 0.6


def test_the_upright_picture_is_no_larger_than_the_frame(monkeypatch):
    """Else landmarks far apart would ask for as many pixels as they like."""
    sides, usual = [], Image.Image.transform
    monkeypatch.setattr(
        Image.Image, "transform", lambda self, size, *more: sides.append(size) or usual(self, size, *more)
    )
    far = Face(0, 0, 0, 100, 100, 0.9, tuple((TEMPLATE * 400 - 900).ravel()), 0)
    cut_upright(np.zeros((90, 120, 3), np.uint8), far, 4.0, Fitting(64))
    assert sides == [(90, 90)]


def test_what_lies_outside_the_frame_is_black_and_memory_is_bounded():
    picture = np.full((120, 120, 3), 200, np.uint8)
    far = Face(0, 0, 0, 100, 100, 0.9, tuple((TEMPLATE * 40 - 900).ravel()), 0)
    cut = cut_upright(picture, far, 4.0, Fitting(64))
    assert cut.shape == (64, 64, 3)
    assert cut.min() == 0


def test_every_face_is_blanked_and_nothing_else():
    a, b = make_face(10, 20, 50, width=30), make_face(380, 290, 40)
    without = blank(NOISE, [a, b])
    expected = NOISE.copy()
    expected[20:70, 10:40] = 0
    expected[290:, 380:] = 0
    assert np.array_equal(without, expected)
    assert NOISE[20:70, 10:40].any()
    assert np.array_equal(blank(NOISE, []), NOISE)


def test_the_filter_is_the_encoders_and_nothing_of_a_square_is_cropped():
    face = make_face(100, 80, 100)
    square = Image.fromarray(NOISE[55:205, 75:225])
    expected = np.asarray(square.resize((48, 48), Image.Resampling.BILINEAR))
    assert np.array_equal(cut_square(NOISE, face, 1.5, Fitting(48, "bilinear", edge=56)), expected)
