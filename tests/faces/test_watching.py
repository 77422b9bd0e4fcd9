"""Every frame is looked at, or with a stride as few as will do; what lies between is interpolated."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clipforensics.faces.watching import STILL, _mean, _still, look_through, overlap
from clipforensics.faces.yunet import Yunet
from clipforensics.footage.video import decode_frames, probe_video
from clipforensics.frames.rows import sample_frame_indices
from tests.support.faces import YUNET, make_face, needs_yunet
from tests.support.shared_data import FOOTAGE

SCENE = np.random.default_rng(0).integers(0, 60, (240, 320, 3), dtype=np.uint8)


class Squares:
    """Finds squares of pure white, by their pixels; remembers which frames it was shown."""

    def __init__(self):
        self.shown, self.near = [], []

    def detect(self, picture, frame):
        self.shown.append(frame)
        white = (picture == 255).all(axis=2)
        faces = []
        while white.any():
            y, x = np.argwhere(white)[0]
            height, width = np.argmin([*white[y:, x], False]), np.argmin([*white[y, x:], False])
            white[y : y + height, x : x + width] = False
            faces.append(make_face(int(x), int(y), int(height), width=int(width), frame=frame))
        return faces

    def detect_within(self, picture, frame, region):
        part = np.zeros_like(picture)
        inside = np.s_[region.top : region.bottom, region.left : region.right]
        part[inside] = picture[inside]
        self.near.append(frame)
        return self.detect(part, frame)


def scene(*corners, side=40, ground=SCENE):
    picture = ground.copy()
    for x, y in corners:
        picture[y : y + side, x : x + side] = 255
    return picture


def watch(pictures, stride):
    detector = Squares()
    looked = list(look_through([(10 * n, picture) for n, picture in enumerate(pictures)], detector, stride))
    assert [one.frame for one in looked] == [10 * n for n in range(len(pictures))]
    assert all(face.frame == one.frame for one in looked for face in one.faces)
    boxes = [sorted((f.x, f.y) for f in one.faces) for one in looked]
    return boxes, [one.new_shot for one in looked], [frame // 10 for frame in detector.shown]


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_without_a_stride_every_frame_is_looked_at_once(n):
    boxes, cuts, shown = watch([scene((20 * k, 50)) for k in range(n)], 1)
    assert shown == list(range(n))
    assert boxes == [[(20 * k, 50)] for k in range(n)]
    assert cuts == [False] * n


def test_where_nothing_moves_every_so_many_th_is_looked_at_and_the_last():
    boxes, _, shown = watch([scene((100, 50), (200, 150))] * 11, 4)
    assert shown == [0, 4, 8, 10]
    assert boxes == [[(100, 50), (200, 150)]] * 11


def test_slow_movement_is_interpolated():
    boxes, _, shown = watch([scene((100 + k // 8, 50)) for k in range(9)], 8)
    assert shown == [0, 8]
    assert boxes == [[(round(100 + k / 8), 50)] for k in range(9)]


def test_what_moves_between_is_looked_at_about_the_faces_alone():
    detector = Squares()
    pictures = [(n, scene((100 + 10 * n, 50), (20, 150))) for n in range(9)]
    looked = list(look_through(pictures, detector, 8))
    assert sorted(detector.near) == list(range(1, 8))
    assert [sorted((f.x, f.y) for f in one.faces) for one in looked] == [
        [(20, 150), (100 + 10 * n, 50)] for n in range(9)
    ]


def test_who_left_those_surroundings_is_looked_for_in_the_whole_picture():
    """At both ends in one place, in between far away."""
    detector = Squares()
    places = [(100, 50), (250, 190), (110, 50)]
    ramp = np.linspace(0, 200, 320).astype(np.uint8)[None, :, None].repeat(240, 0).repeat(3, 2)
    pictures = [(n, scene(place, ground=ramp)) for n, place in enumerate(places)]
    looked = list(look_through(pictures, detector, 2))
    assert [[(f.x, f.y) for f in one.faces] for one in looked] == [[place] for place in places]
    assert detector.near == [1]
    assert sorted(detector.shown) == [0, 1, 1, 2]


@pytest.mark.parametrize(("dx", "dy"), [(0, -9), (0, 11), (-9, 0), (11, 0)])
def test_who_is_cut_by_the_edge_of_those_surroundings_is_looked_for_in_the_whole_picture(dx, dy):
    detector = Squares()
    places = [(100, 50), (100 + dx, 50 + dy), (100 + (dx != 0) * 2, 50 + (dy != 0) * 2)]
    looked = list(look_through([(n, scene(place)) for n, place in enumerate(places)], detector, 2))
    assert detector.near == [1]
    assert [[(f.x, f.y) for f in one.faces] for one in looked] == [[place] for place in places]


def test_who_stands_at_the_edge_of_the_picture_is_not_looked_for_twice():
    places = [(0, 0), (3, 0), (6, 0)]
    detector = Squares()
    looked = list(look_through([(n, scene(place)) for n, place in enumerate(places)], detector, 2))
    assert sorted(detector.shown) == [0, 1, 2]
    assert [[(f.x, f.y) for f in one.faces] for one in looked] == [[place] for place in places]


def test_fast_movement_is_looked_at_until_it_is_slow_enough():
    boxes, _, shown = watch([scene((100 + 10 * k, 50)) for k in range(9)], 8)
    assert sorted(shown) == list(range(9))
    assert len(shown) == 9
    assert boxes == [[(100 + 10 * k, 50)] for k in range(9)]


def test_whoever_comes_or_goes_between_is_found_where_the_ends_differ():
    pictures = [scene((100, 50))] * 5 + [scene((100, 50), (200, 150))] * 4
    boxes, _, shown = watch(pictures, 8)
    assert boxes == [[(100, 50)]] * 5 + [[(100, 50), (200, 150)]] * 4
    assert len(shown) < 9


def test_two_faces_never_become_one():
    """Both of before overlap one of after best: they are no pairs."""
    pictures = [scene((100, 50), (141, 50)), scene((100, 50)), scene((100, 50), (200, 50))]
    boxes, _, shown = watch(pictures, 2)
    assert set(shown) == {0, 1, 2}
    assert boxes[1] == [(100, 50)]


def test_nothing_is_interpolated_across_a_cut():
    ramp = np.linspace(0, 200, 320).astype(np.uint8)[None, :, None].repeat(240, 0).repeat(3, 2)
    pictures = [scene((140, 50), ground=ramp)] * 3 + [scene((140, 50), ground=ramp[:, ::-1])] * 6
    _, cuts, shown = watch(pictures, 8)
    assert cuts == [False] * 3 + [True] + [False] * 5
    assert {2, 3} <= set(shown)


def test_nothing_is_interpolated_where_the_cut_is_at_the_last_frame():
    ramp = np.linspace(0, 200, 320).astype(np.uint8)[None, :, None].repeat(240, 0).repeat(3, 2)
    pictures = [scene((140, 50), ground=ramp)] * 4 + [scene((140, 50), ground=ramp[:, ::-1])]
    _, cuts, shown = watch(pictures, 4)
    assert cuts == [False] * 4 + [True]
    assert sorted(shown) == [0, 2, 3, 4]


def test_whoever_goes_away_between_is_found_where_the_ends_differ():
    pictures = [scene((100, 50), (200, 150))] * 5 + [scene((100, 50))] * 4
    boxes, _, shown = watch(pictures, 8)
    assert boxes == [[(100, 50), (200, 150)]] * 5 + [[(100, 50)]] * 4
    assert len(shown) < 9


def test_two_before_that_fit_one_after_are_not_interpolated():
    a, b = make_face(100, 50, 40), make_face(101, 50, 40)
    far = make_face(200, 50, 40)
    assert _still([a, b], [a, far]) is None
    assert _still([a, far], [far, a]) == [(a, a), (far, far)]


def test_an_interpolated_face_is_no_surer_and_its_landmarks_lie_between():
    a, b = make_face(100, 50, 40, score=0.9), make_face(103, 51, 40, frame=2, score=0.7)
    for first, second in ((a, b), (b, a)):
        found = _mean(first, second, 0.25, 1)
        assert (found.frame, found.score) == (1, 0.7)
        expected = [p + 0.25 * (q - p) for p, q in zip(first.points, second.points, strict=True)]
        assert found.points == pytest.approx(expected, abs=0.051)


def test_boxes_that_are_apart_both_ways_do_not_overlap():
    assert overlap(make_face(0, 0, 10), make_face(30, 30, 10)) == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=20), st.integers(1, 9)
)
@example([(0, 0)] * 6 + [(0, 9), (0, 0), (0, 11)], 2)
def test_interpolated_boxes_lie_between_their_ends_and_looked_at_ones_are_exact(places, stride):
    pictures = [scene((100 + x, 50 + y)) for x, y in places]
    boxes, _, shown = watch(pictures, stride)
    assert max(map(shown.count, shown)) <= 2, "once about the faces, once as a whole"
    for number in shown:
        assert boxes[number] == [(100 + places[number][0], 50 + places[number][1])]
    looked = sorted(shown)
    for number in set(range(len(places))) - set(shown):
        before = max(n for n in looked if n < number)
        after = min(n for n in looked if n > number)
        (found,), (a,), (b,) = boxes[number], boxes[before], boxes[after]
        assert overlap(make_face(*a, 40), make_face(*b, 40)) >= STILL
        share = (number - before) / (after - before)
        expected = tuple(round(p + share * (q - p)) for p, q in zip(a, b, strict=True))
        assert found == expected


@needs_yunet
def test_real_film_has_nearly_the_same_boxes_for_half_the_work():
    path = FOOTAGE / "real/liveportrait_d19.mp4"
    indices = sample_frame_indices(probe_video(path).n_frames, 24).tolist()
    pictures = list(decode_frames(path, indices))

    class Counted(Yunet):
        calls = 0

        def detect(self, picture, frame):
            self.calls += 1
            return super().detect(picture, frame)

    found, counts = [], []
    for stride in (1, 8):
        detector = Counted(YUNET, detect_size=640, min_score=0.6)
        found.append([looked.faces for looked in look_through(pictures, detector, stride)])
        counts.append(detector.calls)
    alike = [overlap(a, b) >= 0.9 for (a,), (b,) in zip(*found, strict=True)]
    assert counts[0] == 24
    assert counts[1] <= 4
    assert np.mean(alike) >= 0.9


def test_overlap():
    assert overlap(make_face(0, 0, 10), make_face(5, 0, 10)) == pytest.approx(50 / 150)
    assert overlap(make_face(0, 0, 10), make_face(10, 0, 10)) == 0
    assert overlap(make_face(3, 4, 10), make_face(3, 4, 10)) == 1
