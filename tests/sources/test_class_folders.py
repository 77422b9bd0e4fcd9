"""`real/` and `fake/` are enough; nobody is known unless a naming or a table says who it is."""

import os
from pathlib import Path

import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video, check_unique
from clipforensics.crops.extraction import extract_video
from clipforensics.footage.probing import probe_videos
from clipforensics.sources import class_folders
from clipforensics.sources.class_folders import Profile


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def find(root: Path, **keys: object):
    profile = Profile(layout="class_folders", **keys)  # type: ignore[arg-type]
    return class_folders.find_videos(profile, root, dataset="mine")


def told(videos: list[Video]) -> list[tuple[str, str, str]]:
    return [(v.path, v.manipulation, v.name) for v in videos]


def test_two_folders_are_a_data_set(tmp_path: Path) -> None:
    touch(tmp_path, "real/anna.mp4", "real/day 2/ben.MOV", "fake/x.mp4", "fake/SimSwap/a/x.mp4", "fake/.hid")
    videos, skipped = find(tmp_path)
    assert not skipped
    assert told(videos) == [
        ("real/anna.mp4", "real", "~anna"),
        ("real/day 2/ben.MOV", "real", "~ben"),
        ("fake/SimSwap/a/x.mp4", "SimSwap", "~x"),
        ("fake/x.mp4", "fake", "~x"),
    ]
    assert {(v.target, v.source, v.others, v.part) for v in videos} == {("", "", "", "")}
    assert all(v.unknown for v in videos)


def test_names_that_occur_twice_are_told_apart_by_their_path(tmp_path: Path) -> None:
    touch(tmp_path, "real/a/1.mp4", "real/b/1.mp4", "real/2.mp4", "fake/2.mp4", "fake/2.avi")
    videos, _ = find(tmp_path)
    assert [v.name for v in videos] == ["~2", "~real.a.1", "~real.b.1", "~fake.2", "~fake.2"]
    with pytest.raises(InputError, match="have the same key"):
        check_unique(videos)


def test_folders_of_numbered_pictures_are_videos(tmp_path: Path) -> None:
    touch(tmp_path, "real/anna/001.png", "real/anna/002.png", "fake/SimSwap/x/1.jpg", "fake/y/7.png")
    videos, skipped = find(tmp_path)
    assert not skipped
    assert told(videos) == [
        ("real/anna", "real", "~anna"),
        ("fake/SimSwap/x", "SimSwap", "~x"),
        ("fake/y", "fake", "~y"),
    ]


def test_single_pictures_are_items_of_their_own(tmp_path: Path) -> None:
    for name in ("real/00001.png", "real/b.jpg", "fake/StyleGAN2/seed0001.webp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 9), (200, 100, 0)).save(tmp_path / name)
    videos, skipped = find(tmp_path, pictures="single")
    assert not skipped
    assert [v.manipulation for v in videos] == ["real", "real", "StyleGAN2"]
    probed, unreadable = probe_videos(videos, tmp_path, workers=1)
    assert not unreadable
    assert {(v.n_frames, v.width, v.codec) for v in probed} == {(1, 9, "pictures")}
    indices, frames = extract_video(tmp_path / probed[0].path, 1, 8, Fitting(4))
    assert indices.tolist() == [0]
    assert frames[0, 0, 0].tolist() == [200, 100, 0]


def test_single_pictures_must_be_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "real/1.png", "fake/1.png")
    with pytest.raises(
        InputError, match="real' holds single pictures; set `pictures: single` in the profile"
    ):
        find(tmp_path)


def test_parts_of_the_publisher(tmp_path: Path) -> None:
    for part in ("train", "Valid", "test"):
        touch(tmp_path, f"{part}/real/{part}.jpg", f"{part}/fake/{part}.jpg")
    touch(tmp_path, "notes/a.jpg")
    videos, (skipped,) = find(tmp_path, pictures="single")
    assert skipped.path == "notes"
    assert "is none of the parts (train, training, val" in skipped.reason
    assert sorted({(v.path.split("/")[0], v.part) for v in videos}) == [
        ("Valid", "val"),
        ("test", "test"),
        ("train", "train"),
    ]
    assert len(videos) == 6


def test_folders_of_other_names(tmp_path: Path) -> None:
    touch(tmp_path, "0_real/a.mp4", "1_fake/b.mp4")
    videos, _ = find(tmp_path, real="0_real", fake="1_fake")
    assert [v.label for v in videos] == [0, 1]


def test_a_stated_naming_is_read_and_must_fit(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "real/000.mp4",
        "real/003.mp4",
        "fake/SimSwap/000_003.mp4",
        "fake/SimSwap/x.mp4",
        "real/001_002.mp4",
    )
    videos, skipped = find(tmp_path, naming="ffpp")
    assert [(v.target, v.source, v.take) for v in videos] == [
        ("000", "", ""),
        ("003", "", ""),
        ("000", "003", ""),
    ]
    reasons = {s.path: s.reason for s in skipped}
    assert set(reasons) == {"fake/SimSwap/x.mp4", "real/001_002.mp4"}
    assert "given as real, but named as manipulated" in reasons["real/001_002.mp4"]
    assert "must be <target>_<source> of three digits each" in reasons["fake/SimSwap/x.mp4"]


def test_a_table_says_who_is_in_a_video(tmp_path: Path) -> None:
    touch(tmp_path, "real/interview.mp4", "real/nobody.mp4", "fake/G/a.mp4", "fake/G/b.mp4", "fake/c.mp4")
    (tmp_path / "who.csv").write_text(
        "video,identity,identity2,identity3\ninterview,anna,ben,\nnobody,,,\nfake/G/a.mp4,anna,carl,dora\nb,ben,,\n"
    )
    videos, (skipped,) = find(tmp_path, identities="who.csv")
    assert [(v.target, v.source, v.others) for v in videos] == [
        ("anna", "", "ben"),
        ("", "", ""),
        ("anna", "carl", "dora"),
        ("ben", "", ""),
    ]
    assert videos[0].people == ("anna", "ben")
    assert [v.unknown for v in videos] == [False, True, False, True]
    assert skipped.path == "fake/c.mp4"
    assert skipped.reason.startswith("has no row in `identities`; give it one")


def test_a_naming_and_a_table_are_one_too_many(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.mp4", "fake/a.mp4")
    with pytest.raises(
        InputError, match=r"`naming` ffpp and `identities` 'who\.csv' of the profile: remove one"
    ):
        find(tmp_path, naming="ffpp", identities="who.csv")


def test_what_is_no_item_is_left_out_with_its_reason(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "real/a.mp4",
        "fake/a.mp4",
        "fake/real/a.mp4",
        "fake/G+H/a.mp4",
        "real/notes.txt",
        "real/ b.mp4",
    )
    (tmp_path / "real/again").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "fake/G.mp4")
    videos, skipped = find(tmp_path)
    reasons = {s.path: s.reason for s in skipped}
    assert set(reasons) == {
        "fake/real/a.mp4",
        "fake/G+H/a.mp4",
        "real/notes.txt",
        "real/ b.mp4",
        "real/again",
    }
    assert "reserved word" in reasons["fake/real/a.mp4"]
    assert "listed already" in reasons["real/again"]
    assert "neither a video nor a picture" in reasons["real/notes.txt"]
    _, unreadable = probe_videos(videos, tmp_path, workers=1)
    assert "is not a file" in {s.path: s.reason for s in unreadable}["fake/G.mp4"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (
            ["fakes/a.mp4"],
            "has no folders 'real' and 'fake', nor train and test that hold them; there are: fakes",
        ),
        (["real/a.mp4"], "has no folder 'fake'; make it, or set `real` and `fake`"),
        (["train/real/a.mp4"], "train' has no folder 'fake'"),
    ],
)
def test_folders_that_are_missing_are_named(names: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        find(touch(tmp_path, *names))


def test_a_stray_picture_hides_no_videos(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.mp4", "real/cover.jpg", *(f"fake/SimSwap/{name}.mp4" for name in "abcdef"))
    touch(tmp_path, "fake/SimSwap/1.jpg", "fake/G/1.png", "fake/G/x/1.png", "fake/G/x/notes.txt")
    videos, skipped = find(tmp_path)
    assert [v.path for v in videos] == [
        "real/a.mp4",
        "fake/G/x",
        *(f"fake/SimSwap/{name}.mp4" for name in "abcdef"),
    ]
    assert [s.path for s in skipped] == ["real/cover.jpg", "fake/G/1.png", "fake/SimSwap/1.jpg"]
    assert all("is a single picture" in s.reason for s in skipped)


def test_links_that_lead_out_are_not_entered(tmp_path: Path) -> None:
    root = touch(tmp_path / "set", "real/a.mp4", "fake/x.mp4", "fake/.store/y.mp4")
    touch(tmp_path / "elsewhere", "z.mp4", "pictures/1.png")
    for name, to in {"Out": "../../elsewhere", "P": "../../elsewhere/pictures", "up": "..",
                     "other": "../real", "in": ".store"}.items():  # fmt: skip
        (root / "fake" / name).symlink_to(to)
    videos, skipped = find(root)
    assert [v.path for v in videos] == ["real/a.mp4", "fake/in/y.mp4", "fake/x.mp4"]
    reasons = {s.path: s.reason for s in skipped}
    assert set(reasons) == {"fake/Out", "fake/P", "fake/up", "fake/other"}
    assert "leads out of the root" in reasons["fake/Out"] + reasons["fake/P"]
    assert "listed already" in reasons["fake/up"]

    videos, skipped = find(root, follow_links=True)
    assert [v.path for v in videos if v.label] == [
        "fake/Out/pictures",
        "fake/Out/z.mp4",
        "fake/in/y.mp4",
        "fake/x.mp4",
    ]
    assert [s.path for s in skipped] == ["fake/P", "fake/other", "fake/up"]


def test_a_link_to_a_parent_of_where_it_leads_ends(tmp_path: Path) -> None:
    root = touch(tmp_path / "set", "real/a.mp4", "fake/x.mp4")
    touch(tmp_path / "elsewhere", "z.mp4")
    (tmp_path / "elsewhere/top").symlink_to(tmp_path)
    (root / "fake/Out").symlink_to(tmp_path / "elsewhere")
    videos, (skipped,) = find(root, follow_links=True)
    assert [v.path for v in videos if v.label] == ["fake/Out/z.mp4", "fake/x.mp4"]
    assert (skipped.path, "listed already" in skipped.reason) == ("fake/Out/top", True)


def test_folders_nested_too_deeply_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.mp4", "fake/x.mp4", "fake/" + "d/" * 60 + "y.mp4")
    deep = tmp_path / "fake/e"
    for _ in range(70):
        deep.mkdir()
        deep /= "d"
    videos, (skipped,) = find(tmp_path)
    assert len(videos) == 3
    assert skipped.reason == "lies more than 64 folders deep; move it up"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"real": "/data"}, "`real` '/data' of the profile must be below the root"),
        ({"fake": "../x"}, r"`fake` '\.\./x' of the profile must be below the root"),
        ({"fake": "x" * 300}, "`fake` of the profile: its name is longer than 255 bytes"),
        ({"real": "."}, r"`real` '\.' and `fake` 'fake' of the profile lie within one another"),
        ({"fake": "real/x"}, "lie within one another"),
    ],
)
def test_class_folders_are_below_the_root_and_apart(keys, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        find(touch(tmp_path, "real/x/a.mp4", "fake/a.mp4"), **keys)


def test_other_names_of_parts_are_known_and_what_is_none_is_told(tmp_path: Path) -> None:
    for part in ("training", "Validation", "testing", "holdout"):
        touch(tmp_path, f"{part}/real/{part}.mp4", f"{part}/fake/{part}.mp4")
    videos, (skipped,) = find(tmp_path)
    assert {(v.path.split("/")[0], v.part) for v in videos} == {
        ("Validation", "val"),
        ("testing", "test"),
        ("training", "train"),
    }
    assert skipped.path == "holdout"


def test_identities_that_cannot_be_in_a_key_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.mp4", "real/b.mp4", "fake/c.mp4")
    (tmp_path / "who.csv").write_text("video,identity,identity\na,x/y\nb,anna,ben/carl\nc,anna,ben\n")
    videos, skipped = find(tmp_path, identities="who.csv")
    assert [v.path for v in videos] == ["fake/c.mp4"]
    assert [s.path for s in skipped] == ["real/a.mp4", "real/b.mp4"]
    assert "identity 'x/y' must not hold `/`" in skipped[0].reason


def test_single_pictures_may_be_named_like_videos(tmp_path: Path) -> None:
    touch(tmp_path, "real/000.png", "fake/Sim/000_003.jpg")
    videos, skipped = find(tmp_path, pictures="single", naming="ffpp")
    assert not skipped
    assert [(v.target, v.source) for v in videos] == [("000", ""), ("000", "003")]
