"""Cached activations: computed once, whatever happens in between, and read in any order."""

import dataclasses
import shutil
from collections import namedtuple

import numpy as np
import pytest
import torch

from clipforensics.adaptation import activations
from clipforensics.adaptation.activations import cache_activations
from clipforensics.core.faults import InputError
from clipforensics.training.processes import Processes
from tests.support.pixel_methods import pixels_of, task_of, trained_model, untrained


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Eight batches of the thirty frames, noted two at a time."""
    monkeypatch.setattr(activations, "BATCH", 4)
    monkeypatch.setattr(activations, "TOGETHER", 2)


class Frames:
    """Pixels of rows; remembers which were asked for, and dies at a batch."""

    def __init__(self, bench, dies_at=None):
        self.pixels, self.asked, self.dies_at = pixels_of(bench), [], dies_at

    def __call__(self, rows):
        if len(self.asked) == self.dies_at:
            raise KeyboardInterrupt
        self.asked.append(rows.tolist())
        return self.pixels[torch.from_numpy(rows)]


def cache(bench, scratch, frames, k=1, processes=None):
    model = untrained("last_blocks", bench, k=k)
    task = dataclasses.replace(task_of(bench, scratch), processes=processes)
    return model, cache_activations(model, frames, task, dtype=torch.float32)


def test_they_are_what_the_lower_blocks_compute_in_whatever_order_they_are_read(bench, tmp_path):
    frames = Frames(bench)
    model, cached = cache(bench, tmp_path / "scratch", frames, k=2)
    assert sorted(row for rows in frames.asked for row in rows) == list(range(30))
    rows = np.random.default_rng(0).permutation(30)[:17]
    found = cached.read(rows)
    assert (found.shape, found.dtype) == ((17, 17, 32), torch.float32)
    torch.testing.assert_close(
        found, model.below(frames.pixels[torch.from_numpy(rows)], 1), atol=1e-6, rtol=0
    )
    assert cached.seconds > 0
    with torch.no_grad():
        torch.testing.assert_close(
            model(found), model(frames.pixels[torch.from_numpy(rows)]), atol=1e-5, rtol=0
        )


def test_in_half_precision_they_are_what_training_would_compute_in_half_precision(bench, tmp_path):
    model, frames = untrained("last_blocks", bench, k=1), Frames(bench)
    task, first = task_of(bench, tmp_path / "scratch"), np.arange(4)  # one batch
    found = cache_activations(model, frames, task, dtype=torch.float16).read(first)
    whole = model.below(frames.pixels[:4], 2)
    with torch.autocast("cpu", torch.float16):
        half = model.below(frames.pixels[:4], 2)
    assert torch.equal(found, half.float())
    assert not torch.equal(found, whole)


def test_only_frames_of_training_and_validation_are_computed(bench, tmp_path):
    task = task_of(bench, tmp_path / "scratch")
    some = dataclasses.replace(task.train, rows=task.train.rows[5:9])
    frames, model = Frames(bench), untrained("last_blocks", bench, k=1)
    task = dataclasses.replace(task, train=some)
    cached = cache_activations(model, frames, task, dtype=torch.float32)
    wanted = sorted([*some.rows.tolist(), *task.val.rows.tolist()])
    assert [row for rows in frames.asked for row in rows] == wanted
    rows = np.array(wanted[::-1])
    torch.testing.assert_close(
        cached.read(rows), model.below(frames.pixels[torch.from_numpy(rows)], 2), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("dies_at", [0, 1, 3, 7])
def test_a_killed_run_goes_on_where_it_was(bench, tmp_path, dies_at):
    cache(bench, tmp_path / "whole", Frames(bench))
    first = Frames(bench, dies_at=dies_at)
    with pytest.raises(KeyboardInterrupt):
        cache(bench, tmp_path / "scratch", first)
    assert not (tmp_path / "scratch" / "activations-2.npy").exists()
    second = Frames(bench)
    _, cached = cache(bench, tmp_path / "scratch", second)
    noted = dies_at // 2 * 2
    assert len(second.asked) == 8 - noted, "computed again only what was not noted as done"
    name = "activations-2.npy"
    assert np.array_equal(np.load(tmp_path / "scratch" / name), np.load(tmp_path / "whole" / name))
    assert torch.isfinite(cached.read(np.arange(30))).all()


def test_finished_ones_are_not_computed_again(bench, tmp_path):
    _, first = cache(bench, tmp_path / "scratch", Frames(bench))
    _, second = cache(bench, tmp_path / "scratch", Frames(bench, dies_at=0))
    assert second.seconds == first.seconds
    assert torch.equal(first.read(np.arange(30)), second.read(np.arange(30)))


def test_training_that_is_killed_while_they_are_computed_ends_in_the_same_weights(
    bench, tmp_path, monkeypatch
):
    whole, progress = trained_model("last_blocks", bench, tmp_path / "whole")
    read, calls = type(bench.task.frames).read, []

    def dies(self, rows):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return read(self, rows)

    monkeypatch.setattr(type(bench.task.frames), "read", dies)
    with pytest.raises(KeyboardInterrupt):
        trained_model("last_blocks", bench, tmp_path / "scratch")
    assert not (tmp_path / "scratch" / "state").exists()
    monkeypatch.setattr(type(bench.task.frames), "read", read)
    resumed, again = trained_model("last_blocks", bench, tmp_path / "scratch")
    assert again.curve == progress.curve
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_the_time_they_take_counts_as_time_of_training(bench, tmp_path):
    _, progress = trained_model("last_blocks", bench, tmp_path / "scratch")
    seconds = tmp_path / "scratch" / "activations-1.seconds.npy"
    assert 0 < np.load(seconds).sum() < progress.seconds
    np.save(seconds, np.full(8, 100.0))
    _, again = trained_model("last_blocks", bench, tmp_path / "scratch")
    assert 800 < again.seconds < 900


def test_time_that_processes_spend_side_by_side_counts_once(bench, tmp_path):
    class OneOfTwo(Processes):
        def tell(self, text, device):
            return text

    _, alone = cache(bench, tmp_path / "scratch", Frames(bench))
    _, both = cache(bench, tmp_path / "scratch", Frames(bench, dies_at=0), processes=OneOfTwo(0, 2))
    assert both.seconds == alone.seconds / 2


def test_a_disk_without_room_is_an_error_that_says_how_much_is_needed(bench, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**6, 10**6, 10_000))
    with pytest.raises(InputError, match=r"cache_activations needs 0.0 GB .* set it to false"):
        cache(bench, tmp_path / "scratch", Frames(bench))
