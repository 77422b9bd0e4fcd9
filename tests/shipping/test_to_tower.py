"""Every method as a plain tower, or one line; by the code of its card, which knows neither peft nor this."""

import shutil

import numpy as np
import pytest
import torch

from clipforensics.adaptation.contract import find_detector, known_detectors
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.publishing.opening import open_package
from clipforensics.shipping.to_tower import convert, read_plain
from tests.shipping.test_convert import run
from tests.support.packages import write_lora_package
from tests.support.shared_data import ENCODERS, needs_shared
from tests.support.trained_project import CELL, add_frames, code_of, run_cards

FOLDABLE = ["bitfit", "effort", "full", "last_blocks", "layer_norm", "lora"]
OTHERS = sorted(set(known_detectors()) - set(FOLDABLE))


@pytest.fixture(scope="module")
def ran(packages, tmp_path_factory):
    """What the code of every card said in a process without this library, and what evaluate had said."""
    place, expected = tmp_path_factory.mktemp("towers"), {}
    for name in FOLDABLE:
        package = shutil.copytree(packages / "models" / name / CELL, place / "models" / name / CELL)
        run(package, place / name)
        expected[name] = add_frames(packages, packages / "models" / name / CELL)
        shutil.move(packages / "models" / name / CELL / "frames", place / name / "frames")
    said = run_cards([place / name for name in FOLDABLE], plain=True)
    return {name: (place / name, said[place / name]["scores"], expected[name]) for name in FOLDABLE}


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDABLE)
def test_the_code_of_its_card_gives_the_scores_of_evaluate(name, ran):
    folder, said, expected = ran[name]
    assert expected.std() > 1e-4
    np.testing.assert_allclose(said, expected, atol=1e-5)
    card = (folder / "README.md").read_text()
    assert "library_name: transformers" in card
    assert "peft" not in code_of(card)
    assert "**This is a toy" in card, "what the package warns of"


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDABLE)
def test_transformers_alone_finds_every_weight_and_no_other(name, ran):
    from transformers import CLIPVisionModelWithProjection

    folder, *_ = ran[name]
    _, found = CLIPVisionModelWithProjection.from_pretrained(folder, output_loading_info=True)
    assert not any(found[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_what_no_tower_can_hold_is_told_in_one_line_with_a_remedy(name, packages, tmp_path):
    with pytest.raises(InputError) as told:
        run(packages / "models" / name / CELL, tmp_path / "out")
    line = str(told.value)
    assert "--to onnx" in line
    assert "\n" not in line
    assert list(tmp_path.iterdir()) == []
    reads = find_detector(name).reads
    assert ("leaves its encoder as it is" in line) == (reads == "embeddings")


def test_it_is_read_back_without_the_package(package, tmp_path):
    run(package, tmp_path / "out")
    pixels = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        expected = open_package(package).module(pixels)
        shutil.rmtree(package)
        assert torch.allclose(read_plain(tmp_path / "out", "projected")(pixels), expected, atol=1e-5)
    about = read_json(tmp_path / "out/conversion.json")
    assert about["form"] == "merged"
    assert about["checked"]["scores_apart"] <= 1e-5


@needs_shared
def test_a_real_vision_transformer_stays_the_same_detector(tmp_path, monkeypatch):
    real = ENCODERS / "vit-tiny-clip-layout"
    monkeypatch.setattr(
        "tests.support.packages.write_encoder", lambda folder: shutil.copytree(real, folder) and folder
    )
    package = write_lora_package(tmp_path / "model")
    (tmp_path / "out").mkdir()
    (line,) = convert(package, tmp_path / "out")
    assert line.startswith("lora as a plain CLIPVisionModelWithProjection")


def test_no_code_of_the_package_reaches_the_card(package, tmp_path):
    """What detector.json says of loading is a stranger's."""
    about = read_json(package / "detector.json")
    planted = {"tower": "evil", "processor": "evil", "options": {}, "call": "evil({})"}
    write_json(package / "detector.json", {**about, "tower": planted, "usage": {"setup": ["evil()"]}})
    run(package, tmp_path / "out")
    assert "evil" not in (tmp_path / "out/README.md").read_text()
