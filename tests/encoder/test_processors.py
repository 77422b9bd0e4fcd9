"""What a checkpoint's files say of its preprocessing, and what timm's config.json says."""

import json

import numpy as np
import pytest
import torch
from transformers import ViTImageProcessorPil

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.encoder.families.finding import FAMILIES
from clipforensics.encoder.processors import as_processor, read_processor, read_timm
from clipforensics.encoder.vision import Preprocessing
from clipforensics.footage.pictures import resize_and_crop

STANDARD = ((0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


@pytest.mark.parametrize(
    ("named", "family", "taken"),
    [
        ("BitImageProcessor", "dinov2", "BitImageProcessorPil"),
        ("SiglipImageProcessorFast", "siglip", "SiglipImageProcessorPil"),
        ("DINOv3ViTImageProcessorFast", "dinov3_vit", "ViTImageProcessorPil"),
        (None, "clip", "CLIPImageProcessorPil"),
        ("ViTFeatureExtractor", "vit", "ViTImageProcessorPil"),
    ],
)
def test_the_processor_that_the_file_names_is_read_or_the_familys(named, family, taken, tmp_path):
    """A file without numbers: those of the class are taken."""
    import transformers

    content = {"image_processor_type": named} if named else {}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(content))
    fitting, (mean, std) = read_processor(str(tmp_path), {}, FAMILIES[family])
    own = getattr(transformers, taken)()
    assert (list(mean), list(std)) == (list(own.image_mean), list(own.image_std))
    assert fitting.resample == {2: "bilinear", 3: "bicubic"}[int(own.resample)]
    assert fitting.size == 224


def test_pictures_that_are_not_standardised(tmp_path):
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"do_normalize": False}))
    _, standard = read_processor(str(tmp_path), {}, FAMILIES["vit"])
    assert standard == ((0.0,) * 3, (1.0,) * 3)


@pytest.mark.parametrize(
    ("cfg", "fitting"),
    [
        ({"input_size": [3, 224, 224], "crop_pct": 1.0, "interpolation": "bicubic"}, Fitting(224)),
        ({"input_size": [3, 224, 224]}, Fitting(224, edge=256)),
        (
            {"input_size": [3, 384, 384], "crop_pct": 0.95, "interpolation": "bilinear"},
            Fitting(384, "bilinear", edge=404),
        ),
        (
            {"input_size": [3, 224, 224], "crop_pct": 0.9, "crop_mode": "squash"},
            Fitting(224, squash=True, edge=248),
        ),
    ],
)
def test_timms_config(cfg, fitting):
    found, (mean, std) = read_timm("m", {**cfg, "mean": [0.5] * 3, "std": [0.25] * 3})
    assert (found, mean, std) == (fitting, (0.5,) * 3, (0.25,) * 3)


def test_timms_own_defaults():
    assert read_timm("m", {}) == (Fitting(224, edge=256), ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


@pytest.mark.parametrize(
    ("cfg", "words"),
    [
        ({"crop_mode": "border"}, "by crop_mode 'border'"),
        ({"input_size": [3, 224, 256]}, "makes pictures of 3x224x256"),
        ({"input_size": [1, 28, 28]}, "makes pictures of 1x28x28"),
        ({"interpolation": "lanczos"}, "resizes with the filter 'lanczos'"),
    ],
)
def test_what_timm_does_that_frames_cannot_be_fitted_to(cfg, words):
    with pytest.raises(InputError, match=words) as told:
        read_timm("m", cfg)
    assert "choose another encoder" in str(told.value)


@pytest.mark.parametrize(
    "fitting",
    [
        Fitting(32),
        Fitting(32, "bilinear", squash=True),
        Fitting(32, edge=40),
        Fitting(32, squash=True, edge=40),
    ],
)
def test_the_file_that_a_package_gets_does_the_same(fitting, tmp_path):
    """To one grey level, by transformers' own class."""
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(as_processor(fitting, STANDARD)))
    picture = np.random.default_rng(1).integers(0, 256, (50, 90, 3), dtype=np.uint8)
    processor = ViTImageProcessorPil.from_pretrained(tmp_path)
    theirs = processor(picture, return_tensors="pt", input_data_format="channels_last")["pixel_values"]
    frame = np.stack([resize_and_crop(picture, fitting)])
    ours = Preprocessing(fitting, *STANDARD).pixels(frame, torch.device("cpu"))
    assert (ours - theirs).abs().max() <= 1.001 / 255 / min(STANDARD[1])
    assert read_processor(str(tmp_path), {}, FAMILIES["vit"]) == (fitting, STANDARD)
