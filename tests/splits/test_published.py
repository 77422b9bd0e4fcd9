"""The publisher's own parts: test as published, val drawn from train where there is none."""

from dataclasses import replace

import pytest

from clipforensics.core.faults import InputError
from clipforensics.splits.published import has_parts, split_published
from tests.support.populations import population

WHO = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["FaceSwap", "NeuralTextures"]}


def published(n=40, part=lambda number: "test" if number % 4 == 0 else "train"):
    """A population of whose targets the publisher puts some into test."""
    return [replace(video, part=part(int(video.target))) for video in population(n)]


def split(videos, *, who=WHO, fractions=(0.8, 0.2), seed=1):
    return split_published(videos, **who, train_fractions=fractions, seed=seed)


def test_test_is_as_published_and_val_is_a_share_of_each_class_of_train():
    videos = published()
    found = split(videos)
    assert set(found.test) == {v for v in videos if v.part == "test"}
    assert {v.part for v in (*found.train, *found.val)} == {"train"}
    for kind in ("real", "FaceSwap"):
        n_train, n_val = (sum(v.manipulation == kind for v in part) for part in (found.train, found.val))
        assert (n_train, n_val) == (24, 6)
    assert {v.manipulation for v in found.train} == {"real", "FaceSwap"}
    keys = [v.key for part in found.parts().values() for v in part]
    assert len(keys) == len(set(keys))


def test_the_draw_hangs_on_the_seed_and_not_on_the_order():
    videos = published()
    assert set(split(videos).val) == set(split(videos[::-1]).val)
    assert set(split(videos).val) != set(split(videos, seed=2).val)
    assert set(split(videos).test) == set(split(videos, seed=2).test)


def test_a_third_fraction_is_not_used():
    assert split(published(), fractions=(0.4, 0.1, 0.5)) == split(published(), fractions=(0.8, 0.2))


def test_a_published_val_is_taken_as_it_is():
    videos = published(part=lambda number: ("train", "val", "test", "")[number % 4])
    found = split(videos)
    assert {v.part for v in found.train} == {"train"}
    assert set(found.val) == {v for v in videos if v.part == "val" and v.manipulation != "NeuralTextures"}
    assert set(found.left_out) == {v for v in videos if not v.part}
    assert found.why == "their publisher puts them in no part"


def test_whether_there_are_parts():
    assert has_parts(published())
    assert not has_parts(population(4))


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (lambda number: "train", "puts no video into test .*another protocol"),
        (lambda number: "test" if number % 2 else "", "puts no video into train"),
        (lambda number: "training", "part 'training' must be one of train, val, test"),
    ],
)
def test_what_the_publisher_does_not_say_is_refused(part, words):
    with pytest.raises(InputError, match=words):
        split(published(part=part))


@pytest.mark.parametrize(
    ("fractions", "words"),
    [((0.0, 0.0, 1.0), "leave nothing"), ((1.0, 0.0), "part val is empty"), ((1,), "2 or 3")],
)
def test_fractions_that_leave_no_val_are_refused(fractions, words):
    with pytest.raises(InputError, match=words):
        split(published(), fractions=fractions)


def relabelled(**parts):
    """Population 40: of real, FaceSwap and NeuralTextures a fourth is test, the next fourth as told."""

    def part(video):
        number = int(video.target) % 4
        return "test" if number == 0 else parts[video.manipulation] if number == 1 else "train"

    return [replace(video, part=part(video)) for video in population(40) if video.manipulation in parts]


@pytest.mark.parametrize("lacking", ["real", "FaceSwap", "both"])
def test_a_class_without_a_published_val_has_it_drawn(lacking):
    parts = dict.fromkeys(("real", "FaceSwap", "NeuralTextures"), "val")
    parts |= {name: "train" for name in parts if lacking == "both" and name != "NeuralTextures"}
    parts |= {lacking: "train"} if lacking in parts else {}
    videos = relabelled(**parts)
    found = split(videos)
    for name in ("real", "FaceSwap"):
        val = {v for v in found.val if v.manipulation == name}
        if parts[name] == "val":
            assert val == {v for v in videos if v.manipulation == name and v.part == "val"}
        else:
            assert len(val) == 6
            assert {v.part for v in val} == {"train"}
            assert len([v for v in found.train if v.manipulation == name]) == 24
    assert {v.manipulation for v in found.val} == {"real", "FaceSwap"}


def test_a_class_that_is_only_tested_is_named():
    videos = [replace(v, part="test") if v.manipulation == "FaceSwap" else v
              for v in relabelled(real="val", FaceSwap="val", NeuralTextures="val")]  # fmt: skip
    with pytest.raises(InputError, match=r"puts no video of FaceSwap into train or val .*another protocol"):
        split(videos)
