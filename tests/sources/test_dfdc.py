"""DFDC's folders, each with its metadata; the test set with its labels."""

import json
import os
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import check_unique
from clipforensics.sources import dfdc
from clipforensics.sources.dfdc import Profile

PARTS = {
    "dfdc_train_part_0": {
        "vpmyeepbep.mp4": {"label": "REAL", "split": "train"},
        "owxbbpjpch.mp4": {"label": "FAKE", "split": "train", "original": "vpmyeepbep.mp4"},
        "abarnhybfb.mp4": {"label": "FAKE", "split": "train", "original": "vpmyeepbep.mp4"},
    },
    "dfdc_train_part_01/dfdc_train_part_1": {
        "eudeqjhdfd.mp4": {"label": "REAL", "split": "train", "original": None},
        "iqqejyggsm.mp4": {"label": "FAKE", "split": "test", "original": "gzesfubacw.mp4"},
        "ooafcxxfrs.mp4": {"label": "FAKE", "split": "somewhere"},
    },
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder, rows in PARTS.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "metadata.json").write_text(json.dumps(rows))
        for name in rows:
            (tmp_path / folder / name).touch()
    return tmp_path


def find(root: Path):
    return dfdc.find_videos(Profile(layout="dfdc"), root, dataset="dfdc")


def test_the_original_is_the_target_and_the_source_unknown(root: Path) -> None:
    videos, skipped = find(root)
    assert not skipped
    assert [(v.path.split("/")[-1], v.manipulation, v.label, v.target, v.source, v.part) for v in videos] == [
        ("abarnhybfb.mp4", "fake", 1, "vpmyeepbep", "", "train"),
        ("owxbbpjpch.mp4", "fake", 1, "vpmyeepbep", "", "train"),
        ("vpmyeepbep.mp4", "real", 0, "vpmyeepbep", "", "train"),
        ("eudeqjhdfd.mp4", "real", 0, "eudeqjhdfd", "", "train"),
        ("iqqejyggsm.mp4", "fake", 1, "gzesfubacw", "", "test"),
        ("ooafcxxfrs.mp4", "fake", 1, "", "", ""),
    ]
    assert videos[3].path == "dfdc_train_part_01/dfdc_train_part_1/eudeqjhdfd.mp4"
    assert all(v.unknown == bool(v.label) for v in videos)
    check_unique(videos)


def test_the_test_set_has_labels(root: Path) -> None:
    (root / "test").mkdir()
    for name in ("a.mp4", "b.mp4"):
        (root / "test" / name).touch()
    (root / "test/labels.csv").write_text("filename,label\na.mp4,1\nb.mp4,0\n")
    (root / "test/metadata.json").write_text('{"a.mp4": {"is_fake": 1}}')
    videos, skipped = find(root)
    assert not skipped
    assert [(v.label, v.target, v.take, v.part) for v in videos[-2:]] == [
        (1, "", "a", "test"),
        (0, "b", "", "test"),
    ]


def test_what_metadata_and_folder_do_not_share_is_told(root: Path) -> None:
    (root / "dfdc_train_part_0/owxbbpjpch.mp4").unlink()
    (root / "dfdc_train_part_0/nobody.mp4").touch()
    (root / "dfdc_train_part_0/notes.txt").touch()
    videos, skipped = find(root)
    assert len(videos) == 5
    reasons = {Path(s.path).name: s.reason for s in skipped}
    assert set(reasons) == {"nobody.mp4", "notes.txt", "owxbbpjpch.mp4"}
    assert "does not have it" in reasons["nobody.mp4"]
    assert "it is not there; complete the download" in reasons["owxbbpjpch.mp4"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ('{"a.mp4": {"label": "MAYBE"}}', "has no label REAL or FAKE"),
        ('{"vpmyeepbep.mp4": {"label": "FAKE"}}', "is another video in an earlier"),
    ],
)
def test_wrong_metadata_is_refused(content: str, words: str, root: Path) -> None:
    (root / "dfdc_train_part_01/dfdc_train_part_1/metadata.json").write_text(content)
    with pytest.raises(InputError, match=words):
        find(root)


def test_a_pipe_as_metadata_is_refused_and_not_waited_for(root: Path) -> None:
    (root / "more").mkdir()
    os.mkfifo(root / "more/metadata.json")
    with pytest.raises(InputError, match="not a regular file"):
        find(root)


@pytest.mark.parametrize("text", ["filename,label\na.mp4,FAKE\n", "name,label\na.mp4,1\n"])
def test_wrong_labels_are_refused(text: str, root: Path) -> None:
    (root / "labels.csv").write_text(text)
    with pytest.raises(InputError, match="line 2: must have filename and label, 0"):
        find(root)


def test_a_root_without_metadata_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no metadata\.json .*set the root"):
        find(tmp_path)


def test_labels_that_contradict_one_another_are_refused(root: Path) -> None:
    (root / "labels.csv").write_text("filename,label\na.mp4,0\nb.mp4,1\na.mp4,0\na.mp4,1\n")
    with pytest.raises(InputError, match=r"line 5: 'a\.mp4' has another label above; keep one row"):
        find(root)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/x.mp4", "must not hold `/`"),
        ("../x.mp4", "must not hold `/`"),
        ("x" * 300 + ".mp4", "longer than 255 bytes"),
        ("\ud800.mp4", "not UTF-8"),
    ],
)
def test_names_of_no_file_are_left_out(name: str, words: str, root: Path) -> None:
    rows = {name: {"label": "REAL", "split": "train"}}
    (root / "dfdc_train_part_0/metadata.json").write_text(json.dumps(PARTS["dfdc_train_part_0"] | rows))
    videos, (skipped,) = find(root)
    assert len(videos) == 6
    assert skipped.path.startswith("dfdc_train_part_0/")
    assert words in skipped.reason


def test_metadata_nested_without_end_is_refused(root: Path) -> None:
    (root / "dfdc_train_part_0/metadata.json").write_text('{"a":' * 99_999)
    with pytest.raises(InputError, match="is not JSON"):
        find(root)


def test_other_names_of_the_parts_are_known(root: Path) -> None:
    rows = {name: row | {"split": "Validation"} for name, row in PARTS["dfdc_train_part_0"].items()}
    (root / "dfdc_train_part_0/metadata.json").write_text(json.dumps(rows))
    videos, _ = find(root)
    assert {v.part for v in videos if v.path.startswith("dfdc_train_part_0/")} == {"val"}
