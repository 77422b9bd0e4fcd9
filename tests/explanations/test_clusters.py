"""Clusters of look-alikes: planted groups are found; average linkage against a slow loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.explanations.clusters import cosine_distances, group_similar


def slow_average_linkage(distances: np.ndarray, limit: float) -> set[frozenset[int]]:
    groups = [frozenset([i]) for i in range(len(distances))]
    while len(groups) > 1:
        pairs = [(a, b) for i, a in enumerate(groups) for b in groups[i + 1 :]]
        means = [np.mean([distances[i, j] for i in a for j in b]) for a, b in pairs]
        if min(means) >= limit:
            break
        a, b = pairs[int(np.argmin(means))]
        groups = [g for g in groups if g not in (a, b)] + [a | b]
    return set(groups)


def test_distances_are_seen_from_the_centre():
    center = np.array([10.0, 10.0])
    vectors = center + np.array([[1.0, 0], [3, 0], [0, 2], [-1, 0], [0, 0]])
    expected = [[0, 0, 1, 2, 1], [0, 0, 1, 2, 1], [1, 1, 0, 1, 1], [2, 2, 1, 0, 1], [1, 1, 1, 1, 0]]
    np.testing.assert_allclose(cosine_distances(vectors, center), expected, atol=1e-12)


def test_planted_groups_are_found_the_largest_first():
    rng = np.random.default_rng(0)
    kinds = np.array([2, 0, 1, 0, 0, 2, 0, 1, 2])
    vectors = np.eye(5)[kinds] + rng.normal(0, 0.05, (9, 5))
    found = group_similar(cosine_distances(vectors, np.zeros(5)), 0.5)
    assert [c.members for c in found] == [(1, 3, 4, 6), (0, 5, 8), (2, 7)]


def test_the_medoid_is_the_most_central_member_and_the_first_of_equal_ones():
    points = np.array([0.3, 0.0, 0.1, 5.0, 5.1])
    distances = np.abs(points[:, None] - points) / 10
    assert [c.medoid for c in group_similar(distances, 0.1)] == [2, 3]


@given(st.integers(2, 9), st.integers(0, 10**6), st.floats(0.05, 1.5))
@settings(deadline=None, max_examples=60)
def test_it_equals_a_slow_loop_and_every_video_is_in_one_cluster(n, seed, limit):
    vectors = np.random.default_rng(seed).normal(size=(n, 3))
    distances = cosine_distances(vectors, np.zeros(3))
    found = group_similar(distances, limit)
    assert {frozenset(c.members) for c in found} == slow_average_linkage(distances, limit)
    assert sorted(i for c in found for i in c.members) == list(range(n))
    sizes = [(-len(c.members), c.members[0]) for c in found]
    assert sizes == sorted(sizes)
    assert all(c.medoid in c.members for c in found)


def test_one_video_makes_no_cluster():
    with pytest.raises(InputError, match="at least 2 videos"):
        group_similar(np.zeros((1, 1)), 0.5)
