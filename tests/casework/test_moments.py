"""The frames that say most about a score."""

import numpy as np
import pytest

from clipforensics.casework.moments import by_person, telling_moments, telling_rows
from clipforensics.core.faults import InputError
from clipforensics.footage.video import decode_frames


@pytest.mark.parametrize(
    ("scores", "n", "expected"),
    [
        ([0.1, 0.9, 0.5, 0.7, 0.2], 2, [(1, "highest"), (3, "high"), (4, "low"), (0, "lowest")]),
        ([0.1, 0.9, 0.5, 0.7, 0.2], 1, [(1, "highest"), (0, "lowest")]),
        ([0.4, 0.6, 0.5], 2, [(1, "highest"), (2, "high"), (0, "lowest")]),
        ([0.4], 2, [(0, "only")]),
        ([0.5, 0.5, 0.5], 1, [(0, "highest"), (2, "lowest")]),
    ],
)
def test_highest_and_lowest_by_falling_score(scores, n, expected):
    rows = np.arange(len(scores)) + 10
    assert telling_rows(np.array(scores), rows, n) == [(row + 10, rank) for row, rank in expected]


def test_each_shows_the_full_frame_and_what_was_read_of_it(whole):
    case, moments = whole.seen.case, whole.seen.moments
    scores = [case.scores[one.row] for one in moments]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == case.scores.max()
    assert scores[-1] == case.scores.min()
    for one in moments:
        number = int(case.seen.frames[one.row])
        ((_, shown),) = decode_frames(whole.video, [number])
        assert (one.frame == shown).all()
        assert (one.crop == case.seen.pictures[one.row]).all()
        assert one.heat.shape == one.crop.shape
        assert one.peak >= 0
        assert one.others == ()


def test_of_two_people_each_has_frames_of_their_own_and_sees_the_other(pair):
    case, moments = pair.seen.case, pair.seen.moments
    people = [int(case.seen.people[one.row]) for one in moments]
    assert len(by_person(case)) == 2
    assert people == sorted(people, key=people.index)
    assert [people.count(number) for number in dict.fromkeys(people)] == [4, 2]
    for one, person in zip(moments, people, strict=True):
        assert [face.person for face in one.others] == [number for number in {*people} if number != person]


def test_a_tower_that_cannot_be_traced_says_why(whole, monkeypatch):
    monkeypatch.setattr(type(whole.detector), "untraceable", "its pooling mixes patches")
    moments, why = telling_moments(whole.detector, whole.video, whole.seen.case)
    assert why == "its pooling mixes patches"
    assert [(one.heat, one.peak) for one in moments] == [(None, None)] * 4


def test_a_grid_that_is_none_says_so_as_well(whole, monkeypatch):
    def relevance(self, pictures):
        raise InputError("relevance: no grid")

    monkeypatch.setattr(type(whole.detector), "relevance", relevance)
    assert telling_moments(whole.detector, whole.video, whole.seen.case)[1] == "relevance: no grid"
