"""The frame store gives back exactly what was put in."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.frames import rows as row_tables
from clipforensics.frames.store import FrameStore, shard_name
from tests.support.stores import index_of, noise_videos, write_frame_store

SHARDS = ((("v/a", 3), ("v/b ü'\"", 2)), (("v/c", 4),), (("NA", 1),))
"""Videos and their numbers of frames, shard by shard."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.uint8]]:
    folder = tmp_path_factory.mktemp("frames")
    frames = np.random.default_rng(0).integers(0, 256, (10, 5, 5, 3)).astype(np.uint8)
    rows, first = ["key,frame,shard,row"], 0
    for shard, videos in enumerate(SHARDS):
        keys = [(key, 10 * i) for key, n in videos for i in range(n)]
        np.save(folder / shard_name(shard), frames[first : first + len(keys)])
        first += len(keys)
        quoted = [(f'"{key.replace(chr(34), chr(34) * 2)}"', frame) for key, frame in keys]
        rows += [f"{key},{frame},{shard},{row}" for row, (key, frame) in enumerate(quoted)]
    (folder / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    about = {"size": 5, "resample": "bicubic", "crop": "center", "n_frames": 4, "codec": "none"}
    meta = {**about, "shards": [5, 4, 1], "sha256": ["", "", ""]}
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder, frames


def test_what_the_store_knows(stored: tuple[Path, NDArray[np.uint8]]) -> None:
    store = FrameStore.open(stored[0])
    assert (store.size, store.n_frames, len(store)) == (5, 4, 10)
    assert store.keys == ["v/a", "v/b ü'\"", "v/c", "NA"]
    assert index_of(store)["frame"].tolist() == [0, 10, 20, 0, 10, 0, 10, 20, 30, 0]
    assert "v/c" in store
    assert "v/d" not in store


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.integers(0, 9), max_size=30))
def test_reading_in_any_order(rows: list[int], stored: tuple[Path, NDArray[np.uint8]]) -> None:
    folder, frames = stored
    found = FrameStore.open(folder).read(np.array(rows, np.int64))
    assert found.dtype == np.uint8
    assert np.array_equal(found, frames[np.array(rows, np.int64)])


def test_rows_of_videos_in_the_order_asked(stored: tuple[Path, NDArray[np.uint8]]) -> None:
    store = FrameStore.open(stored[0])
    assert store.rows_of(["NA", "v/b ü'\""]).tolist() == [9, 3, 4]
    assert store.rows_of([]).tolist() == []
    with pytest.raises(InputError, match="'v/d'"):
        store.rows_of(["v/d"])


@pytest.mark.parametrize("row", [-1, 10])
def test_rows_beyond_the_ends_are_refused(row: int, stored: tuple[Path, NDArray[np.uint8]]) -> None:
    with pytest.raises(IndexError, match=r"0\.\.9"):
        FrameStore.open(stored[0]).read(np.array([0, row]))


def test_a_copy_is_read_and_the_files_stay(stored: tuple[Path, NDArray[np.uint8]]) -> None:
    folder, frames = stored
    for path in folder.iterdir():
        path.chmod(0o444)
    store = FrameStore.open(folder)
    store.read(np.arange(10))[:] = 0
    assert np.array_equal(store.read(np.arange(10)), frames)


MORE = {"more rows": "c,0,2,1", "no such shard": "c,0,7,9", "vast number": f"c,{10**20},3,0"}
"""A row that an index of ten frames has too many."""


@pytest.mark.parametrize("at_once", [5, 1 << 17])
@pytest.mark.parametrize(
    "damage",
    [
        "no shard",
        "no meta",
        "no index",
        "other shape",
        "pickle",
        "short index",
        "other order",
        "more rows",
        "no such shard",
        "vast number",
        "a digest is missing",
        "nested without end",
    ],
)
def test_a_damaged_store_says_what_to_do(
    damage: str,
    at_once: int,
    stored: tuple[Path, NDArray[np.uint8]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for path in stored[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    shard, index = tmp_path / shard_name(1), tmp_path / "index.csv"
    if damage == "other shape":
        np.save(shard, np.zeros((4, 6, 5, 3), np.uint8))
    elif damage == "pickle":
        np.save(shard, np.array([object()]), allow_pickle=True)
    elif damage == "other order":
        first, *others = index.read_text(encoding="utf-8").splitlines()
        index.write_text("\n".join([first, *reversed(others)]) + "\n", encoding="utf-8")
    elif damage == "a digest is missing":
        meta = json.loads((tmp_path / "meta.json").read_text())
        (tmp_path / "meta.json").write_text(json.dumps({**meta, "sha256": meta["sha256"][1:]}))
    elif damage == "nested without end":
        (tmp_path / "meta.json").write_text("[" * 100_000)
    elif damage in MORE:
        index.write_text(index.read_text(encoding="utf-8") + f"{MORE[damage]}\n", encoding="utf-8")
    elif damage == "short index":
        index.write_text(
            "\n".join(index.read_text(encoding="utf-8").splitlines()[:-1]) + "\n", encoding="utf-8"
        )
    else:
        {"no shard": shard, "no meta": tmp_path / "meta.json", "no index": index}[damage].unlink()
    monkeypatch.setattr(row_tables, "AT_ONCE", at_once)
    with pytest.raises(InputError, match="dvc repro -f extract_frames"):
        FrameStore.open(tmp_path)


def test_another_process_opens_the_same_store_and_is_sent_no_frame(
    stored: tuple[Path, NDArray[np.uint8]],
) -> None:
    folder, frames = stored
    sent = pickle.dumps(FrameStore.open(folder))
    assert len(sent) < 300
    assert (pickle.loads(sent).read(np.arange(len(frames))) == frames).all()


@pytest.fixture
def packed(tmp_path: Path) -> FrameStore:
    return write_frame_store(tmp_path / "packed", noise_videos(7, size=16), codec="webp")


def test_frames_of_a_codec_are_the_same_frames(packed: FrameStore, tmp_path: Path) -> None:
    plain = write_frame_store(tmp_path / "plain", noise_videos(7, size=16))
    rows = np.random.default_rng(0).integers(0, len(plain), 60)
    for store in (packed, pickle.loads(pickle.dumps(packed))):
        assert np.array_equal(store.read(rows), plain.read(rows))
        assert store.read(rows[:0]).shape == (0, 16, 16, 3)
    with pytest.raises(IndexError, match=r"0\.\.20"):
        packed.read(np.array([21]))


def test_a_damaged_frame_of_a_codec_is_told_in_one_line_and_costs_no_other(packed: FrameStore) -> None:
    path, frames = packed.folder / shard_name(1), packed.read(np.arange(21))
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)
    store = FrameStore.open(packed.folder)
    with pytest.raises(
        InputError, match=r"^frame store .*shard-00001\.npy, frame 0: .*check --digests --mend`"
    ):
        store.read(np.arange(21))
    others = np.delete(np.arange(21), 9)
    assert np.array_equal(store.read(others), frames[others])


@pytest.mark.parametrize("codec", ["zip", None, 3, ["webp"], "none"])
def test_a_codec_that_there_is_not_or_that_is_another_is_told(packed: FrameStore, codec: object) -> None:
    meta = json.loads((packed.folder / "meta.json").read_text())
    (packed.folder / "meta.json").write_text(json.dumps({**meta, "codec": codec}))
    with pytest.raises(InputError, match=r"(codec .* is none of none, webp|shard-00000\.npy holds)"):
        FrameStore.open(packed.folder)
