"""The frames, faces and crops of a video are those that the stages make."""

import weakref

import numpy as np
import pytest

from clipforensics.core.fitting import Fitting
from clipforensics.crops.person import extract_faces
from clipforensics.faces.finding import Looking, find_in_video
from clipforensics.faces.yunet import Yunet
from clipforensics.footage.video import probe_video
from clipforensics.scoring import looking
from clipforensics.scoring.drawn import Around, Drawn
from clipforensics.scoring.looking import look
from tests.support.clips import make_clip
from tests.support.faces import YUNET, make_face, needs_yunet
from tests.support.scoring_packages import AROUND
from tests.support.shared_data import FOOTAGE, needs_shared

FITTING = Fitting(32)


class Placed:
    """Finds faces where a test puts them, by the number of the frame."""

    def __init__(self, places):
        self.places = places

    def detect(self, picture, frame):
        return [make_face(*place, frame=frame) for place in self.places.get(frame, [])]

    def detect_within(self, picture, frame, region):
        raise AssertionError("with a stride of 1 every frame is looked at as a whole")


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / "a.mp4", n_frames=8)


def around(**changes):
    return Around.model_validate(AROUND | changes)


def test_the_largest_person_comes_first_then_others_shown_often_enough(clip):
    places = {n: [(0, 0, 10), (30, 10, 20)] for n in range(8)} | {7: [(0, 0, 10), (30, 10, 20), (10, 30, 8)]}
    seen = look(clip, probe_video(clip), Drawn(n_frames=8, around=around()), Placed(places), FITTING)
    assert seen.people.tolist() == [1] * 8 + [0] * 8
    assert seen.frames.tolist() == [*range(8)] * 2
    expected = extract_faces(clip, seen.faces, around(), FITTING)
    np.testing.assert_array_equal(seen.pictures, expected)
    assert seen.n_at_once == 3
    assert len(seen.everybody) == 17


def test_of_a_crowd_the_rest_is_decoded_again(clip, monkeypatch):
    monkeypatch.setattr(looking, "CROWD", 1)
    places = {n: [(0, 0, 10), (30, 10, 20)] for n in range(8)}
    seen = look(clip, probe_video(clip), Drawn(n_frames=8, around=around()), Placed(places), FITTING)
    np.testing.assert_array_equal(seen.pictures, extract_faces(clip, seen.faces, around(), FITTING))


def test_without_a_face_nothing_is_there_or_whole_frames(clip):
    for policy, n in (("skip", 0), ("whole", 4)):
        drawn = Drawn(n_frames=4, around=around(without_face=policy))
        seen = look(clip, probe_video(clip), drawn, Placed({}), FITTING)
        assert (len(seen.pictures), len(seen.sampled)) == (n, 4)
        assert seen.people.tolist() == [-1] * n
    whole = look(clip, probe_video(clip), Drawn(n_frames=4, around=None), None, FITTING)
    np.testing.assert_array_equal(whole.pictures, seen.pictures)


@needs_yunet
@needs_shared
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("align", [False, True])
def test_real_footage_is_seen_as_the_stages_see_it(stride, align):
    path = FOOTAGE / "real/liveportrait_d19.mp4"
    footage = probe_video(path)
    faces = find_in_video(path, footage.n_frames, Looking(YUNET, 8, 640, 0.6, stride))
    detector = Yunet(YUNET, detect_size=640, min_score=0.6)
    how = around(stride=stride, align=align)
    seen = look(path, footage, Drawn(n_frames=8, around=how), detector, FITTING)
    assert list(seen.everybody) == faces
    np.testing.assert_array_equal(seen.pictures, extract_faces(path, seen.faces, how, FITTING))


def test_no_more_full_frames_are_held_than_lie_between_two_looks(tmp_path, monkeypatch):
    clip = make_clip(tmp_path / "long.mp4", n_frames=40)
    shown, most = [], []
    decoded = looking.decode_frames

    class Tracked(np.ndarray):
        """An array that can be watched."""

    def watched(path, numbers):
        for number, picture in decoded(path, numbers):
            one = picture.view(Tracked)
            shown.append(weakref.ref(one))
            most.append(sum(seen() is not None for seen in shown))
            yield number, one

    class Near(Placed):
        def detect_within(self, picture, frame, region):
            return self.detect(picture, frame)

    monkeypatch.setattr(looking, "decode_frames", watched)
    places = {n: [(10, 10, 20)] for n in range(40)}
    seen = look(clip, probe_video(clip), Drawn(n_frames=40, around=around(stride=3)), Near(places), FITTING)
    assert len(seen.frames) == 40
    assert max(most) <= 2 * 3
