"""How a package is loaded, told by what lies in it."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from clipforensics.adaptation.record import Usage, usage_entry
from clipforensics.core.files import read_json, write_json
from clipforensics.publishing.loading import APPLY_HEAD, find_loading
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import save_lora, save_probe


@pytest.fixture
def folder(tmp_path):
    return write_encoder(tmp_path / "tower")


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


def test_a_record_of_candidates_does_not_change_how_a_probe_is_loaded(tmp_path):
    weights = {"weight": np.zeros(4, dtype=np.float32), "bias": np.zeros(1, dtype=np.float32)}
    save_file(weights, tmp_path / "probe.safetensors")
    (tmp_path / "detector.json").write_text("{}")
    before = find_loading(tmp_path, {})
    (tmp_path / "choices.json").write_text("{}")
    assert find_loading(tmp_path, {}) == before
    assert before.kind == "linear"
