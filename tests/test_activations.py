"""Activations below what moves: computed once, those of the blocks, kept over a kill, never half."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch

from clipforensics import activations
from clipforensics.activations import cache_activations
from clipforensics.adapted import AdaptedEncoder
from clipforensics.encoder import load_preprocessing, load_vision_tower
from clipforensics.faults import InputError
from clipforensics.pixel_training import read_stored
from tests.detectors.tasks import SIZE, WIDTH, Bench

TOKENS = (SIZE // 16) ** 2 + 1


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench.make(tmp_path_factory.mktemp("activations"))


@pytest.fixture
def task(bench, tmp_path):
    return dataclasses.replace(bench.task, scratch=tmp_path)


def make_model(task, *, entry=2):
    """An encoder whose blocks from `entry` on move."""
    tower = load_vision_tower(task.encoder["model"], "local")
    for block in tower.vision_model.encoder.layers[entry:]:
        block.requires_grad_(True)
    return AdaptedEncoder(tower, "projected").eval()


class Frames:
    """Rows -> pixels as training gets them; remembers which were asked for."""

    def __init__(self, task):
        preprocessing = load_preprocessing(task.encoder["model"], "local", frame_size=SIZE)
        self.read, self.asked = read_stored(task, preprocessing, torch.device("cpu")), []

    def __call__(self, rows):
        self.asked += rows.tolist()
        return self.read(rows)


def cache(task, frames=None, *, model=None, dtype=torch.float32):
    """Rows -> activations, of a model that is then entered above them."""
    model = model or make_model(task)
    return cache_activations(model, frames or Frames(task), task, dtype=dtype).read


@pytest.mark.parametrize("entry", [1, 2, 3])
def test_they_are_what_the_blocks_make_of_each_frame(task, entry):
    model = make_model(task, entry=entry)
    read, rows = cache(task, model=model), np.union1d(task.train.rows, task.val.rows)
    assert model.entry() == entry
    found = read(rows)
    assert (found.shape, found.dtype) == ((len(rows), TOKENS, WIDTH), torch.float32)
    with torch.no_grad():
        vision, pixels = model.base.vision_model, Frames(task)(rows)
        hidden = vision.pre_layrnorm(vision.embeddings(pixels))
        for block in vision.encoder.layers[:entry]:
            hidden = block(hidden, None)
        torch.testing.assert_close(found, hidden, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(model(found), model(pixels), atol=1e-5, rtol=1e-5)


def test_rows_come_in_the_order_asked_and_as_often(task):
    read, rows = cache(task), np.union1d(task.train.rows, task.val.rows)
    whole = read(rows)
    wanted = np.array([5, 0, 5, len(rows) - 1])
    assert torch.equal(read(rows[wanted]), whole[wanted])
    assert read(rows[:0]).shape == (0, TOKENS, WIDTH)


def test_frames_that_training_never_sees_are_not_computed(bench, tmp_path):
    train = dataclasses.replace(bench.task.train, rows=bench.task.train.rows[3:])
    task = dataclasses.replace(bench.task, scratch=tmp_path, train=train)
    frames = Frames(task)
    cache(task, frames)
    assert sorted(frames.asked) == np.union1d(train.rows, task.val.rows).tolist()


def test_batches_change_nothing(task, tmp_path, monkeypatch):
    rows = np.union1d(task.train.rows, task.val.rows)
    whole = cache(task)(rows)
    monkeypatch.setattr(activations, "BATCH", 7)
    (tmp_path / "other").mkdir()
    other = cache(dataclasses.replace(task, scratch=tmp_path / "other"))(rows)
    torch.testing.assert_close(other, whole, atol=1e-6, rtol=1e-5)


def test_a_finished_cache_is_taken_up_without_a_look_at_the_frames(task):
    rows, first = task.train.rows, cache(task)(task.train.rows)
    frames = Frames(task)
    again = cache(task, frames)
    assert frames.asked == []
    assert torch.equal(again(rows), first)


class Killed(Exception):
    pass


def test_a_killed_run_goes_on_and_ends_with_the_same_activations(task, tmp_path, monkeypatch):
    monkeypatch.setattr(activations, "BATCH", 4)
    monkeypatch.setattr(activations, "TOGETHER", 2)
    rows = np.union1d(task.train.rows, task.val.rows)
    (tmp_path / "undisturbed").mkdir()
    whole = cache(dataclasses.replace(task, scratch=tmp_path / "undisturbed"))(rows)
    frames = Frames(task)

    def dies(wanted):
        if len(frames.asked) >= 20:
            raise Killed
        return frames(wanted)

    with pytest.raises(Killed):
        cache(task, dies)
    rest = Frames(task)
    assert torch.equal(cache(task, rest)(rows), whole)
    assert len(rest.asked) == len(rows) - 16, "two batches at a time are noted as done"


def test_another_entry_is_another_cache(task):
    cache(task, model=make_model(task, entry=1))
    frames = Frames(task)
    cache(task, frames, model=make_model(task, entry=2))
    assert frames.asked


def test_half_precision_is_that_of_the_matrix_products_and_not_of_the_file(task, tmp_path):
    (tmp_path / "half").mkdir()
    rows, full = task.val.rows, cache(task)(task.val.rows)
    half = cache(dataclasses.replace(task, scratch=tmp_path / "half"), dtype=torch.bfloat16)(rows)
    assert half.dtype == torch.float32
    assert not torch.equal(half, full)
    torch.testing.assert_close(half, full, atol=0.2, rtol=0.1)


def test_a_full_disk_is_told_before_anything_is_computed(task, monkeypatch):
    usage = shutil.disk_usage(task.scratch)._replace(free=10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    frames = Frames(task)
    with pytest.raises(InputError, match=r"cache_activations needs 0.0 GB .* 0.0 GB are free; make room"):
        cache(task, frames)
    assert frames.asked == []
