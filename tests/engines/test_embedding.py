"""What every engine goes through: full batches, and a first one that eager has to bear out."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.encoder import vision
from clipforensics.engines import embedding
from clipforensics.engines.choosing import ENGINES
from clipforensics.engines.embedding import compare, engine_embedder
from tests.support.engines import BATCH, noise
from tests.support.towers import write_tower


@pytest.fixture
def build(tmp_path, monkeypatch):
    """The engine `compile` with another inside."""
    folder = str(write_tower("clip", tmp_path / "encoder"))
    tower = vision.load_vision_tower(folder, "local")
    preprocessing = vision.load_preprocessing(folder, "local", fitting=None)
    options = {"device": torch.device("cpu"), "dtype": torch.float32}

    def engine(inner):
        one = replace(ENGINES["compile"], build=inner)
        monkeypatch.setattr(embedding, "ENGINES", {"compile": one})
        how = {**options, "batch_size": BATCH, "folder": tmp_path / "engine"}
        return engine_embedder("compile", tower, preprocessing, "projected", **how)

    return engine


def test_it_is_given_full_batches_and_gives_back_what_was_asked_for(build):
    shapes = []

    def honest(encoder, pixels, folder):
        def forward(batch):
            shapes.append(tuple(batch.shape))
            return encoder(batch)

        shapes.append(tuple(pixels.shape))
        return forward

    embed = build(honest)
    assert embed(noise(1)).shape == (1, 16)
    assert embed(noise(3)).shape == (3, 16)
    assert set(shapes) == {(BATCH, 3, 64, 64)}
    with pytest.raises(ValueError, match="5 frames in a batch of 4"):
        embed(noise(5))


def test_one_that_computes_something_else_is_refused_at_its_first_batch(build):
    embed = build(lambda encoder, pixels, folder: lambda batch: encoder(batch + 0.1))
    with pytest.raises(
        InputError, match=r"'compile' differs from eager by .*e-0\d on the first 4 frames.*may by 1e-04"
    ):
        embed(noise())


def test_one_that_gives_no_numbers_is_refused(build):
    embed = build(lambda encoder, pixels, folder: lambda batch: encoder(batch) * float("nan"))
    with pytest.raises(InputError, match="differs from eager by nan"):
        embed(noise())


def test_eager_is_asked_for_the_first_batch_alone(build, capsys):
    embed = build(lambda encoder, pixels, folder: encoder)
    asked = []
    eager, embed.eager = embed.eager, lambda frames: asked.append(len(frames)) or eager(frames)
    for seed in range(3):
        embed(noise(seed=seed))
    assert asked == [BATCH]
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_an_encoder_that_it_cannot_take_is_told_in_a_line(build):
    def fails(encoder, pixels, folder):
        raise RuntimeError("no such operator\n and more")

    with pytest.raises(
        InputError, match=r"cannot take this encoder \(RuntimeError: no such operator and more\); set"
    ) as told:
        build(fails)
    assert "\n" not in str(told.value)

    with pytest.raises(InputError, match="cannot take this encoder"):
        build(lambda encoder, pixels, folder: lambda batch: fails(encoder, batch, folder))


def test_length_is_no_difference():
    rows = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    compare("openvino", 7 * rows, rows, 1e-6)
