"""The model registry: a git tag registers a version, and a stranger gets it by name from a remote."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.support.repository import ROOT, Repository, edit_yaml, stages_run
from tests.support.trained_project import CELL, make_project
from tests.support.training_tasks import files_of

pytestmark = pytest.mark.slow

CODE = ("clipforensics", "stages", ".gitignore", ".dvcignore", ".dvc/config")


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    """The project from `package` on: what comes before it was made without DVC; a remote beside it."""
    folder = tmp_path_factory.mktemp("registry")
    path = make_project(folder / "project", ["baseline", "lora"])
    for name in CODE:
        source, target = ROOT / name, path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    shipped = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    kept = {"stages": {"package": shipped["stages"]["package"]}, "artifacts": shipped["artifacts"]}
    (path / "dvc.yaml").write_text(yaml.safe_dump(kept, sort_keys=False))
    repo = Repository(path)
    repo.run("git", "init", "-q", "-b", "main")
    repo.run("git", "config", "user.name", "test")
    repo.run("git", "config", "user.email", "test@example.org")
    repo.run("dvc", "remote", "add", "-d", "store", str(folder / "store"))
    assert stages_run(repo.run("dvc", "repro")) == {"package"}
    repo.commit("models")
    repo.run("dvc", "push")
    return repo


def fetch(repo: Repository, place: Path, *options: str) -> dict[str, bytes]:
    """What a stranger has after `dvc artifacts get`, in a folder that is no repository."""
    place.mkdir()
    stranger = Repository(place)
    stranger.run("dvc", "artifacts", "get", repo.path.as_uri(), *options, "-o", "got")
    return files_of(place / "got")


def test_a_registered_version_can_be_had_by_name(repo, tmp_path):
    refused = repo.run("dvc", "artifacts", "get", ".", "lora", "-o", str(tmp_path / "none"), check=False)
    assert "Unable to find artifact 'lora'" in refused, "nothing is registered yet"
    repo.run("gto", "register", "lora", "--version", "v0.1.0")
    found = fetch(repo, tmp_path / "stranger", "lora")
    assert found == files_of(repo.path / "models/lora" / CELL)
    assert {"README.md", "operating_point.json", "preprocessor_config.json"} <= set(found)


def test_a_later_version_does_not_touch_an_earlier_one(repo, tmp_path):
    repo.run("git", "tag", "-a", "baseline@v0.1.0", "-m", "what gto does")
    before = files_of(repo.path / "models/baseline" / CELL)
    edit_yaml(repo.path / "params.yaml", {"extract_frames": {"n_frames": 9}})
    assert stages_run(repo.run("dvc", "repro")) == {"package"}
    repo.commit("another card")
    repo.run("dvc", "push")
    repo.run("git", "tag", "-a", "baseline@v0.2.0", "-m", "another")
    after = files_of(repo.path / "models/baseline" / CELL)
    assert after != before
    assert fetch(repo, tmp_path / "earlier", "baseline", "--rev", "v0.1.0") == before
    assert fetch(repo, tmp_path / "latest", "baseline") == after


def test_a_folder_that_params_no_longer_name_vanishes_and_nothing_runs_twice(repo):
    assert stages_run(repo.run("dvc", "repro")) == set()
    lock = repo.lock
    edit_yaml(repo.path / "params.yaml", {"detectors": ["baseline"]})
    repo.run("dvc", "repro")
    assert [p.name for p in (repo.path / "models").iterdir()] == ["baseline"]
    edit_yaml(repo.path / "params.yaml", {"detectors": ["baseline", "lora"]})
    repo.run("dvc", "repro", "--force", "package")
    assert repo.lock == lock, "made again, not taken from the cache, it is the same to the byte"
