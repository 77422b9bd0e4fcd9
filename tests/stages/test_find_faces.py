"""The stage looks for faces where that is wanted, and writes an empty table that says so where not."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video, write_records
from clipforensics.faces.table import FaceTable
from clipforensics.footage.probing import probe_videos
from stages import find_faces as stage
from tests.support.faces import YUNET, YUNET_SHA256, needs_yunet
from tests.support.profiles import use_profiles
from tests.support.repository import ROOT, edit_yaml
from tests.support.shared_data import FOOTAGE

NAMES = ["real/liveportrait_d2.mp4", "fake/sadtalker_art_0_japanese.mp4"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A function that writes the shipped settings, some of them changed, for two real clips."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "1")

    def write(profile, **faces):
        content = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"dataset": "mine"}
        content["faces"] |= {"weights": str(YUNET), "sha256": YUNET_SHA256} | faces
        content["extract_frames"]["n_frames"] = 2
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
        (tmp_path / "conf/data").mkdir(parents=True, exist_ok=True)
        (tmp_path / "conf/data/mine.yaml").write_text(
            yaml.safe_dump({"root": str(tmp_path / "root")} | profile)
        )
        use_profiles()
        for name in NAMES:
            (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(FOOTAGE / name, tmp_path / "root" / name)
        found = [Video("mine", "X", "", f"t{n}", "", "", 1, "", "", name) for n, name in enumerate(NAMES)]
        videos, _ = probe_videos(found, tmp_path / "root", workers=1)
        write_records(stage.VIDEOS, Video, videos)
        return videos

    return write


@needs_yunet
def test_a_video_that_is_looked_at_for_too_long_is_left_out(project):
    project({"layout": "manifest"})
    edit_yaml(Path("params.yaml"), {"ingest": {"max_probe_seconds": 0.001}})
    with pytest.raises(InputError, match=r"took longer than ingest\.max_probe_seconds=0\.001 of work"):
        stage.main()


@needs_yunet
def test_faces_of_real_footage_are_found_by_default(project, capsys):
    videos = project({"layout": "manifest"})
    stage.main()
    table = FaceTable.open(stage.OUT)
    assert table.detector == "yunet"
    assert [len(table.of(video.key)) for video in videos] == [2, 2]
    assert "4 faces in 2 of 2 videos\n" in capsys.readouterr().out


@needs_yunet
@pytest.mark.parametrize(
    ("profile", "faces"),
    [({"layout": "manifest", "cropped": True}, {}), ({"layout": "manifest"}, {"detector": "none"})],
)
def test_where_they_are_not_wanted_nothing_is_opened(profile, faces, project, monkeypatch, capsys):
    project(profile, weights="/none/at.all", **faces)
    stage.main()
    assert FaceTable.open(stage.OUT).detector == "none"
    assert "no faces are looked for" in capsys.readouterr().out


@needs_yunet
def test_other_weights_than_those_that_were_meant_are_refused(project):
    project({"layout": "manifest"}, sha256="0" * 64)
    with pytest.raises(InputError, match="does not fit"):
        stage.main()
    assert not stage.OUT.exists()


@needs_yunet
def test_footage_that_changed_since_ingest_is_refused(project):
    project({"layout": "manifest"})
    with open(f"root/{NAMES[0]}", "ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="changed since ingest"):
        stage.main()


@needs_yunet
def test_the_stride_is_as_asked_for_and_what_was_found_is_kept(project):
    project({"layout": "manifest"}, stride=2)
    stage.main()
    assert json.loads((stage.OUT / "meta.json").read_text())["stride"] == 2
    assert [path.name for path in Path(".scratch/kept").iterdir()] == ["find_faces"]
