"""The stages hash_frames and duplicates: a copy under another name is found, and told apart from a twin."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video, read_videos, write_records
from clipforensics.duplicates.hashing import hash_store
from clipforensics.duplicates.matching import similar_videos
from clipforensics.footage.video import decode_frames, probe_video
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.frames.store import FrameStore
from stages import duplicates, hash_frames, split
from tests.duplicates.test_hashing import smooth
from tests.support.controls import SHIPPED
from tests.support.repository import edit_yaml
from tests.support.shared_data import FOOTAGE, needs_shared
from tests.support.stores import write_frame_store

PROTOCOL = {"splits": ["grouped"], "train_sets": ["FS"], "test_manipulations": ["NT"], "seeds": [42]}


def video(manipulation, target, source=""):
    label = int(manipulation != "real")
    path = f"{manipulation}/{target}{source}"
    return Video("set", manipulation, "", target, source, "", label, "", "", path, sha256=path)


@pytest.fixture
def project(tmp_path):
    """Twenty pairs of people; each fake looks like its target, and the last real is a copy of the first."""
    people = [f"{i:02d}" for i in range(40)]
    videos = [video("real", name) for name in people]
    swaps = [(people[i], people[i + 1 - 2 * (i % 2)]) for i in range(40)]
    videos += [video(kind, *swap) for kind in ("FS", "NT") for swap in swaps]
    looks = {
        one.key: np.stack(
            [smooth(100 * (0 if one.target == "39" else int(one.target)) + n) for n in range(3)]
        )
        for one in videos
    }
    with contextlib.chdir(tmp_path):
        write_records(Path("data/videos.csv"), Video, videos)
        write_frame_store(Path("data/frames"), looks, per_shard=200)
        Path("params.yaml").write_text(yaml.safe_dump({**SHIPPED, "protocol": PROTOCOL}))
        yield tmp_path


def run():
    hash_frames.main()
    split.main("grouped", "FS")
    duplicates.main()
    return json.loads(Path("data/metrics/leakage/content/grouped/FS.json").read_text())


def test_a_copy_under_another_name_is_found_where_it_crosses_parts(project):
    found = run()
    assert (found["split"], found["protocol"], found["distance"]) == ("grouped", "grouped", 2)
    part_of = {
        key: part for part in ("train", "val", "test")
        for key in pd.read_csv(f"data/splits/grouped/FS/{part}.csv")["key"]
    }  # fmt: skip
    looks = {
        one.key: "00" if one.target == "39" else one.target for one in read_videos(Path("data/videos.csv"))
    }
    for name, (first, second) in {"train_test": ("train", "test"), "val_test": ("val", "test")}.items():
        expected = {
            (a, b) for a in part_of for b in part_of
            if part_of[a] == first and part_of[b] == second and looks[a] == looks[b]
        }  # fmt: skip
        assert sum(found[name]["pairs"].values()) == len(expected)
        assert found[name]["pairs"]["explained"] == 0, "the split keeps people together"
    crossed = len({part_of["set/real/-/00"], part_of["set/real/-/39"]}) > 1
    assert crossed, "else the test shows nothing; choose another split.seed"
    unexplained = sum(found[name]["pairs"]["unexplained"] for name in ("train_test", "val_test", "train_val"))
    assert unexplained > 0


def test_the_gate_on_leaks_stops_there_too_once_all_is_written(project):
    edit_yaml(Path("params.yaml"), {"split": {"on_leak": "fail", "seed": 1}})
    with pytest.raises(InputError, match=r"split\.on_leak is fail, and in split grouped of FS .* look like"):
        run()
    assert Path("data/metrics/leakage/content/grouped/FS.json").exists()
    videos = [one for one in read_videos(Path("data/videos.csv")) if one.target != "39"]
    stored = {one.key: np.stack([smooth(100 * int(one.target) + n) for n in range(3)]) for one in videos}
    write_frame_store(Path("data/other"), stored, per_shard=200)
    table = hash_store(FrameStore.open(Path("data/other")), frames_per_video=4)
    table.to_csv("data/hashes.csv", index=False)
    duplicates.main()


def test_the_same_again_gives_the_same_bytes(project):
    run()
    files = [Path("data/hashes.csv"), Path("data/metrics/leakage/content/grouped/FS.json")]
    before = [path.read_bytes() for path in files]
    run()
    assert [path.read_bytes() for path in files] == before


def square(picture):
    """The central square, 224 pixels wide."""
    side = min(picture.shape[:2])
    top, left = ((n - side) // 2 for n in picture.shape[:2])
    cut = Image.fromarray(picture[top : top + side, left : left + side])
    return np.asarray(cut.resize((224, 224), Image.Resampling.BICUBIC))


@needs_shared
def test_clips_of_one_scene_are_found_in_real_footage_and_none_of_another_is_taken_for_it(tmp_path):
    looks = {}
    for path in sorted(FOOTAGE.glob("*/*.*")):
        indices = sample_frame_indices(probe_video(path).n_frames, 4).tolist()
        looks[path.stem] = np.stack([square(picture) for _, picture in decode_frames(path, indices)])
    store = write_frame_store(tmp_path, looks)
    pairs = similar_videos(hash_store(store, frames_per_video=4), distance=2)
    scenes = {frozenset((row.a, row.b)) for row in pairs.itertuples()}
    ghosts = [name for name in looks if name.startswith("ghost")]
    assert len(ghosts) == 5
    assert {frozenset((a, b)) for a in ghosts for b in ghosts if a < b} <= scenes
    for a, b in map(sorted, scenes):
        assert a.split("_")[0] == b.split("_")[0], "no clip is taken for one of another source"
