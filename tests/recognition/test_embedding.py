"""People of real footage as embeddings, the same whoever works and however often the run is killed."""

import json
import shutil
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.faces.table import write_faces
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.probing import probe_videos
from clipforensics.machine import kept as kept_module
from clipforensics.machine.kept import Kept
from clipforensics.recognition import embedding
from clipforensics.recognition.embedding import (
    Embedding,
    check_faces_are_found,
    chosen_faces,
    embed_people,
    embed_video,
)
from clipforensics.recognition.people import PeopleTable
from clipforensics.recognition.sface import SFace
from tests.support.clips import decode_all, make_clip
from tests.support.faces import make_face
from tests.support.sface_like import write_network

N_VIDEOS = 4


@pytest.fixture(scope="module")
def how(tmp_path_factory):
    return Embedding(write_network(tmp_path_factory.mktemp("net") / "n.onnx"), 2, 40)


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """Clips of a drifting texture, in each of which two faces are said to be, and one that is too small."""
    root = tmp_path_factory.mktemp("footage")
    found = []
    for n in range(N_VIDEOS):
        make_clip(root / f"{n}.mp4", n_frames=6, width=160, height=96, seed=n)
        found.append(Video("set", "X", "", f"t{n}", "", "", 1, "", "", f"{n}.mp4"))
    videos, skipped = probe_videos(found, root, workers=1)
    assert not skipped
    write_faces(root / "faces", {"detector": "yunet"}, [(v.key, faces()) for v in videos], [])
    return videos, root


def faces():
    places = [(f, p) for f in range(0, 6, 2) for p in (0, 1, 2)]
    return [make_face(10 + 70 * p + f, 20, 60 if p < 2 else 12, frame=f, person=p) for f, p in places]


def run(footage, how, tmp_path, *, workers=1, max_skipped=0.0, videos=None):
    known, root = footage
    return embed_people(
        known if videos is None else videos, {known[0].dataset: root}, root / "faces", tmp_path / "out", how,
        model="sface", workers=workers, kept=Kept(tmp_path / "kept", ""), max_skipped=max_skipped,
    )  # fmt: skip


def content(tmp_path):
    return {path.name: path.read_bytes() for path in sorted((tmp_path / "out").iterdir())}


def test_an_embedding_is_the_mean_of_a_persons_features(footage, how, tmp_path):
    videos, root = footage
    assert run(footage, how, tmp_path) == (2 * N_VIDEOS, N_VIDEOS, [])
    table = PeopleTable.open(tmp_path / "out")
    assert table.people["person"].tolist() == [0, 1] * N_VIDEOS
    assert table.people["n_frames"].tolist() == [2] * (2 * N_VIDEOS)
    network, shown = SFace(how.weights), decode_all(root / videos[1].path)
    for person, vector in enumerate(table.vectors[2:4]):
        chosen = [face for face in faces() if face.person == person and face.frame in (0, 4)]
        mean = np.mean([network.embed(shown[face.frame], face) for face in chosen], axis=0)
        expected = mean / np.linalg.norm(mean)
        np.testing.assert_allclose(vector, expected, atol=0.02)  # another way from YUV to RGB
    assert json.loads((tmp_path / "out/meta.json").read_text())["weights"] == "n.onnx"


def test_faces_are_evenly_spaced_and_large_enough(how):
    chosen = chosen_faces(faces(), how)
    assert [(face.frame, face.person) for face in chosen] == [(0, 0), (0, 1), (4, 0), (4, 1)]
    every = chosen_faces(faces(), replace(how, frames_per_person=9, min_side=1))
    assert every == faces()


def test_workers_change_nothing(footage, how, tmp_path):
    run(footage, how, tmp_path / "one")
    run(footage, how, tmp_path / "two", workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_nobody_is_embedded_twice_whatever_comes_beside(footage, how, tmp_path, monkeypatch):
    run(footage, how, tmp_path / "whole")
    run(footage, how, tmp_path, videos=footage[0][1:2])
    read = []

    def counted(path, *rest):
        read.append(path.name)
        return embed_video(path, *rest)

    monkeypatch.setattr(embedding, "embed_video", counted)
    monkeypatch.setattr(kept_module, "map_in_order", in_this_process)
    run(footage, how, tmp_path)
    assert read == [video.path for video in footage[0] if video is not footage[0][1]]
    assert content(tmp_path) == content(tmp_path / "whole")


def test_of_other_faces_nobody_is_taken_for_embedded(footage, how, tmp_path):
    (videos, root), again = footage, tmp_path / "again"
    run(footage, how, tmp_path)
    fewer = [face for face in faces() if face.person == 0]
    write_faces(again / "faces", {"detector": "yunet"}, [(v.key, fewer) for v in videos], [])
    found = embed_people(
        videos, {"set": root}, again / "faces", tmp_path / "out", how,
        model="sface", workers=1, kept=Kept(tmp_path / "kept", ""), max_skipped=0.0,
    )  # fmt: skip
    assert found == (N_VIDEOS, N_VIDEOS, [])


def test_a_file_that_is_another_than_ingest_saw_stops_the_run(footage, how, tmp_path):
    (videos, root), changed = footage, tmp_path / "root"
    shutil.copytree(root, changed)
    content = (changed / "1.mp4").read_bytes()
    (changed / "1.mp4").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(
        InputError, match=r"^'1.mp4' has the SHA-256 .*: changed since ingest; run `dvc repro"
    ):
        run((videos, changed), how, tmp_path)
    (changed / "1.mp4").write_bytes(content)
    assert run((videos, changed), how, tmp_path) == (2 * N_VIDEOS, N_VIDEOS, [])


def in_this_process(work, items, **_):
    yield from map(work, items)


def test_too_many_that_cannot_be_read_stop_the_run(footage, how, tmp_path, monkeypatch):
    def broken(path, *_):
        raise UnreadableVideo("is damaged") if path.name != "0.mp4" else OSError(5, "no such disk")

    monkeypatch.setattr(embedding, "embed_video", broken)
    monkeypatch.setattr(kept_module, "map_in_order", in_this_process)
    _, _, skipped = run(footage, how, tmp_path, max_skipped=1.0)
    assert [one.reason for one in skipped] == ["cannot be read: no such disk"] + ["is damaged"] * 3
    with pytest.raises(InputError, match=r"extract_frames\.max_skipped=0\.5"):
        run(footage, how, tmp_path / "again", max_skipped=0.5)


def test_folders_of_pictures_and_videos_without_a_face(how, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (2, 96, 160, 3), dtype=np.uint8)
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(folder / f"{number}.png")
    (one,) = embed_video(folder, [make_face(20, 20, 60, frame=1, person=4)], how)
    assert (one.person, one.n_frames) == (4, 1)
    assert one.vector.dtype == np.float32
    assert embed_video(tmp_path / "never opened.mp4", [make_face(0, 0, 10, person=0)], how) == []


def test_memory_is_flat_as_videos_are_added(footage, how, tmp_path, monkeypatch):
    """Ten times as many videos take no more memory, but for a line of each's name."""
    monkeypatch.setattr(kept_module, "map_in_order", in_this_process)
    person = embedding.Person(0, 2, np.ones(128, np.float32))
    monkeypatch.setattr(embedding, "embed_video", lambda *_: [person] * 5)

    def peak(n):
        videos = [replace(footage[0][0], take=str(i)) for i in range(n)]
        tracemalloc.start()
        run(footage, how, tmp_path / str(n), videos=videos)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(20)
    assert peak(2000) < peak(200) + 2_000_000, "of 5 MB of embeddings"


def test_without_faces_there_is_nobody_to_recognise():
    check_faces_are_found("yunet")
    with pytest.raises(InputError, match=r"set faces\.detector to yunet, or recognition\.model to none"):
        check_faces_are_found("none")
