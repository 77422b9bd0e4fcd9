"""Splits are made of names before any frame is decoded, and refuse as the stage would."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from clipforensics.check.problems import Problems
from clipforensics.check.splits import check_splits
from tests.support.settings import checked, problems


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        (
            {"train_sets": ["FaceSwop"]},
            "train set 'FaceSwop': 'FaceSwop' is not a manipulation of this data set",
        ),
        ({"train_sets": ["FaceSwop"]}, "perhaps `FaceSwap` was meant; it has Deepfakes, Face2Face, FaceSwap"),
        ({"train_sets": ["FaceSwap+FaceSwap"]}, "names a manipulation twice"),
        ({"test_manipulations": ["NeuralTexture", "rest"]}, "perhaps `NeuralTextures` was meant"),
        (
            {"test_manipulations": ["FaceSwap"]},
            "split per_class of FaceSwap: part test holds only real videos",
        ),
    ],
)
def test_manipulations_are_those_of_the_data_set(protocol, words):
    found = problems(protocol=protocol)
    assert len(found) == 1, found
    assert words in found[0]


def test_all_train_sets_and_test_manipulations_are_told_at_once():
    found = problems(protocol={"train_sets": ["FaceSwop", "Deepfake"], "test_manipulations": ["Neural"]})
    assert [next(n for n in ("Neural'", "FaceSwop", "Deepfake'") if n in line) for line in found] == [
        "Neural'", "FaceSwop", "Deepfake'",
    ]  # fmt: skip


def test_parts_that_would_lack_a_label_are_found():
    (line,) = problems(split={"real_fractions": [1.0, 0.0, 0.0]}, protocol={"splits": ["per_class"]})
    assert line.startswith("split per_class of FaceSwap: part val holds only manipulated videos")


def test_official_lists_that_name_nobody_are_found():
    for part in ("train", "val", "test"):
        Path(f"{part}.json").write_text(json.dumps([[f"{part}a", f"{part}b"]]))
    lists = {f"{part}_list": f"{part}.json" for part in ("train", "val", "test")}
    (line,) = problems(split=lists, protocol={"splits": ["official"]})
    assert line.startswith("split official of FaceSwap: part train is empty")


def test_where_the_data_set_cannot_be_listed_nothing_is_said_of_lists_that_it_may_not_need():
    found = problems(dataset="celebdf", protocol={"splits": ["official"]})
    assert any("root is not known" in line for line in found)
    assert not any("train_list" in line for line in found)
    found = problems(split={"train_list": "nowhere.json"})
    assert any("split.train_list 'nowhere.json': must be a file" in line for line in found)


def test_the_official_split_needs_no_lists_where_the_publisher_made_parts():
    right, found = checked(protocol={"splits": ["official"]}), Problems()
    assert any("split.train_list '': must be a file" in line for line in right.problems)
    videos = [replace(v, part="test" if int(v.target) % 3 == 0 else "train") for v in right.footage.videos]
    sizes = check_splits(right.params, replace(right.footage, videos=videos), found)
    assert found.lines == []
    assert sizes["official", "FaceSwap"]["test"]["real"] == sum(
        v.part == "test" and v.label == 0 for v in videos
    )


def test_the_gate_on_leaks_closes_at_once():
    (line,) = problems(split={"on_leak": "fail"})
    assert line.startswith("split.on_leak is fail, and split per_class of FaceSwap leaks: in test 270 of ")
    assert problems(protocol={"splits": ["grouped"]}) == []


def test_a_test_manipulation_that_the_test_part_lacks_is_found():
    """One fake of it is left, and its people go to training where no identity may be in two parts."""
    right, found = checked(), Problems()
    _, *dropped = [video for video in right.footage.videos if video.manipulation == "NeuralTextures"]
    videos = [video for video in right.footage.videos if video not in dropped]
    check_splits(right.params, right.footage, found)
    assert found.lines == []
    check_splits(right.params, replace(right.footage, videos=videos), found)
    (line,) = found.lines
    assert line.startswith(
        "split grouped of FaceSwap: protocol.test_manipulations: ['NeuralTextures'] have no"
    )
