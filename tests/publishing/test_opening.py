"""A package opened with this library, wherever it lies."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.detectors import lora
from clipforensics.publishing.encoders import find_encoder
from clipforensics.publishing.opening import open_package
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import save_lora
from tests.support.stores import noise_videos, write_frame_store


@pytest.fixture
def folder(tmp_path):
    return write_encoder(tmp_path / "tower")


@pytest.fixture
def package(tmp_path, folder):
    """LoRA in a package made by hand; the encoder beside it."""
    save_lora(tmp_path / "model", folder)
    shutil.copytree(folder, tmp_path / "model/encoder")
    about = read_json(tmp_path / "model/detector.json")
    write_json(tmp_path / "model/detector.json", about | {"encoder": about["encoder"] | {"model": "encoder"}})
    write_json(tmp_path / "model/frames.json", {"side": 32})
    return tmp_path / "model"


def test_a_package_opens_with_this_library_wherever_it_lies(package, tmp_path, monkeypatch):
    store = write_frame_store(tmp_path / "frames", noise_videos(2))
    rows = np.arange(len(store))
    (tmp_path / "tower").rename(tmp_path / "gone")
    moved = package.rename(tmp_path / "moved")
    monkeypatch.chdir("/")
    pictures = [Image.fromarray(frame) for frame in store.read(rows)]
    found = open_package(moved).score(pictures)
    save_lora(tmp_path / "again", tmp_path / "gone")
    expected = lora.DETECTOR.score(tmp_path / "again", rows, frames=store, embeddings=None)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_frames_of_any_size_are_brought_to_the_encoders(package):
    large = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    small = np.asarray(Image.fromarray(large).resize((48, 32), Image.Resampling.BICUBIC))[:, 8:40]
    opened = open_package(package)
    scores = opened.score([Image.fromarray(picture) for picture in (large, small)])
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    assert torch.is_inference_mode_enabled() is False


def test_an_encoder_that_lies_elsewhere_can_be_named(package, tmp_path):
    picture = [Image.new("RGB", (32, 32), "red")]
    expected = open_package(package).score(picture)
    shutil.rmtree(package / "encoder")
    assert open_package(package, encoder=tmp_path / "tower").score(picture) == pytest.approx(expected)
    with pytest.raises(InputError, match="does not pin 'encoder'"):
        open_package(package)


def test_an_encoder_other_than_the_one_it_was_trained_on_is_refused(package, tmp_path):
    about = read_json(package / "detector.json")
    digest = find_encoder(str(package / "encoder"), "local").revision
    write_json(package / "detector.json", about | {"encoder": about["encoder"] | {"revision": digest}})
    open_package(package)
    with pytest.raises(InputError, match="does not fit"):
        open_package(package, encoder=write_encoder(tmp_path / "other", seed=5))


def test_what_is_no_package_is_told(tmp_path):
    with pytest.raises(InputError, match=r"detector\.json does not exist"):
        open_package(tmp_path)
