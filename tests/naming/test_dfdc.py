"""DFDC's metadata.json, in the shape in which the contest published it."""

import json

import pytest

from clipforensics.core.faults import InputError
from clipforensics.naming.dfdc import read_metadata, reader
from clipforensics.naming.people import People

PART = {
    "aagfhgtpmv.mp4": {"label": "FAKE", "split": "train", "original": "vudstovrck.mp4"},
    "vudstovrck.mp4": {"label": "REAL", "split": "train"},
    "aayfryxljh.mp4": {"label": "FAKE", "split": "train", "original": None},
}


def written(folder, content, name="metadata.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_the_original_is_the_target_and_the_source_is_never_known(tmp_path):
    read = reader(read_metadata([written(tmp_path, PART)]))
    assert read("dfdc_train_part_0/aagfhgtpmv.mp4") == People("aagfhgtpmv", "vudstovrck", label=1)
    assert read("vudstovrck") == People("vudstovrck", "vudstovrck", label=0)
    assert read("aayfryxljh.mp4") == People("aayfryxljh", label=1)
    assert read("etohcvnzbj.mp4") is None


def test_several_parts_are_one_data_set(tmp_path):
    more = written(tmp_path, {"b.mp4": {"label": "REAL"}}, "b.json")
    assert set(read_metadata([written(tmp_path, PART), more])) == {
        "aagfhgtpmv",
        "vudstovrck",
        "aayfryxljh",
        "b",
    }
    other = written(tmp_path, {"vudstovrck.mp4": {"label": "FAKE"}}, "c.json")
    with pytest.raises(InputError, match=r"c\.json: 'vudstovrck\.mp4' is another video in an earlier"):
        read_metadata([tmp_path / "metadata.json", other])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ([["071", "054"]], "holds no videos"),
        ({}, "holds no videos"),
        ({"a.mp4": {"label": "fake"}}, "'a.mp4' has no label REAL or FAKE"),
        ({"a.mp4": "FAKE"}, "'a.mp4' has no label REAL or FAKE"),
        ({"a.mp4": {"label": "FAKE", "original": 3}}, "'a.mp4' has no label REAL or FAKE"),
    ],
)
def test_what_is_no_metadata_is_said(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        read_metadata([written(tmp_path, content)])
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_metadata([tmp_path / "none.json"])
