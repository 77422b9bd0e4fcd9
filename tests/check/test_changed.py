"""Footage that changed after ingest is noticed by its names and sizes."""

import json
from pathlib import Path

import pytest

from benchmarks.material import TOY, write_clip
from clipforensics.check.changed import find_change_of_encoder
from clipforensics.check.changed import find_changes as find
from clipforensics.check.footage import Footage
from clipforensics.core.files import write_json
from clipforensics.core.records import Skipped, Video, write_records
from clipforensics.encoder.vision import EncoderSection, config_digest
from clipforensics.sources.base import Profile

VIDEOS, SKIPPED = Path("data/videos.csv"), Path("data/skipped.csv")


def find_changes(one):
    return find(one, VIDEOS, SKIPPED)


def video(path, n_bytes=0, dataset="mine"):
    return Video(dataset, "X", "", path, "", "", 1, "", "", path, 1, 8, 8, n_bytes)


def footage(*paths, layout="class_folders", root=Path("root"), dataset="mine", others=()):
    listed = [video(path, dataset=dataset) for path in paths]
    return Footage(dataset, Profile(layout=layout), root, listed, 0, others)


@pytest.fixture
def ingested(tmp_path, monkeypatch):
    """Two videos in the table, one file that was left out."""
    monkeypatch.chdir(tmp_path)
    Path("root").mkdir()
    for name, content in (("a.mp4", b"12345"), ("b.mp4", b"1234"), ("bad.mp4", b"")):
        (Path("root") / name).write_bytes(content)
    write_records(VIDEOS, Video, [video("a.mp4", 5), video("b.mp4", 4)])
    write_records(SKIPPED, Skipped, [Skipped("ingest", "bad.mp4", "is empty", "mine")])


def test_what_is_as_it_was_is_not_told(ingested):
    assert find_changes(footage("a.mp4", "b.mp4", "bad.mp4")) == []


def test_new_gone_and_changed_files_are_counted_with_the_remedy(ingested):
    Path("root/b.mp4").write_bytes(b"more than before")
    (line,) = find_changes(footage("b.mp4", "c.mp4", "d.mp4", "bad.mp4"))
    assert line == (
        "mine has changed since ingest: 2 new ('c.mp4' and others), 1 gone ('a.mp4'), 1 of another size"
        " ('b.mp4'); `dvc repro -s -f ingest`, then `dvc repro`, takes that in, and does nothing twice"
    )


def test_of_several_data_sets_each_is_told_alone(ingested):
    write_records(VIDEOS, Video, [video("a.mp4", 5), video("b.mp4", 4), video("a.mp4", 5, "other")])
    other = footage("a.mp4", "e.mp4", dataset="other")
    (line,) = find_changes(footage("a.mp4", "b.mp4", others=(other,)))
    assert line.startswith("other has changed since ingest: 1 new ('e.mp4');")


def test_an_encoder_whose_config_or_preprocessing_changed_is_told_with_the_remedy(tmp_path):
    write_clip(tmp_path / "clip", TOY)
    encoder = EncoderSection(model=str(tmp_path / "clip"), revision="local", embedding="projected")
    meta, file = tmp_path / "meta.json", tmp_path / "clip/preprocessor_config.json"
    view = tmp_path / "view.json"
    assert find_change_of_encoder(encoder, [meta, view]) == [], "nothing was embedded"
    write_json(meta, {})
    assert find_change_of_encoder(encoder, [meta, view]) == [], "by an earlier version"
    for one in (meta, view):
        write_json(one, {"config_sha256": config_digest(encoder.model, encoder.revision)})
    assert find_change_of_encoder(encoder, [meta, view]) == []
    file.write_text(json.dumps({**json.loads(file.read_text()), "image_std": [1.0, 1.0, 1.0]}))
    (line,) = find_change_of_encoder(encoder, [meta, view])
    assert line == (
        f"the config or preprocessing of encoder.model {encoder.model!r} has changed since embed or"
        " embed_controls; `dvc repro -s -f embed embed_controls`, then `dvc repro`, takes that in"
    )
    write_json(meta, {"config_sha256": config_digest(encoder.model, encoder.revision)})
    assert find_change_of_encoder(encoder, [meta, view]) == [line], "the views are of the old one still"


def test_before_ingest_and_of_the_sample_there_is_nothing_to_tell(ingested):
    assert find_changes(footage("x.mp4", dataset="never")) == []
    assert find_changes(footage("x.mp4", layout="sample")) == []
    VIDEOS.unlink()
    assert find_changes(footage("x.mp4")) == []
