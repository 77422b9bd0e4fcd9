"""Training on cached embeddings: the rows asked for, whatever the micro-batch, and settled as it scores."""

import dataclasses

import numpy as np
import pytest
import torch

from clipforensics.adaptation import embedding_method
from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.embedding_method import (
    SCORE_BATCH,
    Features,
    score_features,
    train_on_embeddings,
)
from clipforensics.training.schedule import Schedule
from clipforensics.training.trainer import Trainer
from tests.support.training_tasks import shipped_budget, shipped_settings

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


def test_the_schedule_is_the_budgets_with_the_methods_rate_and_the_tasks_seed(bench, tmp_path, monkeypatch):
    seen = []

    def note(judge, *, schedule, **options):
        seen.append(schedule)
        return Trainer(judge, schedule=schedule, **options)

    monkeypatch.setattr(embedding_method, "Trainer", note)
    budget = {"epochs": 3, "patience": 2, "batch_size": 7, "weight_decay": 0.03, "warmup_fraction": 0.3}
    task = dataclasses.replace(
        bench.task, budget=shipped_budget({"embeddings": budget}), seed=9, scratch=tmp_path
    )
    judge = find_detector("mlp").build(task, shipped_settings("mlp"))
    train_on_embeddings(judge, task, 0.01, settled=lambda judge: judge, rows_at_once=4, label="mlp")
    rates = {"learning_rate": 0.01, "head_learning_rate": 0.01}
    assert seen == [Schedule(**budget, **rates, micro_batch_size=4, seed=9)]


@pytest.mark.parametrize("name", ["mlp", "clip_adapter", "text_lora"])
def test_the_judge_that_training_starts_from_is_drawn_from_the_tasks_seed(bench, name):
    def build(seed):
        task = dataclasses.replace(bench.task, seed=seed)
        judge = find_detector(name).build(task, shipped_settings(name))
        return torch.cat([p.detach().flatten() for p in judge.parameters() if p.requires_grad])

    first = build(1)
    assert torch.equal(build(1), first), "whatever was drawn before"
    assert not torch.equal(build(2), first)


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
