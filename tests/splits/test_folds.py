"""Folds: each video is tested once, by a model that has seen nobody in it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.splits.folds import split_by_fold
from clipforensics.splits.leakage import audit, identity_groups
from tests.support.populations import fake, frame_package, full_ffpp, real
from tests.support.shared_data import needs_shared

WHO = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["NeuralTextures", "FaceSwap"]}


def pairs(n: int, manipulations: tuple[str, ...] = ("FaceSwap", "NeuralTextures")) -> list[Video]:
    """n pairs of reals that are swapped with each other, both ways."""
    names = [(f"{2 * i:03d}", f"{2 * i + 1:03d}") for i in range(n)]
    reals = [real(name) for pair in names for name in pair]
    fakes = [fake(m, f"{a}_{b}") for m in manipulations for p in names for a, b in (p, p[::-1])]
    return reals + fakes


def deal(videos: list[Video], n_folds: int, seed: int = 42) -> list:
    return [split_by_fold(videos, **WHO, n_folds=n_folds, fold=f + 1, seed=seed) for f in range(n_folds)]


@settings(max_examples=30)
@given(n=st.integers(6, 14), n_folds=st.integers(3, 5), seed=st.integers(0, 9))
def test_each_video_is_tested_once_and_by_strangers(n, n_folds, seed):
    videos = pairs(n)
    folds = deal(videos, n_folds, seed)
    assert sorted(v.key for fold in folds for v in fold.test) == sorted(v.key for v in videos)
    for fold in folds:
        people = [{i for v in part for i in (v.target, v.source) if i} for part in fold.parts().values()]
        assert people[0].isdisjoint(people[1])
        assert people[0].isdisjoint(people[2])
        assert people[1].isdisjoint(people[2])
        assert {v.manipulation for v in fold.train + fold.val} == {"real", "FaceSwap"}


def test_a_fold_validates_on_what_the_next_one_tests():
    folds = deal(pairs(10), 5)
    for fold, after in zip(folds, folds[1:] + folds[:1], strict=True):
        trainable = {v for v in after.test if v.manipulation != "NeuralTextures"}
        assert set(fold.val) == trainable


def test_the_order_of_the_table_does_not_matter_and_the_seed_does():
    videos = pairs(10)
    shuffled = videos[:]
    random.Random(3).shuffle(shuffled)
    assert [set(f.test) for f in deal(videos, 5)] == [set(f.test) for f in deal(shuffled, 5)]
    assert [set(f.test) for f in deal(videos, 5)] != [set(f.test) for f in deal(videos, 5, seed=1)]


def test_a_table_with_one_fake_of_a_kind_a_fold_is_dealt_so_that_each_has_one():
    videos = [real(f"{i:03d}") for i in range(9)]
    videos += [fake("FaceSwap", f"{i:03d}_{i + 20:03d}") for i in range(3)]
    videos += [fake("NeuralTextures", f"{i:03d}_{i + 30:03d}") for i in range(3, 6)]
    for fold in deal(videos, 3):
        assert {v.label for v in fold.test} == {v.label for v in fold.val} == {0, 1}


@pytest.mark.parametrize(
    ("n_folds", "fold", "message"),
    [(2, 1, "must be 3 or more"), (5, 0, "must be from 1 to 5"), (5, 6, "must be from 1 to 5")],
)
def test_wrong_numbers_are_refused(n_folds, fold, message):
    with pytest.raises(InputError, match=message):
        split_by_fold(pairs(6), **WHO, n_folds=n_folds, fold=fold, seed=1)


def test_people_who_cannot_be_parted_are_refused():
    with pytest.raises(InputError, match="part"):
        deal(pairs(2), 3)


@needs_shared
def test_the_frame_package_gives_every_video_a_score_without_a_leak():
    videos = frame_package()
    folds = deal(videos, 5)
    assert len({v.key for fold in folds for v in fold.test}) == len(videos) == 300
    for fold in folds:
        counts = audit(fold.train, fold.test)
        assert counts["real"]["any_seen"] == counts["fake"]["any_seen"] == 0
        assert 18 <= counts["real"]["n"] <= 22
        assert 18 <= counts["manipulations"]["NeuralTextures"]["n"] <= 22


@needs_shared
def test_full_size_folds_are_even_and_keep_youtube_videos_together():
    videos = full_ffpp()
    groups = dict(zip((v.key for v in videos), identity_groups(videos).tolist(), strict=True))
    tested: dict[int, set[int]] = {}
    for number, fold in enumerate(deal(videos, 5)):
        assert 195 <= sum(v.label == 0 for v in fold.test) <= 205
        for video in fold.test:
            tested.setdefault(groups[video.key], set()).add(number)
    assert all(len(folds) == 1 for folds in tested.values())


def test_a_group_moves_where_a_fold_would_lack_a_label():
    """Dealt by shares alone, a fold of these tangled people has no fake that it may test."""
    swapped = ("001_147", "007_008", "007_004", "006_106", "001_136")
    rendered = ("006_005", "009_000", "009_003", "001_165")
    videos = [real(f"{i:03d}") for i in range(10)]
    videos += [fake("FaceSwap", name) for name in swapped] + [
        fake("NeuralTextures", name) for name in rendered
    ]
    for fold in deal(videos, 3):
        assert all({v.label for v in part} == {0, 1} for part in fold.parts().values())


def test_a_manipulation_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="test manipulations: 'Deepfakes' is not a manipulation"):
        split_by_fold(
            pairs(6),
            train_manipulations=["FaceSwap"],
            test_manipulations=["Deepfakes"],
            n_folds=3,
            fold=1,
            seed=1,
        )
