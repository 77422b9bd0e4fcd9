"""Faces of real footage, the same whoever works and however often the run is killed."""

import json
import tracemalloc
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.faces import finding
from clipforensics.faces.finding import Looking, find_faces, find_in_video
from clipforensics.faces.table import FaceTable
from clipforensics.footage import holding
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.probing import digest, probe_videos
from clipforensics.footage.video import decode_frames
from clipforensics.machine import kept as kept_module
from clipforensics.machine.kept import Kept
from tests.support.clips import make_clip
from tests.support.faces import YUNET, make_face, needs_yunet
from tests.support.shared_data import FOOTAGE

LOOKING = Looking(YUNET, n_frames=4, detect_size=320, min_score=0.6, stride=1)
NAMES = ["real/short_hamilton_clip.mp4", "real/liveportrait_d2.mp4", "fake/sadtalker_art_0_japanese.mp4"]

pytestmark = needs_yunet


@pytest.fixture(scope="module")
def videos():
    found = [Video("set", "X", "", f"t{n}", "", "", 1, "", "", path) for n, path in enumerate(NAMES)]
    probed, skipped = probe_videos(found, FOOTAGE, workers=1)
    assert not skipped
    return probed


def run(videos, tmp_path, *, root=FOOTAGE, workers=1, max_skipped=0.0, looking=LOOKING):
    return find_faces(
        videos, {"set": root}, tmp_path / "out", looking,
        detector="yunet", workers=workers, kept=Kept(tmp_path / "kept", ""), max_skipped=max_skipped,
    )  # fmt: skip


def content(tmp_path):
    return {path.name: path.read_bytes() for path in sorted((tmp_path / "out").iterdir())}


def test_every_sampled_frame_is_looked_at_and_people_are_numbered(videos, tmp_path):
    n_faces, n_with, skipped = run(videos, tmp_path)
    table = FaceTable.open(tmp_path / "out")
    assert (n_with, skipped, table.skipped) == (3, [], {})
    assert n_faces == sum(len(table.of(video.key)) for video in videos)
    crowd, one, _ = (table.of(video.key) for video in videos)
    assert {face.frame for face in one} == {2, 6, 10, 14}
    assert {face.person for face in one} == {0}
    assert len({face.person for face in crowd}) > 2
    assert json.loads((tmp_path / "out/meta.json").read_text())["weights"] == YUNET.name


def test_workers_change_nothing(videos, tmp_path):
    run(videos, tmp_path / "one")
    run(videos, tmp_path / "two", workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_nobody_is_looked_for_twice_whatever_comes_beside(videos, tmp_path, monkeypatch):
    run(videos, tmp_path / "whole")
    run(videos[1:2], tmp_path)
    looked, whole = [], finding.find_in_video

    def counted(path, *rest):
        looked.append(path.name)
        return whole(path, *rest)

    monkeypatch.setattr(finding, "find_in_video", counted)
    monkeypatch.setattr(kept_module, "map_in_order", in_this_process)
    run(videos, tmp_path)
    assert looked == [Path(NAMES[0]).name, Path(NAMES[2]).name]
    assert content(tmp_path) == content(tmp_path / "whole")


def in_this_process(work, items, **_):
    yield from map(work, items)


def known(name, root):
    """A file as `ingest` would have known it, had it taken it."""
    found = digest(root / f"{name}.mp4")
    return Video("set", "X", "", name, "", "", 1, "", "", f"{name}.mp4", 30, sha256=found)


def test_videos_that_cannot_be_decoded_are_told_and_too_many_stop_the_run(tmp_path):
    good = make_clip(tmp_path / "root/good.mp4")
    (tmp_path / "root/bad.mp4").write_bytes(good.read_bytes()[:900])
    (tmp_path / "root/noise.mp4").write_bytes(b"no video at all")
    pair = [known(name, tmp_path / "root") for name in ("good", "bad", "noise")]
    _, n_with, skipped = run(pair, tmp_path, root=tmp_path / "root", max_skipped=0.7)
    assert n_with == 0
    assert [one.path for one in skipped] == ["bad.mp4", "noise.mp4"]
    with pytest.raises(InputError, match=r"extract_frames\.max_skipped=0\.5"):
        run(pair, tmp_path / "again", root=tmp_path / "root", max_skipped=0.5)


def test_a_file_that_is_another_than_ingest_saw_stops_the_run_and_leaves_nothing(tmp_path):
    clips = [make_clip(tmp_path / f"root/{name}.mp4", seed=seed) for seed, name in enumerate("ab")]
    pair, content = [known(name, tmp_path / "root") for name in "ab"], clips[1].read_bytes()
    clips[1].write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for _ in range(2):
        with pytest.raises(InputError, match=r"^'b.mp4' has the SHA-256 .*: changed since ingest; run `dvc"):
            run(pair, tmp_path, root=tmp_path / "root")
    clips[1].write_bytes(content)
    assert run(pair, tmp_path, root=tmp_path / "root")[2] == []
    clips[1].unlink()
    with pytest.raises(InputError, match=r"^'b.mp4' is gone from .* since ingest; run `dvc repro -f ingest`"):
        run(pair, tmp_path / "again", root=tmp_path / "root")


def test_too_many_stop_a_run_that_was_all_done_before_too(tmp_path):
    """The last video's fault stopped the run; called again, it stops again, though nothing is left to do."""
    (tmp_path / "root").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"root/{name}.mp4").write_bytes(b"no video at all")
    pair = [known(name, tmp_path / "root") for name in ("a", "b")]
    run(pair, tmp_path, root=tmp_path / "root", max_skipped=1.0)
    with pytest.raises(InputError, match=r"2 of 2 videos cannot be used"):
        run(pair, tmp_path, root=tmp_path / "root", max_skipped=0.5)


def test_memory_does_not_grow_with_the_videos(tmp_path, monkeypatch):
    def many(root, looking, video):
        return [astuple(make_face(n, 0, frame=n, person=0)) for n in range(32)]

    monkeypatch.setattr(finding, "_find", many)
    monkeypatch.setattr(holding, "check_content", lambda *_: None)  # there are no files
    monkeypatch.setattr(kept_module, "map_in_order", in_this_process)
    crowd = [Video("set", "X", "", f"t{n}", "", "", 1, "", "", f"{n}.mp4", 30) for n in range(200)]
    run(crowd[:2], tmp_path / "few")
    tracemalloc.start()
    try:
        for _ in range(2):  # the second time what is saved is read again
            n_faces, n_with, _ = run(crowd, tmp_path)
            assert (n_faces, n_with) == (200 * 32, 200)
            assert tracemalloc.get_traced_memory()[1] < 1e6, "200 x 32 faces take 4 MB and more"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("stride", [1, 3])
def test_frames_that_are_delivered_out_of_order_change_nothing(stride, videos, monkeypatch):
    looking = replace(LOOKING, n_frames=8, stride=stride)
    path, n_frames = FOOTAGE / videos[0].path, videos[0].n_frames
    expected = find_in_video(path, n_frames, looking)

    def shuffled(path, indices):
        pictures = list(decode_frames(path, indices))
        return iter([*pictures[3:5], *pictures[:3], *pictures[:4:-1]])

    monkeypatch.setattr(finding, "decode_frames", shuffled)
    assert find_in_video(path, n_frames, looking) == expected


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), MemoryError()])
def test_what_the_system_keeps_from_being_read_is_told_and_looked_at_again(
    error, videos, tmp_path, monkeypatch
):
    def failing(*_):
        raise error

    monkeypatch.setattr(kept_module, "map_in_order", in_this_process)
    with monkeypatch.context() as patch:
        patch.setattr(finding, "find_in_video", failing)
        _, _, (skipped,) = run(videos[1:2], tmp_path, max_skipped=1.0)
    assert skipped.reason.startswith("cannot be read: ")
    assert run(videos[1:2], tmp_path) == (4, 1, [])


def test_how_it_is_looked_is_as_asked_for(videos, monkeypatch):
    asked = {}

    class Told(finding.Yunet):
        def __init__(self, weights, **how):
            asked.update(how)
            super().__init__(weights, **how)

    monkeypatch.setattr(finding, "Yunet", Told)
    finding._detector.cache_clear()
    find_in_video(FOOTAGE / NAMES[1], 16, replace(LOOKING, detect_size=200, min_score=0.7))
    finding._detector.cache_clear()
    assert asked == {"detect_size": 200, "min_score": 0.7}


def test_folders_of_pictures_and_single_ones_are_looked_at(tmp_path):
    ((_, picture),) = decode_frames(FOOTAGE / NAMES[1], [0])
    (tmp_path / "one").mkdir()
    for number in range(3):
        Image.fromarray(picture).save(tmp_path / f"one/{number}.png")
    assert [face.frame for face in find_in_video(tmp_path / "one", 3, LOOKING)] == [0, 1, 2]
    assert [face.person for face in find_in_video(tmp_path / "one/1.png", 1, LOOKING)] == [0]


def test_more_frames_than_there_are_is_refused(videos):
    with pytest.raises(UnreadableVideo):
        find_in_video(FOOTAGE / NAMES[1], 40, LOOKING)
