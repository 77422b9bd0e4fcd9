"""Stages embed_people and recognition: off as shipped; a face under another name is found across parts."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video, read_videos, write_records
from clipforensics.faces.table import write_faces
from clipforensics.footage.probing import probe_videos
from clipforensics.recognition.people import PeopleTable, Person, write_people
from stages import embed_people, find_faces, recognition, split
from tests.recognition.test_settings import SHIPPED as SECTION
from tests.support.clips import make_clip
from tests.support.controls import SHIPPED
from tests.support.faces import YUNET, YUNET_SHA256, make_face, needs_yunet
from tests.support.profiles import use_profiles
from tests.support.sface_like import write_network
from tests.support.shared_data import FOOTAGE

PROTOCOL = {"train_sets": ["FS"], "test_manipulations": ["NT"], "seeds": [42]}
RESULT = Path("data/metrics/leakage/faces/grouped/FS.json")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Twelve people, each swapped with a neighbour; every fifth shows the same face under another name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "1")
    people = [f"{i:02d}" for i in range(12)]
    swaps = [(people[i], people[i + 1 - 2 * (i % 2)]) for i in range(12)]
    named = [("real", name, "") for name in people]
    named += [(kind, target, source) for kind in ("FS", "NT") for target, source in swaps]
    found = []
    for kind, target, source in named:
        path = f"{kind}/{target}{source}.mp4"
        # Whose face a video shows decides what it looks like: here the target's.
        # Of another length each, or those of one face would be the same bytes, and so one person by name.
        make_clip(
            tmp_path / "root" / path, n_frames=4 + len(found), width=96, height=96, seed=int(target) % 5
        )
        found.append(Video("mine", kind, "", target, source, "", int(bool(source)), "", "", path))
    videos, skipped = probe_videos(found, tmp_path / "root", workers=1)
    assert not skipped
    write_records(Path("data/videos.csv"), Video, videos)
    faces = [(one.key, [make_face(8, 8, 80, frame=f, person=0) for f in (0, 2)]) for one in videos]
    write_faces(Path("data/faces"), {"detector": "yunet"}, faces, [])
    Path("conf/data").mkdir(parents=True)
    Path("conf/data/mine.yaml").write_text(f"layout: manifest\nroot: {tmp_path / 'root'}\n")
    return settings


def settings(on_leak="report", splits=("grouped",), **changes):
    network = write_network(Path("net/n.onnx"))
    digest = hashlib.sha256(network.read_bytes()).hexdigest()
    section = {**SECTION, "model": "sface", "weights": str(network), "sha256": digest, "threshold": 0.98}
    content = {
        **SHIPPED,
        "dataset": "mine",
        "protocol": {**PROTOCOL, "splits": list(splits)},
        "recognition": {**section, **changes},
    }
    content["split"] = {**SHIPPED["split"], "on_leak": on_leak}
    Path("params.yaml").write_text(yaml.safe_dump(content))
    use_profiles()


def run():
    embed_people.main()
    split.main("grouped", "FS")
    recognition.main()
    return json.loads(RESULT.read_text())


def test_a_face_under_another_name_is_found_where_it_crosses_parts(project, capsys):
    project()
    found = run()
    assert (found["split"], found["protocol"], found["model"]) == ("grouped", "grouped", "sface")
    assert (found["threshold"], found["min_side"]) == (0.98, 56)
    part_of = {
        key: part for part in ("train", "val", "test")
        for key in pd.read_csv(f"data/splits/grouped/FS/{part}.csv")["key"]
    }  # fmt: skip
    looks = {one.key: int(one.target) % 5 for one in read_videos(Path("data/videos.csv"))}
    crossing = 0
    for name, (first, second) in {
        "train_test": ("train", "test"), "val_test": ("val", "test"), "train_val": ("train", "val"),
    }.items():  # fmt: skip
        alike = {
            (a, b) for a in part_of for b in part_of
            if part_of[a] == first and part_of[b] == second and looks[a] == looks[b]
        }  # fmt: skip
        assert found[name]["pairs"] == {"explained": 0, "unexplained": len(alike)}, (
            "grouped keeps names apart"
        )
        of = {b for _, b in alike if "/NT/" in b}
        assert found[name]["manipulations"].get("NT", {"unexplained": 0})["unexplained"] == len(of)
        crossing += len(alike)
        for example in found[name]["examples"]:
            assert (example["other"], example["video"]) in alike
            assert example["cosine"] >= 0.98
    assert crossing, "else the test shows nothing; choose another split.seed"
    assert "36 people in 36 of 36 videos" in capsys.readouterr().out


def write_strangers():
    """A table in which no two videos show the same face."""
    keys = [video.key for video in read_videos(Path("data/videos.csv"))]
    people = [[Person(0, 2, vector)] for vector in np.eye(len(keys), dtype=np.float32)]
    found = zip(keys, people, strict=True)
    write_people(Path("data/people"), {"model": "sface"}, found, [], n_people=len(keys), width=len(keys))


def test_people_whom_names_call_the_same_but_whose_faces_differ_are_no_finding(project):
    project(splits=["per_class"])
    write_strangers()
    split.main("per_class", "FS")
    recognition.main()
    by_name = json.loads(Path("data/metrics/leakage/per_class/FS.json").read_text())
    assert by_name["fake"]["any_seen"], "names say that training has seen somebody"
    found = json.loads(Path("data/metrics/leakage/faces/per_class/FS.json").read_text())
    for side in ("train_test", "val_test", "train_val"):
        assert found[side]["pairs"] == {"explained": 0, "unexplained": 0}
        assert found[side]["examples"] == []


def test_the_gate_on_leaks_stops_there_too_once_all_is_written(project):
    project(on_leak="fail")
    with pytest.raises(InputError, match=r"split\.on_leak is fail, and in split grouped of FS") as error:
        run()
    assert "show a face as in one of training" in str(error.value)
    assert "raise recognition.threshold" in str(error.value)
    assert RESULT.exists()
    write_strangers()
    recognition.main()


def test_the_same_again_gives_the_same_bytes(project, monkeypatch):
    project()
    run()
    files = [RESULT, *Path("data/people").iterdir()]
    before = [path.read_bytes() for path in files]
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "2")
    run()
    assert [path.read_bytes() for path in files] == before
    assert [path.name for path in Path(".scratch/kept").iterdir()] == ["embed_people"]


def test_as_shipped_nobody_is_recognised_and_no_network_is_looked_for(project, capsys):
    project(model="none", weights="/none/at.all", on_leak="fail")
    found = run()
    assert found == {
        "split": "grouped", "protocol": "grouped", "train_set": "FS", "model": "none",
        "undefined": "nobody is recognised: recognition.model is none",
    }  # fmt: skip
    assert PeopleTable.open(Path("data/people")).model == "none"
    assert "recognition.model is none" in capsys.readouterr().out


def test_other_weights_than_those_that_were_meant_and_a_table_without_faces_are_refused(project):
    project(sha256="0" * 64)
    with pytest.raises(InputError, match=r"recognition\.sha256 .* does not fit"):
        embed_people.main()
    write_faces(Path("data/faces"), {"detector": "none"}, [], [])
    with pytest.raises(InputError, match="no faces are looked for"):
        embed_people.main()
    assert not Path("data/people").exists()


@needs_yunet
def test_clips_are_embedded_by_the_real_detectors_landmarks(project):
    """The made-up network sees a coarse picture, so a clip is like its copy, two speakers are not alike."""
    project()
    names = ["real/liveportrait_d2.mp4", "real/liveportrait_src_s18.mp4", "fake/sadtalker_art_0_japanese.mp4"]
    found = [Video("mine", "X", "", f"t{n}", "", "", 1, "", "", name) for n, name in enumerate(names)]
    found += [Video("mine", "X", "", "again", "", "", 1, "", "", names[0])]
    videos, _ = probe_videos(found, FOOTAGE, workers=1)
    write_records(Path("data/videos.csv"), Video, videos)
    Path("conf/data/mine.yaml").write_text(f"layout: manifest\nroot: {FOOTAGE}\n")
    content = yaml.safe_load(Path("params.yaml").read_text())
    content["faces"] |= {"weights": str(YUNET), "sha256": YUNET_SHA256}
    content["extract_frames"]["n_frames"] = 4
    Path("params.yaml").write_text(yaml.safe_dump(content))
    use_profiles()
    find_faces.main()
    embed_people.main()
    table = PeopleTable.open(Path("data/people"))
    assert table.people["n_frames"].max() == 4
    cosines = table.vectors @ table.vectors.T
    keys = table.people["key"].tolist()
    same = cosines[keys.index(videos[0].key), keys.index(videos[3].key)]
    assert same == pytest.approx(1)
    assert np.max(np.triu(cosines[:3, :3], 1)) < 0.9
