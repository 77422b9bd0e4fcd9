"""Between whole frames only the places of faces are looked at, and whole ones where somebody is missing."""

import numpy as np
import pytest

from clipforensics.faces.watching import AROUND, Watcher, overlap
from tests.support.faces import make_face

SCENE = np.random.default_rng(0).integers(0, 60, (240, 320, 3), dtype=np.uint8)


class Squares:
    """Finds squares of pure white, by their pixels; remembers what it was shown."""

    def __init__(self):
        self.shown = []

    def detect(self, picture, frame):
        self.shown.append(picture.shape[:2])
        white = (picture == 255).all(axis=2)
        faces = []
        while white.any():
            y, x = np.argwhere(white)[0]
            height, width = np.argmin([*white[y:, x], False]), np.argmin([*white[y, x:], False])
            white[y : y + height, x : x + width] = False
            faces.append(make_face(int(x), int(y), int(height), width=int(width), frame=frame))
        return faces


def scene(*corners, side=20):
    picture = SCENE.copy()
    for x, y in corners:
        picture[y : y + side, x : x + side] = 255
    return picture


def watch(pictures, full_every):
    whole, part = Squares(), Squares()
    watcher = Watcher(whole, part, full_every)
    seen = [watcher.look(picture, number) for number, picture in enumerate(pictures)]
    return [sorted((f.x, f.y) for f in faces) for faces, _ in seen], [cut for _, cut in seen], whole, part


MOVING = [scene((100 + 5 * n, 50), (200, 150 - 5 * n)) for n in range(6)]


@pytest.mark.parametrize("full_every", [1, 2, 3, 6])
def test_moving_faces_are_found_wherever_is_looked(full_every):
    found, cuts, whole, part = watch(MOVING, full_every)
    assert found == [sorted([(100 + 5 * n, 50), (200, 150 - 5 * n)]) for n in range(6)]
    assert cuts == [False] * 6
    n_whole = -(-6 // full_every)
    assert whole.shown == [(240, 320)] * n_whole
    assert part.shown == [(20 * AROUND, 20 * AROUND)] * 2 * (6 - n_whole)


def test_landmarks_move_with_the_part():
    watcher = Watcher(Squares(), Squares(), 2)
    (first,), _ = watcher.look(scene((100, 50)), 0)
    (second,), _ = watcher.look(scene((100, 50)), 1)
    assert second.points == first.points


def test_where_somebody_is_missing_the_whole_frame_is_looked_at():
    found, _, whole, _ = watch([scene((100, 50)), scene((250, 50)), scene((250, 50))], 3)
    assert found == [[(100, 50)], [(250, 50)], [(250, 50)]]
    assert len(whole.shown) == 2


def test_without_a_face_every_frame_is_looked_at_whole():
    found, _, whole, part = watch([scene(), scene(), scene((40, 40))], 3)
    assert found == [[], [], [(40, 40)]]
    assert (len(whole.shown), len(part.shown)) == (3, 0)


def test_with_a_new_shot_the_whole_frame_is_looked_at():
    other = np.random.default_rng(9).integers(0, 60, SCENE.shape, dtype=np.uint8)
    strips = np.kron(np.arange(16).reshape(4, 4) % 3 * 60, np.ones((60, 80)))[..., None].astype(np.uint8)
    after = other + strips
    after[50:70, 100:120] = 255
    found, cuts, whole, part = watch([scene((100, 50)), after], 2)
    assert cuts == [False, True]
    assert found[1] == [(100, 50)]
    assert (len(whole.shown), len(part.shown)) == (2, 0)


def test_two_expected_faces_that_are_one_now_are_counted_once():
    found, _, whole, _ = watch([scene((100, 50), (125, 50)), scene((112, 50))], 2)
    assert found[1] == [(112, 50)]
    assert len(whole.shown) == 1


def test_overlap():
    assert overlap(make_face(0, 0, 10), make_face(5, 0, 10)) == pytest.approx(50 / 150)
    assert overlap(make_face(0, 0, 10), make_face(10, 0, 10)) == 0
    assert overlap(make_face(3, 4, 10), make_face(3, 4, 10)) == 1
