"""Training an adapted encoder on stored frames, and scoring with it."""

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from clipforensics.adaptation.activations import cache_activations
from clipforensics.adaptation.adapted import AdaptedEncoder
from clipforensics.alterations.augmentation import augment, is_off
from clipforensics.core.faults import InputError
from clipforensics.encoder.vision import Preprocessing
from clipforensics.machine.devices import choose_dtype
from clipforensics.machine.workers import n_workers
from clipforensics.training.budget import TrainSection
from clipforensics.training.processes import ALONE, Processes
from clipforensics.training.sampling import Draw, class_weights, draw_epoch
from clipforensics.training.schedule import Schedule
from clipforensics.training.task import Task
from clipforensics.training.trainer import Progress, Trainer
from clipforensics.training.validation import Validation

SCORE_BATCH = 64

Inputs = Callable[[np.ndarray], torch.Tensor]
"""Rows of the frame store (n,) -> what a model takes, on its device."""


def train_on_pixels(
    model: AdaptedEncoder, task: Task, settings: Any, preprocessing: Preprocessing, *, label: str
) -> Progress:
    """Train what requires gradients with the budget of the task; the best epoch's weights stay in the model.

    Args:
        model: On its device.
        task: Data and budget.
        settings: Of the method: the two learning rates.
        preprocessing: The encoder's own.
        label: For the progress bar.
    """
    trainer, spent = make_trainer(model, task, settings, preprocessing, label=label)
    try:
        return trainer.fit()
    finally:  # of a training that diverged too
        trainer.progress.seconds += spent


def make_trainer(
    model: AdaptedEncoder, task: Task, settings: Any, preprocessing: Preprocessing, *, label: str
) -> tuple[Trainer, float]:
    """What `train_on_pixels` trains with, and the seconds that were spent on activations.

    Where nothing below some block moves and frames are shown as they are stored, that part of the encoder
    is computed here, once for every frame instead of once an epoch; the numbers are the same.
    """
    budget, processes = task.budget, task.processes or ALONE
    schedule = make_schedule(task, settings, processes)
    dtype = choose_dtype(budget.pixels.precision, model.device)
    plain = is_off(budget.augment) and not budget.self_blended
    stored, spent = read_stored(task, preprocessing, model.device), 0.0
    if plain and budget.pixels.cache_activations and model.entry() > 0 and processes.one_machine:
        cached = cache_activations(model, stored, task, dtype=dtype)
        stored, spent = cached.read, cached.seconds
    shown = stored if plain else None
    prepare_model(model, task)
    trainer = Trainer(
        model,
        head="head.",
        draw=lambda epoch: draw_frames(task, epoch),
        inputs=lambda part, epoch: (
            shown(part.rows) if shown else show_augmented(task, part, epoch, preprocessing, model.device)
        ),
        score=lambda: score_rows(model, stored, task.val.rows, dtype=dtype, processes=processes),
        validation=Validation.of(task.val),
        schedule=schedule,
        weights=class_weights(draw_frames(task, 0).labels, budget.class_weight),
        dtype=dtype,
        state=task.scratch / "state",
        processes=processes,
        ahead=not plain or model.device.type == "cuda",
        label=label,
    )
    return trainer, spent


def check_pairs(budget: TrainSection) -> None:
    """Raise InputError if pairs are drawn and a batch would split one."""
    pixels = budget.pixels
    if budget.sampling == "paired" and (pixels.micro_batch_size % 2 or pixels.batch_size % 2):
        raise InputError(
            "train.sampling is paired, and train.pixels.batch_size and micro_batch_size"
            f" ({pixels.batch_size}, {pixels.micro_batch_size}) would split pairs; make both even"
        )


def make_schedule(task: Task, settings: Any, processes: Processes) -> Schedule:
    """The budget with the method's rates.

    Raises:
        InputError: the micro-batches of a step cannot be shared among the processes, or would split pairs.
    """
    pixels = task.budget.pixels
    shares = -(-pixels.batch_size // pixels.micro_batch_size)
    if processes.count > shares:
        raise InputError(
            f"{processes.count} processes cannot share a step: train.pixels.batch_size {pixels.batch_size}"
            f" has {shares} micro-batches of train.pixels.micro_batch_size {pixels.micro_batch_size};"
            " start fewer processes, or make micro-batches smaller or the batch larger"
        )
    check_pairs(task.budget)
    return Schedule(
        epochs=pixels.epochs,
        patience=pixels.patience,
        batch_size=pixels.batch_size,
        micro_batch_size=pixels.micro_batch_size,
        learning_rate=settings.learning_rate,
        head_learning_rate=settings.head_learning_rate,
        weight_decay=pixels.weight_decay,
        warmup_fraction=pixels.warmup_fraction,
        seed=task.seed,
    )


def draw_frames(task: Task, epoch: int) -> Draw:
    """The frames of one epoch, by the budget."""
    return draw_epoch(
        task.train.spans,
        task.train.table,
        sampling=task.budget.sampling,
        frames_per_video=task.budget.pixels.frames_per_video,
        self_blended=task.budget.self_blended,
        seed=task.seed,
        epoch=epoch,
        frames=task.frames.rows.frames,
    )


def read_stored(task: Task, preprocessing: Preprocessing, device: torch.device) -> Inputs:
    """Frames as they are stored."""
    return lambda rows: preprocessing.pixels(task.frames.read(rows), device)


def show_augmented(
    task: Task, part: Draw, epoch: int, preprocessing: Preprocessing, device: torch.device
) -> torch.Tensor:
    """Frames as training sees them in this epoch."""
    frames = augment(
        task.frames.read(part.rows),
        part.rows,
        settings=task.budget.augment,
        seed=task.seed,
        epoch=epoch,
        blended=part.blended,
        takes=part.takes,
        threads=n_workers() if device.type == "cuda" else 1,  # on a CPU the model keeps all of them busy
    )
    return preprocessing.pixels(frames, device)


def prepare_model(model: AdaptedEncoder, task: Task) -> None:
    """Gradient checkpointing and compilation, as the budget says; neither changes what is computed."""
    pixels = task.budget.pixels
    if pixels.gradient_checkpointing:
        model.base.activation_checkpointing_enable({"use_reentrant": False})
    if pixels.compile:
        torch.use_deterministic_algorithms(True)  # which tells the compiler; the method told only the rest
        compile_blocks(model)


def compile_blocks(model: AdaptedEncoder) -> None:
    """Have torch.compile make kernels for the tower's blocks when they first run.

    One by one, so that one kernel serves all of them; for any number of frames, so that the last batch makes
    no new one; and with torch's own random numbers, so that dropout drops the same.

    Raises:
        InputError: there is nothing to compile with, on a CPU.
    """
    wanted = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if model.device.type == "cpu" and shutil.which(wanted) is None:
        raise InputError(
            f"train.pixels.compile needs a C++ compiler, and there is no {wanted}; install one (its name may"
            " stand in CXX), or set it to false"
        )
    for block in model.family.blocks(model.base):
        block.compile(dynamic=True, options={"fallback_random": True})


@torch.inference_mode()
def score_rows(
    model: AdaptedEncoder,
    inputs: Inputs,
    rows: np.ndarray,
    *,
    dtype: torch.dtype = torch.float32,
    processes: Processes = ALONE,
) -> np.ndarray:
    """Scores float64 (n,) in [0, 1] of frames; the model must be in evaluation mode.

    Batches are cut at the same rows however many processes share them, and every process gets all scores.
    """
    scores = torch.zeros(len(rows), dtype=torch.float64, device=model.device)
    starts = range(0, len(rows), SCORE_BATCH)
    for start in starts[processes.rank :: processes.count]:
        with torch.autocast(model.device.type, dtype, enabled=dtype != torch.float32):
            logits = model(inputs(rows[start : start + SCORE_BATCH]))
        scores[start : start + SCORE_BATCH] = torch.sigmoid(logits.double())
    return processes.sum(scores).cpu().numpy()
