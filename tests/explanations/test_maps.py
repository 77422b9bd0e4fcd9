"""The store of maps: peaks at one, read back as written."""

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.explanations.maps import Heatmaps, scale_to_one, write_maps


def test_scaling_puts_the_peak_at_one_and_leaves_an_empty_map_empty():
    maps = np.array([[[0.5, 2.0]], [[0.0, 0.0]]], np.float32)
    scaled, peaks = scale_to_one(maps)
    assert scaled.tolist() == [[[0.25, 1.0]], [[0.0, 0.0]]]
    assert peaks.tolist() == [2.0, 0.0]


def test_what_is_written_is_read_back_by_video_and_frame(tmp_path):
    maps = np.random.default_rng(0).random((3, 2, 2)).astype(np.float32) * 1e-6  # below float16's range
    frames = [("d/real/-/NA", 7), ("d/real/-/NA", 12), ("d/X/-/a_b", 7)]
    write_maps(tmp_path, frames, maps)
    assert np.load(tmp_path / "maps.npy").dtype == np.float16
    found = Heatmaps.open(tmp_path)
    assert list(found.rows) == frames
    for pair, expected in zip(frames, maps, strict=True):
        assert found.find(*pair).dtype == np.float32
        np.testing.assert_allclose(found.find(*pair), expected / expected.max(), atol=1e-3)
    assert found.find("d/X/-/a_b", 8) is None
    lines = (tmp_path / "index.csv").read_text().splitlines()
    assert lines[0] == "key,frame,row,peak"
    assert lines[2].startswith(f"d/real/-/NA,12,1,{maps[1].max():.6g}")


def test_no_maps_are_an_empty_store(tmp_path):
    write_maps(tmp_path, [], np.empty((0, 1, 1), np.float32))
    assert len(Heatmaps.open(tmp_path)) == 0


def test_a_missing_or_short_store_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot be opened.*dvc repro -f explain"):
        Heatmaps.open(tmp_path)
    write_maps(tmp_path, [("a", 0), ("b", 0)], np.ones((2, 2, 2)))
    np.save(tmp_path / "maps.npy", np.ones((1, 2, 2), np.float16))
    with pytest.raises(InputError, match="do not agree"):
        Heatmaps.open(tmp_path)


def test_heatmaps_are_found_by_video_and_frame(tmp_path):
    np.save(tmp_path / "maps.npy", np.arange(8, dtype=np.float16).reshape(2, 2, 2) / 8)
    (tmp_path / "index.csv").write_text("key,frame,row,peak\nNA,3,1,0.5\nb,3,0,0.5\n")
    maps = Heatmaps.open(tmp_path)
    assert len(maps) == 2
    np.testing.assert_array_equal(maps.find("NA", 3), [[0.5, 0.625], [0.75, 0.875]])
    assert maps.find("NA", 4) is None


@pytest.mark.parametrize(
    "index",
    ["key,frame,row\na,1,2\n", "key,frame,row\na,1,-1\n", "key,frame\na,1\n", "key,frame,row\na,x,0\n"],
)
def test_heatmaps_that_do_not_fit_their_index_are_refused(tmp_path, index):
    np.save(tmp_path / "maps.npy", np.zeros((2, 2, 2), dtype=np.float16))
    (tmp_path / "index.csv").write_text(index)
    with pytest.raises(InputError, match="dvc repro -f explain"):
        Heatmaps.open(tmp_path)


def test_heatmaps_that_are_not_there_are_named(tmp_path):
    with pytest.raises(InputError, match=r"heatmaps .* cannot be opened"):
        Heatmaps.open(tmp_path)


def test_maps_of_people_are_told_apart(tmp_path):
    maps = np.arange(1, 9, dtype=np.float32).reshape(2, 2, 2)
    write_maps(tmp_path, [("a", 3, 0), ("a", 3, 2)], maps)
    assert (tmp_path / "index.csv").read_text().splitlines()[0] == "key,frame,person,row,peak"
    found = Heatmaps.open(tmp_path)
    np.testing.assert_allclose(found.find("a", 3, 2), maps[1] / 8, atol=1e-3)
    np.testing.assert_allclose(found.find("a", 3, 0), maps[0] / 4, atol=1e-3)
    assert found.find("a", 3) is found.find("a", 3, 1) is None
