"""FaceForensics++'s own names, and those that are not."""

import json

import pytest

from clipforensics.naming.ffpp import read
from tests.support.shared_data import FFPP, needs_shared


@pytest.mark.parametrize(
    "name", ["033_097", "033_097.mp4", "vid_033_097_c40", "FaceSwap/c23/videos/033_097.mp4"]
)
def test_a_manipulated_video_is_target_and_source(name):
    people = read(name)
    assert (people.clip, people.target, people.source, people.label) == ("033_097", "033", "097", 1)


def test_a_real_video_is_its_target():
    people = read("original_sequences/youtube/c40/videos/033.mp4")
    assert (people.clip, people.target, people.source, people.label) == ("033", "033", "", 0)


def test_actors_have_two_digits_and_a_scene():
    real, fake = read("01__exit_phone_room.mp4"), read("01_02__exit_phone_room__YVGY8LOK.mp4")
    assert (real.target, real.source, real.label) == ("01", "", 0)
    assert (fake.target, fake.source, fake.label) == ("01", "02", 1)
    assert fake.clip == "01_02__exit_phone_room__YVGY8LOK"


@pytest.mark.parametrize(
    "name",
    ["", "1", "18", "0018", "1_7", "033-097", "033_097_004", "033_033", "person00_0000", "vid_00012",
     "id0_id1_0000", "id0_0000", "00170", "033_097_v2", "٠٣٣", "01_02__exit", "01_01__exit__YVGY8LOK"],
)  # fmt: skip
def test_any_other_name_is_doubtful(name):
    assert read(name) is None


@needs_shared
def test_every_name_of_the_official_lists_and_of_the_package_is_read():
    pairs = [
        pair for part in ("train", "val", "test") for pair in json.loads((FFPP / f"{part}.json").read_text())
    ]
    for a, b in pairs:
        assert (read(a).target, read(f"{a}_{b}").target, read(f"{a}_{b}").source) == (a, a, b)
    for names in json.loads((FFPP / "frame_package_ids.json").read_text()).values():
        assert all(read(name) for name in names)
