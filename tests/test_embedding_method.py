"""Training on cached embeddings: the rows asked for, whatever the micro-batch, and settled as it scores."""

import dataclasses

import numpy as np
import pytest
import torch

from clipforensics.detectors.base import find_detector
from clipforensics.embedding_method import SCORE_BATCH, Features, score_features, train_on_embeddings
from tests.detectors.tasks import shipped_settings

CPU = torch.device("cpu")


def test_features_are_the_stores_rows_in_the_order_asked_for(bench):
    store = bench.task.embeddings
    features = Features(store, np.array([20, 3, 11, 7]), CPU)
    for asked in ([11, 20, 11], [7], [3, 7, 20, 11]):
        rows = np.array(asked)
        assert np.array_equal(features.take(rows).numpy(), store.read(rows))


def test_scores_do_not_depend_on_how_rows_are_cut():
    judge = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0))
    features = torch.randn(SCORE_BATCH + 5, 3)
    scores = score_features(judge, features)
    assert (scores.dtype, scores.shape) == (np.float64, (SCORE_BATCH + 5,))
    np.testing.assert_allclose(scores[-7:], score_features(judge, features[-7:]), atol=1e-7)


@pytest.mark.parametrize("name", ["mlp", "clip_adapter"])
def test_rows_at_once_change_nothing_but_rounding(bench, tmp_path, name):
    method = find_detector(name)
    settings = shipped_settings(name, **({"dropout": 0.0} if name == "mlp" else {}))
    judges = []
    for rows in (None, 4):
        judge = method.build(bench.task, settings)
        task = dataclasses.replace(bench.task, scratch=tmp_path / str(rows))
        train_on_embeddings(
            judge, task, settings.learning_rate, settled=method.settled, rows_at_once=rows, label=name
        )
        judges.append(judge.state_dict())
    for key, tensor in judges[0].items():
        torch.testing.assert_close(judges[1][key], tensor, atol=2e-5, rtol=0)


@pytest.mark.parametrize("name", ["mlp", "clip_adapter", "coop", "text_lora"])
def test_the_settled_judge_scores_as_the_judge_and_as_the_saved_one(bench, tmp_path, name):
    method = find_detector(name)
    judge = method.build(bench.task, shipped_settings(name)).eval()
    features = torch.from_numpy(bench.task.embeddings.read(bench.everything))
    with torch.no_grad():
        settled = method.settled(judge)(features)
        torch.testing.assert_close(judge(features), settled, atol=1e-6, rtol=0)
        method.save_judge(judge, tmp_path)
        assert torch.equal(method.load_judge(tmp_path)(features), settled)
