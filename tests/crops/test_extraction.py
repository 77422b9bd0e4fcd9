"""The store holds the right frames, whoever made them and however often the run was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video, write_records
from clipforensics.crops import extraction
from clipforensics.crops.extraction import extract_frames
from clipforensics.crops.shards import ends_a_shard
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.footage.probing import check_unchanged
from clipforensics.footage.reasons import DIED, late_after
from clipforensics.frames.codecs import CODECS, Codec
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept
from tests.support.clips import decode_all
from tests.support.extractions import N_FRAMES, SETTINGS, content_of, extract, spoilt_among
from tests.support.stores import index_of


def test_the_store_holds_the_chosen_frames(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    assert extract(footage, tmp_path) == []
    store, (root, videos) = FrameStore.open(tmp_path / "out"), footage
    assert store.keys == [v.key for v in videos]
    assert len(store) == sum(min(n, 5) for n in N_FRAMES)
    for video in videos[:-1]:
        rows = store.rows_of([video.key])
        chosen = sample_frame_indices(video.n_frames, 5)
        whole = decode_all(root / video.path)
        assert index_of(store)["frame"].to_numpy()[rows].tolist() == chosen.tolist()
        expected = np.stack([resize_and_crop(whole[i], Fitting(16)) for i in chosen])
        assert np.array_equal(store.read(rows), expected)
    first = np.asarray(Image.open(root / "pictures/001.png"))
    assert np.array_equal(store.read(store.rows_of([videos[-1].key]))[0], resize_and_crop(first, Fitting(16)))


def test_shards_close_at_the_end_of_a_video(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    extract(footage, tmp_path)
    store = FrameStore.open(tmp_path / "out")
    ends = [n for n, video in enumerate(footage[1]) if ends_a_shard(video.key, 12 // 5)]
    by_shard = index_of(store).groupby("shard")["key"].last().tolist()
    assert by_shard == [footage[1][n].key for n in sorted({*ends, 8})]
    assert json.loads((tmp_path / "out/meta.json").read_text())["shards"] == [
        len(frames) for _, frames in index_of(store).groupby("shard")
    ]
    assert (index_of(store).groupby("key")["shard"].nunique() == 1).all()


@pytest.mark.parametrize(("workers", "codec"), [(2, "none"), (3, "none"), (2, "webp")])
def test_workers_change_nothing(
    workers: int, codec: Codec, footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    extract(footage, tmp_path / "one", codec=codec)
    extract(footage, tmp_path / "many", workers=workers, codec=codec)
    assert content_of(tmp_path / "one/out") == content_of(tmp_path / "many/out")


_KILLED = """
import json, os, signal, sys
from pathlib import Path
from clipforensics.crops import extraction
from clipforensics.crops.shards import StoreWriter
from clipforensics.core.records import read_videos
from clipforensics.core.fitting import Fitting
from clipforensics.machine import kept
from clipforensics.machine.kept import Kept

kept.BEFORE_NOTED = -1  # at once
moment, folder, root = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])

def die():
    os.kill(os.getpid(), signal.SIGKILL)

end_shard, finish, add = StoreWriter.end_shard, StoreWriter.finish, StoreWriter.add

def dying_end(self):
    end_shard(self)
    if len(self._shards) == 1:
        die()

def dying_add(self, video, key, result):
    add(self, video, key, result)
    if len(self._shards) == 1 and self._file.n_frames >= 5:
        self._file._file.flush()
        die()

def dying_finish(self, meta):
    finish(self, meta)
    die()

def dying_keep(self, *args):
    keep_array(self, *args)
    die()

if moment == "after the first shard":
    StoreWriter.end_shard = dying_end
elif moment == "between a shard and what is known of it":
    keep_array, Kept.keep_array = Kept.keep_array, dying_keep
elif moment == "within the second shard":
    StoreWriter.add = dying_add
elif moment == "before the move":
    StoreWriter.finish = dying_finish
settings = json.loads(sys.argv[4])
extraction.extract_frames(read_videos(folder / "videos.csv"), {"set": root}, folder / "out", workers=2,
                          scratch=folder / "scratch", kept=Kept(folder / "kept", "made by"),
                          **{**settings, "fitting": Fitting(settings["fitting"])})
"""

MOMENTS = {
    "after the first shard": 1,
    "between a shard and what is known of it": 0,
    "within the second shard": 1,
    "before the move": 9,
}


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_goes_on_to_the_same_bytes(
    moment: str,
    codec: Codec,
    footage: tuple[Path, list[Video]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, videos = footage
    extract(footage, tmp_path / "undisturbed", codec=codec)
    killed = tmp_path / "killed"
    write_records(killed / "videos.csv", Video, videos)
    arguments = [
        sys.executable,
        "-c",
        _KILLED,
        moment,
        str(killed),
        str(root),
        json.dumps({**SETTINGS, "fitting": 16, "codec": codec}),
    ]
    done = subprocess.run(
        arguments, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (killed / "out").exists()

    decoded: list[str] = []
    mapped = extraction.map_in_order
    monkeypatch.setattr(
        extraction,
        "map_in_order",
        lambda f, todo, **k: decoded.extend(v.key for v in todo) or mapped(f, todo, **k),
    )
    assert extract(footage, killed, codec=codec) == []
    first = 1 + next(n for n, video in enumerate(videos) if ends_a_shard(video.key, 12 // 5))
    n_kept = {0: 0, 1: first, 9: 9}[MOMENTS[moment]]
    assert decoded == [v.key for v in videos[n_kept:]]
    assert content_of(killed / "out") == content_of(tmp_path / "undisturbed/out")


def test_videos_that_fail_are_recorded(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    skipped = extract(spoilt_among(footage, 0, 7, 8), tmp_path, workers=2)
    assert [s.path for s in skipped] == ["noise.mp4"] * 3
    store = FrameStore.open(tmp_path / "out")
    assert store.keys == [v.key for v in footage[1][1:7]]
    lines = (tmp_path / "out/skipped.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert lines[1].startswith('extract_frames,noise.mp4,"cannot be decoded (')


def test_videos_without_frames_make_no_shard(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    extract(spoilt_among(footage, 6, 7, 8), tmp_path, shard_frames=5)
    store = FrameStore.open(tmp_path / "out")
    assert store.read(np.arange(len(store))).shape == (28, 16, 16, 3)
    assert min(json.loads((tmp_path / "out/meta.json").read_text())["shards"]) > 0


def test_too_many_failures_stop_the_run(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    spoilt = spoilt_among(footage, 1, 2)
    with pytest.raises(InputError, match=r"2 of 9 videos.*extract_frames\.max_skipped=0\.2.*'noise\.mp4'"):
        extract(spoilt, tmp_path, max_skipped=0.2)
    assert not (tmp_path / "out").exists()
    extract(spoilt, tmp_path, max_skipped=0.3)
    assert len(FrameStore.open(tmp_path / "out").keys) == 7


def test_videos_of_another_data_set_do_not_make_failures_few(
    footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    root, videos = spoilt_among(footage, 1, 2)
    other = [replace(video, dataset="other") for video in videos[4:]]
    options = {**SETTINGS, "workers": 1, "scratch": tmp_path / "scratch", "max_skipped": 0.3}
    options["kept"] = Kept(tmp_path / "kept", "made by")
    with pytest.raises(InputError, match="2 of 4 videos cannot be used"):
        extract_frames([*videos[:4], *other], {"set": root, "other": root}, tmp_path / "out", **options)


def _crash(path: Path, indices: Sequence[int]) -> object:
    if path.name.startswith("3 "):
        os.kill(os.getpid(), signal.SIGKILL)
    return extraction.read_pictures(path.parent / "pictures", [0])


def test_a_crashing_decoder_costs_one_video(
    footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "decode_frames", _crash)
    skipped = extract(footage, tmp_path, workers=2, n_frames=1)
    assert [(s.path, s.reason) for s in skipped] == [("3 ü.mp4", DIED)]
    assert len(FrameStore.open(tmp_path / "out")) == 8


def _stand_still(path: Path, indices: Sequence[int]) -> object:
    if path.name.startswith("3 "):
        time.sleep(60)
    return extraction.read_pictures(path.parent / "pictures", [0])


def test_a_video_that_takes_too_long_costs_itself_and_is_tried_again_by_the_next_run(
    footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "decode_frames", _stand_still)
    skipped = extract(footage, tmp_path, workers=2, n_frames=1, max_probe_seconds=0.5)
    assert [(s.path, s.reason) for s in skipped] == [("3 ü.mp4", late_after(0.5))]
    assert len(FrameStore.open(tmp_path / "out")) == 8
    with pytest.raises(InputError, match=r"1 of 9 videos.*took longer than ingest\.max_probe_seconds=0\.5"):
        extract(footage, tmp_path, n_frames=1, max_probe_seconds=0.5, max_skipped=0.0)
    monkeypatch.undo()
    assert extract(footage, tmp_path, n_frames=1, max_skipped=0.0) == []


def test_an_older_output_is_replaced(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/shard-00077.npy").touch()
    extract(footage, tmp_path)
    assert not (tmp_path / "out/shard-00077.npy").exists()


def test_changed_or_missing_footage_is_named(footage: tuple[Path, list[Video]]) -> None:
    root, videos = footage
    check_unchanged(videos, {"set": root})
    with pytest.raises(
        InputError, match=r"'0 ü\.mp4' has .* changed since ingest; run `dvc repro -f ingest`"
    ):
        check_unchanged([replace(videos[0], n_bytes=1)], {"set": root})
    with pytest.raises(InputError, match="is gone from"):
        check_unchanged([replace(videos[0], path="gone.mp4")], {"set": root})
