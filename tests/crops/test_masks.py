"""Whose mask a video takes, and on whom it lies: by hand, and against counting pixel by pixel."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clipforensics.crops.masks import lend_masks, marked_by
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.video import decode_frames
from tests.support.clips import make_clip
from tests.support.faces import make_face
from tests.support.videos import make_video

SHAPE = {"width": 64, "height": 48, "n_frames": 10}


def video(target, source="", manipulation="", **more):
    return replace(make_video(target, source, manipulation=manipulation, path="x.mp4"), **{**SHAPE, **more})


def lent(*videos):
    return [one.mask for one in lend_masks(videos)]


def test_a_real_video_takes_the_mask_of_the_lowest_key_made_on_it():
    fakes = [video("a", "c", "NT", mask="nt.mp4"), video("a", "b", "DF", mask="df.mp4")]
    fakes += [video("b", "a", "DF", mask="other.mp4")]
    assert lent(video("a"), *fakes) == ["df.mp4", "nt.mp4", "df.mp4", "other.mp4"]
    assert lent(*fakes[::-1], video("a")) == ["other.mp4", "df.mp4", "nt.mp4", "df.mp4"]
    assert [one.key for one in lend_masks(fakes)] == [one.key for one in fakes]


def test_a_fake_of_a_method_without_masks_shows_the_same_person_as_its_real_video():
    made = [video("a"), video("a", "b", "FaceShifter"), video("a", "b", "DF", mask="df.mp4")]
    assert lent(*made) == ["df.mp4"] * 3


@pytest.mark.parametrize(
    "other",
    [
        {"width": 65},
        {"height": 49},
        {"n_frames": 11},
        {"target": "z"},
        {"dataset": "other"},
        {"take": "kitchen"},
    ],
)
def test_other_footage_lends_nothing(other):
    assert lent(video("a"), replace(video("a", "b", "DF", mask="df.mp4"), **other))[0] == ""


def test_a_scene_is_the_take_up_to_two_underscores():
    fake = video("01", "02", "DeepFakeDetection", take="hall__AB12", mask="m.mp4")
    assert lent(video("01", take="hall"), video("01", take="street"), fake)[:2] == ["m.mp4", ""]


def test_nobody_known_borrows_nothing_and_a_real_video_lends_nothing():
    assert lent(video(""), video("", "", "DF", mask="df.mp4"))[0] == ""
    assert lent(video("a", "b", "DF"), video("a", mask="m.mp4"))[0] == ""


@pytest.fixture(scope="module")
def masks(tmp_path_factory):
    """Ten masks of 32 x 24, white at the left but in frame 3: a folder of pictures, and what is in them."""
    folder = tmp_path_factory.mktemp("masks")
    pictures = np.zeros((10, 24, 32), np.uint8)
    pictures[:, 4:12, 2:10] = 255
    pictures[3] = 0
    (folder / "png").mkdir()
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"png/{number:03d}.png")
    return folder / "png", pictures


HERS = [make_face(0, 4, 22, frame=n, person=0) for n in (1, 3, 8)]  # of 64 x 48
HIS = [make_face(18, 4, 30, frame=n, person=1) for n in (1, 8)]
FAR = [make_face(50, 30, 10, frame=8, person=2)]


def slow(pictures, faces, width, height):
    inside, white = {}, 0
    for frame in {face.frame for face in faces}:
        small = pictures[frame]
        for y in range(height):
            for x in range(width):
                if small[y * small.shape[0] // height, x * small.shape[1] // width] < 128:
                    continue
                white += 1
                for face in faces:
                    if face.frame == frame and 0 <= x - face.x < face.width and 0 <= y - face.y < face.height:
                        inside[face.person] = inside.get(face.person, 0) + 1
    return {person: n / white for person, n in inside.items()}


def test_the_part_of_the_mask_in_each_persons_boxes_scaled_to_the_video(masks):
    path, pictures = masks
    faces = [*HERS, *HIS, *FAR]
    found = marked_by(path, video("a"), faces)
    assert found == slow(pictures, faces, 64, 48)
    assert list(found) == [0, 1]
    assert 0.1 < found[1] < found[0] == 1.0
    assert marked_by(path, video("a"), FAR) == {}
    assert marked_by(path, video("a"), [HERS[1]]) == {}  # a frame in which nothing is marked


def test_only_the_frames_that_show_a_face_are_decoded(masks, monkeypatch):
    asked = []
    real = marked_by.__globals__["read_pictures"]
    monkeypatch.setitem(
        marked_by.__globals__,
        "read_pictures",
        lambda path, indices: asked.append(indices) or real(path, indices),
    )
    marked_by(masks[0], video("a"), [*HIS, *HERS])
    assert asked == [[1, 3, 8]]


def test_a_mask_may_be_a_video_and_coloured(tmp_path):
    path = make_clip(tmp_path / "mask.mp4", n_frames=10, width=64, height=48)
    whole = {n: picture.max(axis=2) for n, picture in decode_frames(path, range(10))}
    assert marked_by(path, video("a"), HERS) == slow(whole, HERS, 64, 48)


def test_a_mask_of_another_length_or_that_cannot_be_read_is_refused_in_one_line(masks, tmp_path):
    with pytest.raises(
        UnreadableVideo, match=r"^its mask has 10 frames, the video 11; replace or remove it$"
    ):
        marked_by(masks[0], video("a", n_frames=11), HERS)
    (tmp_path / "noise.mp4").write_bytes(b"noise" * 100)
    with pytest.raises(UnreadableVideo, match=r"^its mask cannot be decoded"):
        marked_by(tmp_path / "noise.mp4", video("a"), HERS)
    with pytest.raises(UnreadableVideo, match=r"^its mask is not a file$"):
        marked_by(tmp_path / "gone.mp4", video("a"), HERS)
