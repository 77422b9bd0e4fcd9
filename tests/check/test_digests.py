"""What DVC would check out damaged is found, named by its output, removed and made again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from clipforensics.check.digests import find_damage, is_object
from clipforensics.check.telling import tell
from clipforensics.core.faults import InputError
from tests.support.repository import Repository, stages_run

STAGES = {
    "one": {"cmd": "cp in.txt one.txt", "deps": ["in.txt"], "outs": ["one.txt"]},
    "many": {
        "cmd": "mkdir -p many/deep && sed s/x/y/ one.txt > many/deep/a && wc one.txt > many/b",
        "deps": ["one.txt"],
        "outs": ["many"],
    },
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A file and a folder that have been made."""
    repo = Repository(tmp_path_factory.mktemp("finished"))
    (repo.path / "in.txt").write_text("x" * 1000)
    (repo.path / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}))
    repo.run("dvc", "init", "-q", "--no-scm")
    repo.run("dvc", "config", "cache.type", "hardlink,copy")
    repo.run("dvc", "repro")
    return repo


@pytest.fixture
def repo(finished, tmp_path, monkeypatch):
    repo = Repository(tmp_path / "repo")
    repo.path.mkdir()
    finished.run("cp", "-a", ".", str(repo.path))
    monkeypatch.chdir(repo.path)
    return repo


def damage(path: Path) -> None:
    """Flip a bit as a disk would: in place, the file's time and mode as before."""
    status = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        byte = file.read(1)[0]
        file.seek(0)
        file.write(bytes([byte ^ 1]))
    path.chmod(status.st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def object_of(output: Path) -> Path:
    """The cache's name of an output, which is a link to it."""
    return next(path for path in Path(".dvc/cache").rglob("??/*") if path.samefile(output))


def test_a_sound_cache(repo):
    found, n_read = find_damage(Path())
    assert (found, n_read) == ([], 4), "three files and the list of a folder"


@pytest.mark.parametrize("name", ["one.txt", "many/deep/a", "many/b"])
def test_a_damaged_object_is_named_removed_and_made_again(repo, name):
    sound = Path(name).read_bytes()
    damage(object_of(Path(name)))
    assert Path(name).read_bytes() != sound, "a hard link"
    assert stages_run(repo.run("dvc", "repro")) == set(), "DVC does not look"
    (wreck,) = find_damage(Path())[0]
    assert "in DVC's cache) holds other bytes than its name says" in str(wreck)
    assert "; `clipforensics check --digests --mend` mends it" in str(wreck)
    assert "is removed" in wreck.mend()
    assert not Path(name).exists()
    lock = repo.lock
    assert stages_run(repo.run("dvc", "repro"))
    assert Path(name).read_bytes() == sound
    assert repo.lock == lock
    assert find_damage(Path())[0] == []


def test_what_is_damaged_in_the_cache_alone_is_taken_from_nowhere_else(repo):
    """The output is a copy and sound: it stays."""
    output = Path("one.txt")
    link, sound = object_of(output), output.read_bytes()
    shutil.copy2(output, "copy")
    os.replace("copy", output)
    damage(link)
    (wreck,) = find_damage(Path())[0]
    wreck.mend()
    assert output.read_bytes() == sound
    assert not link.exists()


def test_a_damaged_list_of_a_folder(repo):
    (listed,) = Path(".dvc/cache").rglob("*.dir")
    damage(listed)
    (wreck,) = find_damage(Path())[0]
    wreck.mend()
    repo.run("dvc", "repro")
    assert find_damage(Path())[0] == []
    assert listed.exists()


def test_what_a_killed_dvc_was_writing_is_no_object():
    assert is_object(Path("ab") / ("0" * 30))
    assert is_object(Path("ab") / f"{'0' * 30}.dir")
    assert not is_object(Path("ab") / f".{'x' * 22}.tmp")


def test_a_dvc_lock_that_is_cut_names_no_output_and_is_no_crash(repo):
    damage(object_of(Path("one.txt")))
    for text in (repo.lock[:-40], ""):
        Path("dvc.lock").write_text(text)
        (wreck,) = find_damage(Path())[0]
        assert "holds other bytes than its name says" in str(wreck)


def test_a_damaged_database_of_what_is_kept_is_told_and_only_then_removed(repo):
    database = Path(".scratch/kept/embed/results-2.sqlite")
    database.parent.mkdir(parents=True)
    database.write_bytes(b"x" * 4096)
    (wreck,) = find_damage(Path())[0]
    assert str(wreck).startswith(f"{database} (kept work) is damaged; ")
    assert database.exists()
    wreck.mend()
    assert not database.exists()


def test_nothing_is_mended_while_another_dvc_is_at_work(repo, capsys):
    damage(object_of(Path("one.txt")))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        entry = {"pid": process.pid, "cmd": "dvc repro"}
        Path(".dvc/tmp/rwlock").write_text(json.dumps({"write": {"one.txt": entry}, "read": {}}))
        with pytest.raises(SystemExit):
            tell(mend=True, digests=True)
        process.kill()
    assert "another dvc is at work here" in capsys.readouterr().err
    assert len(find_damage(Path())[0]) == 1


def test_outside_of_a_repository_it_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="dvc: "):
        find_damage(Path())
