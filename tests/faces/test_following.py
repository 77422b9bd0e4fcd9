"""The same person keeps a number while the film is not cut."""

from dataclasses import replace
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.faces.following import REACH, _cost, _paired, follow
from tests.support.faces import make_face


def people(*frames, cuts=()):
    """Numbers of the faces of each frame, by x, as they are followed."""
    shown = [(n, [replace(face, frame=n) for face in faces], n in cuts) for n, faces in enumerate(frames)]
    found = follow(shown)
    return [[face.person for face in found if face.frame == n] for n in range(len(frames))], found


def test_two_people_keep_their_numbers_whatever_the_order_of_detection():
    a, b = make_face(100, 100), make_face(600, 100)
    numbers, found = people([b, a], [make_face(120, 110), make_face(590, 90)], [make_face(610, 100)], [a, b])
    assert numbers == [[0, 1], [0, 1], [1], [0, 1]]
    assert [face.x for face in found if face.person == 1] == [600, 590, 610, 600]


def test_who_jumps_too_far_or_changes_size_is_somebody_new():
    far = make_face(100 + int(100 * REACH) + 1, 100)
    assert people([make_face(100, 100)], [far])[0] == [[0], [1]]
    assert people([make_face(100, 100)], [make_face(100 + int(100 * REACH), 100)])[0] == [[0], [0]]
    assert people([make_face(100, 100, 100)], [make_face(50, 50, 201)])[0] == [[0], [1]]
    assert people([make_face(100, 100, 100)], [make_face(50, 50, 200)])[0] == [[0], [0]]


def test_nobody_is_followed_across_a_cut():
    same = [make_face(100, 100)]
    assert people(same, same, same, cuts={1})[0] == [[0], [1], [1]]


def test_who_is_away_for_a_frame_comes_back_in_the_same_shot():
    assert people([make_face(100, 100)], [], [make_face(110, 100)])[0] == [[0], [], [0]]


def test_who_walks_far_in_small_steps_stays_the_same():
    walk = [[make_face(100 + 120 * n, 100)] for n in range(6)]
    assert people(*walk)[0] == [[0]] * 6


def test_faces_of_a_frame_come_in_order_of_person():
    left, right = make_face(100, 0), make_face(160, 300)
    numbers, found = people([left, right], [make_face(190, 0), make_face(120, 300)])
    assert numbers == [[0, 1], [0, 1]]
    assert [face.y for face in found] == [0, 300, 0, 300]


def test_no_face_at_all():
    assert follow([]) == []
    assert follow([(0, [], False), (1, [], True)]) == []


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=4),
    st.lists(st.integers(0, 400), min_size=1, max_size=4),
)
def test_of_all_ways_to_pair_the_cheapest_is_taken(before, after):
    last = {n: make_face(x, 0) for n, x in enumerate(before)}
    faces = [make_face(x, 0) for x in after]
    costs = [[_cost(old, new) for new in faces] for old in last.values()]
    few, many = sorted((len(before), len(after)))
    if len(before) <= len(after):
        best = min(sum(costs[i][way[i]] for i in range(few)) for way in permutations(range(many), few))
    else:
        best = min(sum(costs[way[j]][j] for j in range(few)) for way in permutations(range(many), few))
    paired = _paired(last, faces)
    assert len(set(paired.values())) == len(paired)
    never = few - len(paired)
    assert abs(sum(costs[old][new] for new, old in paired.items()) + 1e6 * never - best) < 1e-6
