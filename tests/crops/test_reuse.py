"""Shards that were made before: taken over whole, video by video, or not at all."""

import json
import os

import numpy as np
import pytest

from clipforensics.crops.person import Crop
from clipforensics.crops.reuse import Before, Todo, shards_of
from clipforensics.crops.shards import ends_a_shard
from clipforensics.machine.kept import Kept
from tests.crops.test_shards import VIDEOS, before, extracted, write
from tests.support.videos import make_video


def test_a_shard_is_taken_over_whole_only_if_it_would_be_cut_so_again(tmp_path):
    results = [extracted(4), extracted(2), extracted(1), extracted(3)]
    write(tmp_path / "store", results)
    assert json.loads((tmp_path / "store/meta.json").read_text())["shards"] == [6, 4]
    _, _, shards = before(tmp_path / "kept", VIDEOS)
    assert [shard.videos for shard in shards] == [[0, 1], [2, 3]]
    for videos in (VIDEOS[:1], VIDEOS[1:], [VIDEOS[1], VIDEOS[0]], [*VIDEOS[2:], *VIDEOS[:2]]):
        assert before(tmp_path / "kept", videos)[2] is None, "a fresh run would cut them otherwise"
    assert [shard.videos for shard in before(tmp_path / "kept", VIDEOS[2:])[2]] == [[0, 1]]


def test_a_shard_that_was_altered_is_not_used(tmp_path):
    write(tmp_path / "store", [extracted(4), extracted(2)])
    (array,) = (tmp_path / "kept").glob("*.npy")
    assert array.stat().st_nlink == 2, "no second copy on disk"
    frames = np.load(array)
    frames[0, 0, 0, 0] ^= 1
    array.unlink()
    np.save(array, frames)
    found, taken, shards = before(tmp_path / "kept", VIDEOS[:2])
    assert (found.usable, taken, shards) == ([False, False], [None, None], None)


def test_one_more_video_moves_no_other_end_of_a_shard():
    videos = [make_video(f"v{n:03d}") for n in range(200)]
    ends = {videos[span[-1]].key for span in shards_of(videos, 8)}
    without = [*videos[:70], *videos[71:]]
    fewer = {without[span[-1]].key for span in shards_of(without, 8)}
    assert ends - {videos[70].key} == fewer
    assert 10 < len(ends) < 45
    assert [n for span in shards_of(videos, 8) for n in span] == [*range(200)]
    assert all(ends_a_shard(video.key, 1) for video in videos)


@pytest.mark.parametrize("damage", ["none", "gone", "altered"])
def test_frames_under_another_codec_are_packed_anew_if_they_are_what_was_kept(damage, tmp_path):
    write(tmp_path / "store", [extracted(4), extracted(2)])
    with Kept(tmp_path / "kept", "made by").opened() as kept:
        keys = [kept.key(video.key) for video in VIDEOS]
        found = Before(kept, keys, Crop, size=4, codec="webp")
        todo = Todo(found, VIDEOS)
        assert (found.usable, [*todo][2:]) == ([False] * 4, VIDEOS[2:])
        one = todo[1]
    if damage == "gone":
        one.path.unlink()
    elif damage == "altered":
        with one.path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"\xff" if one.path.read_bytes()[-1] != 255 else b"\0")
    again = one.repacked("webp", Crop)
    if damage != "none":
        assert again is None
    else:
        assert again.packed == extracted(2, codec="webp").packed
        assert again.rows(VIDEOS[1]) == extracted(2).rows(VIDEOS[1])
