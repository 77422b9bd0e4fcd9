"""Shards of WebDataset: samples by key, labels by the profile, nothing unpacked and no link followed."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import check_unique
from clipforensics.crops.extraction import extract_video
from clipforensics.footage.content import members
from clipforensics.footage.probing import probe_videos
from clipforensics.sources import webdataset
from clipforensics.sources.webdataset import Profile
from tests.support.clips import make_clip


def shard(path: Path, **files: object) -> Path:
    """A tar of these files; bytes as they are, anything else as JSON; `__` in a name stands for `/`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def find(root: Path, **keys: object):
    settings = {"label": "label", "real": ["real", "0"], "fake": ["fake", "1"], **keys}
    profile = Profile(layout="webdataset", **settings)  # type: ignore[arg-type]
    return webdataset.find_videos(profile, root, dataset="wds")


def test_samples_by_their_json(tmp_path: Path) -> None:
    shard(tmp_path / "train/000000.tar", **{
        "0001.mp4": b"x", "0001.json": {"label": "real", "who": "anna", "by": "ben", "split": "train"},
        "0002.json": {"label": 1, "method": "SimSwap", "who": "anna", "by": 7, "more": "carl",
                      "split": "test"},
        "0002.mp4": b"y", "a__0003.MP4": b"z",
        "a__0003.json": {"label": "fake", "split": ""},
    })  # fmt: skip
    keys = {"manipulation": "method", "people": ["who", "by", "more"], "part": "split"}
    videos, skipped = find(tmp_path, **keys)
    assert not skipped
    assert [(v.path, v.manipulation, v.target, v.source, v.others, v.take, v.part) for v in videos] == [
        ("train/000000.tar/0001.mp4", "real", "anna", "", "ben", "", "train"),
        ("train/000000.tar/0002.mp4", "SimSwap", "anna", "7", "carl", "", "test"),
        ("train/000000.tar/a/0003.MP4", "fake", "", "", "", "a.0003", ""),
    ]
    nobody, _ = find(tmp_path)
    assert {(v.target, v.part) for v in nobody} == {("", "")}
    assert [v.manipulation for v in nobody] == ["real", "fake", "fake"]


def test_pictures_with_a_class(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (9, 5), (200, 0, 0)).save(picture, "PNG")
    for number in ("000000", "000001"):
        shard(tmp_path / f"{number}.tar", **{
            "a.png": picture.getvalue(), "a.cls": b"0\n", "b.png": picture.getvalue() + b" ", "b.cls": b"1",
        })  # fmt: skip
    videos, skipped = find(tmp_path, label="cls")
    assert not skipped
    assert [v.label for v in videos] == [0, 1, 0, 1]
    check_unique(videos)
    probed, unreadable = probe_videos(videos, tmp_path, workers=1)
    assert not unreadable
    assert {(v.n_frames, v.width, v.codec) for v in probed} == {(1, 9, "pictures")}


def test_a_video_is_decoded_out_of_its_shard(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", n_frames=12)
    shard(tmp_path / "wds/0.tar", **{"k.json": {"label": "real"}, "k.mp4": clip.read_bytes()})
    (video,), _ = find(tmp_path / "wds")
    (probed,), unreadable = probe_videos([video], tmp_path / "wds", workers=1)
    assert not unreadable
    assert (probed.n_frames, probed.codec, probed.n_bytes) == (12, "h264", clip.stat().st_size)
    inside, outside = (extract_video(p, 12, 4, Fitting(24))[1] for p in (tmp_path / "wds" / video.path, clip))
    assert np.array_equal(inside, outside)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["0.tar", "clip.mp4", "wds"]


def test_what_cannot_be_used_is_one_row_with_its_reason(tmp_path: Path) -> None:
    shard(tmp_path / "0.tar", **{
        "good.mp4": b"x", "good.json": {"label": "real"},
        "none.json": {"label": "real"},
        "two.mp4": b"x", "two.jpg": b"x", "two.json": {"label": "real"},
        "maybe.mp4": b"x", "maybe.json": {"label": "perhaps"},
        "bare.mp4": b"x",
        "torn.mp4": b"x", "torn.json": b"{",
        "list.mp4": b"x", "list.json": [1],
        "rest.mp4": b"x", "rest.json": {"label": "fake", "method": "rest"},
        "plus.mp4": b"x", "plus.json": {"label": "fake", "who": "a+b"},
        "/abs.mp4": b"x", "/abs.json": {"label": "real"},
        "..__up.mp4": b"x", "..__up.json": {"label": "real"},
    })  # fmt: skip
    (tmp_path / "1.tar").write_bytes(b"noise" * 999)
    (tmp_path / "2.tar.gz").touch()
    videos, skipped = find(tmp_path, manipulation="method", people=["who"])
    assert [v.path for v in videos] == ["0.tar/good.mp4"]
    reasons = {s.path: s.reason for s in skipped}
    for path, words in {
        "0.tar/none": "has 0 videos and pictures (json); a sample needs one",
        "0.tar/two": "has 2 videos",
        "0.tar/maybe": "label 'label' is 'perhaps'; name it in `real` or `fake`",
        "0.tar/bare": "label 'label' is ''",
        "0.tar/torn": "its .json cannot be read",
        "0.tar/list": "no mapping",
        "0.tar/rest": "reserved word",
        "0.tar/plus": "holds `+`",
        "0.tar/../up": "must be a plain one below the shard",
        "1.tar": "cannot be read as an uncompressed tar",
        "2.tar.gz": "is compressed",
    }.items():
        assert words in reasons.pop(path), path
    assert all("must be a plain one" in reason for reason in reasons.values())
    assert len(reasons) == 1


def test_links_in_a_shard_are_no_samples(tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(b"x")
    shard(tmp_path / "wds/0.tar", **{"k.json": {"label": "real"}})
    with tarfile.open(tmp_path / "wds/0.tar", "a") as tar:
        info = tarfile.TarInfo("k.mp4")
        info.type, info.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.mp4")
        tar.addfile(info)
    videos, (skipped,) = find(tmp_path / "wds")
    assert not videos
    assert "has 0 videos" in skipped.reason


def test_a_label_means_one_thing_and_there_are_shards(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="share a value"):
        find(tmp_path, real=["0", "1"])
    with pytest.raises(InputError, match="has no shards"):
        find(tmp_path)
    (tmp_path / "0.tar.gz").touch()
    with pytest.raises(InputError, match="has no shards"):
        find(tmp_path)


def test_a_huge_json_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webdataset, "MAX_JSON", 9)
    shard(tmp_path / "0.tar", **{"a.mp4": b"x", "a.json": {"label": "real"}})
    _, (skipped,) = find(tmp_path)
    assert "is larger than 9 bytes" in skipped.reason


def test_other_names_of_parts_are_known_and_none_is_dropped_silently(tmp_path: Path) -> None:
    names = ("validation", "valid", "Test", "training", None, "", "holdout", ["test"], 0)
    files: dict[str, object] = {}
    for i, name in enumerate(names):
        files |= {f"{i}.mp4": b"x", f"{i}.json": {"label": "real", "split": name}}
    shard(tmp_path / "0.tar", **files, **{"9.mp4": b"x", "9.json": {"label": "real"}})
    videos, skipped = find(tmp_path, part="split")
    assert [v.part for v in videos] == ["val", "val", "test", "train", "", "", ""]
    assert [s.path for s in skipped] == ["0.tar/6", "0.tar/7", "0.tar/8"]
    assert skipped[0].reason.startswith("part 'holdout' must be one of train, training, val")


def test_a_shard_outside_the_root_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard(tmp_path / "wds/0.tar", **{"a.mp4": b"x", "a.json": {"label": "real"}})
    shard(tmp_path / "b.tar", **{"b.mp4": b"x", "b.json": {"label": "real"}})
    (tmp_path / "wds/1.tar").symlink_to(tmp_path / "b.tar")
    (tmp_path / "wds/2.tar").symlink_to("0.tar")
    opened = []
    monkeypatch.setattr(webdataset, "members", lambda path: opened.append(path.name) or members(path))
    videos, (skipped,) = find(tmp_path / "wds")
    assert [v.path for v in videos] == ["0.tar/a.mp4", "2.tar/a.mp4"]
    assert (skipped.path, opened) == ("1.tar", ["0.tar", "2.tar"])
    assert "is a link that leads out of the root" in skipped.reason
    videos, skipped = find(tmp_path / "wds", follow_links=True)
    assert (len(videos), skipped) == (3, [])
