"""Frames are cut around the person who is chosen, by a reference that cuts them one by one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video
from clipforensics.crops.cutting import blank, cut_square, cut_upright
from clipforensics.crops.shards import StoreWriter
from clipforensics.faces.table import write_faces
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.footage.probing import probe_videos
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.frames.store import FrameStore
from tests.support.clips import decode_all, make_clip
from tests.support.extractions import CUT, N_FRAMES, Stopped, content_of, extract
from tests.support.faces import make_face
from tests.support.stores import index_of


@pytest.mark.parametrize("align", [False, True])
def test_frames_are_cut_around_the_largest_person(
    align: bool, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), (folder, found) = footage, faces
    cut = CUT.model_copy(update={"align": align})
    skipped = extract(footage, tmp_path, faces=folder, cut=cut, max_skipped=0.2)
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
    (skipped,) = extract(footage, tmp_path, faces=faces[0], cut=cut, max_skipped=0.2, max_without_face=0.0)
    assert skipped.reason == "is damaged"
    extract(footage, tmp_path / "whole")
    store, whole = (FrameStore.open(folder / "out") for folder in (tmp_path, tmp_path / "whole"))
    for video in footage[1][4:]:
        assert np.array_equal(store.read(store.rows_of([video.key])), whole.read(whole.rows_of([video.key])))
    crops = pd.read_csv(tmp_path / "out/crops.csv").set_index("key")
    assert crops.loc[footage[1][4].key].tolist() == [0, -1, 0, 0]


def test_the_same_frames_without_any_face(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), (folder, found) = footage, faces
    extract(footage, tmp_path, faces=folder, cut=CUT, max_skipped=0.2)
    extract(footage, tmp_path / "blank", faces=folder, cut=CUT, max_skipped=0.2, blanked=True)
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
        extract(footage, tmp_path, faces=faces[0], cut=CUT, max_without_face=0.5)
    with pytest.raises(InputError, match=r"more than extract_frames\.max_skipped=0\.1 allows"):
        extract(footage, tmp_path / "other", faces=faces[0], cut=CUT, max_skipped=0.1)


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
            extract(footage, tmp_path, faces=faces[0], cut=CUT)
    with pytest.raises(InputError, match=r"max_without_face=0\.5"):
        extract(footage, tmp_path, faces=faces[0], cut=CUT, max_without_face=0.5)


def test_a_face_s_size_is_the_median_over_the_frames(
    footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    (root, videos), frames = footage, sample_frame_indices(N_FRAMES[0], 5).tolist()
    sides = [10, 30, 12, 11, 29]
    here = [make_face(2, 2, side, frame=n, person=0) for n, side in zip(frames, sides, strict=True)]
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [(videos[0].key, here)], [])
    extract((root, videos[:1]), tmp_path, faces=tmp_path / "faces", cut=CUT)
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
    extract(footage, tmp_path / "undisturbed", **more)

    def stop(*_: object) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "finish", stop)
        with pytest.raises(Stopped):
            extract(footage, tmp_path, **more)
    sorted((tmp_path / "kept").glob("*.npy"))[1].unlink()
    extract(footage, tmp_path, **more)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "undisturbed/out")


def test_the_middle_is_that_of_the_picture_as_it_is_shown(tmp_path: Path) -> None:
    """A clip of 96 x 48 that is shown as 48 x 96: one face in its middle, one where 96 x 48 has it."""
    make_clip(tmp_path / "turned.mp4", n_frames=2, width=96, height=48, rotation=90)
    found = [Video("set", "GAN", "", "t", "", "", 1, "", "", "turned.mp4")]
    videos, _ = probe_videos(found, tmp_path, workers=1)
    middle, other = make_face(16, 40, 16, person=0), make_face(30, 16, 16, person=1)
    write_faces(tmp_path / "faces", {"detector": "yunet"}, [(videos[0].key, [middle, other])], [])
    cut = CUT.model_copy(update={"person": "central"})
    extract((tmp_path, videos), tmp_path, faces=tmp_path / "faces", cut=cut, n_frames=1)
    assert pd.read_csv(tmp_path / "out/crops.csv")["person"].tolist() == [0]


def test_a_table_of_nobody_looking_changes_nothing(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    write_faces(tmp_path / "faces", {"detector": "none"}, [], [])
    extract(footage, tmp_path, faces=tmp_path / "faces", cut=CUT)
    extract(footage, tmp_path / "without")
    assert content_of(tmp_path / "out") == content_of(tmp_path / "without/out")
