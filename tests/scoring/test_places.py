"""Where a package may lie."""

import contextlib
import subprocess
from types import SimpleNamespace

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.scoring import places
from clipforensics.scoring.places import find_package


@pytest.fixture
def package(tmp_path):
    write_json(tmp_path / "package/detector.json", {})
    return tmp_path / "package"


def test_a_folder_is_itself(package):
    assert find_package(str(package)).folder == package
    with pytest.raises(InputError, match="is a folder, and has none"):
        find_package(str(package), "main")


def test_whether_numbers_are_portable_is_read_from_it(package):
    assert not find_package(str(package)).portable
    write_json(package / "validation.json", {"portable": True})
    assert find_package(str(package)).portable


def test_what_is_none_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no detector"):
        find_package(str(tmp_path / "empty"))
    for name in ("no/such/folder", "nothing", "https://x.y/z", "../x"):
        with pytest.raises(InputError, match="is no folder, no id of the hub"):
            find_package(name)


def test_one_of_the_hub_is_fetched_without_what_could_run(package, monkeypatch):
    import huggingface_hub

    asked = []

    def snapshot_download(name, **options):
        asked.append((name, options))
        return str(package)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_, **__: str(package))
    found = find_package("me/detector", "v1")
    assert (found.folder, found.commit) == (package, "package")
    ((name, options),) = asked
    assert (name, options["revision"]) == ("me/detector", "v1")
    assert not [p for p in options["allow_patterns"] if p.endswith((".py", ".bin", ".pt", ".pkl", "*"))]


def test_a_hub_out_of_reach_is_told_in_seconds(monkeypatch):
    import huggingface_hub

    def ask_for(name, revision, file, *, setting, pin):
        raise InputError(f"{setting} {name!r} cannot be reached")

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_, **__: None)
    monkeypatch.setattr(places, "ask_for", ask_for)
    with pytest.raises(InputError, match="--model 'me/detector' cannot be reached"):
        find_package("me/detector")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A DVC project that names an artifact."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    run = SimpleNamespace(**{"check": True, "capture_output": True})
    for command in ("git init -q", "dvc init -q"):
        subprocess.run(command.split(), **vars(run))
    write_json(folder / "models/a/detector.json", {})
    about = {"artifacts": {"mine": {"path": "models/a", "type": "model"}, "gone": {"path": "models/b"}}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump(about))
    return folder


def test_an_artifact_is_found_from_anywhere_in_its_project(project):
    assert find_package("dvc:mine").folder.resolve() == project / "models/a"
    with contextlib.chdir(project / "models"):
        assert find_package("dvc:mine").folder.resolve() == project / "models/a"


@pytest.mark.usefixtures("project")
def test_an_artifact_that_is_not_there_is_told(tmp_path):
    with pytest.raises(
        InputError, match="no such artifact; perhaps `mine` was meant; those there are: gone, mine"
    ):
        find_package("dvc:mime")
    with pytest.raises(InputError, match=r"models/b is not there; run `dvc pull package`"):
        find_package("dvc:gone")
    with pytest.raises(InputError, match="name the folder instead"):
        find_package("dvc:mine", "v9.9.9")
    with contextlib.chdir(tmp_path), pytest.raises(InputError, match="name the folder instead"):
        find_package("dvc:mine")


def test_a_version_is_fetched_once_and_is_that_of_its_tag(project):
    remote = project.parent / "remote"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    (project / "models/a/note.json").write_text("1")
    commands = [
        ["dvc", "add", "-q", "models/a"], ["dvc", "remote", "add", "-q", "-d", "there", str(remote)],
        ["git", "add", "-A"], [*git, "commit", "-qm", "one"],
        [*git, "tag", "-a", "mine@v1.0.0", "-m", "one"], ["dvc", "push", "-q"],
    ]  # fmt: skip
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    (project / "models/a/note.json").write_text("2")
    found = find_package("dvc:mine", "v1.0.0").folder
    assert (found / "note.json").read_text() == "1"
    assert find_package("dvc:mine", "v1.0.0").folder == found
    assert (find_package("dvc:mine").folder / "note.json").read_text() == "2"
