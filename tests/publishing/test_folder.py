"""What a package holds: encoder, preprocessing, operating point, the way it is loaded."""

import hashlib
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import save_file

from clipforensics.adaptation.record import Usage, usage_entry
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.detectors import lora
from clipforensics.frames import rows as rows_
from clipforensics.publishing.encoders import copy_encoder, find_encoder
from clipforensics.publishing.folder import drawn_frames
from clipforensics.publishing.loading import APPLY_HEAD, find_loading
from clipforensics.publishing.model import TrainingFootage
from clipforensics.publishing.opening import open_package
from clipforensics.publishing.operating_point import operating_point
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import save_lora, save_probe
from tests.support.shared_data import ENCODERS, needs_shared
from tests.support.stores import noise_videos, write_frame_store

COMMIT = "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"
RATES = {rule: {"tpr": 0.9, "fpr": 0.2, "f1": 0.8} for rule in ("eer", "youden", "fpr")}
EVALUATION = {
    "aggregate": "mean",
    "fpr_budget": 0.1,
    "threshold": {"frame": 0.4, "video": 0.5, "rule": "youden"},
    "thresholds": {
        level: {"eer": 0.3, "youden": cut, "fpr": 0.7} for level, cut in (("frame", 0.4), ("video", 0.5))
    },
    "calibration": {
        "method": "platt",
        "frame": {"slope": 1.5, "intercept": -0.5},
        "video": {"slope": 0.0, "intercept": 0.1, "note": "no better than chance"},
        "validation_prior": {"frame": 0.25, "video": 0.5},
    },
    "validation": {
        level: {"at_thresholds": RATES, "n_real": 10, "n_fake": 12} for level in ("frame", "video")
    },
}


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


def test_the_operating_point_holds_every_rule_with_its_rates_on_validation():
    point = operating_point(EVALUATION)
    assert (point["rule"], point["pooling"], point["fpr_budget"]) == ("youden", "mean", 0.1)
    assert "validation" in point["chosen_on"]
    assert (point["frame"]["threshold"], point["video"]["threshold"]) == (0.4, 0.5)
    assert point["video"]["thresholds"]["fpr"] == {
        "threshold": 0.7,
        "validation_fpr": 0.2,
        "validation_tpr": 0.9,
    }
    assert (point["frame"]["prior"], point["video"]["n_real"], point["video"]["n_fake"]) == (0.25, 10, 12)


def test_the_operating_point_holds_the_calibration_of_each_level():
    point = operating_point(EVALUATION)
    fitted = {"method": "platt", "slope": 1.5, "intercept": -0.5, "clip": 1e-7}
    assert point["frame"]["calibration"] == fitted
    assert point["video"]["calibration"]["note"] == "no better than chance"
    bare = {**EVALUATION, "calibration": {"method": "none", "validation_prior": {"frame": 0.5, "video": 0.5}}}
    assert operating_point(bare)["video"]["calibration"] is None


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


def test_frames_are_drawn_as_the_note_says():
    note = drawn_frames(TrainingFootage("sample", True, 8, 224))
    assert (note["frames_per_video"], note["side"]) == (8, 224)
    formula = (
        note["numbers"].split(" for ")[0].replace("floor", "").replace("2 i", "2 * i").replace(") n", ") * n")
    )
    formula = formula.replace("/ (2 k)", "// (2 * k)")
    for n, k in ((101, 8), (16, 8), (9, 8)):
        said = [eval(formula, {"i": i, "n": n, "k": k}) for i in range(k)]
        assert said == rows_.sample_frame_indices(n, k).tolist()


def test_kinds_of_folders(tmp_path, folder):
    save_probe(tmp_path / "linear", np.ones(16))
    save_lora(tmp_path / "peft", folder)
    about = read_json(tmp_path / "peft/detector.json")
    head = (tmp_path / "peft/head.safetensors").read_bytes()

    def kind(name: str, tensors: dict[str, np.ndarray] | None = None, config: bool = False, **said) -> str:
        place = tmp_path / name
        if tensors is not None or config:
            place.mkdir()
            (place / "head.safetensors").write_bytes(head)
            write_json(place / "detector.json", about)
        if tensors is not None:
            save_file(tensors, place / "trained.safetensors")
        if config:
            write_json(place / "config.json", {})
        return find_loading(place, about | said).kind

    bias, one = "tower.vision_model.encoder.layers.3.mlp.fc1.bias", np.ones(2)
    assert kind("linear") == "linear"
    assert kind("peft") == "peft"
    assert kind("whole", config=True) == "tower"
    assert kind("bias", {bias: one}) == "tensors"
    assert kind("own", {bias: one, "prompt.up": one}) == "library"
    assert kind("residual", {"tower.vision_model.encoder.layers.3.self_attn.q_proj.u": one}) == "library"
    assert kind("said", {"x": one}, **usage_entry(Usage(("a = 1",), log_odds="a"))) == "usage"


def test_the_head_is_read_unless_a_method_says_its_log_odds(tmp_path, folder):
    save_lora(tmp_path / "peft", folder)
    about = read_json(tmp_path / "peft/detector.json")
    assert find_loading(tmp_path / "peft", about).usage.log_odds == APPLY_HEAD
    said = find_loading(tmp_path / "peft", about | usage_entry(Usage(("a = 1",), log_odds="a")))
    assert (said.usage.setup, said.usage.log_odds) == (("a = 1",), "a")
    assert usage_entry(None) == {}


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
