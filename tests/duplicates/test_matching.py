"""Pairs that look alike: the same as by comparing each with each."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.duplicates import matching
from clipforensics.duplicates.matching import ENOUGH, near_pairs, similar_videos


def table(*rows):
    """(key, hash) a frame."""
    return pd.DataFrame([(key, n, f"{value:016x}") for n, (key, value) in enumerate(rows)],
                        columns=["key", "frame", "hash"])  # fmt: skip


def slow_pairs(values, distance):
    numbers = range(len(values))
    return {(i, j) for i, j in combinations(numbers, 2) if (values[i] ^ values[j]).bit_count() <= distance}


def slow_videos(hashed, distance):
    """Every frame of every video with every frame of every other."""
    of = {key: [int(text, 16) for text in rows["hash"]] for key, rows in hashed.groupby("key")}
    found = {}
    for a, b in combinations(sorted(of), 2):
        apart = np.array([[(x ^ y).bit_count() for y in of[b]] for x in of[a]])
        near = apart <= distance
        share = max(near.any(axis=1).mean(), near.any(axis=0).mean())
        if share >= ENOUGH:
            found[a, b] = int(apart.min()), share
    return found


FLIPS = st.lists(st.integers(0, 63), max_size=4)
HASHES = st.tuples(st.integers(0, 5), FLIPS).map(lambda made: near(*made))


def near(base, flips):
    """One of six hashes, with a few bits changed."""
    value = (base * 0x9E3779B97F4A7C15) % 2**64
    for bit in flips:
        value ^= 1 << bit
    return value


@given(values=st.sets(HASHES, max_size=30), distance=st.integers(0, 3))
def test_no_pair_is_missed_and_none_is_made_up(values, distance):
    ordered = sorted(values)
    found = near_pairs(np.array(ordered, dtype=np.uint64), distance)
    assert {tuple(pair) for pair in found.tolist()} == slow_pairs(ordered, distance)
    assert len(found) == len({tuple(pair) for pair in found.tolist()})


@given(frames=st.lists(st.tuples(st.sampled_from("abcde"), HASHES), max_size=25), distance=st.integers(0, 3))
def test_pairs_of_videos_are_those_of_the_slow_way(frames, distance):
    hashed = table(*frames)
    found = similar_videos(hashed, distance=distance)
    rows = {(row.a, row.b): (row.distance, pytest.approx(row.share)) for row in found.itertuples()}
    assert rows == slow_videos(hashed, distance)
    assert found["distance"].is_monotonic_increasing


def test_half_of_the_frames_of_either_must_agree():
    same, other = near(1, []), [near(2, []), near(3, []), near(4, [])]
    long_video = [("a", same), *[("a", value) for value in other]]
    assert len(similar_videos(table(*long_video, ("b", same), ("b", near(5, []))), distance=2)) == 1
    far = [("b", near(5, [1])), ("b", near(5, [2])), ("b", near(5, [40]))]
    assert len(similar_videos(table(*long_video, ("b", same), *far), distance=2)) == 0, "one of four"


def test_what_too_many_videos_show_says_nothing(monkeypatch):
    monkeypatch.setattr(matching, "COMMON", 3)
    card = [(key, near(1, [])) for key in "abcd"]
    assert len(similar_videos(table(*card), distance=2)) == 0
    assert len(similar_videos(table(*card[:3]), distance=2)) == 3


def test_no_frame_is_no_pair():
    found = similar_videos(table(), distance=2)
    assert list(found) == ["a", "b", "distance", "share"]
    assert found.empty
    assert similar_videos(table(("a", near(1, [])), ("a", near(1, []))), distance=2).empty, "one video"


def test_people_of_one_frame_are_two_pictures():
    """Of a, two of four pictures are in b, both of one frame: half of it, not a quarter."""
    hashes = [near(n, []) for n in range(6)]
    rows = [("a", 0, 0, 0), ("a", 0, 1, 1), ("a", 1, 0, 2), ("a", 1, 1, 3), ("b", 0, 0, 0), ("b", 0, 1, 1)]
    rows += [("b", number, 0, 4 + number % 2) for number in range(1, 9)]
    table = pd.DataFrame(
        [(key, frame, f"{hashes[n]:016x}", person) for key, frame, person, n in rows],
        columns=["key", "frame", "hash", "person"],
    )
    (found,) = similar_videos(table, distance=0).to_dict("records")
    assert found == {"a": "a", "b": "b", "distance": 0, "share": 0.5}
