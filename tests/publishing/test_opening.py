"""A package opened with this library, wherever it lies."""

import shutil

import numpy as np
import pytest
import torch
from peft.tuners.lora import LoraLayer
from PIL import Image
from safetensors.torch import load_file, save_file

from clipforensics.adaptation.pixel_method import model_counts
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.detectors import full, lora
from clipforensics.encoder import hub
from clipforensics.encoder.vision import load_vision_tower
from clipforensics.publishing import opening
from clipforensics.publishing.encoders import find_encoder
from clipforensics.publishing.opening import open_package
from clipforensics.training.trainer import Progress
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import bare_task, save_lora
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


def test_what_was_trained_is_folded_into_the_tower(package):
    layers = [one for one in open_package(package).module.modules() if isinstance(one, LoraLayer)]
    assert layers
    assert all(layer.merged for layer in layers)


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
    with pytest.raises(InputError, match=r"encoder 'encoder' of the package is neither in .* nor on the hub"):
        open_package(package)


def test_no_folder_of_this_machine_is_opened_that_was_not_named(package, tmp_path, monkeypatch):
    """A package from a stranger may name any."""
    shutil.rmtree(package / "encoder")
    about = read_json(package / "detector.json")
    monkeypatch.chdir(tmp_path)
    for revision in ("local", "0" * 40):
        encoder = about["encoder"] | {"model": "tower", "revision": revision}
        write_json(package / "detector.json", about | {"encoder": encoder})
        with pytest.raises(InputError, match="name the folder whose weights"):
            open_package(package)


def test_an_encoder_other_than_the_one_it_was_trained_on_is_refused(package, tmp_path):
    about = read_json(package / "detector.json")
    digest = find_encoder(str(package / "encoder"), "local").revision
    write_json(package / "detector.json", about | {"encoder": about["encoder"] | {"revision": digest}})
    open_package(package)
    with pytest.raises(InputError, match="does not fit"):
        open_package(package, encoder=write_encoder(tmp_path / "other", seed=5))


def test_a_package_that_holds_a_whole_tower_needs_no_encoder_beside_it(tmp_path, folder):
    settings = full.Settings(learning_rate=0.1, head_learning_rate=0.1)
    model = full.DETECTOR.adapt(
        load_vision_tower(str(folder), "local"), settings, embedding="projected", seed=1
    )
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    options = {"task": bare_task(folder), "settings": settings, "counts": model_counts(model)}
    package = tmp_path / "model"
    full.DETECTOR.save(model, package, **options, progress=Progress())
    about = read_json(package / "detector.json")
    found = find_encoder(str(folder), "local")
    encoder = about["encoder"] | {"model": found.name, "revision": found.revision}
    write_json(package / "detector.json", about | {"encoder": encoder})
    shutil.copyfile(folder / "preprocessor_config.json", package / "preprocessor_config.json")
    shutil.rmtree(folder)
    opened = open_package(package)
    pixels = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(opened.module.cpu()(pixels), model.eval()(pixels))


def test_what_is_no_package_is_told(tmp_path):
    with pytest.raises(InputError, match=r"detector\.json cannot be read .No such file"):
        open_package(tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("detector.json", "{}"),
        ("detector.json", "[]"),
        ("detector.json", '{"method": "lora", "encoder": 3}'),
        ("adapter_config.json", "{"),
        ("adapter_config.json", '{"peft_type": "LORA", "r": "eight"}'),
        ("head.safetensors", "no tensors"),
        ("adapter_model.safetensors", ""),
        ("encoder/config.json", '{"model_type": "clip_vision_model", "hidden_size": -1}'),
    ],
)
def test_a_damaged_package_is_told_in_one_error(package, file, content):
    (package / file).write_text(content)
    with pytest.raises(InputError, match=f"{package.name}.*copy|encoder.model"):
        open_package(package)


def test_an_adapter_that_lacks_tensors_is_refused_and_none_are_drawn(package):
    path = package / "adapter_model.safetensors"
    save_file(dict(list(load_file(path).items())[1:]), path)
    with pytest.raises(InputError, match=r"lora_A\.weight' is not there"):
        open_package(package)


def test_the_digest_counts_also_of_an_encoder_that_has_a_record_of_its_own(package, tmp_path):
    about = read_json(package / "detector.json")
    digest = find_encoder(str(package / "encoder"), "local").revision
    write_json(package / "detector.json", about | {"encoder": about["encoder"] | {"revision": digest}})
    other = write_encoder(tmp_path / "other", seed=5)
    write_json(other / "detector.json", {})
    with pytest.raises(InputError, match="does not fit"):
        open_package(package, encoder=other)


def test_an_encoder_of_the_hub_is_asked_for_only_where_that_was_asked_for(package, monkeypatch):
    """A package of a stranger names any repository."""
    monkeypatch.setattr(hub, "get_hf_file_metadata", refuse := Refuse())
    shutil.rmtree(package / "encoder")
    about = read_json(package / "detector.json")
    named = about["encoder"] | {"model": "stranger/encoder", "revision": "0" * 40}
    write_json(package / "detector.json", about | {"encoder": named})
    with pytest.raises(InputError, match=r"is on the hub, at 0{40}, and not in the local cache; add --fetch"):
        open_package(package)
    assert not refuse.asked
    with pytest.raises(InputError, match="the network does not reach"):
        open_package(package, fetch=True)
    assert refuse.asked


class Refuse:
    """A hub out of reach, which remembers that it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, url, **_):
        self.asked.append(url)
        raise OSError("no network")


def test_an_encoder_in_the_hubs_cache_is_taken_without_asking(package, monkeypatch):
    cached = package.parent / "cached"
    (package / "encoder").rename(cached)
    about = read_json(package / "detector.json")
    named = about["encoder"] | {"model": "stranger/encoder", "revision": "0" * 40}
    write_json(package / "detector.json", about | {"encoder": named})
    monkeypatch.setattr(opening, "is_cached", lambda model, revision: True)
    taken = {}
    monkeypatch.setattr(
        opening, "read_shape", lambda model, revision: taken.update({model: revision}) or 1 / 0
    )
    with pytest.raises(InputError, match="ZeroDivisionError"):
        open_package(package)
    assert taken == {"stranger/encoder": "0" * 40}


def test_frames_of_more_patches_than_any_tower_has_are_refused(package, monkeypatch):
    monkeypatch.setattr(opening, "MOST_TOKENS", 15)
    with pytest.raises(InputError, match="cuts frames of 32 pixels into patches of 8, more than 15 of them"):
        open_package(package)


def test_scores_that_are_none_are_told_where_they_arise(package):
    opened = open_package(package)
    with torch.no_grad():
        opened.module.head.bias.fill_(float("nan"))
    with pytest.raises(InputError, match="a score that is no number"):
        opened.score_fitted(np.zeros((1, 32, 32, 3), np.uint8))
