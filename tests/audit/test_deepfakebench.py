"""DeepfakeBench's JSON, in the shapes that its rearrange.py writes."""

import pytest

from clipforensics.audit.deepfakebench import is_deepfakebench, read_deepfakebench
from clipforensics.core.faults import InputError


def video(label, *frames):
    return {"label": label, "frames": [f"/data/{label}/frames/x/{frame}" for frame in frames]}


FF = {
    "FF-FS": {
        "FF-real": {"train": {"c23": {"071": video("FF-real", "000.png", "010.png")}}, "val": {}, "test": {}},
        "FF-FS": {
            "train": {
                "c23": {"071_054": video("FF-FS", "000.png")},
                "c40": {"071_054": video("FF-FS", "000.png", "a_1.png")},
            },
            "test": {"c23": {"953_974": video("FF-FS", "007.png")}},
        },
    }
}
CELEB = {
    "Celeb-DF-v2": {
        "CelebDFv2_real": {"train": {"id0_0000": video("CelebDFv2_real", "1.png")}, "val": {}, "test": {}},
        "CelebDFv2_fake": {"train": {}, "test": {"id0_id1_0000": video("CelebDFv2_fake")}},
    }
}


def test_with_compressions(tmp_path):
    assert read_deepfakebench(tmp_path, FF) == {
        "train": {("FF-real", "071"): {"0", "10"}, ("FF-FS", "071_054"): {"0", "a_1"}},
        "val": {},
        "test": {("FF-FS", "953_974"): {"7"}},
    }


def test_without_compressions(tmp_path):
    assert read_deepfakebench(tmp_path, CELEB) == {
        "train": {("CelebDFv2_real", "id0_0000"): {"1"}},
        "val": {},
        "test": {("CelebDFv2_fake", "id0_id1_0000"): set()},
    }


def test_a_part_that_its_script_overwrites_with_one_record_is_left_aside(tmp_path):
    """As DFDC's val is: rearrange.py assigns to the part where it means to a video of it."""
    parts = {"train": {"a": video("DFDC_Real", "1.png")}, "val": video("DFDC_Real", "2.png"), "test": {}}
    found = read_deepfakebench(tmp_path, {"DFDC": {"DFDC_Real": parts}})
    assert found == {"train": {("DFDC_Real", "a"): {"1"}}, "val": {}, "test": {}}


def test_pairs_are_of_another_kind():
    assert is_deepfakebench(FF)
    assert not is_deepfakebench([["071", "054"]])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "holds no videos"),
        ({"a": 1}, "'a' is no mapping"),
        ({"a": {"b": {"train": [1]}}}, "'b' is no mapping|'train'|'b/train' is no mapping"),
        ({"a": {"b": {"train": {"c23": {"v": 1}}}}}, "'b/train/c23/v' is no video with label and frames"),
        (
            {"a": {"b": {"train": {"c23": {"v": {"label": "x", "frames": [1]}}}}}},
            "'b/train/c23/v' has frames that are no list",
        ),
        ({"a": {"b": {"val": {"label": "x", "frames": "f"}}}}, "'b/val/label' is no mapping"),
        (
            {"a": {"b": {"train": {"v": {"label": "x", "frames": "f"}}}}},
            "'b/train/v' has frames that are no list",
        ),
    ],
)
def test_what_is_nested_otherwise_is_refused(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        read_deepfakebench(tmp_path, content)
