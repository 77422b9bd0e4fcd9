"""The card of a converted detector: what the package's said, but for how it is loaded."""

import shutil

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.shipping.card import converted_card, onnx_code, section, tower_code
from tests.support.packages import POINT

FRAMES = {"side": 32}
FACES = {"faces": {"person": "largest"}}
PEOPLE = {"faces": {"person": "every"}}


def test_only_the_section_and_the_library_change(package):
    (package / "README.md").write_text(
        (package / "README.md").read_text() + "\n## After\n\n\\1 \\g<0> stays\n", encoding="utf-8"
    )
    before = (package / "README.md").read_text()
    after = converted_card(package, "## How to load it\n\nnew \\1 words\n", "onnx")
    assert yaml.safe_load(after.split("---")[1]) == {
        **yaml.safe_load(before.split("---")[1]),
        "library_name": "onnx",
    }
    body = before.split("---\n", 2)[2]
    assert after.split("---\n", 2)[2] == body.replace("In another way.", "new \\1 words")


@pytest.mark.parametrize("text", ["", "# No head\n\n## How to load it\n", "---\na: 1\n---\n\nno section\n"])
def test_a_card_that_is_no_packages_is_refused(package, text):
    (package / "README.md").write_text(text)
    with pytest.raises(InputError, match=r"README\.md is no package's model card.*dvc repro package"):
        converted_card(package, "", "onnx")
    (package / "README.md").unlink()
    with pytest.raises(InputError, match=r"README\.md is no package's model card"):
        converted_card(package, "", "onnx")


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (FRAMES, "with a video's frames in `frames/`:"),
        (FACES, "in `frames/`, each cut around the face as `frames.json` says:"),
        (
            PEOPLE,
            "in `frames/`, every person cut out as `frames.json` says, in files `<frame>-<person>.png`:",
        ),
    ],
)
def test_it_says_which_frames_it_wants(frames, said):
    text = section("Made.", "Needs.", "x = 1\n", frames=frames, checked="equal", files=["model.onnx", "odd"])
    assert said in text
    assert "```python\nx = 1\n```\n\nChecked when it was made: equal.\n" in text
    assert "| model.onnx | pixels to log odds |" in text
    assert "| odd | as in the package |" in text


@pytest.mark.parametrize("pooling", ["mean", "median", "max"])
@pytest.mark.parametrize("frames", [FRAMES, PEOPLE])
@pytest.mark.parametrize("calibration", [None, {"slope": 1.0}])
def test_code_is_python_for_every_way_of_judging(pooling, frames, calibration):
    point = {**POINT, "pooling": pooling, "video": {**POINT["video"], "calibration": calibration}}
    for code in (onnx_code(point, frames), tower_code(None, "projected", point, frames)):
        compile(code, "README.md", "exec")
        assert ("probability" in code) == (calibration is not None)
        assert ("*-*.png" in code) == (frames is PEOPLE)
        assert ("import statistics" in code) == (pooling != "max")


def test_onnx_needs_neither_torch_nor_this_library():
    code = onnx_code(POINT, FRAMES)
    assert not any(word in code for word in ("torch", "transformers", "clipforensics"))
    assert code.index("ORT_DISABLE_TELEMETRY") < code.index("import onnxruntime")


def test_a_tower_of_another_family_is_loaded_by_its_own_class():
    tower = {
        "family": "SigLIP",
        "tower": "SiglipVisionModel",
        "processor": "SiglipImageProcessorPil",
        "options": {"vision_use_head": True},
        "call": "tower(pixel_values={}).pooler_output",
    }
    code = tower_code(tower, "pooled", POINT, FRAMES)
    assert "SiglipVisionModel.from_pretrained(folder, vision_use_head=True)" in code
    assert "tower(pixel_values=pixels).pooler_output" in code


def test_the_original_card_is_left_as_it_was(package, tmp_path):
    shutil.copytree(package, tmp_path / "copy")
    converted_card(package, "## How to load it\n", "onnx")
    assert (package / "README.md").read_bytes() == (tmp_path / "copy/README.md").read_bytes()
