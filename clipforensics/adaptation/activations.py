"""What the lower, unmoved blocks of an encoder make of every frame, computed once and kept on disk."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.core.disk import reserve
from clipforensics.core.faults import InputError
from clipforensics.training.processes import ALONE, Processes
from clipforensics.training.task import Task

BATCH = 64
"""Frames that go through the blocks at once."""

TOGETHER = 16
"""Batches that a process writes before it notes them as done; a kill costs at most these."""

Inputs = Callable[[np.ndarray], torch.Tensor]


@dataclass(frozen=True)
class Cached:
    """Activations of frames.

    Attributes:
        read: Rows -> activations (n, tokens, width) on the model's device.
        seconds: What it took to compute them, over all runs that did a part of it.
    """

    read: Inputs
    seconds: float


def cache_activations(model: AdaptedEncoder, inputs: Inputs, task: Task, *, dtype: torch.dtype) -> Cached:
    """Compute the activations below `model.entry()` of all training and validation frames, once.

    They lie in the scratch folder, float32, memory-mapped: memory holds what a batch reads. They are what
    the whole model would compute in every epoch: to the bit where a matrix product rounds in a batch of 64 as
    in a micro-batch, else up to the last digits of float32.

    Args:
        model: Told to be entered above from now on.
        inputs: Rows -> pixels on the model's device.
        task: Whose rows; what a killed run has computed, wholly or in part, is taken up.
        dtype: Of the matrix products below.

    Raises:
        InputError: the disk has no room for them.
    """
    n_blocks, processes = model.entry(), task.processes or ALONE
    rows = np.union1d(task.train.rows, task.val.rows)
    path = task.scratch / f"activations-{n_blocks}.npy"
    if processes.tell("kept" if path.exists() else "", model.device) == "":
        part = _begin(path, (len(rows), *_shape(model, task.frames.size)), processes)
        _fill(model, inputs, rows, part, dtype, processes)
        if processes.first:
            os.replace(part, path)
        processes.wait()
    kept = np.load(path, mmap_mode="r", allow_pickle=False)
    seconds = float(np.load(_timed(path), allow_pickle=False).sum()) / processes.count
    model.enter_at(n_blocks)
    return Cached(
        lambda wanted: torch.from_numpy(kept[np.searchsorted(rows, wanted)]).to(model.device), seconds
    )


def _shape(model: AdaptedEncoder, side: int) -> tuple[int, int]:
    """Tokens of a frame (patches, and a class token and registers if there are), and the width of one."""
    _, tokens, width = model.below(torch.zeros(1, 3, side, side, device=model.device), 0).shape
    return int(tokens), int(width)


def _timed(path: Path) -> Path:
    """The file that says how many seconds each batch took, 0 where it is still to be computed."""
    return path.with_suffix(".seconds.npy")


def _begin(path: Path, shape: tuple[int, int, int], processes: Processes) -> Path:
    """The unfinished file, as a killed run left it or new."""
    part = path.with_suffix(".part")
    if processes.first and not _timed(path).exists():
        _check_room(path.parent, int(np.prod(shape)) * 4)
        np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=shape).flush()
        _reserve(part)
        new = path.with_suffix(".new.npy")
        np.save(new, np.zeros(-(-shape[0] // BATCH)))
        os.replace(new, _timed(path))
    processes.wait()
    return part


def _reserve(part: Path) -> None:
    """Take the file's room now: a mapped file that finds the disk full later kills the process unheard."""
    try:
        reserve(part)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        part.unlink()
        raise InputError(
            f"train.pixels.cache_activations: {part.parent} has no room for {part.name};"
            " make room, or set it to false"
        ) from error


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > 0.9 * free:
        raise InputError(
            f"train.pixels.cache_activations needs {needed / 1e9:.1f} GB below {folder}, where"
            f" {free / 1e9:.1f} GB are free; make room, or set it to false"
        )


@torch.inference_mode()
def _fill(
    model: AdaptedEncoder,
    inputs: Inputs,
    rows: np.ndarray,
    part: Path,
    dtype: torch.dtype,
    processes: Processes,
) -> None:
    """Every process computes its share of the batches that are still to be computed, into one file."""
    matrix, seconds = (np.lib.format.open_memmap(file, mode="r+") for file in (part, _timed(part)))
    left = np.flatnonzero(seconds == 0)
    processes.wait()  # nobody may note a batch as done while another still reads which are
    mine = left[processes.rank :: processes.count]
    model.eval()
    n_blocks, hidden = model.entry(), None if processes.first else True
    with tqdm(total=len(mine), unit="batch", desc=f"first {n_blocks} blocks, once", disable=hidden) as bar:
        for several in np.split(mine, range(TOGETHER, len(mine), TOGETHER)):
            took = []
            for batch in several:
                started, at = time.perf_counter(), slice(batch * BATCH, (batch + 1) * BATCH)
                with torch.autocast(model.device.type, dtype, enabled=dtype != torch.float32):
                    matrix[at] = model.below(inputs(rows[at]), n_blocks).float().cpu().numpy()
                took.append(time.perf_counter() - started)
                bar.update()
            matrix.flush()
            seconds[several] = took
            seconds.flush()
    processes.wait()
