"""Training a detector on stored frames: draws, schedule, early stopping, and resuming after a kill.

Everything random is drawn from (seed, epoch), and the state after every epoch goes to a scratch
file, so a killed run that is started again ends in the identical weights.
"""

import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tqdm import tqdm

from clipforensics.faults import InputError


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        epochs: Most epochs to run.
        patience: Stop after this many epochs without a better validation rank.
        batch_size: Frames a step.
        frames_per_video: Frames drawn of each video an epoch, without replacement.
        learning_rate: Peak of the adapter's rate, after warm-up, before cosine decay to 0.
        head_learning_rate: The same for the head, which starts from nothing.
        weight_decay: AdamW's, on all trained weights but biases.
        warmup_fraction: Part of all steps in which the rate rises linearly from 0, in [0, 1).
        seed: Of every draw and of dropout.
    """

    epochs: int
    patience: int
    batch_size: int
    frames_per_video: int
    learning_rate: float
    head_learning_rate: float
    weight_decay: float
    warmup_fraction: float
    seed: int


@dataclass
class Progress:
    """What a restarted run needs beside the tensors.

    Attributes:
        epoch: Epochs finished.
        best_epoch: 1-based epoch of the kept weights, 0 if none.
        best_rank: Validation (video AUC, frame AUC) of the kept weights.
        curve: One row an epoch: epoch, train_loss, val_video_auc, val_frame_auc, learning_rate.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_rank: tuple[float, float] = (-1.0, -1.0)
    curve: list[dict[str, float]] = field(default_factory=list)


def draw_epoch(
    spans: list[np.ndarray], labels: np.ndarray, *, frames_per_video: int, seed: int, epoch: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and labels of one epoch, shuffled: some frames of every video, without replacement.

    Args:
        spans: Row numbers of each training video.
        labels: Label of each training video.
        frames_per_video: Frames a video; all of them where it has fewer.
        seed: With `epoch`, decides the draw.
        epoch: 0-based.
    """
    rng = np.random.default_rng([seed, epoch])
    drawn = [rng.choice(span, min(frames_per_video, len(span)), replace=False) for span in spans]
    rows = np.concatenate(drawn)
    targets = np.repeat(labels, [len(d) for d in drawn])
    order = rng.permutation(len(rows))
    return rows[order], targets[order]


def learning_rate_factor(step: int, *, steps: int, warmup_fraction: float) -> float:
    """Linear warm-up from 0 to 1, then cosine decay to 0 (Loshchilov & Hutter 2017, no restart)."""
    warmup = round(steps * warmup_fraction)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def class_weights(labels: np.ndarray, kind: str) -> tuple[float, float]:
    """Loss weights (real, manipulated): `balanced` is n / (2 n_class) over videos, `none` is 1, 1."""
    if kind == "none":
        return 1.0, 1.0
    counts = np.bincount(labels, minlength=2)
    if counts.min() == 0:
        raise InputError("training holds one class only; check the split and protocol.train_sets")
    real, manipulated = len(labels) / (2 * counts)
    return float(real), float(manipulated)


class Trainer:
    """Trains the parameters of a model that require gradients, keeping the best on validation.

    Args:
        model: Maps pixels to log odds (n,); only parameters with `requires_grad` move.
        head: Names of parameters (prefix) that get the head's learning rate.
        pixels: Frame rows -> the model's input, on the device.
        validate: Model scores on validation -> rank; called after every epoch.
        schedule: How long and how fast.
        weights: Loss weights (real, manipulated).
        dtype: Of the matrix products; anything but float32 runs under autocast.
        state: Scratch file for what a restarted run needs.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        *,
        head: str,
        pixels: Callable[[np.ndarray], torch.Tensor],
        validate: Callable[[], tuple[float, float]],
        schedule: Schedule,
        weights: tuple[float, float],
        dtype: torch.dtype,
        state: Path,
    ) -> None:
        self.model, self.pixels, self.validate, self.schedule = model, pixels, validate, schedule
        self.dtype, self.state = dtype, state
        self.trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.device = next(iter(self.trained.values())).device
        self.weights = torch.tensor(weights, device=self.device)
        self.optimizer = torch.optim.AdamW(self._groups(head))
        self.best = {n: p.detach().clone() for n, p in self.trained.items()}
        self.progress = Progress()

    def fit(self, spans: list[np.ndarray], labels: np.ndarray) -> Progress:
        """Train on the videos whose rows and labels are given; leave the best weights in the model."""
        self._restore()
        schedule = self.schedule
        per_epoch = sum(min(schedule.frames_per_video, len(s)) for s in spans)
        steps = math.ceil(per_epoch / schedule.batch_size)
        while not self._finished():
            epoch = self.progress.epoch
            draw = draw_epoch(
                spans, labels, frames_per_video=schedule.frames_per_video, seed=schedule.seed, epoch=epoch
            )
            loss = self._epoch(*draw, first_step=epoch * steps, total=schedule.epochs * steps)
            self._close_epoch(loss)
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(self.best[name])
        return self.progress

    def step(self, rows: np.ndarray, targets: torch.Tensor, factor: float) -> torch.Tensor:
        """One forward, backward and update; returns the loss (a 0-d tensor, not yet synchronised)."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.model(self.pixels(rows))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            logits.float(), targets, weight=self.weights[targets.long()]
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def _epoch(self, rows: np.ndarray, targets: np.ndarray, *, first_step: int, total: int) -> float:
        self.model.train()
        torch.manual_seed(_mix(self.schedule.seed, self.progress.epoch))  # dropout of this epoch
        size, losses = self.schedule.batch_size, []
        on_device = torch.from_numpy(targets.astype(np.float32)).to(self.device)
        starts = range(0, len(rows), size)
        label = f"epoch {self.progress.epoch + 1}/{self.schedule.epochs}"
        for number, start in enumerate(tqdm(starts, desc=label, unit="step", disable=None)):
            factor = learning_rate_factor(
                first_step + number, steps=total, warmup_fraction=self.schedule.warmup_fraction
            )
            losses.append(self.step(rows[start : start + size], on_device[start : start + size], factor))
        mean = float(torch.stack(losses).mean())
        if not math.isfinite(mean):
            raise InputError(
                f"training loss became {mean} in {label}; lower the learning rate"
                f" (learning_rate is {self.schedule.learning_rate})"
            )
        return mean

    def _close_epoch(self, loss: float) -> None:
        progress = self.progress
        self.model.eval()
        rank = self.validate()
        progress.epoch += 1
        rate = self.optimizer.param_groups[0]["lr"]
        progress.curve.append(
            {
                "epoch": progress.epoch,
                "train_loss": loss,
                "val_video_auc": rank[0],
                "val_frame_auc": rank[1],
                "learning_rate": rate,
            }
        )
        if rank > progress.best_rank:
            progress.best_rank, progress.best_epoch = rank, progress.epoch
            self.best = {n: p.detach().clone() for n, p in self.trained.items()}
        self._store()

    def _finished(self) -> bool:
        progress = self.progress
        stale = progress.epoch - progress.best_epoch
        return progress.epoch >= self.schedule.epochs or stale >= self.schedule.patience

    def _groups(self, head: str) -> list[dict[str, object]]:
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
        for name, parameter in self.trained.items():
            peak = self.schedule.head_learning_rate if name.startswith(head) else self.schedule.learning_rate
            decay = 0.0 if parameter.ndim < 2 else self.schedule.weight_decay
            groups.setdefault((peak, decay), []).append(parameter)
        return [
            {"params": parameters, "lr": peak, "peak": peak, "weight_decay": decay}
            for (peak, decay), parameters in sorted(groups.items(), key=lambda item: item[0])
        ]

    def _store(self) -> None:
        """Write weights, best weights, optimizer state and progress in one atomic step."""
        tensors = {f"now.{n}": p.detach() for n, p in self.trained.items()}
        tensors |= {f"best.{n}": t for n, t in self.best.items()}
        for name, parameter in self.trained.items():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = value
        part = self.state.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        contiguous = {k: v.cpu().contiguous() for k, v in tensors.items()}
        save_file(contiguous, part, metadata={"progress": json.dumps(asdict(self.progress))})
        os.replace(part, self.state)

    def _restore(self) -> None:
        if not self.state.exists():
            return
        with safe_open(self.state, framework="pt", device="cpu") as file:
            stored = json.loads(file.metadata()["progress"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        stored["best_rank"] = tuple(stored["best_rank"])
        self.progress = Progress(**stored)
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(tensors[f"now.{name}"])
                self.best[name].copy_(tensors[f"best.{name}"])
                state = {key: f"adam.{key}.{name}" for key in ("step", "exp_avg", "exp_avg_sq")}
                self.optimizer.state[parameter] = {
                    key: tensors[stored_as].to("cpu" if key == "step" else self.device)
                    for key, stored_as in state.items()
                }


def _mix(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1)
