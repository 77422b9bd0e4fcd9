"""Where a package can go, and a folder as the place."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.publishing.digests import digest_command
from clipforensics.shipping.contents import read_contents
from clipforensics.shipping.places import Repository, parse_place, push_to_folder


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("me/lora", Repository("me/lora")),
        ("My-Lab/clip.v2_x", Repository("My-Lab/clip.v2_x")),
        ("hf://me/lora", Repository("me/lora")),
        ("file:///srv/models/lo%20ra", Path("/srv/models/lo ra")),
        ("file://localhost/srv/lora", Path("/srv/lora")),
        ("/srv/lora", Path("/srv/lora")),
        ("./lora", Path("lora")),
        ("../a/b/c", Path("../a/b/c")),
        ("~/lora", Path.home() / "lora"),
    ],
)
def test_a_place_is_told_by_how_it_is_written(text, place):
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text", ["lora", "a/b/c", "me/lo ra", "me/", "", "https://huggingface.co/me/lora", "me/a--b"]
)
def test_what_is_neither_is_refused(text):
    with pytest.raises(InputError, match="is neither OWNER/NAME on the hub nor a folder"):
        parse_place(text)


def test_another_machine_is_no_folder():
    with pytest.raises(InputError, match="names another machine; write file:///path"):
        parse_place("file://server/share")


def test_a_folder_that_could_be_a_repository_is_not_published_by_mistake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shared/lora").mkdir(parents=True)
    with pytest.raises(InputError, match=r"write \./shared/lora or hf://shared/lora"):
        parse_place("shared/lora")
    assert parse_place("./shared/lora") == Path("shared/lora")
    assert parse_place("hf://shared/lora") == Repository("shared/lora")


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_files_lie_there_and_anybody_can_tell_that_they_do(package, tmp_path):
    (package / ".gitattributes").write_text("stays")
    target = tmp_path / "share/lora"
    digest = push_to_folder(read_contents(package), target)
    assert files_of(target) == {name: d for name, d in files_of(package).items() if name != ".gitattributes"}
    assert [path.name for path in target.parent.iterdir()] == ["lora"]
    printed = subprocess.run(
        digest_command(target), shell=True, capture_output=True, text=True, check=True
    ).stdout
    assert printed.split()[0] == digest
    modes = {stat.S_IMODE(path.stat().st_mode) for path in target.rglob("*") if path.is_file()}
    assert len(modes) == 1, "whoever may read one may read all"
    (target / "with a space").write_text("")
    (target / "frames.json").write_text("{}")
    changed = subprocess.run(
        digest_command(target), shell=True, capture_output=True, text=True, check=True
    ).stdout
    assert changed.split()[0] != digest


def test_a_newer_package_takes_the_place_of_an_older_and_what_else_lies_there_stays(package, tmp_path):
    target = tmp_path / "share"
    push_to_folder(read_contents(package), target)
    (target / "NOTES.md").write_text("mine")
    (package / "frames.json").write_text('{"side": 64}')
    push_to_folder(read_contents(package), target)
    assert read_json(target / "frames.json") == {"side": 64}
    assert (target / "NOTES.md").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model-encoder", "share"]


def test_a_folder_of_another_detector_is_left_as_it_is(package, tmp_path):
    target = tmp_path / "share"
    target.mkdir()
    (target / "probe.safetensors").write_bytes(b"other")
    with pytest.raises(InputError, match=r"share holds probe\.safetensors, which this package has not"):
        push_to_folder(read_contents(package), target)
    assert files_of(target) == {"probe.safetensors": b"other"}


def test_the_package_is_not_pushed_onto_itself(package, tmp_path):
    contents = read_contents(package)
    for target in (package, package / "copy", tmp_path, package.parent / "x/../model"):
        with pytest.raises(InputError, match="is the package's own folder, or one around or in it"):
            push_to_folder(contents, target)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; name a folder"):
        push_to_folder(contents, tmp_path / "file")


def test_a_copy_that_differs_is_not_left(package, tmp_path, monkeypatch):
    def torn(source, copy):
        Path(copy).write_bytes(Path(source).read_bytes()[:-1])

    monkeypatch.setattr(shutil, "copyfile", torn)
    with pytest.raises(InputError, match=r"cannot be written: README\.md differs from what was read"):
        push_to_folder(read_contents(package), tmp_path / "share")
    assert not (tmp_path / "share").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "model-encoder"]
