"""Training on pixels by the budget: what is drawn, shown and shared, and that a killed run ends the same."""

import dataclasses

import numpy as np
import pytest
import torch

from clipforensics.detectors.base import find_detector
from clipforensics.encoder import load_preprocessing
from clipforensics.faults import InputError
from clipforensics.pixel_training import draw_frames, make_schedule, show_augmented
from clipforensics.processes import Processes
from clipforensics.selection import Validation
from tests.detectors.tasks import QUICK, Bench, files_of, shipped_budget, shipped_settings
from tests.repository import merge

CPU = torch.device("cpu")
ALL_ON = {"flip": 0.5, "crop": 1.0, "colour": 0.5, "blur": 0.5, "scale": 0.5, "jpeg": 1.0}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench.make(tmp_path_factory.mktemp("bench"))


def task_with(bench, **changes):
    return dataclasses.replace(bench.task, budget=shipped_budget(merge(QUICK, changes)))


def fit(task, folder):
    task = dataclasses.replace(task, scratch=folder.with_name(f"{folder.name}-scratch"))
    task.scratch.mkdir(exist_ok=True, parents=True)
    found = find_detector("lora").fit(task, shipped_settings("lora"), folder)
    return found, files_of(folder)


@pytest.mark.parametrize("sampling", ["balanced", "paired"])
def test_a_run_with_all_augmentations_is_killed_and_ends_in_the_same_bytes(
    bench, tmp_path, monkeypatch, sampling
):
    task = task_with(bench, sampling=sampling, self_blended=0.5, augment=ALL_ON)
    whole = fit(task, tmp_path / "whole")
    plain = fit(task_with(bench, sampling=sampling), tmp_path / "plain")
    assert plain[1] != whole[1], "augmentation shows in the weights"
    calls, rank = [], Validation.rank

    def dies(self, scores):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rank(self, scores)

    monkeypatch.setattr(Validation, "rank", dies)
    with pytest.raises(KeyboardInterrupt):
        fit(task, tmp_path / "killed")
    monkeypatch.setattr(Validation, "rank", rank)
    again = fit(task, tmp_path / "killed")
    assert again[1] == whole[1]
    assert again[0].curve == whole[0].curve


def test_what_is_shown_depends_on_epoch_and_row_and_on_nothing_else(bench):
    task = task_with(bench, self_blended=1.0, augment=ALL_ON)
    preprocessing = load_preprocessing(task.encoder["model"], "local", frame_size=task.frames.size)
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


def test_more_processes_than_micro_batches_are_refused(bench):
    settings = shipped_settings("lora")
    assert make_schedule(bench.task, settings, Processes(0, 2)).micro_batch_size == 4
    with pytest.raises(InputError, match=r"3 processes cannot share a step.*8 has 2 micro-batches") as error:
        make_schedule(bench.task, settings, Processes(0, 3))
    assert "\n" not in str(error.value)


def test_pairs_are_not_split_between_micro_batches(bench):
    task = task_with(bench, sampling="paired", pixels={"batch_size": 9, "micro_batch_size": 3})
    with pytest.raises(InputError, match=r"would split pairs; make both even"):
        make_schedule(task, shipped_settings("lora"), Processes())


def test_a_micro_batch_larger_than_the_batch_is_refused():
    with pytest.raises(InputError, match="micro_batch_size must be at most batch_size"):
        shipped_budget({"pixels": {"batch_size": 4, "micro_batch_size": 8}})
