"""A package told by one number, and by the digests of its files."""

import subprocess

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.publishing.digests import (
    check_files,
    digest,
    digest_command,
    package_digest,
    package_files,
    write_files,
)
from clipforensics.publishing.opening import open_package
from clipforensics.scoring.detector import Detector
from tests.support.hostile_packages import edit, write_package
from tests.support.scoring_packages import write_scoring_package


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "a package's folder"
    for name in ("b.json", "a/b.json", "a.json", "with a space", "ü", "Z"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def printed(folder):
    said = subprocess.run(digest_command(folder), shell=True, capture_output=True, text=True, check=True)
    return said.stdout.split()[0]


def test_anybody_can_tell_it_without_this_library(package, tmp_path):
    assert list(package_files(package)) == ["Z", "a.json", "a/b.json", "b.json", "with a space", "ü"]
    assert printed(package) == package_digest(package)
    linked = tmp_path / "snapshot"  # as the hub's cache holds one
    linked.mkdir()
    (linked / "Z").symlink_to(package / "Z")
    assert printed(linked) == package_digest(linked)


def test_whatever_changes_changes_it_but_what_is_hidden(package):
    before = package_digest(package)
    for name in ("a/.DS_Store", ".eval_results/one.yaml", ".git/index"):
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_text("x")
    assert package_digest(package) == printed(package) == before
    (package / "Z").rename(package / "z")
    renamed = package_digest(package)
    (package / "a.json").write_text("other")
    assert len({before, renamed, package_digest(package)}) == 3


def test_a_digest_is_that_of_sha256sum(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert digest(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def lora(tmp_path):
    folder = write_package(tmp_path / "model", "lora")
    (folder / "README.md").write_text("# LoRA")
    write_files(folder)
    return folder


def test_files_json_lists_every_file_but_itself_and_the_card(lora):
    listed = read_json(lora / "files.json")["sha256"]
    assert set(listed) == set(package_files(lora)) - {"README.md", "files.json"}
    assert "encoder/model.safetensors" in listed
    assert listed["head.safetensors"] == digest(lora / "head.safetensors")
    before = (lora / "files.json").read_bytes()
    write_files(lora)
    assert (lora / "files.json").read_bytes() == before


def test_a_package_as_it_was_written_opens_and_its_card_may_be_edited(lora):
    (lora / "README.md").write_text("# LoRA, with a remark")
    (lora / "LICENSE").write_text("MIT")
    check_files(lora)
    open_package(lora)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("encoder/config.json", {"num_attention_heads": 4}),
        ("encoder/config.json", {"hidden_act": "gelu"}),
        ("encoder/preprocessor_config.json", {"image_mean": [0.5, 0.5, 0.5]}),
        ("adapter_config.json", {"lora_alpha": 8}),
        ("detector.json", {"seed": 2}),
        ("preprocessor_config.json", {"resample": 2}),
    ],
)
def test_one_altered_number_is_told_by_its_file(name, changes, lora):
    """Without digests the first three change scores, and nothing says so."""
    edit(lora / name, **changes)
    with pytest.raises(InputError) as told:
        open_package(lora)
    assert f"{lora / name} is not the file that was packaged: its sha256 is " in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["config.json", "encoder/adapter_config.json", "other.safetensors", "a.BIN"])
def test_a_file_that_came_later_and_may_decide_is_told(name, lora):
    (lora / name).write_text("{}")
    with pytest.raises(InputError, match=r"is not in files\.json: it came later"):
        check_files(lora)


@pytest.mark.parametrize("name", ["head.safetensors", "encoder/preprocessor_config.json"])
def test_a_file_that_is_gone_is_told(name, lora):
    (lora / name).unlink()
    with pytest.raises(InputError, match=rf"lacks '{name}', which files\.json lists"):
        check_files(lora)


@pytest.mark.parametrize("name", ["../model-encoder/config.json", "/etc/hostname", "encoder/../../x", "a\0b"])
def test_no_name_leads_out_of_the_package(name, lora):
    write_json(lora / "files.json", {"sha256": {**read_json(lora / "files.json")["sha256"], name: "0"}})
    with pytest.raises(InputError, match=r"lacks '.*', which files\.json lists"):
        check_files(lora)


@pytest.mark.parametrize("content", ["[]", "{}", '{"sha256": []}', '{"sha256": {"a": 1}}', "{"])
def test_a_list_that_is_none_is_told(content, lora):
    (lora / "files.json").write_text(content)
    with pytest.raises(InputError, match=r"files\.json"):
        check_files(lora)


def test_a_package_of_before_is_held_to_nothing(lora):
    (lora / "files.json").unlink()
    check_files(lora)
    open_package(lora)


def test_scoring_tells_an_altered_file_too(tmp_path):
    folder = write_scoring_package(tmp_path / "package")
    write_files(folder)
    Detector.from_pretrained(folder)
    edit(folder / "validation.json", is_toy=True)
    with pytest.raises(InputError, match=r"validation\.json is not the file that was packaged"):
        Detector.from_pretrained(folder)
