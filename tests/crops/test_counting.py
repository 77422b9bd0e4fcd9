"""Counts of faces by class, from the store and the table; by hand on a small one."""

from dataclasses import replace

import pandas as pd

from clipforensics.core.records import Skipped, write_records
from clipforensics.crops.counting import count_crops, read_crops
from clipforensics.crops.extraction import NO_FACE
from clipforensics.crops.person import Crop, MarkedCrop
from clipforensics.crops.shards import CROPS
from clipforensics.faces.table import NONE, write_faces
from tests.support.videos import make_video

REAL = [make_video(name, path=f"{name}.mp4") for name in "abcd"]
FAKE = [make_video(name, "z", manipulation="GAN", path=f"{name}_z.mp4") for name in "ab"]


def store(folder, crops, frames, skipped):
    folder.mkdir()
    write_records(folder / CROPS, Crop, crops)
    rows = [(key, n, 0, 0) for key, count in frames.items() for n in range(count)]
    pd.DataFrame(rows, columns=["key", "frame", "shard", "row"]).to_csv(folder / "index.csv", index=False)
    write_records(folder / "skipped.csv", Skipped, skipped)
    return folder


def test_counts_by_class(tmp_path):
    a, b, c, d = (video.key for video in REAL)
    fake, other = (video.key for video in FAKE)
    crops = [Crop(a, 1, 0, 0, 120), Crop(b, 3, 1, 2, 80), Crop(c, 0, -1, 0, 0), Crop(fake, 1, 0, 1, 200)]
    skipped = [
        Skipped("x", "d.mp4", "is damaged", "set"),
        Skipped("x", "b_z.mp4", f"{NO_FACE} in its 4 frames", "set"),
    ]
    frames = {a: 4, b: 2, c: 4, fake: 3}
    made = store(tmp_path / "store", crops, frames, skipped)
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [], [])
    assert count_crops(made, tmp_path / "faces", [*FAKE, *REAL]) == {
        "detector": "yunet",
        "rows": [
            {
                "manipulation": "real", "label": 0, "n_videos": 3, "n_without_face": 1, "n_several": 1,
                "n_frames": 8, "n_missing": 2, "face_size": {"smallest": 80, "median": 100, "largest": 120},
            },
            {
                "manipulation": "GAN", "label": 1, "n_videos": 2, "n_without_face": 1, "n_several": 0,
                "n_frames": 4, "n_missing": 1, "face_size": {"smallest": 200, "median": 200, "largest": 200},
            },
        ],
    }  # fmt: skip
    assert list(read_crops(made)["n_at_once"]) == [1, 3, 0, 1]
    assert {d, other}.isdisjoint(read_crops(made)["key"])


def test_a_class_without_any_face_has_no_sizes(tmp_path):
    made = store(tmp_path / "store", [], {}, [Skipped("x", "a.mp4", f"{NO_FACE} at all", "set")])
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [], [])
    (row,) = count_crops(made, tmp_path / "faces", REAL[:1])["rows"]
    assert (row["n_videos"], row["n_without_face"], row["n_frames"], row["face_size"]) == (1, 1, 0, None)


def test_where_nobody_looked_there_is_a_reason_and_no_numbers(tmp_path):
    made = store(tmp_path / "store", [], {}, [])
    write_faces(tmp_path / "faces", {"detector": NONE}, [], [])
    found = count_crops(made, tmp_path / "faces", REAL)
    assert found == {"detector": NONE, "rows": [], "reason": "no faces were looked for"}


def test_people_are_counted_by_class_and_all_else_is_the_main_ones(tmp_path):
    a, b, fake = REAL[0].key, REAL[1].key, FAKE[0].key
    crops = [
        Crop(a, 2, 1, 1, 120), Crop(a, 2, 0, 2, 40), Crop(a, 2, 4, 3, 30), Crop(b, 1, 0, 0, 80),
        Crop(fake, 3, 2, 0, 60), Crop(fake, 3, 0, 1, 30),
    ]  # fmt: skip
    made = store(tmp_path / "store", crops, {}, [])
    shown = {
        (a, 1): [0, 1, 2],
        (a, 0): [1, 3],
        (a, 4): [2],
        (b, 0): [0, 1],
        (fake, 2): [0, 1],
        (fake, 0): [1],
    }
    rows = [(key, frame, 0, 0, person) for (key, person), frames in shown.items() for frame in frames]
    columns = ["key", "frame", "shard", "row", "person"]
    pd.DataFrame(rows, columns=columns).to_csv(made / "index.csv", index=False)
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [], [])
    real, fakes = count_crops(made, tmp_path / "faces", [*REAL[:2], FAKE[0]], "every")["rows"]
    assert (real["people"], fakes["people"]) == ({"1": 1, "3": 1}, {"2": 1})
    assert (real["n_frames"], real["n_missing"]) == (6, 0)  # of a's four frames nobody is in none
    assert real["face_size"] == {"smallest": 80, "median": 100, "largest": 120}
    assert "people" not in count_crops(made, tmp_path / "faces", REAL[:2])["rows"][0]


def test_masks_are_counted_by_whose_they_are(tmp_path):
    fakes = [replace(FAKE[0], mask="a_z.mask.mp4"), FAKE[1]]
    marks = {REAL[0].key: 0.9, REAL[1].key: 0.0, fakes[0].key: 0.0, fakes[1].key: 0.0}
    crops = [MarkedCrop(key, 1, 0, 0, 50, marked) for key, marked in marks.items()]
    made = store(tmp_path / "store", [], dict.fromkeys(marks, 2), [])
    write_records(made / CROPS, MarkedCrop, crops)
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [], [])
    real, fake = count_crops(made, tmp_path / "faces", [*REAL[:2], *fakes], "mask")["rows"]
    assert real["masks"] == {"own": 0, "lent": 1, "none": 1, "by_size": 1}
    assert fake["masks"] == {"own": 1, "lent": 0, "none": 1, "by_size": 2}
