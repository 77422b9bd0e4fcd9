"""What the lower, unmoved blocks of an encoder make of every frame, computed once and kept on disk."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from clipforensics.adapted import AdaptedEncoder
from clipforensics.detectors.base import Task
from clipforensics.faults import InputError
from clipforensics.processes import ALONE, Processes

BATCH = 64


def cache_activations(
    model: AdaptedEncoder, inputs: Callable[[np.ndarray], torch.Tensor], task: Task, *, dtype: torch.dtype
) -> Callable[[np.ndarray], torch.Tensor]:
    """Compute the activations below `model.entry()` of all training and validation frames, once.

    They lie in the scratch folder, float32, memory-mapped: memory holds what a batch reads.

    Args:
        model: Told to be entered above from now on.
        inputs: Rows -> pixels on the model's device.
        task: Whose rows; a finished cache of a killed run is taken up.
        dtype: Of the matrix products below.

    Returns:
        Rows -> activations (n, tokens, width) on the model's device.

    Raises:
        InputError: the disk has no room for them.
    """
    n_blocks, processes = model.entry(), task.processes or ALONE
    rows = np.union1d(task.train.rows, task.val.rows)
    tokens, width = _shape(model)
    path = task.scratch / f"activations-{n_blocks}.npy"
    if processes.tell("kept" if path.exists() else "", model.device) == "":
        _check_room(path.parent, len(rows) * tokens * width * 4)
        _fill(model, inputs, rows, path, (len(rows), tokens, width), dtype, processes)
    kept = np.load(path, mmap_mode="r", allow_pickle=False)
    model.enter_at(n_blocks)
    return lambda wanted: torch.from_numpy(kept[np.searchsorted(rows, wanted)]).to(model.device)


def _shape(model: AdaptedEncoder) -> tuple[int, int]:
    """Tokens of a frame (patches and the class token), and the width of one."""
    return int(model.base.vision_model.embeddings.num_positions), int(model.base.config.hidden_size)


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
    inputs: Callable[[np.ndarray], torch.Tensor],
    rows: np.ndarray,
    path: Path,
    shape: tuple[int, int, int],
    dtype: torch.dtype,
    processes: Processes,
) -> None:
    """Every process computes its share of the batches into one file, which appears once complete."""
    part, n_blocks = path.with_suffix(".part"), model.entry()
    if processes.first:
        np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=shape).flush()
    processes.wait()
    matrix = np.lib.format.open_memmap(part, mode="r+")
    model.eval()
    starts = range(0, len(rows), BATCH)[processes.rank :: processes.count]
    hidden = None if processes.first else True
    for start in tqdm(starts, unit="batch", desc=f"first {n_blocks} blocks, once", disable=hidden):
        with torch.autocast(model.device.type, dtype, enabled=dtype != torch.float32):
            found = model.below(inputs(rows[start : start + BATCH]), n_blocks)
        matrix[start : start + BATCH] = found.float().cpu().numpy()
    matrix.flush()
    processes.wait()
    if processes.first:
        os.replace(part, path)
    processes.wait()
