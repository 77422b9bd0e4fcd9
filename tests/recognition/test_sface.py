"""OpenCV's class runs a network of SFace's names and shapes: faces are aligned, in RGB, of unit length."""

import cv2
import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.recognition.sface import SIDE, WIDTH, SFace
from tests.support.faces import make_face
from tests.support.sface_like import features_by_hand, write_network

REFERENCE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where OpenCV's alignCrop brings the landmarks, in pixels (modules/objdetect/src/face_recognize.cpp)."""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return SFace(write_network(tmp_path_factory.mktemp("net") / "n.onnx"))


def picture(seed=0, side=400):
    small = np.random.default_rng(seed).integers(0, 255, (20, 20, 3), dtype=np.uint8)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)


def with_points(points):
    face = make_face(0, 0, 200)
    return type(face)(0, 0, 0, 200, 200, 0.9, tuple(np.asarray(points, float).ravel()), 0)


def unit(vector):
    return vector / np.linalg.norm(vector)


def test_a_face_in_place_is_cut_out_as_it_is(network):
    """Landmarks that lie where they are brought to, 50 pixels further: nothing is turned or scaled."""
    shown = picture()
    found = network.embed(shown, with_points(REFERENCE + 50))
    expected = unit(features_by_hand(shown[50 : 50 + SIDE, 50 : 50 + SIDE]))
    assert found.shape == (WIDTH,)
    assert found @ expected > 0.999
    assert np.linalg.norm(found) == pytest.approx(1)


@pytest.mark.parametrize(("angle", "scale"), [(0, 2.0), (30, 1.0), (-80, 0.7), (180, 1.5)])
def test_turned_and_scaled_it_is_the_same_face(angle, scale, network):
    shown = picture()
    turn = cv2.getRotationMatrix2D((200, 200), angle, scale)
    other = cv2.warpAffine(shown, turn, (400, 400), flags=cv2.INTER_CUBIC)
    points = REFERENCE + 140
    moved = points @ turn[:, :2].T + turn[:, 2]
    same = network.embed(shown, with_points(points)) @ network.embed(other, with_points(moved))
    assert same > 0.95
    plain = network.embed(shown, with_points(points)) @ network.embed(other, with_points(points))
    assert plain < 0.6


def test_colours_are_not_swapped(network):
    shown = picture()
    red = network.embed(shown, with_points(REFERENCE + 50))
    assert red @ network.embed(shown[..., ::-1].copy(), with_points(REFERENCE + 50)) < 0.9


def test_landmarks_on_one_spot_and_a_blank_picture_say_nothing(network):
    assert network.embed(picture(), with_points(np.full((5, 2), 60.0))) is None
    assert network.embed(np.zeros((200, 200, 3), np.uint8), with_points(REFERENCE)) is None


def test_another_network_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"weights .* of one it gives \(1, 192\), not \(1, 128\)"):
        SFace(write_network(tmp_path / "three.onnx", n_filters=3))
    (tmp_path / "no.onnx").write_bytes(b"no network")
    with pytest.raises(InputError, match=r"recognition\.weights .* is no network that embeds faces"):
        SFace(tmp_path / "no.onnx")
