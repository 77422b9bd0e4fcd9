"""How a package's detector drew its frames."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.scoring.drawn import read_drawn
from tests.support.scoring_packages import AROUND


def test_whole_frames_and_faces_are_read(tmp_path):
    write_json(tmp_path / "frames.json", {"frames_per_video": 8, "crop": "none", "side": 64})
    assert read_drawn(tmp_path).around is None
    write_json(tmp_path / "frames.json", {"frames_per_video": 8, "faces": AROUND})
    found = read_drawn(tmp_path)
    assert (found.n_frames, found.around.margin, found.around.apart) == (8, 1.3, False)


def test_a_face_detector_in_the_package_is_named_by_its_path(tmp_path):
    write_json(
        tmp_path / "frames.json",
        {"frames_per_video": 8, "faces": AROUND | {"weights": "face_detector.onnx", "person": "every"}},
    )
    found = read_drawn(tmp_path).around
    assert found.weights == str(tmp_path / "face_detector.onnx")
    assert found.apart


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([], "must hold an object"),
        ({}, "`n_frames`"),
        ({"frames_per_video": 10**9}, "less than or equal to 4096"),
        ({"frames_per_video": 8, "faces": AROUND | {"detector": "magic"}}, "yunet"),
        ({"frames_per_video": 8, "faces": AROUND | {"margin": 900.0}}, "margin"),
    ],
)
def test_what_there_is_not_is_refused(tmp_path, content, text):
    write_json(tmp_path / "frames.json", content)
    with pytest.raises(InputError, match=text):
        read_drawn(tmp_path)
