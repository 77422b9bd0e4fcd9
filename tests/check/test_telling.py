"""What `clipforensics check` prints: problems and exit status 1, or the data set, what will run, its cost."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from clipforensics.check import telling
from clipforensics.check.footage import Footage
from clipforensics.check.telling import _has, tell
from clipforensics.core.records import Video
from clipforensics.sources.base import Profile
from tests.support.full_disk import small_disk
from tests.support.populations import real
from tests.support.repository import Repository, edit_yaml


@pytest.fixture
def no_dvc(monkeypatch):
    """The working folder is no repository."""
    monkeypatch.setattr(telling, "find_upcoming", lambda: ([], 20))
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cpu")


def test_what_is_right_is_told_with_counts(no_dvc, capsys):
    tell(mend=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("params.yaml: ")
    assert lines[1].startswith("data set sample: 500 videos (100 real, 100 Deepfakes, ")
    assert not any("estimate" in line for line in lines), "nothing will run"


@pytest.mark.parametrize(("upcoming", "told"), [([], True), (["ingest"], False)])
def test_footage_that_changed_is_told_unless_it_is_taken_in_anyway(
    no_dvc, upcoming, told, monkeypatch, capsys
):
    monkeypatch.setattr(telling, "find_upcoming", lambda: (upcoming, 20))
    Repository(Path()).run("dvc", "init", "--no-scm", "-q")
    monkeypatch.setattr(telling, "find_changes", lambda footage, *_: [f"{footage.dataset} has changed"])
    tell(mend=False)
    assert ("sample has changed" in capsys.readouterr().out.splitlines()) is told


@pytest.mark.parametrize(("has_avx2", "told"), [(True, False), (False, True)])
def test_other_numbers_than_the_committed_are_told_before(no_dvc, has_avx2, told, monkeypatch, capsys):
    monkeypatch.setattr(telling, "has_avx2", lambda: has_avx2)
    tell(mend=False)
    assert ("numbers: not those of" in capsys.readouterr().out) is told


def test_every_problem_is_a_line_and_the_status_is_1(no_dvc, project, capsys):
    edit_yaml(project / "params.yaml", {"detector": "lorra", "embed": {"batch_size": 0}})
    with pytest.raises(SystemExit) as stop:
        tell(mend=False)
    assert stop.value.code == 1
    *problems, count = capsys.readouterr().err.splitlines()
    assert all(line.startswith("error: ") for line in problems)
    assert count == f"{len(problems)} problems; a run would be refused"
    assert len(problems) >= 2


def test_of_how_many_videos_nobody_knows_who_is_in_them_is_told():
    strangers = [real("a", dataset="x"), Video("x", "GAN", "", "", "", "1", 1, "", "", "b.mp4")]
    footage = Footage("x", Profile(layout="manifest"), Path("/data"), strangers, 0)
    assert _has(footage) == (
        "x: 2 videos (1 real, 1 GAN) in /data; of 1 it is not known who is in them, so leaks go unseen"
    )
    assert "not known" not in _has(replace(footage, videos=strangers[:1]))


def test_a_disk_that_has_no_room_for_the_run_is_told(no_dvc, project, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(telling, "find_upcoming", lambda: (["ingest", "extract_frames"], 20))
    with small_disk(tmp_path, 1 << 20) as disk:
        shutil.copytree(project, disk / "project")
        monkeypatch.chdir(disk / "project")
        Repository(Path()).run("dvc", "init", "--no-scm", "-q")
        tell(mend=False)
        last = capsys.readouterr().out.splitlines()[-1]
        monkeypatch.chdir(project)
    assert last.startswith("disk: 1 MB are free in ")
    assert last.endswith("a run stops where the disk is full, and goes on when it is run again")
