"""The encoder of a package: named, found and copied."""

import hashlib
import shutil

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.publishing.encoders import copy_encoder, find_encoder
from tests.encoder.test_vision import write_encoder
from tests.support.shared_data import ENCODERS, needs_shared

COMMIT = "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"


@pytest.fixture
def folder(tmp_path):
    return write_encoder(tmp_path / "tower")


def test_a_local_encoder_is_named_by_its_folder_and_its_weights(folder):
    found = find_encoder(str(folder), "local")
    assert (found.name, found.folder) == ("tower", folder)
    assert found.revision == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert found.preprocessor == read_json(folder / "preprocessor_config.json")


def test_another_encoder_in_the_same_place_is_seen(folder):
    first = find_encoder(str(folder), "local").revision
    shutil.rmtree(folder)
    write_encoder(folder, seed=1)
    assert find_encoder(str(folder), "local").revision != first


def test_only_what_loads_an_encoder_is_copied(folder, tmp_path):
    for name in ("tf_model.h5", "notes.md", "secret.json", "vocab.json", "LICENSE", "pytorch_model.bin"):
        (folder / name).write_text(name)
    (folder / "snapshots").mkdir()
    copy_encoder(find_encoder(str(folder), "local"), tmp_path / "copy")
    assert {p.name for p in (tmp_path / "copy").iterdir()} == {
        "LICENSE",
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "vocab.json",
    }


def test_weights_as_openai_published_them_are_copied(folder, tmp_path):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    copy_encoder(find_encoder(str(folder), "local"), tmp_path / "copy")
    assert (tmp_path / "copy/pytorch_model.bin").is_file()


def test_preprocessing_may_stand_in_the_processors_config(folder):
    own = read_json(folder / "preprocessor_config.json")
    write_json(folder / "processor_config.json", {"image_processor": own, "processor_class": "CLIPProcessor"})
    (folder / "preprocessor_config.json").unlink()
    assert find_encoder(str(folder), "local").preprocessor == own


def test_an_encoder_on_the_hub_is_read_from_the_hubs_cache(folder, tmp_path, monkeypatch):
    snapshot = tmp_path / f"hub/models--openai--clip-vit-base-patch32/snapshots/{COMMIT}"
    snapshot.mkdir(parents=True)
    shutil.copy(folder / "preprocessor_config.json", snapshot)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = find_encoder("openai/clip-vit-base-patch32", COMMIT)
    assert (found.name, found.revision, found.folder) == ("openai/clip-vit-base-patch32", COMMIT, None)
    assert found.preprocessor == read_json(folder / "preprocessor_config.json")
    with pytest.raises(InputError, match="neither the hub nor its cache has one"):
        find_encoder("openai/clip-vit-base-patch16", COMMIT)
    with pytest.raises(InputError, match="named by its commit, not copied"):
        copy_encoder(found, tmp_path / "copy")


def test_a_folder_that_is_gone_is_told_in_one_line(tmp_path):
    with pytest.raises(InputError, match=r"'/nowhere/at/all' .* is no folder") as found:
        find_encoder("/nowhere/at/all", "local")
    assert "\n" not in str(found.value)


@needs_shared
def test_the_real_clips_preprocessing_of_old_is_taken_as_it_is():
    folder = ENCODERS / "clip-vit-base-patch32-config"
    with pytest.raises(InputError, match="holds none of"):
        find_encoder(str(folder), "local")
