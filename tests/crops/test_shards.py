"""Shards as they are written: where they end, what is kept of them, and what comes back."""

import json
import os

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import Skipped
from clipforensics.crops.person import Crop, MarkedCrop
from clipforensics.crops.reuse import Before
from clipforensics.crops.shards import Extracted, StoreWriter
from clipforensics.frames.codecs import CODECS, pack
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept, find_altered
from tests.support.videos import make_video

VIDEOS = [make_video(name, path=f"{name}.mp4") for name in "abcd"]
META = {"size": 4, "resample": "bicubic", "crop": "center", "n_frames": 3}
MOST = 6


def extracted(n, people=None, crops=(), codec="none"):
    frames = np.random.default_rng(n).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    whose = None if people is None else np.array(people)
    return Extracted(np.arange(n) * 2, pack(frames, codec), crops, whose)


def write(folder, results, kind=Crop, kept="kept", apart=False, codec="none"):
    """A store of these videos, by their names, all in one span."""
    with (
        Kept(folder.parent / kept, "made by").opened() as keeping,
        StoreWriter(folder, keeping, 4, MOST, kind, apart=apart, codec=codec) as store,
    ):
        for video, result in zip(VIDEOS, results, strict=False):
            key = keeping.key(video.key)
            if isinstance(result, str):
                store.skip(Skipped("x", video.path, result), key, lasting=result != "passes")
            else:
                store.add(video, key, result)
        store.finish(META)


def before(folder, videos, kind=Crop, codec="none"):
    with Kept(folder, "made by").opened() as kept:
        found = Before(kept, [kept.key(video.key) for video in videos], kind, size=4, codec=codec)
        taken = [found.take(video, number) for number, video in enumerate(videos)]
        return found, taken, found.whole(range(len(videos)), MOST)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("people", [None, [4, 4, 0]])
def test_what_is_kept_of_a_video_comes_back_as_it_was(people, codec, tmp_path):
    crop = MarkedCrop(VIDEOS[0].key, 2, 1, 0, 40, 0.25)
    one = extracted(3, people, [crop], codec)
    write(tmp_path / "store", [one, "is damaged", "passes"], MarkedCrop, codec=codec)
    _, (again, damaged, passing, never), _ = before(tmp_path / "kept", VIDEOS, MarkedCrop, codec)
    assert list(map(bytes, again.packed.frames)) == list(map(bytes, one.packed.frames))
    assert again.packed.sha256 == one.packed.sha256
    assert again.rows(VIDEOS[0]) == one.rows(VIDEOS[0])
    assert again.crops == [crop]
    assert (damaged, passing, never) == ("is damaged", None, None)


def test_the_index_has_a_column_of_people_only_where_they_are_apart(tmp_path):
    for name, people in (("plain", None), ("apart", [2, 2, 0])):
        write(tmp_path / name, [extracted(3, people)], apart=people is not None)
    key = VIDEOS[0].key
    assert (tmp_path / "plain/index.csv").read_bytes().decode() == (
        f"key,frame,shard,row\n{key},0,0,0\n{key},2,0,1\n{key},4,0,2\n"
    )
    assert (tmp_path / "apart/index.csv").read_bytes().decode() == (
        f"key,frame,shard,row,person\n{key},0,0,0,2\n{key},2,0,1,2\n{key},4,0,2,0\n"
    )
    assert FrameStore.open(tmp_path / "apart").rows.people.tolist() == [2, 2, 0]
    assert json.loads((tmp_path / "plain/meta.json").read_text())["shards"] == [3]


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY\x01\x00v\x00{'descr': (", "a flipped bit"])
def test_a_packed_shard_that_was_damaged_unseen_is_found_and_not_used(damage, tmp_path):
    write(tmp_path / "store", [extracted(3, codec="webp")], codec="webp")
    (path,) = (tmp_path / "kept").glob("*.npy")
    assert find_altered(tmp_path / "kept") == ([], 1)
    status, content = path.stat(), bytearray(path.read_bytes())
    content[200] ^= 1
    damage = content if damage == "a flipped bit" else damage
    path.write_bytes(damage.ljust(len(content), b" ") if damage else b"")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(find_altered(tmp_path / "kept")[0]) == 1
    if damage:
        with pytest.raises(InputError, match=r"npy: .*; `clipforensics check --digests --mend` removes"):
            before(tmp_path / "kept", VIDEOS[:1], codec="webp")
    else:
        assert before(tmp_path / "kept", VIDEOS[:1], codec="webp")[0].usable == [False]
