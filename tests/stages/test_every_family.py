"""The whole chain on encoders of other families than CLIP: embed, train, evaluate, explain, package."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clipforensics.adaptation.contract import find_detector, known_detectors
from clipforensics.adaptation.text_method import TextMethod
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.core.fitting import Fitting
from clipforensics.explanations.maps import Heatmaps
from clipforensics.publishing.opening import open_package
from clipforensics.shipping import convert
from stages import embed, explain, robustness
from tests.support.packages import skip_without_onnx
from tests.support.repository import edit_yaml
from tests.support.towers import SIZE, needs_timm, write_tower
from tests.support.trained_project import CELL, add_frames, make_packages, make_project, run_cards

SQUASHED = Fitting(SIZE, "bilinear", squash=True)
KINDS = {
    "siglip": ("pooled", SQUASHED),
    "dinov3_vit": ("class_mean", SQUASHED),
    "vit": ("pooled", SQUASHED),
    "timm_wrapper": ("pooled", Fitting(SIZE)),
}
WITHOUT_TEXT = [name for name in known_detectors() if not isinstance(find_detector(name), TextMethod)]
METHODS = {
    "siglip": WITHOUT_TEXT,
    "dinov3_vit": WITHOUT_TEXT,
    "vit": ["baseline", "lora"],
    "timm_wrapper": [name for name in WITHOUT_TEXT if name != "effort"],
}
"""Effort takes query, key and value apart, which timm makes in one layer: test_fit.py has its refusal."""


PARAMS = [pytest.param(kind, marks=needs_timm if kind == "timm_wrapper" else ()) for kind in KINDS]


@pytest.fixture(scope="module", params=PARAMS)
def chain(request, tmp_path_factory):
    """Kind, and a project that every method was trained in."""
    kind = request.param
    embedding, fitting = KINDS[kind]
    settings = {
        "encoder": {"embedding": embedding},
        "extract_frames": {"resample": fitting.resample, "squash": fitting.squash},
        "robustness": {"degradations": ["blur"], "strengths": [3], "frames_per_video": 1},
        "explain": {"sanity_draws": 1, "videos_per_list": 1, "frames_per_video": 1},
    }
    folder = make_project(
        tmp_path_factory.mktemp(kind) / "project",
        METHODS[kind],
        settings,
        write=lambda folder: write_tower(kind, folder),
        fitting=fitting,
    )
    make_packages(folder, include_encoder=True)
    return kind, folder


def test_every_detector_is_scored_and_none_alike(chain):
    kind, folder = chain
    found = {}
    for name in METHODS[kind]:
        scores = np.loadtxt(
            folder / f"data/scores/{name}/{CELL}.csv", delimiter=",", skiprows=1, usecols=-1, dtype=str
        )
        found[name] = tuple(scores)
        assert len(set(scores)) > len(scores) / 2
    assert len(set(found.values())) == len(found)


def test_the_code_of_every_card_gives_the_scores_of_evaluate(chain):
    kind, folder = chain
    models = {name: folder / "models" / name / CELL for name in METHODS[kind]}
    expected = {name: add_frames(folder, model) for name, model in models.items()}
    said = run_cards(models.values(), plain=True)
    for name, model in models.items():
        np.testing.assert_allclose(said[model]["scores"], expected[name], atol=1e-5, err_msg=name)
        shutil.rmtree(model / "frames")


def test_a_package_is_opened_and_fits_pictures_as_the_encoder_wants_them(chain):
    _, folder = chain
    package = open_package(folder / "models/baseline" / CELL)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8))
    (score,) = package.score([picture])
    assert 0 < score < 1
    words = read_json(folder / "models/baseline" / CELL / "frames.json")["resize"]
    assert ("both sides to 64, bilinear" in words) == package.preprocessing.fitting.squash
    assert next(package.module.parameters()).dtype == torch.float32


@pytest.mark.parametrize("form", ["onnx", "merged"])
def test_a_package_is_converted_and_its_new_card_gives_the_scores_of_evaluate(chain, form, tmp_path):
    if form == "onnx":
        skip_without_onnx()
    _, folder = chain
    package, out = folder / "models/lora" / CELL, tmp_path / "out"
    convert.main(["--model", str(package), "--to", form, "--out", str(out)])
    expected = add_frames(folder, package)
    shutil.move(package / "frames", out / "frames")
    np.testing.assert_allclose(run_cards([out], plain=True)[out]["scores"], expected, atol=1e-5)


def test_relevance_is_mapped_from_a_class_token_and_refused_in_one_line_elsewhere(chain, capsys):
    kind, folder = chain
    with contextlib.chdir(folder):
        explain.main()
        maps = Heatmaps.open(Path("data/explanations/lora"))
    sanity = json.loads((folder / "data/metrics/explanations.json").read_text())["sanity"]["lora"]
    if kind == "vit":
        assert len(maps) > 0
        assert "undefined" not in sanity
    else:
        assert len(maps) == 0
        assert sanity["undefined"].endswith("there are no maps")
    assert len(capsys.readouterr().out.splitlines()) == len(METHODS[kind])


def test_degraded_frames_go_through_every_detector(chain):
    kind, folder = chain
    with contextlib.chdir(folder):
        robustness.main()
        found = read_json(Path("data/metrics/robustness.json"))
    assert found["detectors"] == METHODS[kind]


def test_frames_that_were_fitted_otherwise_are_refused(chain):
    kind, folder = chain
    if kind == "timm_wrapper":
        pytest.skip("it wants them as they are by default")
    with contextlib.chdir(folder):
        meta = Path("data/frames/meta.json")
        before = meta.read_text()
        meta.write_text(json.dumps({**json.loads(before), "resample": "bicubic"}))
        with pytest.raises(InputError, match="resample to bilinear, squash to true and resize_edge to 0"):
            embed.main()
        meta.write_text(before)
        edit_yaml(Path("params.yaml"), {"encoder": {"embedding": "projected"}})
        with pytest.raises(InputError, match="'projected' is no embedding of a"):
            embed.main()
