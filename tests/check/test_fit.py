"""Methods are tried on the encoder's shape, so that what training would refuse is refused at once."""

from pathlib import Path

import pytest

from clipforensics.adaptation.contract import known_detectors
from tests.encoder.test_vision import write_encoder
from tests.support.settings import problems
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
