"""The baseline: the probe under the contract, saved without loss."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from clipforensics.adaptation.linear_probe import Probe
from clipforensics.core.fitting import Fitting
from clipforensics.detectors import baseline
from clipforensics.detectors.baseline import at_an_end
from clipforensics.encoder.vision import embed_pixels, load_preprocessing, load_vision_tower
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import save_probe
from tests.support.stores import noise_videos, write_frame_store
from tests.support.training_tasks import shipped_budget, shipped_settings


def test_it_is_fitted_to_every_frame_with_the_frames_own_label(bench, tmp_path):
    settings, train = shipped_settings("baseline", inverse_l2=[1.0]), bench.task.train
    baseline.DETECTOR.fit(bench.task, settings, tmp_path / "model")
    x = bench.task.embeddings.read(train.rows).astype(np.float64)
    expected = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000).fit(x, train.labels)
    head = baseline.DETECTOR.load(tmp_path / "model").head
    np.testing.assert_allclose(head.weight.numpy(), expected.coef_, atol=1e-3)
    np.testing.assert_allclose(head.bias.numpy(), expected.intercept_, atol=1e-3)
    assert np.abs(expected.coef_).max() > 0.1


def test_classes_are_weighed_as_the_budget_says(bench, tmp_path):
    lopsided = bench.task.frames.rows.labelled(bench.task.train.table[1:])  # two real, three manipulated
    settings, bias = shipped_settings("baseline", inverse_l2=[1.0]), {}
    for weight in ("balanced", "none"):
        budget = shipped_budget({"class_weight": weight})
        task = dataclasses.replace(bench.task, train=lopsided, budget=budget)
        baseline.DETECTOR.fit(task, settings, tmp_path / weight)
        bias[weight] = baseline.DETECTOR.load(tmp_path / weight).head.bias.item()
    assert bias["none"] > bias["balanced"]


def test_saved_and_loaded_scores_are_identical(tmp_path):
    rng = np.random.default_rng(9)
    x = rng.normal(size=(20, 6))
    x, probe = x / np.linalg.norm(x, axis=1, keepdims=True), Probe(rng.normal(size=6), -0.2, 1.0, [])
    baseline.DETECTOR.save_judge(probe, tmp_path)
    with torch.no_grad():
        again = torch.sigmoid(baseline.DETECTOR.load(tmp_path)(torch.from_numpy(x)))
    np.testing.assert_allclose(again.numpy(), probe.score(x), atol=1e-15)
    assert ((probe.score(x) >= 0) & (probe.score(x) <= 1)).all()


@pytest.mark.parametrize("embedding", ["projected", "pooled"])
def test_its_log_odds_from_pixels_are_those_of_its_scores_from_embeddings(tmp_path, embedding):
    folder = write_encoder(tmp_path / "tower")
    frames = write_frame_store(tmp_path / "frames", noise_videos(4))
    tower = load_vision_tower(str(folder), "local")
    pixels = load_preprocessing(str(folder), "local", fitting=Fitting(32)).pixels(
        frames.read(np.arange(12)), torch.device("cpu")
    )
    with torch.no_grad():
        raw = embed_pixels(tower, pixels, embedding).numpy()
    weight = np.random.default_rng(0).normal(size=raw.shape[1])
    save_probe(tmp_path / "model", weight, -0.2)
    expected = Probe(weight, -0.2, 1.0, []).score(raw / np.linalg.norm(raw, axis=1, keepdims=True))
    encoder = {"model": str(folder), "revision": "local", "embedding": embedding}
    method = baseline.DETECTOR
    module, preprocessing, found = method.log_odds(tmp_path / "model", encoder=encoder, fitting=Fitting(32))
    with torch.no_grad():
        scores = torch.sigmoid(module(preprocessing.pixels(frames.read(np.arange(12)), torch.device("cpu"))))
    np.testing.assert_allclose(scores.numpy(), expected, atol=1e-5)
    assert expected.std() > 1e-3
    assert found is module.tower
    assert not module.training


def test_a_choice_at_an_end_of_the_candidates_is_told():
    assert at_an_end(10.0, [0.1, 1.0, 10.0]).strip().startswith("(at an end of methods.baseline.inverse_l2")
    assert at_an_end(0.1, [10.0, 1.0, 0.1]) != ""
    assert at_an_end(1.0, [0.1, 1.0, 10.0]) == ""
    assert at_an_end(1.0, [1.0]) == "", "nothing was chosen"
