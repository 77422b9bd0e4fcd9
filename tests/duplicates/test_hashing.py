"""Hashes of frames: by definition, and near for what looks alike."""

import numpy as np
import pytest
from PIL import Image

from clipforensics.alterations.degradations import degrade
from clipforensics.duplicates.hashing import hash_frame, hash_store
from clipforensics.frames.store import FrameStore
from tests.support.stores import noise_videos, write_frame_store


def smooth(seed=0, side=64):
    """A picture with detail of all scales, as footage has it."""
    rng = np.random.default_rng(seed)
    whole = np.zeros((side, side, 3))
    for n in (2, 4, 8, 16, 32):
        small = Image.fromarray(rng.integers(0, 256, (n, n, 3), dtype=np.uint8))
        whole += np.asarray(small.resize((side, side), Image.Resampling.BICUBIC), dtype=float) / n
    return np.uint8(255 * (whole - whole.min()) / np.ptp(whole))


def slow_hash(frame):
    """The transform from its definition, coefficient by coefficient."""
    grey = Image.fromarray(frame).convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    values, places = np.asarray(grey, dtype=float), np.arange(32) + 0.5
    waves = [np.cos(np.pi * k * places / 32) * np.sqrt((1 if k == 0 else 2) / 32) for k in range(8)]
    low = [[float(np.outer(a, b).ravel() @ values.ravel()) for b in waves] for a in waves]
    bits = "".join("1" if value > np.median(low) else "0" for row in low for value in row)
    return int(bits, 2)


def distance(one, other):
    return (one ^ other).bit_count()


@pytest.mark.parametrize("seed", range(5))
def test_a_hash_is_that_of_the_definition_and_half_of_it_is_1(seed):
    found = hash_frame(smooth(seed))
    assert found == slow_hash(smooth(seed))
    assert found.bit_count() == 32


@pytest.mark.parametrize("degradation", ["jpeg", "h264", "blur", "scale"])
def test_what_compression_and_scaling_do_moves_few_bits(degradation):
    frames = np.stack([smooth(seed, side=224) for seed in range(10)])
    worse = degrade(frames, degradation, 4, key="v", seed=0)
    apart = [distance(hash_frame(a), hash_frame(b)) for a, b in zip(frames, worse, strict=True)]
    assert max(apart) <= 4
    assert np.median(apart) <= 2


def test_other_pictures_and_mirrored_ones_are_far():
    hashes = [hash_frame(smooth(seed)) for seed in range(10)]
    apart = [distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) > 8
    assert distance(hash_frame(smooth()[:, ::-1]), hashes[0]) > 8


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_frame_has_no_hash(level):
    assert hash_frame(np.full((64, 64, 3), level, dtype=np.uint8)) is None


def test_the_store_is_hashed_evenly_and_plain_videos_are_left_out(tmp_path):
    videos = {**noise_videos(3, frames=5), "plain": np.full((5, 32, 32, 3), 7, dtype=np.uint8)}
    store: FrameStore = write_frame_store(tmp_path, videos)
    table = hash_store(store, frames_per_video=2)
    assert list(table) == ["key", "frame", "hash"]
    assert table["key"].tolist() == ["v0", "v0", "v1", "v1", "v2", "v2"]
    assert table["frame"].tolist() == [1, 3] * 3
    row = table.iloc[3]
    assert int(row["hash"], 16) == hash_frame(videos["v1"][3])
    assert table["hash"].str.len().eq(16).all()


def test_every_person_is_hashed_evenly(tmp_path):
    apart = {f"v{i}": [(0, 1), (3, 1), (5, 1), (0, 0), (5, 0)] for i in range(2)}
    store = write_frame_store(tmp_path, noise_videos(2, frames=5), apart=apart)
    table = hash_store(store, frames_per_video=2)
    assert list(table) == ["key", "frame", "hash", "person"]
    found = list(table[["key", "frame", "person"]].itertuples(index=False, name=None))
    assert found == [(key, n, p) for key in ("v0", "v1") for n, p in ((0, 1), (5, 1), (0, 0), (5, 0))]
    assert int(table["hash"][2], 16) == hash_frame(store.read(np.array([3]))[0])
