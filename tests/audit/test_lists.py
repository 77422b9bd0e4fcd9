"""Lists of videos in every form that is read."""

import json

import pytest

from clipforensics.audit.lists import UNSAID, read_list, read_part
from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import choose
from tests.support.score_files import write_train
from tests.support.shared_data import FFPP, needs_shared

FF = choose("ffpp")


def written(folder, text, name="train.txt"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_videos_once_each_from_several_files(tmp_path):
    first = write_train(tmp_path / "t.csv", [("real", "001"), ("FS", "001_002"), ("real", "001")])
    second = written(tmp_path, "DF/001_002.mp4\n")
    assert read_list([first, second], FF) == (("DF", "001_002.mp4"), ("FS", "001_002"), ("real", "001"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FaceSwap/c40/videos/001_002.mp4\n\nyoutube/001\n",
         {("FaceSwap", "001_002.mp4"): set(), ("youtube", "001"): set()}),
        ("FaceSwap/001_002/3.png\nFaceSwap/001_002/007.png\n", {("FaceSwap", "001_002"): {"3", "7"}}),
        ("001_002\n001\n", {(UNSAID, "001_002"): set(), (UNSAID, "001"): set()}),
        ("FaceSwap, 001_002\nreal,001\n", {("FaceSwap", "001_002"): set(), ("real", "001"): set()}),
        ("FaceSwap/001_002.mp4 1\nreal/001.mp4,0\n1 real/003.mp4\n",
         {("FaceSwap", "001_002.mp4"): set(), ("real", "001.mp4"): set(), ("real", "003.mp4"): set()}),
        ("path,label\nFaceSwap/001_002/3.png,1\n", {("FaceSwap", "001_002"): {"3"}}),
        ("Manipulation;Video\nFaceSwap;001_002\n", {("FaceSwap", "001_002"): set()}),
        ("manipulation,video,frame\nFaceSwap,001_002,3\n", {("FaceSwap", "001_002"): {"3"}}),
        ("manipulation,video,frame\nFS,001_002,01\nFS,001_002,1.0\nFS,001_002,00\nFS,001_002,a1\n",
         {("FS", "001_002"): {"0", "1", "a1"}}),
    ],
)  # fmt: skip
def test_forms_of_one_list(tmp_path, text, expected):
    assert read_part(written(tmp_path, text), FF) == expected


def test_a_json_array_of_objects_is_a_table(tmp_path):
    text = '[{"manipulation": "FS", "video": "001_002"}, {"manipulation": "real", "video": "001"}]'
    found = read_part(written(tmp_path, text, "t.json"), FF)
    assert found == {("FS", "001_002"): set(), ("real", "001"): set()}


def test_celebdf_list_of_testing_videos(tmp_path):
    lines = ("1 YouTube-real/00170.mp4", "1 Celeb-real/id1_0007.mp4", "0 Celeb-synthesis/id1_id0_0007.mp4")
    path = written(tmp_path, "\n".join(lines))
    assert list(read_part(path, choose("celebdf"))) == [
        ("YouTube-real", "00170.mp4"),
        ("Celeb-real", "id1_0007.mp4"),
        ("Celeb-synthesis", "id1_id0_0007.mp4"),
    ]


@needs_shared
def test_a_list_of_pairs_is_two_reals_and_two_fakes_each():
    found = read_part(FFPP / "test.json", FF)
    pairs = json.loads((FFPP / "test.json").read_text())
    assert len(found) == 4 * len(pairs) == 280
    a, b = pairs[0]
    assert {(UNSAID, name) for name in (a, b, f"{a}_{b}", f"{b}_{a}")} <= set(found)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.txt", "", "is empty; give it one video a line"),
        (
            "t.txt",
            "FaceSwap/001_002.mp4\nFaceSwap/vid7.mp4\n",
            "data row 2: 'FaceSwap/vid7.mp4' holds no name",
        ),
        ("t.txt", "a,b,c\n", "data row 1: 'a,b,c' is neither a path nor manipulation,video"),
        ("t.txt", "real,\n", "data row 1: video is empty"),
        ("t.csv", "manipulation\nreal\n", "no column video; its header must name"),
        ("t.csv", "manipulation,video\n", "has no rows"),
        ("t.csv", "manipulation,video\n,001\n", "data row 1: manipulation is empty"),
        ("t.json", "{", "is not JSON"),
        ("t.json", "[" * 100_000, "is not JSON"),
        ("t.json", '[["1", "2", "3"]]', "is no list of pairs"),
        ("t.json", '[["1", "2"], ["3"]]', "is no list of pairs"),
        ("t.json", '[["1", ""]]', "is no list of pairs"),
        ("t.json", "[]", "is no list of pairs"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, text, words):
    with pytest.raises(InputError, match=words):
        read_part(written(tmp_path, text, name), FF)
    for path in (tmp_path / "none.txt", tmp_path / "none.json"):
        with pytest.raises(InputError, match="cannot be read: No such file"):
            read_part(path, FF)
