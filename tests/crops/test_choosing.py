"""Who is cut out of a video with several people."""

import pytest

from clipforensics.crops.choosing import choose
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
