"""Who is cut out of a video with several people."""

import pytest

from clipforensics.crops.choosing import choose, choose_all, choose_marked
from tests.support.faces import make_face


def video(*people):
    """Faces of (x, side, frames, score) each, in 1000 x 500 pixels."""
    return [
        make_face(x, 250 - side // 2, side, frame=frame, person=person, score=score)
        for person, (x, side, frames, score) in enumerate(people)
        for frame in frames
    ]


ALWAYS = range(8)


@pytest.mark.parametrize(
    ("people", "largest", "central"),
    [
        ([(450, 100, ALWAYS, 0.9)], 0, 0),
        ([(100, 200, ALWAYS, 0.9), (450, 100, ALWAYS, 0.9)], 0, 1),
        ([(450, 100, ALWAYS, 0.9), (100, 300, [3, 4], 0.9)], 0, 0),  # an inset for a moment
        ([(450, 100, ALWAYS, 0.9), (100, 300, range(3), 0.9)], 1, 0),
        ([(0, 240, [5], 0.6), (450, 100, [1, 2], 0.9)], 1, 1),  # half a face at the edge
        ([(40, 100, ALWAYS, 0.9), (450, 100, [3], 0.9)], 0, 0),  # in the middle for a moment
        ([(0, 100, ALWAYS, 0.9), (450, 100, range(2), 0.9)], 0, 1),  # in a corner throughout
        ([(700, 100, ALWAYS, 0.9), (200, 100, ALWAYS, 0.9)], 0, 0),  # equals: the first
    ],
)
def test_the_person_of_a_video(people, largest, central):
    faces = video(*people)
    assert choose(faces, "largest", 1000, 500) == largest
    assert choose(faces, "central", 1000, 500) == central
    assert choose(faces[::-1], "largest", 1000, 500) == largest


def test_the_slow_way():
    faces = video((100, 200, ALWAYS, 0.7), (450, 150, range(1, 8), 0.95), (800, 90, ALWAYS, 0.9))
    sizes = {p: sum(f.score * f.side for f in faces if f.person == p) for p in range(3)}
    assert choose(faces, "largest", 1000, 500) == max(sizes, key=sizes.get)
    corner = (500**2 + 250**2) ** 0.5
    near = {
        p: sum(
            f.score * (1 - ((f.centre[0] - 500) ** 2 + (f.centre[1] - 250) ** 2) ** 0.5 / corner)
            for f in faces
            if f.person == p
        )
        for p in range(3)
    }
    assert choose(faces, "central", 1000, 500) == max(near, key=near.get)


def test_nobody():
    assert choose([], "largest", 10, 10) is None


@pytest.mark.parametrize(
    ("min_share", "expected"),
    [(0.0, [2, 0, 1, 3]), (0.125, [2, 0, 1, 3]), (0.25, [2, 0, 3]), (0.5, [2, 0]), (1, [2, 0])],
)
def test_everybody_but_who_is_shown_too_seldom_the_largest_first(min_share, expected):
    faces = video(
        (100, 90, ALWAYS, 0.9), (300, 80, [3], 0.9), (500, 200, range(7), 0.9), (800, 80, [1, 6], 0.9)
    )
    assert choose_all(faces, 8, min_share) == expected


def test_the_largest_is_kept_however_short_it_is_shown():
    faces = video((100, 400, [2], 0.9), (500, 10, [0, 1, 2, 3], 0.9))
    assert choose_all(faces, 4, 1.0) == [0, 1]
    assert choose_all(video((100, 400, [2], 0.9)), 8, 1.0) == [0]
    assert choose_all([], 8, 0.0) == []


def test_a_share_is_met_by_as_many_frames_as_it_says():
    faces = [make_face(0, 0, 50, frame=n, person=0) for n in range(30)]
    for n in (2, 3):
        others = [make_face(90, 0, 9, frame=frame, person=1) for frame in range(n)]
        assert choose_all([*faces, *others], 30, 0.1) == ([0, 1] if n == 3 else [0])


@pytest.mark.parametrize(
    ("marked", "expected"),
    [({}, 1), ({0: 0.01}, 0), ({0: 0.4, 1: 0.6}, 1), ({0: 0.6, 1: 0.4, 2: 0.6}, 2), ({0: 0.5, 2: 0.5}, 2)],
)
def test_the_person_with_most_of_the_mask_of_equals_the_largest(marked, expected):
    faces = video((100, 90, ALWAYS, 0.9), (300, 200, ALWAYS, 0.9), (500, 150, ALWAYS, 0.9))
    assert choose_marked(faces, marked) == expected
    assert choose_marked([], {}) is None
