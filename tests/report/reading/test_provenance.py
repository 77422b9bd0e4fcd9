"""Provenance: the hashes are git's own, and the command on the page finds the commit."""

import hashlib
import os
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.report.reading import provenance
from clipforensics.report.reading.provenance import tree_hash


def git(folder, *words):
    """Run git without the settings of this machine's user."""
    clean = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
    run = subprocess.run(
        ["git", *who, *words],
        cwd=folder,
        env={**os.environ, **clean},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q")
    return tmp_path


def put(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "a commit")
    return git(folder, "rev-parse", "HEAD")


def test_the_hash_is_gits(repository):
    put(repository, {".gitignore": b"__pycache__/\n*.pyc\n"})
    files = {
        "code/a.py": b"x = 1\n", "code/a/b.py": b"", "code/a-b.py": b"\0\xff", "code/a.b/c": b"1",
        "code/deep/er/é.css": b"b {}\r\n", "code/run.sh": b"#!/bin/sh\n",
    }  # fmt: skip
    put(repository, files)
    (repository / "code/run.sh").chmod(0o755)
    (repository / "code/link").symlink_to("a.py")
    (repository / "code/empty/emptier").mkdir(parents=True)
    commit(repository)
    assert tree_hash(repository / "code") == git(repository, "rev-parse", "HEAD:code")
    put(
        repository, {"code/__pycache__/a.cpython-311.pyc": b"1", "code/a/b.pyc": b"1", "code/deep/a.py~": b""}
    )
    assert tree_hash(repository / "code") == git(repository, "rev-parse", "HEAD:code")


names = st.text("ab.-_Z0é", min_size=1, max_size=4).filter(lambda n: n.strip(".") and not n.endswith("~"))

folders = st.recursive(
    st.binary(max_size=8), lambda inner: st.dictionaries(names, inner, max_size=4), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))


def lay_out(folder, tree):
    folder.mkdir(parents=True)
    for name, content in tree.items():
        if isinstance(content, dict):
            lay_out(folder / name, content)
        else:
            (folder / name).write_bytes(content)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folders)
def test_any_folder_has_the_hash_of_write_tree(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("any")
    git(folder, "init", "-q")
    lay_out(folder / "code", tree)
    git(folder, "add", "-A", "--force")
    written = git(folder, "write-tree")
    expected = (
        git(folder, "rev-parse", f"{written}:code") if git(folder, "ls-files") else git(folder, "write-tree")
    )
    assert tree_hash(folder / "code") == expected


@pytest.mark.parametrize("change", ["content", "name", "mode", "new"])
def test_whatever_git_sees_changes_the_hash(repository, change):
    put(repository, {"code/a.py": b"x = 1\n", "code/b.py": b""})
    before = tree_hash(repository / "code")
    if change == "content":
        put(repository, {"code/a.py": b"x = 2\n"})
    elif change == "name":
        (repository / "code/b.py").rename(repository / "code/c.py")
    elif change == "mode":
        (repository / "code/a.py").chmod(0o755)
    else:
        put(repository, {"code/new.py": b""})
    assert tree_hash(repository / "code") != before


def test_the_command_on_the_page_finds_the_commit(repository):
    put(repository, {"code/a.py": b"1", "other.txt": b""})
    commit(repository)
    put(repository, {"code/a.py": b"2"})
    wanted = commit(repository)
    tree = tree_hash(repository / "code")
    put(repository, {"other.txt": b"1"})
    commit(repository)
    put(repository, {"code/a.py": b"3"})
    left = commit(repository)
    found = git(repository, "log", "--format=%H", f"--find-object={tree}").split()
    assert found == [left, wanted]  # the commit that brought these files, and the one that changed them again


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="code is no folder"):
        tree_hash(tmp_path / "code")


def test_the_fingerprint_is_sha256(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b\n" * 100_000)
    assert provenance.fingerprint(tmp_path / "a.csv") == hashlib.sha256(b"a,b\n" * 100_000).hexdigest()
    with pytest.raises(InputError, match="dvc repro"):
        provenance.fingerprint(tmp_path / "b.csv")


def test_versions_are_those_installed():
    import numpy

    found = provenance.versions(["numpy", "no-such-package-at-all"])
    assert found == {"numpy": numpy.__version__, "no-such-package-at-all": "not installed"}


def test_a_run_is_described_by_its_code_data_libraries_and_machine(tmp_path):
    put(tmp_path, {"code/a.py": b"1", "videos.csv": b'key,note\na,"two\nlines"\nb,\n'})
    found = provenance.describe(code=[tmp_path / "code"], videos=tmp_path / "videos.csv")
    assert found.trees == {"code": tree_hash(tmp_path / "code")}
    assert found.data == {
        "sha256 of videos.csv": provenance.fingerprint(tmp_path / "videos.csv"), "videos in it": "2",
    }  # fmt: skip
    assert "torch" in found.libraries
    assert "processor" in found.machine
    assert "the last digits may differ" in found.machine["numbers"]


def test_a_page_that_any_machine_would_write_names_none(tmp_path, monkeypatch):
    """Else it, and so dvc.lock, would differ from machine to machine though no number does."""
    put(tmp_path, {"code/a.py": b"", "videos.csv": b"target\n0\n"})
    run = {"code": [tmp_path / "code"], "videos": tmp_path / "videos.csv"}
    monkeypatch.setattr(provenance.kernels, "pinned", lambda: {"MKL_CBWR": "COMPATIBLE", "A": "b"})
    monkeypatch.setattr(provenance, "_sees_gpu", lambda: False)
    found = provenance.describe(**run).machine
    assert set(found) == {"numbers", "kernels pinned by"}
    assert found["kernels pinned by"] == "MKL_CBWR=COMPATIBLE, A=b"
    monkeypatch.setattr(provenance, "_sees_gpu", lambda: True)
    assert "processor" in provenance.describe(**run).machine


def test_a_gpu_is_looked_for_only_where_the_system_has_one(tmp_path, monkeypatch):
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "meta")
    assert provenance._sees_gpu([tmp_path / "none", tmp_path / "nvidiactl"])
    assert not provenance._sees_gpu([tmp_path / "none"])
    monkeypatch.setenv("CLIPFORENSICS_DEVICE", "cpu")
    assert not provenance._sees_gpu([tmp_path / "nvidiactl"])
