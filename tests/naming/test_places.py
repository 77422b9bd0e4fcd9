"""Paths as people publish them: manipulation, video, frame."""

import pytest

from clipforensics.naming.choosing import choose
from clipforensics.naming.places import Place, place_of

FFPP = {
    "manipulated_sequences/NeuralTextures/c40/videos/040_997.mp4": Place("NeuralTextures", "040_997.mp4"),
    "/data/ffpp/NeuralTextures/frames/040_997/012.png": Place("NeuralTextures", "040_997", 12),
    "FaceSwap\\040_997_c40\\frame_0012.JPG": Place("FaceSwap", "040_997_c40", 12),
    "original_sequences/youtube/c23/frames/033/7.png": Place("original_sequences", "033", 7),
    "crops/youtube/033/7.png": Place("youtube", "033", 7),
    "mobileswap/ff/frames/339_392/411.png": Place("mobileswap", "339_392", 411),
    "FaceSwap/040_997/040_997_0003.png": Place("FaceSwap", "040_997", 3),
    "FaceSwap/040_997_frame12.png": Place("FaceSwap", "040_997", 12),
    "youtube/040/040.png": Place("youtube", "040", 40),
    "FaceSwap/test/040_997": Place("FaceSwap", "040_997"),
    "NeuralTextures/c40/faces_224/000_020/001.png": Place("NeuralTextures", "000_020", 1),
    "FaceSwap/Crops-256/images299/frame_1/040_997.mp4": Place("FaceSwap", "040_997.mp4"),
    "FaceSwap/faces_of_actors/040_997.mp4": Place("faces_of_actors", "040_997.mp4"),
    "040_997.mp4": Place("", "040_997.mp4"),
    "frames/040_997/1.png": Place("", "040_997", 1),
}


@pytest.mark.parametrize("path", FFPP)
def test_paths_of_faceforensics(path):
    assert place_of(path, choose("ffpp")) == FFPP[path]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("Celeb-synthesis/id0_id1_0000.mp4", Place("Celeb-synthesis", "id0_id1_0000.mp4")),
        ("swaps/id0_id1_0000_00060.png", Place("swaps", "id0_id1_0000", 60)),
        ("YouTube-real/frames/00170/00060.png", Place("YouTube-real", "00170", 60)),
    ],
)
def test_paths_of_celebdf(path, place):
    assert place_of(path, choose("celebdf")) == place


def test_folders_of_dfdc_hold_both_classes(tmp_path):
    metadata = tmp_path / "metadata.json"
    metadata.write_text('{"a.mp4": {"label": "FAKE", "original": "b.mp4"}, "b.mp4": {"label": "REAL"}}')
    naming = choose("dfdc", metadata=[metadata])
    assert place_of("dfdc_train_part_0/a.mp4", naming) == Place("fake", "a.mp4")
    assert place_of("dfdc_train_part_0/b/0007.png", naming) == Place("real", "b", 7)
    assert place_of("dfdc_train_part_0/c.mp4", naming) is None


@pytest.mark.parametrize(
    "path",
    ["", "/", "FaceSwap/", "FaceSwap/012.png", "FaceSwap/033_097.png", "FaceSwap/040_997/a.png",
     f"FaceSwap/040_997/{'1' * 5_000}.png", f"FaceSwap/040_997_{'1' * 5_000}.png", "FaceSwap/040_997/1_2.png",
     "FaceSwap/1_7.mp4", "FaceSwap/040-997/012.png"],
)  # fmt: skip
def test_a_path_that_cannot_be_read_in_one_way_is_not_read(path):
    assert place_of(path, choose("ffpp")) is None
