"""Where every person is cut out apart, or the one under the mask."""

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video, write_records
from clipforensics.crops import extraction
from clipforensics.crops.cutting import blank, cut_square, cut_upright
from clipforensics.crops.extraction import extract_frames, extract_video
from clipforensics.crops.person import Cut
from clipforensics.crops.reuse import Before
from clipforensics.faces.finding import Looking, find_faces
from clipforensics.faces.table import FaceTable, write_faces
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.footage.probing import probe_videos
from clipforensics.frames.codecs import CODECS
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept
from tests.support.clips import decode_all
from tests.support.extractions import CUT, N_FRAMES, SETTINGS, content_of, extract
from tests.support.faces import YUNET, make_face, needs_yunet
from tests.support.shared_data import FOOTAGE, needs_shared
from tests.support.stores import index_of

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
    extract(footage, tmp_path, faces=faces[0], cut=cut, max_skipped=0.2)
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
        extract((root, videos[:1]), tmp_path / str(share), faces=tmp_path / "faces", cut=cut)
        assert set(pd.read_csv(tmp_path / f"{share}/out/index.csv")["person"]) == people


@pytest.mark.parametrize("blanked", [False, True])
@pytest.mark.parametrize("person", ["largest", "every", "mask"])
def test_a_codec_changes_no_pixel_row_or_crop(
    person: str, blanked: bool, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    more = {"faces": faces[0], "cut": EVERY.model_copy(update={"person": person}), "blanked": blanked}
    for codec in CODECS:
        extract(_with_masks(footage), tmp_path / codec, codec=codec, max_skipped=0.2, **more)
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
    extract(footage, tmp_path, faces=faces[0], cut=cut, max_skipped=0.2)
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
        extract(footage, tmp_path / name, faces=folder, cut=EVERY, max_skipped=0.2, blanked=blanked)
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
from clipforensics.core.faults import InputError
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
    _draw_mask(root / "mask", (height, width), slice(22))
    return root, [replace(videos[0], mask="mask"), *videos[1:]]


def _draw_mask(folder: Path, shape: tuple[int, int], columns: slice) -> None:
    """Of the first video, white in some columns."""
    folder.mkdir(exist_ok=True)
    white = np.zeros(shape, np.uint8)
    white[10:30, columns] = 255
    for number in range(N_FRAMES[0]):
        Image.fromarray(white).save(folder / f"{number:03d}.png")


@pytest.mark.parametrize("person", ["every", "mask"])
def test_a_killed_run_goes_on_to_the_same_people(
    person: str, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    root, videos = footage = _with_masks(footage)
    cut = EVERY.model_copy(update={"person": person})
    more = {"faces": faces[0], "cut": cut, "max_skipped": 0.2, "shard_frames": 5}
    extract(footage, tmp_path / "undisturbed", **more)
    killed = tmp_path / "killed"
    write_records(killed / "videos.csv", Video, videos)
    arguments = [sys.executable, "-c", _KILLED_APART, str(killed), str(root), str(faces[0]), person]
    done = subprocess.run(
        arguments, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(list((killed / "kept").glob("*.npy"))) == 1
    extract(footage, killed, **more)
    assert content_of(killed / "out") == content_of(tmp_path / "undisturbed/out")


def test_the_person_under_the_mask_is_cut_out(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), cut = _with_masks(footage), CUT.model_copy(update={"person": "mask"})
    extract((root, videos), tmp_path, faces=faces[0], cut=cut, max_skipped=0.2)
    crops = pd.read_csv(tmp_path / "out/crops.csv")
    assert crops["person"].tolist() == [0, 0, 0]  # the largest of the first video is person 1
    assert crops["marked"].iloc[0] > 0.5 > 0 == crops["marked"].iloc[1]
    assert "person" not in index_of(FrameStore.open(tmp_path / "out"))
    longer = [replace(videos[0], mask="pictures"), *videos[1:]]
    skipped = extract((root, longer), tmp_path / "longer", faces=faces[0], cut=cut)
    assert skipped[0].reason == "its mask has 11 frames, the video 9; replace or remove it"
    gone = [replace(videos[0], mask="gone.mp4"), *videos[1:]]
    skipped = extract((root, gone), tmp_path / "gone", faces=faces[0], cut=cut)
    assert skipped[0].reason == "its mask is not a file"


OTHERWISE = {
    "blanked": {"blanked": True},
    "margin": {"cut": CUT.model_copy(update={"margin": 2.0})},
    "align": {"cut": CUT.model_copy(update={"align": True})},
    "person": {"cut": EVERY},
    "whole": {"faces": None},
    "number": {"n_frames": 3},
    "size": {"fitting": Fitting(16, squash=True)},
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_was_cut_in_another_way_is_not_taken_for_it(
    what: str, footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    usual = {"faces": faces[0], "cut": CUT, "max_skipped": 0.2}
    for folder in (tmp_path, tmp_path / "fresh"):
        if folder == tmp_path:
            extract(footage, folder, **usual)
        extract(footage, folder, **{**usual, **OTHERWISE[what]})
    assert content_of(tmp_path / "out") == content_of(tmp_path / "fresh/out")


def test_what_was_cut_by_another_mask_of_the_same_name_is_not_taken_for_it(
    footage: tuple[Path, list[Video]],
    faces: tuple[Path, dict],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that changes after its key was made is told."""
    root, video = tmp_path / "root", replace(footage[1][0], mask="mask")
    root.mkdir()
    shutil.copyfile(footage[0] / video.path, root / video.path)
    how = {"faces": faces[0], "cut": CUT.model_copy(update={"person": "mask"})}
    for columns, person in ((slice(22), 0), (slice(44, None), 1)):
        _draw_mask(root / "mask", (48, 64), columns)
        extract((root, [video]), tmp_path, **how)
        assert pd.read_csv(tmp_path / "out/crops.csv")["person"].tolist() == [person]

    class Meanwhile(Before):
        def __init__(self, *args: object, **more: object) -> None:
            super().__init__(*args, **more)  # type: ignore[arg-type]
            _draw_mask(root / "mask", (48, 64), slice(22))

    monkeypatch.setattr(extraction, "Before", Meanwhile)
    with pytest.raises(InputError, match=r"^the mask 'mask' was changed while it was used; run again"):
        extract((root, [video]), tmp_path / "meanwhile", **how)


def test_a_real_video_is_cut_around_whom_the_fake_made_of_it_shows(
    footage: tuple[Path, list[Video]], faces: tuple[Path, dict], tmp_path: Path
) -> None:
    (root, videos), cut = _with_masks(footage), CUT.model_copy(update={"person": "mask"})
    fake = videos[0]
    real = replace(fake, manipulation="real", label=0, mask="")
    write_faces(
        tmp_path / "faces", {"detector": "yunet"}, [(one.key, faces[1][0]) for one in (real, fake)], []
    )
    extract((root, [real, fake]), tmp_path, faces=tmp_path / "faces", cut=cut)
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
        extract(_with_masks(footage), folder, faces=faces[0], cut=cut, max_skipped=0.2)
    assert content_of(tmp_path / "0.25/out") == content_of(tmp_path / "1.0/out")
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
    extract((FOOTAGE, videos), tmp_path / "apart", cut=apart, **more)
    extract((FOOTAGE, videos), tmp_path / "largest", cut=largest, **more)
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
        assert extract(footage, tmp_path / name, **more) == []
    plain, cut, background = (
        FrameStore.open(tmp_path / name / "out") for name in ("plain", "cut", "background")
    )
    rows = np.arange(len(plain))
    assert np.array_equal(cut.read(rows), plain.read(rows))
    assert len(background) == len(plain)
    assert not background.read(rows).any()
    assert cut.margin is None, "these frames are not cut around a face"
