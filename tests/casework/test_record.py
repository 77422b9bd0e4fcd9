"""case.json: everything, and nothing of this machine."""

import json
import socket
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from clipforensics.casework.examining import examine
from clipforensics.casework.outputs import FORM, HEAD
from clipforensics.casework.record import again, as_text, case_record, exhibit_of, settings_of
from clipforensics.faces.face import POINTS
from clipforensics.footage.probing import digest
from clipforensics.publishing.digests import package_digest
from clipforensics.scoring.places import Place
from tests.support.faces import YUNET


def test_it_names_exhibit_and_package_by_their_digests(whole):
    record = whole.record
    assert (next(iter(record)), record[HEAD]) == (HEAD, FORM)
    assert record["exhibit"]["sha256"] == digest(whole.video)
    assert record["exhibit"]["n_bytes"] == whole.video.stat().st_size
    assert record["exhibit"]["name"] == whole.video.name
    assert record["model"]["sha256"] == package_digest(whole.package)
    assert record["model"]["files"]["detector.json"] == digest(whole.package / "detector.json")
    assert len(record["model"]["files"]) == sum(path.is_file() for path in whole.package.rglob("*"))
    assert record["model"]["commit"] == ""


def test_every_frame_that_was_looked_at_stands_there_with_number_time_and_score(whole):
    rows = whole.record["sampled"]
    assert [row["frame"] for row in rows] == whole.seen.case.seen.sampled.tolist()
    assert [row["seconds"] for row in rows] == pytest.approx([row["frame"] / 25 for row in rows])
    assert [row["scored"][0]["score"] for row in rows] == whole.seen.case.scores.tolist()
    assert {row["scored"][0]["face"] for row in rows} == {None}


def test_faces_stand_there_with_box_and_landmarks(pair):
    rows = pair.record["sampled"]
    assert {len(row["scored"]) for row in rows} == {2}
    face = rows[0]["scored"][0]["face"]
    mine = pair.seen.case.seen.faces[0]
    assert face["box"] == [mine.x, mine.y, mine.width, mine.height]
    assert list(face["points"]) == list(POINTS)
    assert face["points"]["right_eye"] == list(mine.points[:2])
    assert len(pair.record["faces"]) == len(pair.seen.case.seen.everybody) == 12


def test_frames_without_anybody_stand_there_too(pair):
    hidden = pair.seen.case.seen.frames != pair.seen.case.seen.frames[0]
    seen = replace(
        pair.seen,
        verdict=replace(
            pair.seen.verdict,
            frames=tuple(one for one, keep in zip(pair.seen.verdict.frames, hidden, strict=True) if keep),
        ),
    )
    rows = case_record(seen, pair.detector, prior=None)["sampled"]
    assert rows[0]["scored"] == []
    assert len(rows) == 6


def test_nothing_of_the_machine_or_the_day_is_in_it(pair, whole):
    for made in (pair, whole):
        text = as_text(made.record)
        for mine in (str(made.package.parent), str(YUNET.parent), f'"{socket.gethostname()}"'):
            assert mine not in text
        assert time.strftime("%Y-%m-%d") not in text


def test_the_text_is_ascii_and_goes_through_json(whole):
    text = as_text({**whole.record, "x": "\udc80é"})
    assert text.isascii()
    assert json.loads(text)["verdict"]["score"] == whole.seen.verdict.score


def test_a_folder_names_every_picture_by_its_digest(whole, tmp_path):
    for number in range(3):
        array = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(array).save(tmp_path / f"{number}.png")
    found = exhibit_of(examine(whole.detector, tmp_path, prior=None))
    assert found["pictures"] == {f"{n}.png": digest(tmp_path / f"{n}.png") for n in range(3)}


def test_the_command_names_no_path_and_quotes_the_name(whole):
    found = again("a b;$(x).mp4", whole.detector, 0.25, ["--encoder"])
    assert found["command"] == (
        "clipforensics case 'a b;$(x).mp4' --model MODEL --encoder ENCODER --prior 0.25 --out CASE"
    )
    assert any(need.startswith("MODEL: ") for need in found["needs"])
    assert any(need.startswith("ENCODER: ") for need in found["needs"])
    assert "case ./-x.mp4 " in again("-x.mp4", whole.detector, None, [])["command"]


def test_a_model_of_the_hub_is_named_with_its_commit(whole, monkeypatch):
    monkeypatch.setattr(whole.detector, "place", Place("owner/name", whole.package, "a" * 40))
    found = again("a.mp4", whole.detector, None, [])
    assert f"--model owner/name --revision {'a' * 40}" in found["command"]
    assert not any(need.startswith("MODEL") for need in found["needs"])


def test_settings_name_the_face_detector_by_its_digest_alone(pair):
    around = settings_of(pair.detector, None)["around"]
    assert "weights" not in around
    assert len(around["sha256"]) == 64
    assert around["margin"] == 1.3
