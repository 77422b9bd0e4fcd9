"""Celeb-DF's own names, as in its List_of_testing_videos.txt."""

import pytest

from clipforensics.naming.celebdf import read


@pytest.mark.parametrize("name", ["Celeb-synthesis/id1_id0_0007.mp4", "id1_id0_0007", "id1_id0_0007_frames"])
def test_a_synthesis_is_the_footage_of_the_first_with_the_face_of_the_second(name):
    people = read(name)
    assert (people.clip, people.target, people.source, people.label) == ("id1_id0_0007", "id1", "id0", 1)


def test_real_footage_of_a_celebrity_and_of_somebody_unknown():
    known, unknown = read("Celeb-real/id61_0009.mp4"), read("YouTube-real/00170.mp4")
    assert (known.target, known.source, known.label) == ("id61", "", 0)
    assert (unknown.clip, unknown.ids, unknown.label) == ("00170", (), 0)


@pytest.mark.parametrize(
    "name", ["033_097", "033", "id1_id1_0000", "id0", "id0_id1", "id0_000", "0170", "ID0_0000"]
)
def test_any_other_name_is_doubtful(name):
    assert read(name) is None
