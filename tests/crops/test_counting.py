"""Counts of faces by class, from the store and the table; by hand on a small one."""

import pandas as pd

from clipforensics.core.records import Skipped, write_records
from clipforensics.crops.counting import count_crops, read_crops
from clipforensics.crops.extraction import CROPS, NO_FACE
from clipforensics.crops.person import Crop
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
    skipped = [Skipped("x", "d.mp4", "is damaged"), Skipped("x", "b_z.mp4", f"{NO_FACE} in its 4 frames")]
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
    made = store(tmp_path / "store", [], {}, [Skipped("x", "a.mp4", f"{NO_FACE} at all")])
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [], [])
    (row,) = count_crops(made, tmp_path / "faces", REAL[:1])["rows"]
    assert (row["n_videos"], row["n_without_face"], row["n_frames"], row["face_size"]) == (1, 1, 0, None)


def test_where_nobody_looked_there_is_a_reason_and_no_numbers(tmp_path):
    made = store(tmp_path / "store", [], {}, [])
    write_faces(tmp_path / "faces", {"detector": NONE}, [], [])
    found = count_crops(made, tmp_path / "faces", REAL)
    assert found == {"detector": NONE, "rows": [], "reason": "no faces were looked for"}
