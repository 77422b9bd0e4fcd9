"""The store holds the right frames, whoever made them and however often the run was killed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
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
from clipforensics.faces.face import Face
from clipforensics.faces.table import write_faces
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.footage.probing import DIED, check_unchanged, probe_videos
from clipforensics.footage.video import decode_frames
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.frames.store import FrameStore
from stages import extract_frames as stage
from tests.support.clips import decode_all, make_clip
from tests.support.faces import make_face
from tests.support.shared_data import FOOTAGE, needs_shared

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
        root,
        tmp_path / "out",
        workers=workers,
        scratch=tmp_path / "scratch",
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
        assert store.index["frame"].to_numpy()[rows].tolist() == chosen.tolist()
        expected = np.stack([resize_and_crop(whole[i], Fitting(16)) for i in chosen])
        assert np.array_equal(store.read(rows), expected)
    first = np.asarray(Image.open(root / "pictures/001.png"))
    assert np.array_equal(store.read(store.rows_of([videos[-1].key]))[0], resize_and_crop(first, Fitting(16)))


def test_shards_close_at_the_end_of_a_video(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    _extract(footage, tmp_path)
    store = FrameStore.open(tmp_path / "out")
    assert json.loads((tmp_path / "out/meta.json").read_text())["shards"] == [13, 15, 15]
    assert (store.index.groupby("key")["shard"].nunique() == 1).all()
    assert np.load(tmp_path / "out/shard-00002.npy").shape == (15, 16, 16, 3)


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_change_nothing(workers: int, footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    _extract(footage, tmp_path / "one")
    _extract(footage, tmp_path / "many", workers=workers)
    assert _content(tmp_path / "one/out") == _content(tmp_path / "many/out")


_KILLED = """
import json, os, signal, sys
from pathlib import Path
from clipforensics.crops import extraction
from clipforensics.core.records import read_videos
from clipforensics.core.fitting import Fitting

moment, folder, root = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])

def die():
    os.kill(os.getpid(), signal.SIGKILL)

commit, finish, add = extraction._ShardWriter.commit, extraction._finish, extraction._ShardWriter.add

def dying_commit(self):
    commit(self)
    if len(self._parts) == 1:
        die()

def dying_add(self, video, result):
    add(self, video, result)
    if len(self._parts) == 1 and len(self._part.index) == 10:
        self._file.flush()
        die()

def dying_finish(*args):
    finish(*args)
    die()

if moment == "after the first shard":
    extraction._ShardWriter.commit = dying_commit
elif moment == "between a shard and its part":
    part_path = extraction._part_path
    extraction._part_path = lambda scratch, number: part_path(scratch, number) if number < 1 else die()
    extraction._committed = lambda scratch: []
elif moment == "within the second shard":
    extraction._ShardWriter.add = dying_add
elif moment == "before the move":
    extraction._finish = dying_finish
settings = json.loads(sys.argv[4])
extraction.extract_frames(read_videos(folder / "videos.csv"), root, folder / "out", workers=2,
                          scratch=folder / "scratch", **{**settings, "fitting": Fitting(settings["fitting"])})
"""

MOMENTS = {
    "after the first shard": 1,
    "between a shard and its part": 1,
    "within the second shard": 1,
    "before the move": 3,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_goes_on_to_the_same_bytes(
    moment: str, footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, videos = footage
    _extract(footage, tmp_path / "undisturbed")
    killed = tmp_path / "killed"
    write_records(killed / "videos.csv", Video, videos)
    arguments = [
        sys.executable,
        "-c",
        _KILLED,
        moment,
        str(killed),
        str(root),
        json.dumps({**SETTINGS, "fitting": 16}),
    ]
    done = subprocess.run(
        arguments, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (killed / "out").exists()
    assert len(list((killed / "scratch").glob("part-*.json"))) == MOMENTS[moment]

    decoded: list[str] = []
    mapped = extraction.ordered_map
    monkeypatch.setattr(
        extraction,
        "ordered_map",
        lambda f, todo, **k: decoded.extend(v.key for v in todo) or mapped(f, todo, **k),
    )
    assert _extract(footage, killed) == []
    n_kept = {1: 3, 3: 9}[MOMENTS[moment]]
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


def test_a_last_shard_without_frames_can_be_read(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    _extract(_spoilt(footage, 6, 7, 8), tmp_path, shard_frames=28)
    assert json.loads((tmp_path / "out/meta.json").read_text())["shards"] == [28, 0]
    store = FrameStore.open(tmp_path / "out")
    assert store.read(np.arange(len(store))).shape == (28, 16, 16, 3)


def test_too_many_failures_stop_the_run(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    spoilt = _spoilt(footage, 1, 2)
    with pytest.raises(InputError, match=r"2 of 9 videos.*extract_frames\.max_skipped=0\.2.*'noise\.mp4'"):
        _extract(spoilt, tmp_path, max_skipped=0.2)
    assert not (tmp_path / "out").exists()
    _extract(spoilt, tmp_path, max_skipped=0.3)
    assert len(FrameStore.open(tmp_path / "out").keys) == 7


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


def test_an_older_output_is_replaced(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/shard-00077.npy").touch()
    _extract(footage, tmp_path)
    assert not (tmp_path / "out/shard-00077.npy").exists()


def test_changed_or_missing_footage_is_named(footage: tuple[Path, list[Video]]) -> None:
    root, videos = footage
    check_unchanged(videos, root)
    with pytest.raises(
        InputError, match=r"'0 ü\.mp4' has .* changed since ingest; run `dvc repro -f ingest`"
    ):
        check_unchanged([replace(videos[0], n_bytes=1)], root)
    with pytest.raises(InputError, match="is gone from"):
        check_unchanged([replace(videos[0], path="gone.mp4")], root)


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
    (folder / "conf/data/mine.yaml").write_text(json.dumps(profile), encoding="utf-8")
    (folder / "params.yaml").write_text(params)
    write_records(folder / "data/videos.csv", Video, footage[1])
    write_faces(folder / "data/faces", {"detector": "none"}, [], [])


PARAMS = """
dataset: mine
extract_frames:
  n_frames: 4
  frame_size: 24
  resample: bicubic
  squash: false
  resize_edge: 0
  max_skipped: 0.0
  person: largest
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
    assert not list((tmp_path / ".scratch").rglob("*.npy"))
    assert json.loads(stage.METRICS.read_text()) == {
        "detector": "none",
        "rows": [],
        "reason": "no faces were looked for",
    }
    assert "4 frames of 24x24 pixels from each of 9 videos, none skipped" in capsys.readouterr().out
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
        "max_skipped: 2",
        "margin: 0.9",
        "person: nicest",
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


def test_the_store_names_the_pixels_of_each_shard(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    _extract(footage, tmp_path)
    digests = json.loads((tmp_path / "out/meta.json").read_text())["sha256"]
    shards = sorted((tmp_path / "out").glob("shard-*.npy"))
    assert len(digests) == len(shards) > 1
    assert digests == [hashlib.sha256(np.load(shard).tobytes()).hexdigest() for shard in shards]


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
        patch.setattr(extraction, "_finish", stop)
        patch.setattr(extraction, "decode_frames", unreadable)
        with pytest.raises(Stopped):
            _extract(footage, tmp_path)
    if lost:
        (tmp_path / "scratch/store/shard-00001.npy").unlink()
    assert _extract(footage, tmp_path) == []
    assert _content(tmp_path / "out") == _content(tmp_path / "undisturbed/out")


CUT = Cut(person="largest", margin=1.5, align=False, without_face="skip")


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
    write_faces(folder, {"detector": "yunet"}, rows, [Skipped("find_faces", videos[3].path, "is damaged")])
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
        assert store.index["frame"].to_numpy()[rows].tolist() == [face.frame for face in chosen]
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
    assert store.index.equals(blanked.index)
    for number in range(3):
        whole = decode_all(root / videos[number].path)
        rows = blanked.rows_of([videos[number].key])
        for row, frame in zip(rows, blanked.index["frame"].to_numpy()[rows], strict=True):
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
        patch.setattr(extraction, "_finish", stop)
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
        patch.setattr(extraction, "_finish", stop)
        with pytest.raises(Stopped):
            _extract(footage, tmp_path, **more)
    (tmp_path / "scratch/part-00001.json").unlink()
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
