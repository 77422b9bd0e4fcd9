"""Zero-shot: CLIP's own answer, from embeddings alone, with nothing trained."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch
from transformers import CLIPModel

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.detectors.zero_shot import DETECTOR
from clipforensics.encoder.vision import load_preprocessing
from tests.support.training_tasks import SIZE, Bench, shipped_settings

PLAIN = {"templates": ["a photo of a {}"], "real": ["real face"], "manipulated": ["fake face of person"]}
ENSEMBLE = {**PLAIN, "templates": ["a photo of a {}", "{}"], "manipulated": ["fake face", "manipulated face"]}


@pytest.fixture
def fit(bench, tmp_path):
    def run(**settings):
        folder = tmp_path / "model"
        return folder, DETECTOR.fit(bench.task, shipped_settings("zero_shot", **settings), folder)

    return run


def score(bench, folder):
    return DETECTOR.score(
        folder, bench.everything, frames=bench.task.frames, embeddings=bench.task.embeddings
    )


def test_one_prompt_a_class_gives_the_probabilities_of_clip_itself(bench, fit):
    folder, _ = fit(**PLAIN)
    place = bench.task.encoder["model"]
    model, text = CLIPModel.from_pretrained(place).eval(), DETECTOR.open_text(bench.task)
    pixels = load_preprocessing(place, "local", fitting=Fitting(SIZE)).pixels(
        bench.task.frames.read(bench.everything), torch.device("cpu")
    )
    prompts = ["a photo of a real face", "a photo of a fake face of person"]
    with torch.no_grad():
        words = text.tokenizer(prompts, padding=True, return_tensors="pt")
        theirs = model(**words, pixel_values=pixels).logits_per_image.softmax(dim=1)[:, 1]
    np.testing.assert_allclose(score(bench, folder), theirs.numpy(), atol=1e-5)


def test_an_ensemble_against_a_slow_reference(bench, fit):
    folder, _ = fit(**ENSEMBLE)
    model = CLIPModel.from_pretrained(bench.task.encoder["model"]).eval().requires_grad_(False)
    tokenizer = DETECTOR.open_text(bench.task).tokenizer

    def direction(prompts):
        total = 0.0
        for prompt in prompts:
            words = tokenizer([prompt], return_tensors="pt")
            vector = model.get_text_features(**words).pooler_output[0].double().numpy()
            total = total + vector / np.linalg.norm(vector)
        return total / np.linalg.norm(total)

    real = direction(["a photo of a real face", "real face"])
    fakes = ["a photo of a fake face", "a photo of a manipulated face", "fake face", "manipulated face"]
    x = bench.task.embeddings.read(bench.everything).astype(np.float64)
    logits = float(model.logit_scale.exp()) * np.column_stack([x @ real, x @ direction(fakes)])
    powers = np.exp(logits)
    np.testing.assert_allclose(score(bench, folder), powers[:, 1] / powers.sum(axis=1), atol=1e-5)


def test_nothing_is_trained_and_validation_is_told(bench, fit, capsys):
    folder, done = fit(**ENSEMBLE)
    line = "trainable params: 0 || all params: 0 || trainable%: 0.0000"
    assert capsys.readouterr().out.strip() == line
    assert (done.samples, [row["epoch"] for row in done.curve]) == (0, [0])
    assert done.rank == (done.curve[0]["val_video_auc"], done.curve[0]["val_frame_auc"])
    assert json.loads((folder / "detector.json").read_text())["validation"]["video_auc"] == done.rank[0]
    assert "6 prompts" in done.summary


def test_scoring_needs_no_encoder(tmp_path, fit, bench):
    other = Bench.make(tmp_path / "other")
    folder = tmp_path / "model"
    DETECTOR.fit(other.task, shipped_settings("zero_shot", **PLAIN), folder)
    before = score(other, folder)
    shutil.rmtree(other.task.encoder["model"])
    assert np.array_equal(score(other, folder), before)


@pytest.mark.parametrize("name", ["zero_shot", "clip_adapter", "coop", "text_lora"])
def test_pooled_embeddings_cannot_be_compared_with_texts(bench, tmp_path, name):
    from clipforensics.adaptation.contract import find_detector

    task = dataclasses.replace(bench.task, encoder={**bench.task.encoder, "embedding": "pooled"})
    with pytest.raises(InputError, match=rf"{name} compares .* set encoder\.embedding to projected"):
        find_detector(name).fit(task, shipped_settings(name), tmp_path)
