"""The real detector on real pictures, at any size of them; what it cannot load is said."""

import builtins
import sys

import numpy as np
import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.faces import yunet
from clipforensics.faces.watching import overlap
from clipforensics.faces.yunet import MOST_FACES, Yunet, _face
from clipforensics.footage.video import decode_frames
from tests.support.faces import YUNET, make_face, needs_yunet
from tests.support.shared_data import FOOTAGE


@pytest.fixture(scope="module")
def detector():
    return Yunet(YUNET, detect_size=640, min_score=0.6)


@pytest.fixture(scope="module")
def portrait():
    """A speaker in 1280 x 720."""
    ((_, picture),) = decode_frames(FOOTAGE / "real/liveportrait_src_s18.mp4", [0])
    return picture


@needs_yunet
def test_a_face_is_found_with_its_landmarks_in_place(detector, portrait):
    (face,) = detector.detect(portrait, 7)
    assert face.frame == 7
    assert face.person == -1
    assert face.score > 0.9
    right_eye, left_eye, nose, right_mouth, left_mouth = np.array(face.points).reshape(5, 2)
    assert right_eye[0] < nose[0] < left_eye[0]  # the person's right is on the picture's left
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])
    assert face.x < right_eye[0]
    assert left_eye[0] < face.x + face.width


@needs_yunet
@pytest.mark.parametrize("scale", [0.25, 0.5, 2.0])
def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(scale, detector, portrait):
    (face,) = detector.detect(portrait, 0)
    size = round(1280 * scale), round(720 * scale)
    (other,) = detector.detect(np.asarray(Image.fromarray(portrait).resize(size)), 0)
    whole = [round(v / scale) for v in (other.x, other.y, other.height, other.width)]
    back = make_face(whole[0], whole[1], whole[2], width=whole[3])
    assert overlap(face, back) > 0.85
    assert np.allclose(np.array(other.points) / scale, face.points, atol=20)


@needs_yunet
def test_a_face_that_fills_the_picture_is_found_at_a_smaller_size(portrait):
    detector = Yunet(YUNET, detect_size=1200, min_score=0.6)
    (face,) = detector.detect(portrait, 0)
    tight = portrait[face.y : face.y + face.height, face.x : face.x + face.width]
    large = np.asarray(Image.fromarray(tight).resize((1200, 1200)))
    assert not len(detector._look(large, 1.0)), "else this picture shows nothing"
    (found,) = detector.detect(large, 0)
    assert found.side > 700


@needs_yunet
def test_boxes_are_cut_off_at_the_edge(detector, portrait):
    (face,) = detector.detect(portrait, 0)
    cut = np.ascontiguousarray(portrait[:, face.x + face.width // 4 :])
    for found in detector.detect(cut, 0):
        assert found.x >= 0
        assert found.x + found.width <= cut.shape[1]


@needs_yunet
@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (2000, 3), (720, 1280)])
def test_pictures_of_any_shape_without_a_face(shape, detector):
    noise = np.random.default_rng(0).integers(0, 30, (*shape, 3), dtype=np.uint8)
    assert detector.detect(noise, 0) == []


@needs_yunet
def test_a_fainter_face_than_is_asked_for_does_not_count(detector, portrait):
    (face,) = detector.detect(portrait, 0)
    assert Yunet(YUNET, detect_size=640, min_score=min(0.999, face.score + 0.02)).detect(portrait, 0) == []


@needs_yunet
def test_a_portrait_picture_is_reduced_by_its_height(detector, portrait, monkeypatch):
    (face,) = detector.detect(portrait, 0)
    left = max(0, face.x - 50)
    tall = np.tile(portrait[:, left : left + 360], (2, 1, 1))
    shown = []
    monkeypatch.setattr(detector, "_look", lambda picture, scale: shown.append(scale) or np.empty((0, 15)))
    detector.detect(tall, 0)
    assert shown == [640 / 1440, 320 / 1440, 160 / 1440, 80 / 1440]


@pytest.mark.parametrize(
    ("row", "box"),
    [
        ((-5, -7, 20, 30), (0, 0, 15, 23)),
        ((90, 40, 20, 30), (90, 40, 10, 10)),
        ((120, 10, 5, 5), (100, 10, 0, 5)),
    ],
)
def test_boxes_are_cut_off_on_all_sides(row, box):
    face = _face(np.array([*row, *range(10), 0.9]), 100, 50, 3)
    assert (face.x, face.y, face.width, face.height) == box


@needs_yunet
def test_faces_that_lie_outside_the_picture_do_not_count(detector, portrait, monkeypatch):
    rows = np.array([[2000, 10, 50, 50, *range(10), 0.9], [10, -90, 50, 50, *range(10), 0.9]], float)
    monkeypatch.setattr(detector, "_look", lambda *_: rows)
    assert detector.detect(portrait, 0) == []


def test_a_file_that_is_no_network_is_one_line(tmp_path):
    (tmp_path / "w.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=r"faces.weights .* is no face detector"):
        Yunet(tmp_path / "w.onnx", detect_size=640, min_score=0.6)


def test_another_network_is_one_line_too(tmp_path):
    """ONNX by hand: one node that hands its input on."""

    def field(number, value):
        if isinstance(value, int):
            return bytes([number << 3, value])
        value = value.encode() if isinstance(value, str) else value
        assert len(value) < 128
        return bytes([number << 3 | 2, len(value)]) + value

    def tensor(name):
        shape = b"".join(field(1, field(1, side)) for side in (1, 3, 32, 32))
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    node = field(1, "input") + field(2, "out") + field(3, "n") + field(4, "Identity")
    graph = field(1, node) + field(2, "g") + field(11, tensor("input")) + field(12, tensor("out"))
    model = field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))
    (tmp_path / "w.onnx").write_bytes(model)
    with pytest.raises(InputError, match=r"faces.weights .* is no face detector"):
        Yunet(tmp_path / "w.onnx", detect_size=640, min_score=0.6)


@needs_yunet
def test_of_a_thousand_faces_the_largest_hundred_count(detector, portrait):
    (face,) = detector.detect(portrait, 0)
    rim = face.side // 4
    tight = portrait[face.y - rim : face.y + face.height + rim, face.x - rim : face.x + face.width + rim]
    crowd, large = (np.asarray(Image.fromarray(tight).resize((side, side))) for side in (20, 320))
    picture = np.tile(crowd, (32, 32, 1))
    assert len(detector._look(picture, 1.0)) > 500, "else this picture shows nothing"
    picture[160:480, 160:480] = large
    found = detector.detect(picture, 0)
    assert len(found) == MOST_FACES
    assert max(face.side for face in found) > 100
    assert found == sorted(found, key=lambda face: -face.score)


def test_without_opencv_the_line_says_how_to_get_it(monkeypatch):
    usual = builtins.__import__

    def refusing(name, *more, **other):
        if name == "cv2":
            raise ImportError(name)
        return usual(name, *more, **other)

    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.setattr(builtins, "__import__", refusing)
    yunet.load_opencv.cache_clear()
    with pytest.raises(InputError, match=r"pip install 'clipforensics\[faces\]'"):
        yunet.load_opencv()
