"""The store holds the right frames, whoever made them and however often the run was killed."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Skipped, Video, write_records
from clipforensics.crops import extraction
from clipforensics.crops.cutting import blank, cut_square, cut_upright
from clipforensics.crops.extraction import extract_frames, extract_video
from clipforensics.crops.person import Cut
from clipforensics.crops.reuse import Stored
from clipforensics.crops.shards import StoreWriter, ends_a_shard
from clipforensics.faces.face import Face
from clipforensics.faces.finding import Looking, find_faces
from clipforensics.faces.table import FaceTable, write_faces
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.footage.probing import check_unchanged, probe_videos
from clipforensics.footage.reasons import DIED, late_after
from clipforensics.footage.video import decode_frames
from clipforensics.frames.codecs import CODECS, Codec
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept
from stages import extract_frames as stage
from tests.support.clips import decode_all, make_clip
from tests.support.faces import YUNET, make_face, needs_yunet
from tests.support.profiles import use_profiles
from tests.support.shared_data import FOOTAGE, needs_shared
from tests.support.stores import index_of

SETTINGS = {"n_frames": 5, "fitting": Fitting(16), "shard_frames": 12, "max_skipped": 0.5}
N_FRAMES = [9, 3, 30, 5, 6, 12, 7, 8, 11]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Video]]:
    """Eight clips and a folder of pictures, of several lengths, one shorter than k."""
    root = tmp_path_factory.mktemp("foot age ü'")
    for number, n_frames in enumerate(N_FRAMES[:-1]):
        make_clip(root / f"{number} ü.mp4", n_frames=n_frames, seed=number, options={"bf": "2"})
    (root / "pictures").mkdir()
    for number in range(N_FRAMES[-1]):
        Image.effect_noise((40, 30), 60).convert("RGB").save(root / f"pictures/{number:03d}.png")
    paths = [*(f"{n} ü.mp4" for n in range(8)), "pictures"]
    found = [Video("set", "GAN", "", f"t{i}", "", "", 1, "", "", path) for i, path in enumerate(paths)]
    videos, skipped = probe_videos(found, root, workers=1)
    assert not skipped
    assert [v.n_frames for v in videos] == N_FRAMES
    return root, videos


def _extract(
    footage: tuple[Path, Sequence[Video]], tmp_path: Path, *, workers: int = 1, **more: object
) -> list[Skipped]:
    root, videos = footage
    return extract_frames(
        videos,
        {"set": root},
        tmp_path / "out",
        workers=workers,
        scratch=tmp_path / "scratch",
        kept=Kept(tmp_path / "kept", "made by"),
        **{**SETTINGS, **more},  # type: ignore[arg-type]
    )


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_store_holds_the_chosen_frames(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    assert _extract(footage, tmp_path) == []
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
    _extract(footage, tmp_path)
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
    _extract(footage, tmp_path / "one", codec=codec)
    _extract(footage, tmp_path / "many", workers=workers, codec=codec)
    assert _content(tmp_path / "one/out") == _content(tmp_path / "many/out")


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
    _extract(footage, tmp_path / "undisturbed", codec=codec)
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
    assert _extract(footage, killed, codec=codec) == []
    first = 1 + next(n for n, video in enumerate(videos) if ends_a_shard(video.key, 12 // 5))
    n_kept = {0: 0, 1: first, 9: 9}[MOMENTS[moment]]
    assert decoded == [v.key for v in videos[n_kept:]]
    assert _content(killed / "out") == _content(tmp_path / "undisturbed/out")


def _spoilt(footage: tuple[Path, list[Video]], *spoilt: int) -> tuple[Path, list[Video]]:
    """The same videos, some pointing at a file that is none."""
    root, videos = footage
    (root / "noise.mp4").write_bytes(b"noise" * 200)
    return root, [replace(v, path="noise.mp4") if i in spoilt else v for i, v in enumerate(videos)]


def test_videos_that_fail_are_recorded(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    skipped = _extract(_spoilt(footage, 0, 7, 8), tmp_path, workers=2)
    assert [s.path for s in skipped] == ["noise.mp4"] * 3
    store = FrameStore.open(tmp_path / "out")
    assert store.keys == [v.key for v in footage[1][1:7]]
    lines = (tmp_path / "out/skipped.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert lines[1].startswith('extract_frames,noise.mp4,"cannot be decoded (')


def test_videos_without_frames_make_no_shard(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    _extract(_spoilt(footage, 6, 7, 8), tmp_path, shard_frames=5)
    store = FrameStore.open(tmp_path / "out")
    assert store.read(np.arange(len(store))).shape == (28, 16, 16, 3)
    assert min(json.loads((tmp_path / "out/meta.json").read_text())["shards"]) > 0


def test_too_many_failures_stop_the_run(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    spoilt = _spoilt(footage, 1, 2)
    with pytest.raises(InputError, match=r"2 of 9 videos.*extract_frames\.max_skipped=0\.2.*'noise\.mp4'"):
        _extract(spoilt, tmp_path, max_skipped=0.2)
    assert not (tmp_path / "out").exists()
    _extract(spoilt, tmp_path, max_skipped=0.3)
    assert len(FrameStore.open(tmp_path / "out").keys) == 7


def test_videos_of_another_data_set_do_not_make_failures_few(
    footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    root, videos = _spoilt(footage, 1, 2)
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
    skipped = _extract(footage, tmp_path, workers=2, n_frames=1)
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
    skipped = _extract(footage, tmp_path, workers=2, n_frames=1, max_probe_seconds=0.5)
    assert [(s.path, s.reason) for s in skipped] == [("3 ü.mp4", late_after(0.5))]
    assert len(FrameStore.open(tmp_path / "out")) == 8
    with pytest.raises(InputError, match=r"1 of 9 videos.*took longer than ingest\.max_probe_seconds=0\.5"):
        _extract(footage, tmp_path, n_frames=1, max_probe_seconds=0.5, max_skipped=0.0)
    monkeypatch.undo()
    assert _extract(footage, tmp_path, n_frames=1, max_skipped=0.0) == []


def test_an_older_output_is_replaced(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/shard-00077.npy").touch()
    _extract(footage, tmp_path)
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


@needs_shared
@pytest.mark.parametrize(
    "name", ["real/ghost_orig.webm", "real/liveportrait_src_s29.mp4", "fake/sadtalker_still1.mp4"]
)
def test_real_footage(name: str) -> None:
    indices, frames = extract_video(FOOTAGE / name, 60, 4, Fitting(224))
    assert indices.tolist() == [7, 22, 37, 52]
    with av.open(str(FOOTAGE / name)) as container:
        for number, frame in zip(range(53), container.decode(video=0), strict=False):
            if number in indices:
                expected = resize_and_crop(frame.to_ndarray(format="rgb24"), Fitting(224))
                assert np.array_equal(frames[indices.tolist().index(number)], expected)


def _project(footage: tuple[Path, list[Video]], folder: Path, params: str) -> None:
    (folder / "conf/data").mkdir(parents=True)
    profile = {"layout": "manifest", "root": str(footage[0]), "manifest": "none.csv"}
    (folder / "conf/data/set.yaml").write_text(json.dumps(profile), encoding="utf-8")
    (folder / "params.yaml").write_text(params)
    use_profiles(folder)
    write_records(folder / "data/videos.csv", Video, footage[1])
    write_faces(folder / "data/faces", {"detector": "none"}, [], [])


PARAMS = """
dataset: set
ingest:
  max_probe_seconds: 600
extract_frames:
  n_frames: 4
  frame_size: 24
  resample: bicubic
  squash: false
  resize_edge: 0
  codec: none
  max_skipped: 0.0
  person: largest
  min_share: 0.25
  margin: 1.3
  align: false
  without_face: skip
  max_without_face: 0.0
"""


def test_stage(
    footage: tuple[Path, list[Video]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _project(footage, tmp_path, PARAMS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "2")
    stage.main()
    store = FrameStore.open(stage.OUT)
    assert (store.size, store.n_frames, len(store)) == (24, 4, 4 * 8 + 3)
    (kept,) = (tmp_path / ".scratch").rglob("*.npy")
    assert kept.samefile(stage.OUT / "shard-00000.npy"), "no second copy on disk"
    assert json.loads(stage.METRICS.read_text()) == {
        "detector": "none",
        "rows": [],
        "reason": "no faces were looked for",
    }
    assert (
        "35 frames of 24x24 pixels of 9 videos (of 4 moments each), none skipped" in capsys.readouterr().out
    )
    shutil.rmtree(tmp_path / ".scratch")  # nothing is kept, so all is decoded again
    Path("params.yaml").write_text(PARAMS.replace("600", "0.0001"))
    with pytest.raises(InputError, match=r"took longer than ingest\.max_probe_seconds=0\.0001 of work"):
        stage.main()
    rows = [asdict(footage[1][0]) | {"n_bytes": 1}]
    write_records(stage.VIDEOS, Video, [Video(**row) for row in rows])
    with pytest.raises(InputError, match="changed since ingest"):
        stage.main()


@pytest.mark.parametrize(
    "wrong",
    [
        "n_frames: 0",
        "n_frames: 2.5",
        "frame_size: 0",
        "frame_size: large",
        "resize_edge: 23",
        "codec: jpeg",
        "max_skipped: 2",
        "margin: 0.9",
        "person: nicest",
        "min_share: 1.5",
        "align: 1",
        "without_face: keep",
        "max_without_face: -1",
    ],
)
def test_stage_names_wrong_params(
    wrong: str, footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = wrong.split(":")[0]
    lines = [f"  {wrong}" if line.startswith(f"  {name}:") else line for line in PARAMS.splitlines()]
    _project(footage, tmp_path, "\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"`{name}`"):
        stage.main()


@pytest.mark.parametrize("codec", CODECS)
def test_the_store_names_the_pixels_of_each_shard(
    codec: Codec, footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    """By the digests of its videos' pixels, whatever the codec."""
    _extract(footage, tmp_path, codec=codec)
    meta, store = json.loads((tmp_path / "out/meta.json").read_text()), FrameStore.open(tmp_path / "out")
    lies_in, shards = index_of(store)["shard"].tolist(), dict[int, list[str]]()
    for key in store.keys:
        rows = store.rows_of([key])
        pixels = hashlib.sha256(store.read(rows).tobytes()).hexdigest()
        shards.setdefault(lies_in[rows[0]], []).append(pixels)
    assert len(shards) > 1
    assert meta["sha256"] == [
        hashlib.sha256("".join(videos).encode()).hexdigest() for videos in shards.values()
    ]
    assert meta["codec"] == codec


def _never(path: Path, indices: Sequence[int]) -> object:
    raise AssertionError(f"{path} is decoded")


@pytest.mark.parametrize("cleared", [False, True])
def test_another_codec_packs_what_is_kept_and_decodes_nothing(
    cleared: bool, footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it is cleared meanwhile, or is not what was kept: then it is decoded again."""
    (root, videos), spoilt = footage, _spoilt(footage, 4)
    _extract(spoilt, tmp_path / "fresh", codec="webp")
    _extract(spoilt, tmp_path, codec="none")
    with monkeypatch.context() as patch:
        if cleared:
            patch.setattr(Stored, "repacked", lambda *_: None)
        else:
            patch.setattr(extraction, "decode_frames", _never)
            patch.setattr(extraction, "read_pictures", _never)
        _extract(spoilt, tmp_path, codec="webp", workers=2)
    assert _content(tmp_path / "out") == _content(tmp_path / "fresh/out")
    monkeypatch.setattr(extraction, "decode_frames", _never)
    _extract((root, [video for n, video in enumerate(videos) if n != 4]), tmp_path, codec="none")
    assert len(FrameStore.open(tmp_path / "out").keys) == 8


def test_one_more_video_links_the_other_shards(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    root, videos = footage
    _extract((root, videos[:-1]), tmp_path, codec="webp")
    before = sorted((tmp_path / "out").glob("shard-*.npy"))[:-1]
    nodes = [shard.stat().st_ino for shard in before]
    _extract(footage, tmp_path, codec="webp")
    assert nodes
    assert [shard.stat().st_ino for shard in before] == nodes
    _extract(footage, tmp_path / "fresh", codec="webp")
    assert _content(tmp_path / "out") == _content(tmp_path / "fresh/out")


@pytest.mark.parametrize("codec", CODECS)
def test_one_content_under_several_names_is_found_wherever_it_was_put_last(
    codec: Codec, footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    root, videos = footage
    twice = [*videos, *(replace(video, target=f"{video.target}-again") for video in videos)]
    for number, some in enumerate([twice, twice[1:], twice]):
        for shard_frames in (5, 12):
            how = {"codec": codec if number < 2 else "none", "shard_frames": shard_frames}
            _extract((root, some), tmp_path, **how)
            _extract((root, some), tmp_path / f"fresh-{number}-{shard_frames}", **how)
            fresh = _content(tmp_path / f"fresh-{number}-{shard_frames}/out")
            assert _content(tmp_path / "out") == fresh


class Stopped(Exception):
    """Stands for a kill just before the store is finished."""


@pytest.mark.parametrize("lost", [False, True])
def test_what_could_not_be_read_for_a_while_is_tried_again(
    footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    _extract(footage, tmp_path / "undisturbed")

    def stop(*_: object) -> None:
        raise Stopped

    def unreadable(path: Path, indices: Sequence[int]) -> object:
        if path.name.startswith("4 ") and not lost:
            raise OSError(5, "Input/output error")
        return decode_frames(path, indices)

    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "finish", stop)
        patch.setattr(extraction, "decode_frames", unreadable)
        with pytest.raises(Stopped):
            _extract(footage, tmp_path)
    if lost:
        next((tmp_path / "kept").glob("*.npy")).unlink()
    assert _extract(footage, tmp_path) == []
    assert _content(tmp_path / "out") == _content(tmp_path / "undisturbed/out")


CUT = Cut(person="largest", min_share=0.25, margin=1.5, align=False, without_face="skip")


@pytest.fixture(scope="module")
def faces(footage: tuple[Path, list[Video]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A table: two people in video 0, one in 1 and 2 (in 2 not always), nobody in the others; 3 was lost."""
    videos = footage[1]

    def at(number: int, x: int, *, person: int, side: int = 16, gone: Sequence[int] = ()) -> list[Face]:
        frames = sample_frame_indices(N_FRAMES[number], 5).tolist()
        kept = [frame for place, frame in enumerate(frames) if place not in gone]
        return [make_face(x + n, 12, side, frame=frame, person=person) for n, frame in enumerate(kept)]

    found = {
        0: sorted([*at(0, 2, person=0), *at(0, 30, person=1, side=20)], key=lambda face: face.frame),
        1: at(1, 10, person=0),
        2: at(2, 10, person=0, gone=(1, 2)),
    }
    folder = tmp_path_factory.mktemp("faces")
    rows = [(video.key, found.get(number, [])) for number, video in enumerate(videos) if number != 3]
    write_faces(
        folder, {"detector": "yunet"}, rows, [Skipped("find_faces", videos[3].path, "is damaged", "set")]
    )
    return folder, found


@pytest.mark.parametrize("align", [False, True])
def test_frames_are_cut_around_the_largest_person(
    align: bool, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), (folder, found) = footage, faces
    cut = CUT.model_copy(update={"align": align})
    skipped = _extract(footage, tmp_path, faces=folder, cut=cut, max_skipped=0.2)
    assert [one.path for one in skipped] == [video.path for video in videos[3:]]
    assert skipped[0].reason == "is damaged"
    n_sampled = [min(n, 5) for n in N_FRAMES[4:]]
    assert [one.reason for one in skipped[1:]] == [
        f"no face was found in its {n} sampled frames" for n in n_sampled
    ]
    store = FrameStore.open(tmp_path / "out")
    assert store.keys == [video.key for video in videos[:3]]
    way = cut_upright if align else cut_square
    for number, person in ((0, 1), (1, 0), (2, 0)):
        chosen = [face for face in found[number] if face.person == person]
        rows = store.rows_of([videos[number].key])
        assert index_of(store)["frame"].to_numpy()[rows].tolist() == [face.frame for face in chosen]
        whole = decode_all(root / videos[number].path)
        expected = [way(whole[face.frame], face, 1.5, Fitting(16)) for face in chosen]
        assert np.array_equal(store.read(rows), np.stack(expected))
    crops = pd.read_csv(tmp_path / "out/crops.csv")
    assert crops.drop(columns="key").to_numpy().tolist() == [[2, 1, 0, 20], [1, 0, 0, 16], [1, 0, 2, 16]]
    meta = json.loads((tmp_path / "out/meta.json").read_text())
    assert (meta["around"], meta["margin"], meta["align"]) == ("face", 1.5, align)


def test_videos_without_a_face_may_stay_whole(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    cut = CUT.model_copy(update={"without_face": "whole"})
    (skipped,) = _extract(footage, tmp_path, faces=faces[0], cut=cut, max_skipped=0.2, max_without_face=0.0)
    assert skipped.reason == "is damaged"
    _extract(footage, tmp_path / "whole")
    store, whole = (FrameStore.open(folder / "out") for folder in (tmp_path, tmp_path / "whole"))
    for video in footage[1][4:]:
        assert np.array_equal(store.read(store.rows_of([video.key])), whole.read(whole.rows_of([video.key])))
    crops = pd.read_csv(tmp_path / "out/crops.csv").set_index("key")
    assert crops.loc[footage[1][4].key].tolist() == [0, -1, 0, 0]


def test_the_same_frames_without_any_face(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), (folder, found) = footage, faces
    _extract(footage, tmp_path, faces=folder, cut=CUT, max_skipped=0.2)
    _extract(footage, tmp_path / "blank", faces=folder, cut=CUT, max_skipped=0.2, blanked=True)
    store, blanked = (FrameStore.open(one / "out") for one in (tmp_path, tmp_path / "blank"))
    assert index_of(store).equals(index_of(blanked))
    for number in range(3):
        whole = decode_all(root / videos[number].path)
        rows = blanked.rows_of([videos[number].key])
        for row, frame in zip(rows, index_of(blanked)["frame"].to_numpy()[rows], strict=True):
            here = [face for face in found[number] if face.frame == frame]
            assert np.array_equal(
                blanked.read(np.array([row]))[0], resize_and_crop(blank(whole[frame], here), Fitting(16))
            )


def test_too_many_videos_without_a_face_stop_the_run(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"more than extract_frames\.max_without_face=0\.5 allows"):
        _extract(footage, tmp_path, faces=faces[0], cut=CUT, max_without_face=0.5)
    with pytest.raises(InputError, match=r"more than extract_frames\.max_skipped=0\.1 allows"):
        _extract(footage, tmp_path / "other", faces=faces[0], cut=CUT, max_skipped=0.1)


def test_a_run_that_stopped_over_its_limits_stops_again(
    footage: tuple[Path, list[Video]],
    faces: tuple[Path, dict],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed once all was cut, called again with less allowed: nothing is left to do, and it stops."""

    def stop(*_: object) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "finish", stop)
        with pytest.raises(Stopped):
            _extract(footage, tmp_path, faces=faces[0], cut=CUT)
    with pytest.raises(InputError, match=r"max_without_face=0\.5"):
        _extract(footage, tmp_path, faces=faces[0], cut=CUT, max_without_face=0.5)


def test_a_face_s_size_is_the_median_over_the_frames(
    footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    (root, videos), frames = footage, sample_frame_indices(N_FRAMES[0], 5).tolist()
    sides = [10, 30, 12, 11, 29]
    here = [make_face(2, 2, side, frame=n, person=0) for n, side in zip(frames, sides, strict=True)]
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [(videos[0].key, here)], [])
    _extract((root, videos[:1]), tmp_path, faces=tmp_path / "faces", cut=CUT)
    assert pd.read_csv(tmp_path / "out/crops.csv")["face_size"].tolist() == [12]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_was_killed_cuts_the_same(
    workers: int,
    footage: tuple[Path, list[Video]],
    faces: tuple[Path, dict],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = {"faces": faces[0], "cut": CUT, "max_skipped": 0.2, "workers": workers, "shard_frames": 5}
    _extract(footage, tmp_path / "undisturbed", **more)

    def stop(*_: object) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "finish", stop)
        with pytest.raises(Stopped):
            _extract(footage, tmp_path, **more)
    sorted((tmp_path / "kept").glob("*.npy"))[1].unlink()
    _extract(footage, tmp_path, **more)
    assert _content(tmp_path / "out") == _content(tmp_path / "undisturbed/out")


def test_the_middle_is_that_of_the_picture_as_it_is_shown(tmp_path: Path) -> None:
    """A clip of 96 x 48 that is shown as 48 x 96: one face in its middle, one where 96 x 48 has it."""
    make_clip(tmp_path / "turned.mp4", n_frames=2, width=96, height=48, rotation=90)
    found = [Video("set", "GAN", "", "t", "", "", 1, "", "", "turned.mp4")]
    videos, _ = probe_videos(found, tmp_path, workers=1)
    middle, other = make_face(16, 40, 16, person=0), make_face(30, 16, 16, person=1)
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [(videos[0].key, [middle, other])], [])
    cut = CUT.model_copy(update={"person": "central"})
    _extract((tmp_path, videos), tmp_path, faces=tmp_path / "faces", cut=cut, n_frames=1)
    assert pd.read_csv(tmp_path / "out/crops.csv")["person"].tolist() == [0]


def test_a_table_of_nobody_looking_changes_nothing(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", {"detector": "none"}, [], [])
    _extract(footage, tmp_path, faces=tmp_path / "faces", cut=CUT)
    _extract(footage, tmp_path / "without")
    assert _content(tmp_path / "out") == _content(tmp_path / "without/out")


EVERY = CUT.model_copy(update={"person": "every", "min_share": 0.5})
ROWS_APART = {0: (1, 0), 1: (0,), 2: (0,)}
"""Of the table of faces: whom each video's frames show, the largest first."""


def _slow_store(
    footage: tuple[Path, list[Video]], found: dict, cut: Cut
) -> list[tuple[str, int, int, bytes]]:
    """Key, frame, person and pixels of every row of `every`, cut one by one out of wholly decoded videos."""
    root, videos = footage
    way = cut_upright if cut.align else cut_square
    return [
        (
            videos[n].key,
            f.frame,
            person,
            way(decode_all(root / videos[n].path)[f.frame], f, 1.5, Fitting(16)).tobytes(),
        )
        for n, people in ROWS_APART.items()
        for person in people
        for f in found[n]
        if f.person == person
    ]


@pytest.mark.parametrize("align", [False, True])
def test_every_person_is_cut_out_apart_the_largest_first(
    align: bool, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    cut = EVERY.model_copy(update={"align": align})
    _extract(footage, tmp_path, faces=faces[0], cut=cut, max_skipped=0.2)
    store = FrameStore.open(tmp_path / "out")
    pixels = [frame.tobytes() for frame in store.read(np.arange(len(store)))]
    assert store.rows.people is not None
    found = list(zip(store.rows.keys_of(), store.rows.frames, store.rows.people, pixels, strict=True))
    assert found == _slow_store(footage, faces[1], cut)
    crops = pd.read_csv(tmp_path / "out/crops.csv").drop(columns="key")
    assert crops.to_numpy().tolist() == [[2, 1, 0, 20], [2, 0, 0, 16], [1, 0, 0, 16], [1, 0, 2, 16]]
    meta = json.loads((tmp_path / "out/meta.json").read_text())
    assert (meta["person"], meta["min_share"]) == ("every", 0.5)


def test_who_is_shown_too_seldom_is_not_stored(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    (root, videos), frames = footage, sample_frame_indices(N_FRAMES[0], 5).tolist()
    here = [make_face(2, 2, 20, frame=n, person=0) for n in frames]
    noise = [make_face(40, 20, 8, frame=n, person=1) for n in frames[1:3]]
    shown = sorted([*here, *noise], key=lambda face: (face.frame, face.person))
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [(videos[0].key, shown)], [])
    for share, people in ((0.5, {0}), (0.4, {0, 1})):
        cut = EVERY.model_copy(update={"min_share": share})
        _extract((root, videos[:1]), tmp_path / str(share), faces=tmp_path / "faces", cut=cut)
        assert set(pd.read_csv(tmp_path / f"{share}/out/index.csv")["person"]) == people


@pytest.mark.parametrize("blanked", [False, True])
@pytest.mark.parametrize("person", ["largest", "every", "mask"])
def test_a_codec_changes_no_pixel_row_or_crop(
    person: str, blanked: bool, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    more = {"faces": faces[0], "cut": EVERY.model_copy(update={"person": person}), "blanked": blanked}
    for codec in CODECS:
        _extract(_with_masks(footage), tmp_path / codec, codec=codec, max_skipped=0.2, **more)
    none, webp = (FrameStore.open(tmp_path / codec / "out") for codec in CODECS)
    rows = np.random.default_rng(0).integers(0, len(none), 50)
    assert np.array_equal(none.read(rows), webp.read(rows))
    assert none.shards == webp.shards
    for name in ("index.csv", "crops.csv", "skipped.csv"):
        assert (none.folder / name).read_bytes() == (webp.folder / name).read_bytes()


def test_whole_frames_are_nobodys(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    cut = EVERY.model_copy(update={"without_face": "whole"})
    _extract(footage, tmp_path, faces=faces[0], cut=cut, max_skipped=0.2)
    index = index_of(FrameStore.open(tmp_path / "out"))
    assert set(index["person"][index["key"] == footage[1][4].key]) == {-1}
    assert set(index["person"][index["key"] == footage[1][0].key]) == {0, 1}


def test_a_data_set_that_is_not_looked_at_is_whole_and_nobodys(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    root, videos = footage
    cropped = replace(videos[1], dataset="cropped")
    meta = {"detector": "yunet", "whole": ["cropped"]}
    write_faces(tmp_path / "faces", meta, [(videos[0].key, faces[1][0])], [])
    options = {**SETTINGS, "workers": 1, "scratch": tmp_path / "scratch", "cut": EVERY}
    options["kept"] = Kept(tmp_path / "kept", "made by")
    roots, table = {"set": root, "cropped": root}, tmp_path / "faces"
    extract_frames([videos[0], cropped], roots, tmp_path / "out", faces=table, **options)  # type: ignore[arg-type]
    store = FrameStore.open(tmp_path / "out")
    rows = store.rows_of([cropped.key])
    assert store.rows.people is not None
    assert set(store.rows.people[rows].tolist()) == {-1}
    _, frames = extract_video(root / cropped.path, cropped.n_frames, 5, Fitting(16))
    assert np.array_equal(store.read(rows), frames)
    assert set(pd.read_csv(tmp_path / "out/crops.csv")["key"]) == {videos[0].key}


def test_every_row_has_its_background(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), (folder, found) = footage, faces
    for name, blanked in (("cut", False), ("blank", True)):
        _extract(footage, tmp_path / name, faces=folder, cut=EVERY, max_skipped=0.2, blanked=blanked)
    store, blank_ = (FrameStore.open(tmp_path / name / "out") for name in ("cut", "blank"))
    assert index_of(store).equals(index_of(blank_))
    whole, rows = decode_all(root / videos[0].path), blank_.rows_of([videos[0].key])
    for row in rows:
        frame = int(blank_.rows.frames[row])
        here = [face for face in found[0] if face.frame == frame]
        expected = resize_and_crop(blank(whole[frame], here), Fitting(16))
        assert np.array_equal(blank_.read(np.array([row]))[0], expected)


_KILLED_APART = """
import json, os, signal, sys
from pathlib import Path
from clipforensics.crops import extraction
from clipforensics.crops.shards import StoreWriter
from clipforensics.core.records import read_videos
from clipforensics.core.fitting import Fitting
from clipforensics.crops.person import Cut
from clipforensics.machine import kept
from clipforensics.machine.kept import Kept

kept.BEFORE_NOTED = -1  # at once
folder, root, faces, person = map(Path, sys.argv[1:5])
end_shard = StoreWriter.end_shard

def dying_end(self):
    end_shard(self)
    if len(self._shards) == 1:
        os.kill(os.getpid(), signal.SIGKILL)

StoreWriter.end_shard = dying_end
cut = Cut(person=str(person), min_share=0.5, margin=1.5, align=False, without_face="skip")
how = dict(kept=Kept(folder / "kept", "made by"), max_skipped=0.2, workers=2)
how |= dict(n_frames=5, fitting=Fitting(16), shard_frames=5, faces=faces, cut=cut)
videos = read_videos(folder / "videos.csv")
extraction.extract_frames(videos, {"set": root}, folder / "out", scratch=folder / "scratch", **how)
"""


def _with_masks(footage: tuple[Path, list[Video]]) -> tuple[Path, list[Video]]:
    """The first video with a mask that is white where person 0 is."""
    root, videos = footage
    with av.open(str(root / videos[0].path)) as container:
        height, width = next(container.decode(video=0)).to_ndarray(format="rgb24").shape[:2]
    (root / "mask").mkdir(exist_ok=True)
    white = np.zeros((height, width), np.uint8)
    white[10:30, :22] = 255
    for number in range(N_FRAMES[0]):
        Image.fromarray(white).save(root / f"mask/{number:03d}.png")
    return root, [replace(videos[0], mask="mask"), *videos[1:]]


@pytest.mark.parametrize("person", ["every", "mask"])
def test_a_killed_run_goes_on_to_the_same_people(
    person: str, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    root, videos = footage = _with_masks(footage)
    cut = EVERY.model_copy(update={"person": person})
    more = {"faces": faces[0], "cut": cut, "max_skipped": 0.2, "shard_frames": 5}
    _extract(footage, tmp_path / "undisturbed", **more)
    killed = tmp_path / "killed"
    write_records(killed / "videos.csv", Video, videos)
    arguments = [sys.executable, "-c", _KILLED_APART, str(killed), str(root), str(faces[0]), person]
    done = subprocess.run(
        arguments, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(list((killed / "kept").glob("*.npy"))) == 1
    _extract(footage, killed, **more)
    assert _content(killed / "out") == _content(tmp_path / "undisturbed/out")


def test_the_person_under_the_mask_is_cut_out(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), cut = _with_masks(footage), CUT.model_copy(update={"person": "mask"})
    _extract((root, videos), tmp_path, faces=faces[0], cut=cut, max_skipped=0.2)
    crops = pd.read_csv(tmp_path / "out/crops.csv")
    assert crops["person"].tolist() == [0, 0, 0]  # the largest of the first video is person 1
    assert crops["marked"].iloc[0] > 0.5 > 0 == crops["marked"].iloc[1]
    assert "person" not in index_of(FrameStore.open(tmp_path / "out"))
    longer = [replace(videos[0], mask="pictures"), *videos[1:]]
    skipped = _extract((root, longer), tmp_path / "longer", faces=faces[0], cut=cut)
    assert skipped[0].reason == "its mask has 11 frames, the video 9; replace or remove it"
    gone = [replace(videos[0], mask="gone.mp4"), *videos[1:]]
    skipped = _extract((root, gone), tmp_path / "gone", faces=faces[0], cut=cut)
    assert skipped[0].reason == "its mask is not a file"


def test_a_real_video_is_cut_around_whom_the_fake_made_of_it_shows(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), cut = _with_masks(footage), CUT.model_copy(update={"person": "mask"})
    fake = videos[0]
    real = replace(fake, manipulation="real", label=0, mask="")
    write_faces(
        tmp_path / "faces", {"detector": "yunet"}, [(one.key, faces[1][0]) for one in (real, fake)], []
    )
    _extract((root, [real, fake]), tmp_path, faces=tmp_path / "faces", cut=cut)
    assert pd.read_csv(tmp_path / "out/crops.csv")["person"].tolist() == [0, 0]


@pytest.mark.parametrize("person", ["largest", "central"])
def test_one_person_is_stored_as_ever_whatever_the_other_choices_need(
    person: str, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    """Columns and meta.json of stores of one person are those that stores had before there were others."""
    cut = CUT.model_copy(update={"person": person})
    for share in (0.25, 1.0):
        folder = tmp_path / str(share)
        cut = cut.model_copy(update={"min_share": share})
        _extract(_with_masks(footage), folder, faces=faces[0], cut=cut, max_skipped=0.2)
    assert _content(tmp_path / "0.25/out") == _content(tmp_path / "1.0/out")
    out = tmp_path / "1.0/out"
    assert (out / "index.csv").read_text().startswith("key,frame,shard,row\n")
    assert (out / "crops.csv").read_text().startswith("key,n_at_once,person,n_missing,face_size\n")
    assert sorted(json.loads((out / "meta.json").read_text())) == [
        "align", "around", "codec", "crop", "margin", "n_frames", "person", "resample", "sha256", "shards",
        "size", "without_face",
    ]  # fmt: skip


@needs_yunet
@needs_shared
def test_people_of_a_real_film_of_several_shots(tmp_path: Path) -> None:
    """Seventeen people are followed in eight frames of it; those shown in one alone are left out."""
    found = [Video("set", "real", "", "t", "", "", 0, "", "", "real/short_hamilton_clip.mp4")]
    videos, _ = probe_videos(found, FOOTAGE, workers=1)
    looking = Looking(YUNET, 8, 640, 0.6, 1)
    how = {"detector": "yunet", "workers": 1, "kept": Kept(tmp_path / "kept", ""), "max_skipped": 0.0}
    find_faces(videos, {"set": FOOTAGE}, tmp_path / "faces", looking, **how)  # type: ignore[arg-type]
    more = {"faces": tmp_path / "faces", "n_frames": 8, "fitting": Fitting(32)}
    apart, largest = EVERY.model_copy(update={"min_share": 0.25}), CUT
    _extract((FOOTAGE, videos), tmp_path / "apart", cut=apart, **more)
    _extract((FOOTAGE, videos), tmp_path / "largest", cut=largest, **more)
    store, one = (FrameStore.open(tmp_path / name / "out") for name in ("apart", "largest"))
    main = store.rows.main_span(videos[0].key)
    assert np.array_equal(store.read(main), one.read(np.arange(len(one))))
    people = FaceTable.open(tmp_path / "faces").of(videos[0].key)
    shown = {n: sum(face.person == n for face in people) for n in {face.person for face in people}}
    kept = {n for n, frames in shown.items() if frames >= 2}
    assert store.rows.people is not None
    assert set(store.rows.people.tolist()) == kept | {int(store.rows.people[main[0]])}
    assert 1 < len(kept) < len(shown)


def test_a_data_set_in_which_nobody_was_looked_for_is_taken_as_it_is_and_has_no_background(
    footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    write_faces(tmp_path / "faces", {"detector": "yunet", "whole": ["set"]}, [], [])
    how = {"faces": tmp_path / "faces", "cut": CUT}
    for name, more in (("plain", {}), ("cut", how), ("background", {**how, "blanked": True})):
        assert _extract(footage, tmp_path / name, **more) == []
    plain, cut, background = (
        FrameStore.open(tmp_path / name / "out") for name in ("plain", "cut", "background")
    )
    rows = np.arange(len(plain))
    assert np.array_equal(cut.read(rows), plain.read(rows))
    assert len(background) == len(plain)
    assert not background.read(rows).any()
    assert cut.margin is None, "these frames are not cut around a face"
