"""Draws, schedule and the trainer: a killed run ends in the weights of an undisturbed one."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.faults import InputError
from clipforensics.training import Schedule, Trainer, class_weights, draw_epoch, learning_rate_factor

SPANS = [np.arange(0, 5), np.arange(5, 7), np.arange(7, 12), np.arange(12, 16)]
LABELS = np.array([0, 0, 1, 1])


@given(per_video=st.integers(1, 9), seed=st.integers(0, 2**32), epoch=st.integers(0, 1000))
def test_an_epoch_draws_each_video_alike_and_no_frame_twice(per_video, seed, epoch):
    rows, targets = draw_epoch(SPANS, LABELS, frames_per_video=per_video, seed=seed, epoch=epoch)
    assert len(set(rows.tolist())) == len(rows)
    for span, label in zip(SPANS, LABELS, strict=True):
        inside = np.isin(rows, span)
        assert inside.sum() == min(per_video, len(span))
        assert (targets[inside] == label).all()


def test_draws_differ_between_epochs_and_seeds_only():
    def draw(seed, epoch):
        return draw_epoch(SPANS, LABELS, frames_per_video=3, seed=seed, epoch=epoch)[0].tolist()

    assert draw(1, 0) == draw(1, 0)
    assert draw(1, 0) != draw(1, 1)
    assert draw(1, 0) != draw(2, 0)


def test_learning_rate_rises_then_falls_as_a_cosine():
    factors = [learning_rate_factor(s, steps=100, warmup_fraction=0.1) for s in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert factors[10] == 1.0
    assert factors[55] == pytest.approx(0.5)
    assert all(a > b for a, b in itertools.pairwise(factors[10:]))
    assert 0 < factors[-1] < 0.001
    assert learning_rate_factor(0, steps=5, warmup_fraction=0.0) == 1.0


def test_class_weights_make_both_classes_weigh_alike():
    real, manipulated = class_weights(np.array([0, 1, 1, 1]), "balanced")
    assert (real, manipulated) == pytest.approx((2.0, 2 / 3))
    assert real * 1 == pytest.approx(manipulated * 3)
    assert class_weights(np.array([0, 1, 1, 1]), "none") == (1.0, 1.0)
    with pytest.raises(InputError, match="one class only"):
        class_weights(np.array([1, 1]), "balanced")


class Killed(Exception):
    pass


def make_trainer(tmp_path, *, kill_after=None, epochs=6, patience=6, rank=None, learning_rate=0.05):
    """A two-layer model with dropout on features that say a row's class."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 8),
        torch.nn.Dropout(0.5),
        torch.nn.ReLU(),
        torch.nn.Linear(8, 1),
        torch.nn.Flatten(0),
    )
    features = torch.randn(16, 4) + torch.tensor([0.0] * 7 + [1.0] * 9)[:, None]
    calls = []

    def validate():
        calls.append(1)
        if kill_after is not None and len(calls) > kill_after:
            raise Killed
        with torch.no_grad():
            return rank(len(calls)) if rank else (float(model(features)[7:].mean()), 0.0)

    return Trainer(
        model,
        head="3.",
        pixels=lambda rows: features[torch.from_numpy(rows)],
        validate=validate,
        schedule=Schedule(
            epochs=epochs,
            patience=patience,
            batch_size=4,
            frames_per_video=3,
            learning_rate=learning_rate,
            head_learning_rate=0.1,
            weight_decay=0.01,
            warmup_fraction=0.2,
            seed=7,
        ),
        weights=(1.0, 1.0),
        dtype=torch.float32,
        state=tmp_path / "state",
    )


@pytest.mark.parametrize("kill_after", [0, 1, 3, 5])
def test_a_killed_run_ends_in_identical_weights(tmp_path, kill_after):
    whole = make_trainer(tmp_path / "whole")
    progress = whole.fit(SPANS, LABELS)
    killed = make_trainer(tmp_path / "killed", kill_after=kill_after)
    with pytest.raises(Killed):
        killed.fit(SPANS, LABELS)
    resumed = make_trainer(tmp_path / "killed")
    with torch.no_grad():
        for parameter in resumed.trained.values():
            parameter.add_(1.0)  # whatever a new process starts from: the state must win
    if kill_after == 0:
        resumed = make_trainer(tmp_path / "killed")
    assert resumed.fit(SPANS, LABELS) == progress
    for name, parameter in whole.trained.items():
        assert torch.equal(parameter, resumed.trained[name])


def test_the_best_epoch_is_kept_and_patience_ends_training(tmp_path):
    ranks = {1: (0.5, 0.5), 2: (0.8, 0.1), 3: (0.8, 0.1), 4: (0.7, 0.9), 5: (0.9, 0.9)}
    snapshots = {}

    def rank(call):
        snapshots[call] = {n: p.detach().clone() for n, p in trainer.trained.items()}
        return ranks[call]

    trainer = make_trainer(tmp_path, patience=2, rank=rank)
    progress = trainer.fit(SPANS, LABELS)
    assert (progress.epoch, progress.best_epoch, progress.best_rank) == (4, 2, (0.8, 0.1))
    for name, parameter in trainer.trained.items():
        assert torch.equal(parameter, snapshots[2][name])
    assert [row["epoch"] for row in progress.curve] == [1, 2, 3, 4]


def test_head_and_adapter_have_their_own_rates_and_biases_no_decay(tmp_path):
    trainer = make_trainer(tmp_path)
    rates = {
        name: (group["peak"], group["weight_decay"])
        for group in trainer.optimizer.param_groups
        for name, p in trainer.trained.items()
        if any(p is q for q in group["params"])
    }
    assert rates == {
        "0.weight": (0.05, 0.01),
        "0.bias": (0.05, 0.0),
        "3.weight": (0.1, 0.01),
        "3.bias": (0.1, 0.0),
    }


def test_a_diverging_loss_is_an_error_that_names_the_rate(tmp_path):
    trainer = make_trainer(tmp_path, learning_rate=math.inf)
    with pytest.raises(InputError, match="learning_rate is inf"):
        trainer.fit(SPANS, LABELS)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 0.25)])
def test_one_step_is_adamw_on_the_weighted_loss(tmp_path, weights):
    trainer = make_trainer(tmp_path)
    trainer.weights = torch.tensor(weights)
    twin = make_trainer(tmp_path)
    rows, targets = np.array([0, 3, 8, 15]), torch.tensor([0.0, 0.0, 1.0, 1.0])
    optimizer = torch.optim.AdamW(
        [
            {"params": [p], "lr": rate * 0.5, "weight_decay": 0.01 if p.ndim > 1 else 0.0}
            for name, p in twin.trained.items()
            for rate in [0.1 if name.startswith("3.") else 0.05]
        ]
    )
    torch.manual_seed(5)
    p = torch.sigmoid(twin.model(twin.pixels(rows)))
    pairs = zip(targets, p, strict=True)
    losses = [weights[int(t)] * -(torch.log(q) if t else torch.log(1 - q)) for t, q in pairs]
    expected = sum(losses) / 4
    expected.backward()
    optimizer.step()
    torch.manual_seed(5)
    loss = trainer.step(rows, targets, 0.5)
    assert float(loss) == pytest.approx(float(expected.detach()), rel=1e-5)
    for name, parameter in trainer.trained.items():
        torch.testing.assert_close(parameter, twin.trained[name], atol=1e-6, rtol=0)


def test_the_curve_records_the_rate_of_each_epochs_last_step(tmp_path):
    trainer = make_trainer(tmp_path)
    rates = [row["learning_rate"] for row in trainer.fit(SPANS, LABELS).curve]
    last = [learning_rate_factor(3 * e + 2, steps=18, warmup_fraction=0.2) for e in range(6)]
    assert rates == pytest.approx([0.05 * factor for factor in last])
