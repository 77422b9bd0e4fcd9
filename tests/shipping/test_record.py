"""conversion.json, and what a converted detector takes along."""

import hashlib
import json

from clipforensics.core.files import read_json
from clipforensics.shipping.agreement import Agreement
from clipforensics.shipping.record import conversion, take_along
from clipforensics.shipping.trained import open_trained


def test_it_names_what_it_was_made_from_by_content(package):
    trained = open_trained(package)
    found = conversion(trained, "merged", Agreement(1e-7, 2e-8, 8), ["torch"], opset=20)
    names = ["detector.json", "adapter_model.safetensors", "head.safetensors", "encoder/model.safetensors"]
    assert found["source"] == {
        name: hashlib.sha256((package / name).read_bytes()).hexdigest() for name in names
    }
    assert found["detector"] == read_json(package / "detector.json")
    assert (found["form"], found["opset"]) == ("merged", 20)
    assert found["checked"] == {"frames": 8, "log_odds_apart": 1e-7, "scores_apart": 2e-8}
    assert set(found["versions"]) == {"torch"}
    prepared = read_json(package / "preprocessor_config.json")
    assert found["preprocessing"] == {
        "size": 32, "resample": "bicubic", "squash": False, "edge": 32,
        "mean": prepared["image_mean"], "std": prepared["image_std"],
    }  # fmt: skip
    assert str(package.parent) not in json.dumps(found)


def test_only_what_stays_right_goes_along(package, tmp_path):
    (package / "validation.json").write_text("{}")
    (package / "likeness.safetensors").write_bytes(b"")
    (tmp_path / "out").mkdir()
    take_along(package, tmp_path / "out", ["preprocessor_config.json"])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "frames.json", "operating_point.json", "preprocessor_config.json", "validation.json",
    }  # fmt: skip
