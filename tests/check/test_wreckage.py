"""What a killed dvc leaves: found, said with a remedy, and mended so that dvc runs again."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from clipforensics.check import wreckage
from clipforensics.check.command import main
from clipforensics.check.others import READERS
from clipforensics.check.wreckage import LOCK, find_wrecks, mend_wrecks
from clipforensics.core.faults import InputError
from tests.support.repository import ROOT, Repository, stages_run

STAGES = {
    name: {"cmd": f"cp in.txt {name}.txt", "deps": ["in.txt"], "outs": [f"{name}.txt"]} for name in "abc"
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A repository of three stages that have run; dvc.lock is committed."""
    path = tmp_path_factory.mktemp("finished") / "project"
    path.mkdir()
    (path / "in.txt").write_text("x")
    (path / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}))
    repo = Repository(path)
    repo.run("git", "init", "-q", "-b", "main")
    repo.run("git", "config", "user.name", "test")
    repo.run("git", "config", "user.email", "test@example.org")
    repo.run("dvc", "init", "-q")
    repo.run("dvc", "repro")
    repo.commit("run")
    return repo


@pytest.fixture
def repo(finished, tmp_path, monkeypatch):
    copy = Repository(Path(shutil.copytree(finished.path, tmp_path / "repo")))
    monkeypatch.setattr(wreckage, "PAUSE", 0.001)
    return copy


def test_a_sound_repository_has_no_wreck(repo):
    assert find_wrecks(repo.path) == []


@pytest.mark.parametrize("left", ["", '{"read": {"', "[]"])
def test_readers_that_are_cut_short_are_found_and_mended(repo, left):
    (repo.path / READERS).write_text(left)
    assert "RWLock-file" in repo.run("dvc", "repro", check=False)
    (wreck,) = find_wrecks(repo.path)
    assert f"{READERS} is cut short: a dvc was killed while it wrote it" in str(wreck)
    assert f"`clipforensics check --mend` mends it, or `rm {repo.path / READERS}`" in str(wreck)
    assert "is removed" in wreck.mend()
    assert find_wrecks(repo.path) == []
    assert stages_run(repo.run("dvc", "repro")) == set()


HOLDING = """
import sys, time
from pathlib import Path
from clipforensics.pipeline import dvc_at_rest
with dvc_at_rest():
    print("held", flush=True)
    time.sleep(2)
    Path(".dvc/tmp/rwlock").write_text("{}")
"""


def test_mending_waits_until_no_dvc_writes(repo):
    (repo.path / READERS).write_text("")
    env = repo.env | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLDING]
    with subprocess.Popen(command, cwd=repo.path, env=env, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        assert mend_wrecks(repo.path) == [], "the other one has written what seemed cut short"
    assert (repo.path / READERS).read_text() == "{}"


def test_what_another_dvc_is_just_writing_is_no_wreck(repo, monkeypatch):
    (repo.path / READERS).write_text("")
    monkeypatch.setattr(wreckage.time, "sleep", lambda _: (repo.path / READERS).write_text("{}"))
    assert find_wrecks(repo.path) == []


def test_a_lock_cut_anywhere_is_found_wherever_dvc_stumbles_and_mended(repo):
    """Both judge alike, at every place where the file can be cut."""
    text = repo.lock
    refused = set()
    for end in range(0, len(text), 7):
        (repo.path / LOCK).write_text(text[:end])
        if find_wrecks(repo.path):
            refused.add(end)
    assert len(refused) > 20
    for end in (min(refused), *sorted(refused)[::25], max(refused)):
        (repo.path / LOCK).write_text(text[:end])
        output = repo.run("dvc", "repro", check=False)
        assert "validation failed" in output or "is invalid" in output, text[:end]
        (wreck,) = find_wrecks(repo.path)
        assert "git checkout -- " in str(wreck)
        wreck.mend()
        assert stages_run(repo.run("dvc", "repro")) == set()
        assert yaml.safe_load(repo.lock) == yaml.safe_load(text)


def test_mending_keeps_whole_entries_that_are_not_committed(repo):
    (repo.path / "in.txt").write_text("y")
    repo.run("dvc", "repro")
    new = yaml.safe_load(repo.lock)["stages"]
    (repo.path / LOCK).write_text(repo.lock[: repo.lock.index("  c:") + 10])
    (wreck,) = find_wrecks(repo.path)
    assert "2 whole entries of its own and 1 of HEAD's" in wreck.mend()
    found = yaml.safe_load(repo.lock)["stages"]
    assert {name: found[name] == new[name] for name in "abc"} == {"a": True, "b": True, "c": False}


def test_a_lock_without_anything_whole_or_committed_is_removed(repo):
    repo.run("git", "rm", "-q", "--cached", str(LOCK))
    repo.run("git", "commit", "-q", "-m", "no lock")
    (repo.path / LOCK).write_text("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - pa")
    (wreck,) = find_wrecks(repo.path)
    wreck.mend()
    assert not (repo.path / LOCK).exists()


def test_the_command_says_it_and_mends_it(project, capsys, monkeypatch):
    monkeypatch.setattr("clipforensics.check.telling.find_upcoming", lambda: ([], 0))  # this is no repository
    Repository(Path()).run("dvc", "init", "--no-scm", "-q", "-f")
    READERS.touch()
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 1
    assert f"error: {READERS} is cut short" in capsys.readouterr().err
    main(["--mend"])
    assert capsys.readouterr().out.startswith(f"mended: {READERS} is removed")
    assert not READERS.exists()


def test_a_merge_is_not_taken_for_a_kill(repo):
    text = f"schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a:\n{repo.lock[-40:]}"
    (repo.path / LOCK).write_text(text)
    with pytest.raises(InputError, match="holds marks of a git merge"):
        find_wrecks(repo.path)
    assert (repo.path / LOCK).read_text() == text


def test_params_that_a_killed_exp_run_emptied_are_the_committed_ones_again(repo):
    params = repo.path / "params.yaml"
    params.write_text("a: 1\n")
    repo.commit("settings")
    params.write_text("")
    (wreck,) = find_wrecks(repo.path)
    assert "params.yaml is empty: a `dvc exp run` was killed while it wrote it; " in str(wreck)
    assert "settings that were not committed are lost" in wreck.mend()
    assert params.read_text() == "a: 1\n"


def test_params_that_nobody_committed_are_not_made_up(repo):
    (repo.path / "params.yaml").touch()
    assert find_wrecks(repo.path) == []


@pytest.fixture
def index_lock(repo):
    """Of a process that was killed a minute ago."""
    path = repo.path / ".git/index.lock"
    path.touch()
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def test_a_lock_of_git_that_a_killed_dvc_left_is_found_and_mended(repo, index_lock):
    shutil.copy(ROOT / ".dvc/config", repo.path / ".dvc/config")  # no dvc calls home and lingers
    (repo.path / "in.txt").write_text("y")
    assert "index.lock" in repo.run("dvc", "repro", check=False)
    (wreck,) = find_wrecks(repo.path)
    assert f"{index_lock} was left by a git or dvc that was killed" in str(wreck)
    wreck.mend()
    assert not index_lock.exists()
    repo.run("dvc", "repro")


def test_a_lock_that_git_may_hold_is_left_alone(repo, index_lock):
    command = ["git", "cat-file", "--batch"]  # waits for more
    with subprocess.Popen(command, cwd=repo.path, stdin=subprocess.PIPE) as git:
        assert find_wrecks(repo.path) == []
        git.kill()
    assert len(find_wrecks(repo.path)) == 1
    os.utime(index_lock)
    assert find_wrecks(repo.path) == [], "git holds it for moments"


def test_what_is_no_repository_is_one_line(tmp_path):
    (tmp_path / LOCK).write_text("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - pa")
    with pytest.raises(InputError, match="dvc: you are not inside of a DVC repository"):
        mend_wrecks(tmp_path)
