"""Pairs whose faces are alike: the same as by comparing each person with each."""

import itertools

import numpy as np
import pandas as pd
import pytest

from clipforensics.recognition import matching
from clipforensics.recognition.matching import similar_people
from clipforensics.recognition.people import PeopleTable


def table(keys, vectors):
    people = pd.DataFrame({"key": keys, "person": range(len(keys)), "n_frames": 1})
    unit = np.asarray(vectors, dtype=np.float64)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True) if len(unit) else np.empty((0, 2))
    return PeopleTable("sface", people, unit.astype(np.float32))


def slow(people, threshold):
    """One pair of people after another."""
    best = {}
    for i, j in itertools.combinations(range(len(people.people)), 2):
        a, b = sorted(people.people["key"].iloc[[i, j]])
        cosine = round(float(people.vectors[i].astype(float) @ people.vectors[j].astype(float)), 4)
        if a != b and cosine >= threshold:
            best[a, b] = max(cosine, best.get((a, b), -1))
    return sorted(((a, b, c) for (a, b), c in best.items()), key=lambda row: (-row[2], row[0], row[1]))


@pytest.mark.parametrize("block", [1, 7, 1024])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_every_pair_of_videos_with_people_who_are_alike(seed, block, monkeypatch):
    monkeypatch.setattr(matching, "BLOCK", block)
    rng = np.random.default_rng(seed)
    people = table(sorted(rng.choice(list("abcdefgh"), 30)), rng.normal(size=(30, 3)))
    found = similar_people(people, threshold=0.8)
    assert list(found.itertuples(index=False, name=None)) == slow(people, 0.8)
    assert len(found) > 3


def test_the_threshold_itself_is_alike_and_people_of_one_video_are_no_pair():
    people = table(["a", "a", "b", "c"], [[1, 0], [1, 0], [0.363, np.sqrt(1 - 0.363**2)], [-1, 0]])
    found = similar_people(people, threshold=0.363)
    assert found.to_dict("records") == [{"a": "a", "b": "b", "cosine": 0.363}]


@pytest.mark.parametrize("n", [0, 1])
def test_of_nobody_and_of_one_there_is_no_pair(n):
    assert list(similar_people(table(["a"][:n], np.ones((n, 2))), threshold=0.5)) == ["a", "b", "cosine"]
    assert not len(similar_people(table(["a"][:n], np.ones((n, 2))), threshold=0.5))
