"""What training is shown: drawn by the budget, altered frame by frame, weighed alike, and resumed."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from clipforensics.adaptation import embedding_method, pixel_training
from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.embedding_method import draw_embeddings
from clipforensics.adaptation.pixel_training import draw_frames, make_trainer, read_stored, show_augmented
from clipforensics.encoder.vision import load_preprocessing
from clipforensics.training.sampling import Draw, class_weights
from tests.support.pixel_methods import untrained
from tests.support.repository import merge
from tests.support.stores import labelled_table
from tests.support.training_tasks import (
    QUICK,
    files_of,
    killed_after_one_epoch,
    shipped_budget,
    shipped_settings,
)

CPU = torch.device("cpu")
TABLE = labelled_table(10).assign(target=[str(i // 2) for i in range(10)], source=[str(i) for i in range(10)])
ALL_ON = {"flip": 0.5, "crop": 1.0, "colour": 0.5, "blur": 0.5, "scale": 0.5, "jpeg": 1.0}


def task_with(bench, **changes):
    return dataclasses.replace(bench.task, budget=shipped_budget(merge(QUICK, changes)))


def fit(task, folder):
    task = dataclasses.replace(task, scratch=folder.with_name(f"{folder.name}-scratch"))
    task.scratch.mkdir(exist_ok=True, parents=True)
    found = find_detector("lora").fit(task, shipped_settings("lora"), folder)
    return found, files_of(folder)


@pytest.mark.parametrize("sampling", ["balanced", "paired"])
def test_a_run_with_all_augmentations_is_killed_and_ends_in_the_same_bytes(bench, tmp_path, sampling):
    task = task_with(bench, sampling=sampling, self_blended=0.5, augment=ALL_ON)
    whole = fit(task, tmp_path / "whole")
    plain = fit(task_with(bench, sampling=sampling), tmp_path / "plain")
    assert plain[1] != whole[1], "augmentation shows in the weights"
    with killed_after_one_epoch():
        fit(task, tmp_path / "killed")
    again = fit(task, tmp_path / "killed")
    assert again[1] == whole[1]
    assert again[0].curve == whole[0].curve


def test_what_is_shown_depends_on_epoch_and_row_and_on_nothing_else(bench):
    task = task_with(bench, self_blended=1.0, augment=ALL_ON)
    preprocessing = load_preprocessing(task.encoder["model"], "local", fitting=task.frames.fitting)
    draw = draw_frames(task, 0)
    assert draw.blended.sum() == (draw.labels[~draw.blended] == 0).sum(), "each real frame once more"
    whole = show_augmented(task, draw, 0, preprocessing, CPU)
    halves = [
        show_augmented(task, part, 0, preprocessing, CPU)
        for part in (draw.part(0, 5), draw.part(5, len(draw)))
    ]
    assert np.array_equal(whole.numpy(), np.concatenate([half.numpy() for half in halves]))
    later = show_augmented(task, draw, 1, preprocessing, CPU)
    assert not np.array_equal(whole.numpy(), later.numpy())

    reseeded = dataclasses.replace(task, seed=task.seed + 1)
    assert not np.array_equal(whole.numpy(), show_augmented(reseeded, draw, 0, preprocessing, CPU).numpy())


@pytest.mark.parametrize("changes", [{}, {"augment": ALL_ON}, {"self_blended": 1.0}])
def test_training_reads_frames_as_they_are_shown(bench, changes):
    """As stored where nothing is altered, and blended even where no family of augmentation is on."""
    task = task_with(bench, **changes)
    preprocessing = load_preprocessing(task.encoder["model"], "local", fitting=task.frames.fitting)
    model = untrained("lora", bench)
    trainer, _ = make_trainer(model, task, shipped_settings("lora"), preprocessing, label="x")
    draw = draw_frames(task, 2)
    read = trainer.inputs(draw, 2)
    assert torch.equal(read, show_augmented(task, draw, 2, preprocessing, CPU))
    assert torch.equal(read, read_stored(task, preprocessing, CPU)(draw.rows)) == (not changes)


@pytest.mark.parametrize("draw", [draw_frames, draw_embeddings])
def test_what_is_drawn_follows_seed_and_epoch(bench, draw):
    task = task_with(bench)
    first = draw(task, 0).rows.tolist()
    assert first == draw(task, 0).rows.tolist()
    assert first != draw(task, 1).rows.tolist()
    assert first != draw(dataclasses.replace(task, seed=task.seed + 1), 0).rows.tolist()


def test_an_epoch_has_every_embedding_and_as_many_frames_of_a_video_as_the_budget_says(bench):
    task = task_with(bench)
    assert np.array_equal(np.sort(draw_embeddings(task, 0).rows), np.sort(task.train.rows))
    drawn = draw_frames(task, 0).rows
    assert [np.isin(drawn, span).sum() for span in task.train.spans] == [2] * 6


@pytest.mark.parametrize("draw", [draw_frames, draw_embeddings])
def test_pairs_are_of_frames_at_one_time_of_the_videos(bench, draw):
    """Frames 0, 1, 2 of the real video beside 0, 9, 11 of its fake: the first is nearest to all."""
    frames = np.array([0, 1, 2, 0, 9, 11] * 5)
    store = SimpleNamespace(rows=SimpleNamespace(frames=frames))
    task = dataclasses.replace(task_with(bench, sampling="paired"), frames=store, embeddings=store)
    drawn = draw(task, 0)
    assert set(drawn.rows[drawn.labels == 1] % 6) == {3}


def test_a_frame_that_an_epoch_repeats_is_shown_in_two_ways(bench):
    task = task_with(bench, augment=ALL_ON)
    preprocessing = load_preprocessing(task.encoder["model"], "local", fitting=task.frames.fitting)
    alike, counted = np.zeros(2, np.int64), np.arange(2)
    twice = Draw(alike, alike, alike.astype(bool), counted)
    first, second = show_augmented(task, twice, 0, preprocessing, CPU).numpy()
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("sampling", ["all", "balanced", "paired"])
@pytest.mark.parametrize("self_blended", [0.0, 1.0])
def test_balanced_weights_let_both_classes_count_alike_whatever_is_drawn(bench, sampling, self_blended):
    lopsided = bench.task.frames.rows.labelled(pd.concat([TABLE[:1], TABLE[1::2], TABLE[2:4:2]]))
    budget = shipped_budget(merge(QUICK, {"sampling": sampling, "self_blended": self_blended}))
    task = dataclasses.replace(bench.task, train=lopsided, budget=budget)
    for draw in (draw_frames, draw_embeddings):
        labels = draw(task, 0).labels
        real, manipulated = class_weights(labels, "balanced")
        assert real * (labels == 0).sum() == pytest.approx(manipulated * (labels == 1).sum())


def test_what_trains_is_weighed_by_what_it_draws(bench, tmp_path, monkeypatch):
    """Not by the videos there are: two real and five manipulated make one pair each of two."""
    lopsided = bench.task.frames.rows.labelled(pd.concat([TABLE[:1], TABLE[1::2], TABLE[2:4:2]]))
    found = []

    def note(labels, kind):
        found.append(class_weights(labels, kind))
        return found[-1]

    for module, name in ((pixel_training, "lora"), (embedding_method, "mlp")):
        monkeypatch.setattr(module, "class_weights", note)
        task = dataclasses.replace(task_with(bench, sampling="paired"), train=lopsided)
        task = dataclasses.replace(task, scratch=tmp_path / name)
        task.scratch.mkdir()
        find_detector(name).fit(task, shipped_settings(name), tmp_path / f"{name}-out")
    assert found == [(1.0, 1.0)] * 2


def test_the_probe_sees_the_pairs_that_other_methods_on_embeddings_see(bench, tmp_path, monkeypatch):
    task = dataclasses.replace(task_with(bench, sampling="paired"), scratch=tmp_path)
    seen, read = [], type(task.embeddings).read
    monkeypatch.setattr(
        type(task.embeddings), "read", lambda self, rows: seen.append(rows) or read(self, rows)
    )
    find_detector("baseline").fit(task, shipped_settings("baseline"), tmp_path / "out")
    assert np.array_equal(seen[0], np.sort(draw_embeddings(task, 0).rows))
