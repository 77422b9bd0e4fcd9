"""Methods are tried on the encoder's shape, so that what training would refuse is refused at once."""

from pathlib import Path

import pytest

from clipforensics.adaptation.contract import find_detector, known_detectors
from clipforensics.adaptation.text_method import TextMethod
from tests.encoder.test_vision import write_encoder
from tests.support.settings import problems
from tests.support.towers import needs_timm, write_tower
from tests.support.training_tasks import write_two_towers

LOCAL = {"encoder": {"model": "tower"}, "extract_frames": {"frame_size": 32}}


def test_every_method_fits_the_samples_encoder_as_shipped():
    assert problems(detectors=known_detectors()) == []


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("lora", {"target_modules": ["q_prj"]}, "q_prj"),
        ("lora", {"last_blocks": 5}, "5 is more than the encoder's 4 blocks"),
        ("last_blocks", {"k": 9}, "9 is more than the encoder's 4 blocks"),
        (
            "reprogramming",
            {"border": 40},
            "reprogramming.border: 40 pixels on each side leave nothing",
        ),
        ("effort", {"r": 97}, "methods.effort.r"),
        ("effort", {"r": [1, 97]}, "methods.effort.r: 97 directions"),
    ],
)
def test_what_the_encoder_has_not_cannot_be_adapted(name, settings, words):
    found = problems(detectors=["baseline", name], methods={name: settings})
    assert len(found) == 1, found
    assert found[0].startswith("params.yaml: ")
    assert words in found[0]


def test_a_method_on_texts_needs_a_whole_clip_and_projected_embeddings():
    write_encoder(Path("tower"))
    (line,) = problems(**LOCAL, detectors=["baseline", "coop"])
    assert (
        "detectors: coop compares pictures with texts, and encoder.model 'tower' has no text tower of a CLIP"
        in line
    )
    (line,) = problems(
        encoder={"model": "data/sample/clip", "embedding": "pooled"}, extract_frames={"frame_size": 64}
    )
    assert "set encoder.embedding to projected (it is pooled)" in line


def test_a_folder_with_both_towers_serves_texts():
    write_two_towers(Path("tower"))
    found = problems(encoder={"model": "tower"}, detectors=["baseline", "zero_shot"])
    assert found == []


def test_pairs_are_not_split():
    changes = {"sampling": "paired", "pixels": {"batch_size": 7, "micro_batch_size": 7}}
    (line,) = problems(train=changes)
    assert "would split pairs; make both even" in line
    assert problems(train=changes, detectors=["baseline"]) == []


SQUASHED = {"frame_size": 64, "resample": "bilinear", "squash": True}
CROPPED = {"frame_size": 64, "resize_edge": 80}
PLAIN = {"frame_size": 64}
WIDE = {"reprogramming": {"border": 32}}


@pytest.mark.parametrize(
    ("kind", "embedding", "extract", "methods", "words"),
    [
        ("siglip", "pooled", SQUASHED, {"zero_shot": {}}, "has no text tower of a CLIP"),
        (
            "dinov3_vit",
            "projected",
            SQUASHED,
            {},
            "'projected' is no embedding of a DINOv3, which has pooled, mean",
        ),
        (
            "dinov3_vit",
            "mean",
            SQUASHED,
            {"lora": {"target_modules": ["out_proj"]}},
            "it has ['down_proj', 'k_proj'",
        ),
        ("siglip", "mean", SQUASHED, {"last_blocks": {"k": 4}}, "methods.last_blocks.k: 4 is more than"),
        ("vit", "mean", SQUASHED, WIDE, "leave nothing of a frame of 64"),
        (
            "dinov2",
            "mean",
            {"frame_size": 64, "resize_edge": 80},
            {"reprogramming": {"border": 32}},
            "frame of 64",
        ),
        ("dinov2", "mean", PLAIN, {}, "squash to false and resize_edge to 80"),
        (
            "vit",
            "pooled",
            {"frame_size": 64},
            {},
            "set extract_frames.frame_size to 64, resample to bilinear",
        ),
        pytest.param(
            *("timm_wrapper", "pooled", PLAIN, {"effort": {}}),
            "effort takes query, key, value and output apart, and the encoder has ['qkv', 'proj'] for them",
            marks=needs_timm,
        ),
    ],
)
def test_what_a_family_has_not_is_one_line(kind, embedding, extract, methods, words):
    write_tower(kind, Path("tower"))
    (line,) = problems(
        encoder={"model": "tower", "embedding": embedding},
        extract_frames=extract,
        detectors=["baseline", *methods],
        methods=methods,
    )
    assert words in line


@pytest.mark.parametrize(
    ("kind", "extract"),
    [
        ("siglip", SQUASHED),
        ("dinov2", CROPPED),
        ("dinov2_with_registers", CROPPED),
        ("dinov3_vit", SQUASHED),
        ("vit", SQUASHED),
        pytest.param("timm_wrapper", PLAIN, marks=needs_timm),
    ],
)
def test_every_method_without_texts_fits_every_family(kind, extract):
    write_tower(kind, Path("tower"))
    methods = [name for name in known_detectors() if not isinstance(find_detector(name), TextMethod)]
    found = problems(
        encoder={"model": "tower", "embedding": "pooled"}, extract_frames=extract, detectors=methods
    )
    assert [line for line in found if (kind, "effort" in line) != ("timm_wrapper", True)] == []
