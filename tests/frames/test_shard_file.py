"""The file of a shard: what is written is read, in any order, or it is told that it is damaged."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.frames import shard_file
from clipforensics.frames.codecs import CODECS, pack
from clipforensics.frames.shard_file import PackedShard, ShardWriter, open_shard
from tests.frames.test_codecs import frames, picture

NOISE = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)


def write(path, pixels, codec="webp", videos=2):
    writer = ShardWriter(path, codec, pixels.shape[1])
    for video in np.array_split(pixels, videos):
        writer.add(pack(video, codec).frames)
    assert writer.n_frames == len(pixels)
    return writer.finish()


@settings(deadline=None, max_examples=40)
@given(pixels=frames(2, 5), data=st.data(), threads=st.sampled_from([1, 3]))
def test_either_codec_reads_as_the_pixels_in_any_order(pixels, data, threads, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shard")
    rows = np.array(data.draw(st.lists(st.integers(0, len(pixels) - 1), max_size=9)), dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_file, "_free_threads", lambda: threads)
        for codec in CODECS:
            write(folder / codec, pixels, codec)
            found = open_shard(folder / codec, codec, len(pixels), pixels.shape[1])[rows]
            assert found.dtype == np.uint8
            assert np.array_equal(found, pixels[rows])


def test_pixels_lie_as_numpy_writes_them_and_the_digest_is_that_of_the_array(tmp_path):
    for codec in CODECS:
        digest = write(tmp_path / codec, NOISE, codec)
        array = np.load(tmp_path / codec, allow_pickle=False)
        assert hashlib.sha256(array.tobytes()).hexdigest() == digest
    np.save(tmp_path / "raw.npy", NOISE)
    assert (tmp_path / "none").read_bytes() == (tmp_path / "raw.npy").read_bytes()


def test_the_bytes_of_a_video_come_back_for_another_shard(tmp_path):
    write(tmp_path / "one", NOISE)
    assert PackedShard(tmp_path / "one", 6, 16).packed(1, 4) == pack(NOISE[1:4], "webp").frames


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_made_to_stand_on_the_disk_is_the_whole_shard(codec, tmp_path, monkeypatch):
    """Before anybody is told that it stands: it is kept, and may outlive a machine that loses its power."""
    stood, sync = [], os.fsync

    def noted(descriptor):
        sync(descriptor)
        stood.append((os.fstat(descriptor).st_ino, (tmp_path / "one").read_bytes()))

    monkeypatch.setattr(os, "fsync", noted)
    write(tmp_path / "one", NOISE, codec)
    assert stood == [((tmp_path / "one").stat().st_ino, (tmp_path / "one").read_bytes())]


def test_an_unfinished_file_is_no_shard(tmp_path):
    writer = ShardWriter(tmp_path / "one", "webp", 16)
    writer.add(pack(NOISE, "webp").frames)
    writer.close()
    with pytest.raises(ValueError, match="one"):
        open_shard(tmp_path / "one", "webp", 6, 16)


@pytest.mark.parametrize("name", ["empty", "cut", "text", "pickle", "pixels", "fewer frames"])
def test_what_is_no_shard_is_not_opened(name, tmp_path):
    path = tmp_path / "one"
    write(path, NOISE)
    content = path.read_bytes()
    damaged = {"empty": b"", "cut": content[:-7], "text": b"x" * 900}
    path.write_bytes(damaged.get(name, content))
    with path.open("r+b") as file:
        if name == "pickle":
            np.save(file, np.array([os.system]), allow_pickle=True)
        elif name == "pixels":
            np.save(file, NOISE)
    with pytest.raises(ValueError, match=r"^one (is no array|holds|does not end)"):
        open_shard(path, "webp", 5 if name == "fewer frames" else 6, 16)


@settings(deadline=None)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_told_or_harmless(place, bit, tmp_path_factory):
    path = tmp_path_factory.mktemp("flipped") / "one"
    write(path, NOISE)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << bit
    path.write_bytes(content)
    try:
        found = open_shard(path, "webp", 6, 16)[np.arange(6)]
    except ValueError:
        return
    assert np.array_equal(found, NOISE)


@pytest.mark.parametrize("foreign", [picture(16, format="PNG"), picture(64, format="WEBP", lossless=True)])
def test_foreign_pictures_with_the_right_checksum_are_not_decoded(foreign, tmp_path):
    writer = ShardWriter(tmp_path / "one", "webp", 16)
    writer.add([foreign])
    writer.finish()
    with pytest.raises(ValueError, match="one, frame 0: is no lossless WebP of 16 x 16 pixels"):
        open_shard(tmp_path / "one", "webp", 1, 16)[np.array([0])]


def test_threads_are_left_to_who_works_beside_others(monkeypatch):
    monkeypatch.setattr(shard_file.os, "sched_getaffinity", lambda _: range(32), raising=False)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert shard_file._free_threads() == shard_file.THREADS
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert shard_file._free_threads() == 2
    monkeypatch.setattr(shard_file.multiprocessing, "parent_process", lambda: object())
    assert shard_file._free_threads() == 1


def test_one_thread_where_others_read_beside_it(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(6), raising=False)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert shard_file._free_threads() == 6
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(shard_file._free_threads).result() == 1
    for text, n in (("2", 3), ("auto", 6), ("0", 6)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", text)
        assert shard_file._free_threads() == n
    monkeypatch.setattr(shard_file.multiprocessing, "parent_process", lambda: object())
    assert shard_file._free_threads() == 1
