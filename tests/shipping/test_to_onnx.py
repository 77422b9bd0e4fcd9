"""Every method as an ONNX file, held to evaluate's scores by the code of its card, without torch."""

import numpy as np
import pytest
import torch

from clipforensics.adaptation.contract import known_detectors
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.shipping import to_onnx
from clipforensics.shipping.contents import read_contents
from tests.shipping.test_convert import listed, run
from tests.support.packages import skip_without_onnx
from tests.support.trained_project import CELL, add_frames, code_of, run_cards


@pytest.fixture(autouse=True)
def there():
    skip_without_onnx()


@pytest.mark.slow
@pytest.mark.parametrize("name", known_detectors())
def test_the_code_of_its_card_gives_the_scores_and_verdict_of_the_package(name, packages, tmp_path, capsys):
    package, out = packages / "models" / name / CELL, tmp_path / "out"
    run(package, out, "onnx")
    assert f"{name} as ONNX, operator set " in capsys.readouterr().out
    expected = add_frames(packages, package)
    (package / "frames").rename(out / "frames")
    said = run_cards([out], plain=True)[out]
    assert expected.std() > 1e-4
    np.testing.assert_allclose(said["scores"], expected, atol=1e-5)
    point = read_json(package / "operating_point.json")["video"]
    assert said["verdict"]["score"] == pytest.approx(expected[:2].mean(), abs=1e-5)
    assert said["verdict"]["manipulated"] == (said["verdict"]["score"] >= point["threshold"])
    fitted, score = point["calibration"], expected[:2].mean()
    odds = fitted["slope"] * np.log(score / (1 - score)) + fitted["intercept"]
    assert said["verdict"]["probability"] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-4)
    card = (out / "README.md").read_text()
    assert "library_name: onnx" in card
    assert "torch" not in code_of(card)


def test_what_lies_beside_it(package, tmp_path, capsys):
    run(package, tmp_path / "out", "onnx")
    said = capsys.readouterr().out
    assert f"on this CPU, {torch.get_num_threads()} thread(s): " in said
    assert "frames/s in ONNX Runtime" in said
    assert said.count("\n") == 2
    assert listed(tmp_path / "out") == [
        "README.md", "conversion.json", "files.json", "frames.json", "model.onnx", "operating_point.json",
    ]  # fmt: skip
    about = read_json(tmp_path / "out/conversion.json")
    assert about["input"] == {"name": "pixels", "type": "float32", "shape": ["batch", 3, 32, 32]}
    assert about["output"] == {"name": "log_odds", "type": "float32", "shape": ["batch"]}
    assert about["opset"] >= 18
    assert set(about["versions"]) == {"torch", "onnx", "onnxscript", "onnxruntime"}
    assert about["checked"]["log_odds_apart"] <= 1e-4
    assert read_contents(tmp_path / "out").detector == "lora", "it can be pushed"


def test_a_file_that_computes_something_else_is_refused_and_not_left(package, tmp_path, monkeypatch):
    exported = to_onnx.export_onnx

    def other(module, pixels, folder):
        with torch.no_grad():
            module.head.bias += 0.001
        return exported(module, pixels, folder)

    monkeypatch.setattr(to_onnx, "export_onnx", other)
    with pytest.raises(
        InputError, match=r"within 1\.0e-03.*0\.0001 is allowed of log odds.*not kept"
    ) as told:
        run(package, tmp_path / "out", "onnx")
    assert "\n" not in str(told.value)
    assert listed(tmp_path) == ["model", "model-encoder"]
