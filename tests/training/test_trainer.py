"""The trainer: what a step computes, which epoch is kept, and that a killed run ends as a whole one."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.training.sampling import Draw, draw_epoch
from clipforensics.training.schedule import Schedule, learning_rate_factor
from clipforensics.training.trainer import Diverged, LogOdds, Trainer
from clipforensics.training.validation import Validation

SPANS = [np.arange(0, 5), np.arange(5, 7), np.arange(7, 12), np.arange(12, 16)]
TABLE = pd.DataFrame({"label": [0, 0, 1, 1], "manipulation": ["real", "real", "FaceSwap", "FaceSwap"]})
VALIDATION = Validation(np.array([0] * 7 + [1] * 9), np.repeat(np.arange(4), [5, 2, 5, 4]))
DROPOUT = 0.5


def draw(epoch):
    """Eleven of sixteen rows: at most three of each video."""
    options = {"sampling": "all", "frames_per_video": 3, "self_blended": 0.0}
    return draw_epoch(SPANS, TABLE, **options, seed=7, epoch=epoch)


class Small(LogOdds):
    """Two layers with dropout in between, on features that say a row's class."""

    def __init__(self, dropout):
        super().__init__()
        torch.manual_seed(0)
        self.below = torch.nn.Linear(4, 8)
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(8, 1)
        self.features = torch.randn(16, 4) + torch.tensor([0.0] * 7 + [1.0] * 9)[:, None]

    def forward(self, inputs):
        return self.head(torch.relu(self.dropout(self.below(inputs)))).squeeze(-1)


class Killed(Exception):
    pass


def make_trainer(folder, *, kill_after=None, scores=None, model=None, weights=(1.0, 1.0), **changes):
    """A trainer of `Small`; `scores` replaces its own scores, by the number of the call."""
    model = model or Small(DROPOUT)
    calls = []

    @torch.no_grad()
    def score():
        calls.append(1)
        if kill_after is not None and len(calls) > kill_after:
            raise Killed
        own = torch.sigmoid(model(model.features).double()).numpy()
        return scores(len(calls)) if scores else own

    options = {
        "epochs": 6,
        "patience": 6,
        "batch_size": 4,
        "micro_batch_size": 4,
        "learning_rate": 0.05,
        "head_learning_rate": 0.1,
        "weight_decay": 0.01,
        "warmup_fraction": 0.2,
        "seed": 7,
    }
    ahead, dtype = changes.pop("ahead", False), changes.pop("dtype", torch.float32)
    return Trainer(
        model,
        head="head.",
        draw=draw,
        inputs=lambda part, epoch: model.features[torch.from_numpy(part.rows)],
        score=score,
        validation=VALIDATION,
        schedule=Schedule(**{**options, **changes}),
        weights=weights,
        dtype=dtype,
        state=folder / "state",
        ahead=ahead,
    )


def weights_of(trainer):
    return {name: p.detach().clone() for name, p in trainer.trained.items()}


def same(first, second):
    return all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def without_time(progress):
    return {key: value for key, value in vars(progress).items() if key != "seconds"}


def test_a_score_that_is_none_is_a_divergence_whose_work_is_counted(tmp_path):
    spoilt = make_trainer(tmp_path, scores=lambda call: np.full(16, np.nan if call == 2 else 0.5))
    with pytest.raises(Diverged, match=r"a validation score became nan in epoch 2; lower the learning rate"):
        spoilt.fit()
    progress = spoilt.progress
    assert (progress.epoch, progress.samples) == (1, 2 * len(draw(0)))
    assert progress.seconds > 0


def test_a_loss_that_is_none_is_a_divergence(tmp_path):
    spoilt = make_trainer(tmp_path, weights=(float("inf"), 1.0))
    with pytest.raises(
        Diverged, match=r"training loss became (inf|nan) in epoch 1; .*\(learning_rate is 0.05\)"
    ):
        spoilt.fit()


@pytest.mark.parametrize("micro_batch_size", [4, 3])
@pytest.mark.parametrize("kill_after", [0, 1, 3, 5])
def test_a_killed_run_ends_in_identical_weights(tmp_path, kill_after, micro_batch_size):
    whole = make_trainer(tmp_path / "whole", micro_batch_size=micro_batch_size)
    progress = whole.fit()
    killed = make_trainer(tmp_path / "killed", kill_after=kill_after, micro_batch_size=micro_batch_size)
    with pytest.raises(Killed):
        killed.fit()
    resumed = make_trainer(tmp_path / "killed", micro_batch_size=micro_batch_size)
    if kill_after:
        with torch.no_grad():
            for parameter in resumed.trained.values():
                parameter.add_(1.0)  # whatever a new process starts from: the state must win
    assert without_time(resumed.fit()) == without_time(progress)
    assert same(weights_of(resumed), weights_of(whole))


def test_a_killed_run_goes_on_with_its_loss_scale(tmp_path):
    """Slopes that float16 cannot hold are left out and halve the scale; a new scale would leave out more."""
    options = {"dtype": torch.float16, "weights": (30.0, 30.0)}
    whole = make_trainer(tmp_path / "whole", **options)
    progress = whole.fit()
    assert progress.scaler["scale"] < 2.0**16
    with pytest.raises(Killed):
        make_trainer(tmp_path / "killed", kill_after=1, **options).fit()
    resumed = make_trainer(tmp_path / "killed", **options)
    assert without_time(resumed.fit()) == without_time(progress)
    assert same(weights_of(resumed), weights_of(whole))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_matrix_products_have_the_dtype_asked_for(tmp_path, dtype):
    trainer, seen = make_trainer(tmp_path, dtype=dtype), set()
    trainer.model.head.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    trainer.step(part_of([0, 3, 8, 15]), epoch=0, number=0, factor=1.0)
    assert seen == {dtype}


def test_a_finished_run_that_is_started_again_only_gives_its_result(tmp_path):
    first = make_trainer(tmp_path)
    progress = first.fit()
    again = make_trainer(tmp_path, kill_after=0)
    assert again.fit() == progress
    assert same(weights_of(again), weights_of(first))


def test_the_time_of_both_parts_counts(tmp_path):
    killed = make_trainer(tmp_path, kill_after=3)
    with pytest.raises(Killed):
        killed.fit()
    spent = killed.progress.seconds
    assert spent > 0
    assert make_trainer(tmp_path).fit().seconds > spent


def test_the_best_epoch_is_kept_and_patience_ends_training(tmp_path):
    labels = VALIDATION.labels
    better = np.repeat([0.7, 0.4, 0.6, 0.8], [5, 2, 5, 4])
    frames_only = np.concatenate([[0.1] * 4, [1.0], [0.0] * 2, [0.2] * 5, [0.25] * 4])
    given = {1: 0.5 * np.ones(16), 2: better, 3: better, 4: frames_only, 5: labels.astype(float)}
    ranks = [VALIDATION.rank(scores) for scores in given.values()]
    assert [rank[0] for rank in ranks] == [0.5, 0.75, 0.75, 0.5, 1.0]
    assert ranks[3][1] > ranks[1][1], "better by frame, worse by video"
    snapshots = {}

    def scores(call):
        snapshots[call] = weights_of(trainer)
        return given[call]

    trainer = make_trainer(tmp_path, patience=2, scores=scores)
    progress = trainer.fit()
    assert (progress.epoch, progress.best_epoch, progress.best_rank) == (4, 2, ranks[1])
    assert same(weights_of(trainer), snapshots[2])
    assert not trainer.model.training
    assert [row["epoch"] for row in progress.curve] == [1, 2, 3, 4]
    kept = [(row["val_video_auc"], row["val_frame_auc"]) for row in progress.curve]
    assert kept == ranks[:4]
    assert [row["val_loss"] for row in progress.curve] == [VALIDATION.loss(given[i]) for i in range(1, 5)]


def test_an_epoch_within_the_warm_up_is_neither_kept_nor_counted_for_patience(tmp_path):
    """18 steps, 3 an epoch: a warm-up of 8 covers two epochs whole and ends within the third."""
    perfect, blind = VALIDATION.labels.astype(float), np.full(16, 0.5)
    scores = lambda call: perfect if call == 1 else blind  # noqa: E731
    trainer = make_trainer(tmp_path, patience=2, warmup_fraction=0.45, scores=scores)
    progress = trainer.fit()
    assert [row["val_video_auc"] for row in progress.curve] == [1.0, *[0.5] * 4]
    assert (progress.best_epoch, progress.best_rank) == (3, (0.5, 0.5))


def test_every_row_that_went_through_is_counted(tmp_path):
    assert make_trainer(tmp_path, epochs=3).fit().samples == 3 * len(draw(0)) == 33


def test_head_and_adapter_have_their_own_rates_and_biases_no_decay(tmp_path):
    trainer = make_trainer(tmp_path)
    rates = {
        name: (group["peak"], group["weight_decay"])
        for group in trainer.optimizer.param_groups
        for name, p in trainer.trained.items()
        if any(p is q for q in group["params"])
    }
    assert rates == {
        "below.weight": (0.05, 0.01),
        "below.bias": (0.05, 0.0),
        "head.weight": (0.1, 0.01),
        "head.bias": (0.1, 0.0),
    }


def test_what_does_not_require_gradients_does_not_move(tmp_path):
    model = Small(DROPOUT)
    model.below.requires_grad_(False)
    before = model.below.weight.clone()
    trainer = make_trainer(tmp_path, model=model)
    trainer.fit()
    assert set(trainer.trained) == {"head.weight", "head.bias"}
    assert torch.equal(model.below.weight, before)


@pytest.mark.parametrize("micro_batch_size", [4, 3])
def test_a_diverging_loss_is_an_error_that_names_the_rate(tmp_path, micro_batch_size):
    trainer = make_trainer(tmp_path, learning_rate=math.inf, micro_batch_size=micro_batch_size)
    with pytest.raises(InputError, match="learning_rate is inf"):
        trainer.fit()


def adamw(trainer, factor):
    """torch's optimizer with the groups that the trainer should have."""
    return torch.optim.AdamW(
        [
            {"params": [p], "lr": rate * factor, "weight_decay": 0.01 if p.ndim > 1 else 0.0}
            for name, p in trainer.trained.items()
            for rate in [0.1 if name.startswith("head.") else 0.05]
        ]
    )


def part_of(rows):
    rows = np.array(rows)
    return Draw(rows, (rows > 6).astype(np.int64), np.zeros(len(rows), bool), np.zeros(len(rows), np.int64))


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 0.25)])
@pytest.mark.parametrize("micro_batch_size", [1, 3, 4])
def test_one_step_is_adamw_on_the_weighted_loss(tmp_path, weights, micro_batch_size):
    rows = [0, 3, 8, 15]
    options = {"weights": weights, "micro_batch_size": micro_batch_size}
    trainer = make_trainer(tmp_path, model=Small(0.0), **options)
    twin = make_trainer(tmp_path, model=Small(0.0))
    optimizer = adamw(twin, 0.5)
    p = torch.sigmoid(twin.model(twin.model.features[rows]))
    pairs = zip([0, 0, 1, 1], p, strict=True)
    losses = [weights[t] * -(torch.log(q) if t else torch.log(1 - q)) for t, q in pairs]
    expected = sum(losses) / 4
    expected.backward()
    optimizer.step()
    loss = trainer.step(part_of(rows), epoch=0, number=0, factor=0.5)
    assert float(loss) == pytest.approx(float(expected.detach()), rel=1e-5)
    for name, parameter in trainer.trained.items():
        torch.testing.assert_close(parameter, twin.trained[name], atol=1e-6, rtol=0)


def gradients(model, rows, micro_batch_size, folder):
    """What a step hands to the optimizer, before it moves anything."""
    trainer = make_trainer(folder, model=model, batch_size=len(rows), micro_batch_size=micro_batch_size)
    trainer.step(part_of(rows), epoch=0, number=0, factor=0.0)
    return {name: p.grad.clone() for name, p in trainer.trained.items()}


class Exact(Small):
    """Without dropout, in float64 throughout."""

    def __init__(self):
        super().__init__(0.0)
        self.double()
        self.features = self.features.double()

    def objective(self, inputs, targets, weights):
        return torch.nn.functional.binary_cross_entropy_with_logits(
            self(inputs), targets.double(), weight=weights.double()
        )


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.integers(0, 15), min_size=1, max_size=24), data=st.data())
def test_micro_batches_of_any_size_give_the_gradients_of_the_whole_batch(rows, data, tmp_path_factory):
    """The last micro-batch may be shorter than the others, and weighs less by as much."""
    folder = tmp_path_factory.getbasetemp()
    size = data.draw(st.integers(1, len(rows)))
    for model, near in ((Exact(), 1e-12), (Small(0.0), 1e-6)):
        whole, parts = (gradients(model, rows, micro, folder) for micro in (len(rows), size))
        for name, gradient in whole.items():
            torch.testing.assert_close(parts[name], gradient, atol=near, rtol=near)


def test_each_micro_batch_drops_out_its_own_whatever_came_before(tmp_path):
    four = [0, 3, 8, 15]

    def grads(number, *, rows=(*four, *four), epoch=0, seed=7, after=()):
        model = Small(DROPOUT)
        trainer = make_trainer(tmp_path, model=model, batch_size=8, micro_batch_size=4, seed=seed)
        model.train()
        for other in after:
            trainer.step(part_of([1, 2, 3]), epoch=0, number=other, factor=0.0)
        trainer.step(part_of(rows), epoch=epoch, number=number, factor=0.0)
        return trainer.trained["below.weight"].grad

    assert torch.equal(grads(3), grads(3, after=(0, 1, 2)))
    assert not torch.equal(grads(3), grads(4))
    assert not torch.equal(grads(3), grads(3, epoch=1))
    assert not torch.equal(grads(3), grads(3, seed=8))
    assert not torch.allclose(grads(3), grads(3, rows=four), rtol=1e-3), "both halves drop the same"


def test_inputs_made_ahead_are_those_made_in_turn(tmp_path):
    runs = [make_trainer(tmp_path / str(a), ahead=a, micro_batch_size=3) for a in (False, True)]
    progress = [without_time(trainer.fit()) for trainer in runs]
    assert progress[0] == progress[1]
    assert same(*map(weights_of, runs))


def test_the_curve_records_the_rate_of_each_epochs_last_step(tmp_path):
    trainer = make_trainer(tmp_path)
    rates = [row["learning_rate"] for row in trainer.fit().curve]
    last = [learning_rate_factor(3 * e + 2, steps=18, warmup_fraction=0.2) for e in range(6)]
    assert rates == pytest.approx([0.05 * factor for factor in last])


def test_the_curve_records_the_mean_loss_of_the_epochs_steps(tmp_path):
    trainer, twin = make_trainer(tmp_path / "a", epochs=1), make_trainer(tmp_path / "b", epochs=1)
    row = trainer.fit().curve[0]
    twin.model.train()
    losses = []
    for number, start in enumerate(range(0, 11, 4)):
        factor = learning_rate_factor(number, steps=3, warmup_fraction=0.2)
        part = draw(0).part(start, start + 4)
        losses.append(float(twin.step(part, epoch=0, number=number, factor=factor)))
    assert row["train_loss"] == pytest.approx(np.mean(losses), rel=1e-12)
