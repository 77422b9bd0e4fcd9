"""Split files as a user gives them: exit status, FaceForensics++'s own lists, DeepfakeBench's JSON."""

import json
import subprocess
import sys

import pytest

from clipforensics.audit import command as audit
from clipforensics.audit.parts import read_parts
from clipforensics.audit.split_words import NO_YOUTUBE
from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import choose
from tests.support.repository import ROOT
from tests.support.shared_data import FFPP, needs_shared

OFFICIAL = [str(FFPP / f"{part}.json") for part in ("train", "val", "test")]


def run(*arguments):
    command = [sys.executable, "-m", "clipforensics", "audit", "--splits", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)


def lists(folder, **parts):
    paths = []
    for name, lines in parts.items():
        paths.append(folder / f"{name}.txt")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


def test_clean_lists_are_exit_0(tmp_path):
    done = run(*lists(tmp_path, train=["FS/001_002", "real/001"], test=["NT/003_004", "real/003"]))
    assert (done.returncode, done.stderr) == (0, "")
    said = f"No identity, twin, frame or video is known to be in two of train and test, {NO_YOUTUBE}"
    assert done.stdout == f"{said}\n"


def test_a_leak_is_exit_1_and_said(tmp_path):
    paths = lists(
        tmp_path, train=["FS/001_002/1.png", "FS/001_002/2.png"], test=["NT/001_002/1.png", "real/3/x"]
    )
    paths[1].write_text("NT/001_002/1.png\nFS/001_002/2.png\n")
    done = run(*paths, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (1, "")
    first = done.stdout.splitlines()[0]
    assert first == "train and test share 1 video, 1 frame, 2 twins and 2 identities"
    content = json.loads((tmp_path / "out/splits.json").read_text())
    assert content["leaks"] is True
    assert content["naming"] == {"name": "ffpp", "stated": False, "youtube_ids": False}
    assert first in (tmp_path / "out/splits.html").read_text(encoding="utf-8")


def test_unknown_people_are_no_clean_bill_unless_allowed(tmp_path):
    paths = lists(tmp_path, train=["Celeb-real/id0_0000"], test=["YouTube-real/00170", "Celeb-real/id1_0000"])
    arguments = [*map(str, paths), "--naming", "celebdf"]
    done = run(*arguments)
    assert done.returncode == 1
    assert "but it is not known who is in 1 videos" in done.stdout
    assert run(*arguments, "--allow-unknown").returncode == 0


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"train": ["FS/001_002"]}, "one part alone shares nothing; give two lists or more"),
        ({"train": ["FS/001_002"], "test": ["FS/1_2"]}, "holds no name of naming ffpp.*lost. 001_002"),
        (
            {"train": ["FS/001_002"], "test": ["fake,003"]},
            "test .--real NAME says.*'003' .given as manipulated",
        ),
        (
            {"train": [f"FS/{i}_{i + 400}" for i in range(100, 120)],
             "test": [f"FS/{i}_{i + 500}" for i in range(100, 120)]},
            "train and test: .*20 of 60 ids have several partners",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told(tmp_path, parts, words):
    with pytest.raises(InputError, match=words):
        audit.main(["--splits", *map(str, lists(tmp_path, **parts))])


def test_a_real_that_no_list_has_is_refused(tmp_path, capsys):
    paths = [str(path) for path in lists(tmp_path, train=["FS/001_002", "clean/001"], test=["NT/003_004"])]
    audit.main(["--splits", *paths, "--real", "clean"])
    assert "No identity" in capsys.readouterr().out
    with pytest.raises(InputError, match="--real 'claen': is in no list; give one of 'FS', 'NT', 'clean'"):
        audit.main(["--splits", *paths, "--real", "claen", "--real", "clean"])
    unsaid = [str(path) for path in lists(tmp_path, train=["001_002"], test=["003_004"])]
    with pytest.raises(InputError, match="--real 'clean': is in no list; they name no manipulations"):
        audit.main(["--splits", *unsaid, "--real", "clean"])


def test_one_list_given_twice_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lists(tmp_path, cl=["FS/001_002"])
    with pytest.raises(InputError, match=r"^cl.txt: is given twice; give each part's list once$"):
        audit.main(["--splits", "cl.txt", str(tmp_path / "cl.txt")])


def test_bare_names_with_a_table_are_told_that_the_list_must_say_which_are_real(tmp_path, capsys):
    table = tmp_path / "people.csv"
    table.write_text("video,Target,source\na,anna,\nb,ben,anna\nc,cleo,\n", encoding="utf-8")
    paths = lists(tmp_path, train=["a", "b"], test=["c"])
    arguments = ["--splits", *map(str, paths), "--identities", str(table)]
    with pytest.raises(InputError) as caught:
        audit.main(arguments)
    told = str(caught.value)
    assert "train: 2 of 2 names" in told
    assert "manipulation,video or as paths with that folder" in told
    assert "--real" not in told
    assert "row there" not in told
    with pytest.raises(InputError, match="they name no manipulations; list manipulation,video a line, or"):
        audit.main([*arguments, "--real", "real"])
    lists(tmp_path, train=["real/a", "FS/b"], test=["real,c"])  # what the message asks for
    audit.main(arguments)
    assert capsys.readouterr().out.startswith("No identity, twin, frame or video is known to be in two")


def test_lists_of_one_name_are_called_by_their_folders(tmp_path):
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    paths = [lists(tmp_path / name, videos=[f"FS/{line}"])[0] for name, line in
             (("train", "001_002"), ("test", "003_004"))]  # fmt: skip
    assert list(read_parts(paths, choose())) == ["train/videos", "test/videos"]
    (tmp_path / "other").mkdir()
    paths = [paths[0], lists(tmp_path / "other", videos=["FS/003_004"])[0]]
    (tmp_path / "other").rename(tmp_path / "train/train")
    with pytest.raises(InputError, match="another list is called 'train/videos' too"):
        read_parts([paths[0], tmp_path / "train/train/videos.txt"], choose())


def test_lists_of_pairs_are_a_part_each(tmp_path):
    for name, pair in (("train", ["001", "002"]), ("test", ["003", "004"])):
        (tmp_path / f"{name}.json").write_text(json.dumps([pair]))
    found = read_parts([tmp_path / "train.json", tmp_path / "test.json"], choose())
    assert {name: sorted(video for _, video in content) for name, content in found.items()} == {
        "train": ["001", "001_002", "002", "002_001"], "test": ["003", "003_004", "004", "004_003"],
    }  # fmt: skip


@needs_shared
def test_faceforensics_official_lists_share_no_id_and_seven_youtube_videos(tmp_path, capsys):
    audit.main(["--splits", *OFFICIAL])
    assert capsys.readouterr().out.endswith(f"known to be in two of train, val and test, {NO_YOUTUBE}\n")
    arguments = ["--youtube-ids", str(FFPP / "conversion_dict.json"), "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as caught:
        audit.main(["--splits", *OFFICIAL, *arguments])
    assert caught.value.code == 1
    content = json.loads((tmp_path / "splits.json").read_text())
    counts = content["parts"].items()
    assert {name: (row["n"], row["n_real"], row["n_identities"]) for name, row in counts} == {
        "train": (1440, 720, 720), "val": (280, 140, 140), "test": (280, 140, 140),
    }  # fmt: skip
    found = {
        (p["first"], p["second"]): (p["youtube"], p["identities"], p["videos"]) for p in content["pairs"]
    }
    assert found == {("train", "val"): (5, 0, 15), ("train", "test"): (2, 0, 6), ("val", "test"): (0, 0, 0)}


@needs_shared
def test_the_same_lists_with_one_pair_moved_leak(tmp_path):
    for name in ("train", "test"):
        pairs = json.loads((FFPP / f"{name}.json").read_text())
        moved = json.loads((FFPP / "train.json").read_text())[:1] if name == "test" else []
        (tmp_path / f"{name}.json").write_text(json.dumps(pairs + moved))
    with pytest.raises(SystemExit):
        audit.main(
            ["--splits", *(str(tmp_path / f"{n}.json") for n in ("train", "test")), "--out", str(tmp_path)]
        )
    (pair,) = json.loads((tmp_path / "splits.json").read_text())["pairs"]
    assert (pair["duplicates"], pair["twins"], pair["identities"], pair["videos"]) == (4, 2, 2, 4)


def bench(label, **parts):
    whole = {
        part: {"c23": {name: {"label": label, "frames": [f"/d/{name}/{f}.png" for f in frames]}
                       for name, frames in videos.items()}}
        for part, videos in parts.items()
    }  # fmt: skip
    return {label: {"FF-real": {"train": {}, "test": {}}, label: whole}}


def test_parts_of_deepfakebench_files_are_one_data_set(tmp_path):
    """As in one published set of 2025: the same frame in train and in test."""
    files = {
        "FS.json": bench("FF-FS", train={"339_392": ["411", "412"]}, test={"339_392": ["411"]}),
        "NT.json": bench("FF-NT", train={"001_002": ["1"]}, test={"003_004": ["1"]}),
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    paths = [tmp_path / name for name in files]
    done = run(*paths)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "train and test share 1 video, 1 frame, 1 twin and 2 identities"
    assert run(paths[1]).returncode == 0
    with pytest.raises(InputError, match="holds its own parts; give such files alone"):
        read_parts([paths[0], *lists(tmp_path, test=["FS/001_002"])], choose())
