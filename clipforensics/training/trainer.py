"""Training a detector: schedule, micro-batches, early stopping, and resuming after a kill.

Everything random is drawn from (seed, epoch, step, micro-batch), and the state after every epoch goes to a
scratch file, so a killed run that is started again ends in the identical weights, and several processes that
share the micro-batches of a step end where one alone does (up to the order in which a network adds float64,
with more than two).
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tqdm import tqdm

from clipforensics.core.faults import InputError
from clipforensics.training.processes import ALONE, Processes
from clipforensics.training.sampling import Draw
from clipforensics.training.schedule import Schedule, learning_rate_factor, warmup_steps
from clipforensics.training.task import Fit
from clipforensics.training.validation import Validation


class LogOdds(torch.nn.Module):
    """Maps inputs to log odds (n,) of being manipulated; knows the loss that it is trained with."""

    def objective(self, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Loss of a micro-batch, a mean over its rows: here weighted binary cross-entropy.

        Args:
            inputs: What `forward` takes, (n, ...).
            targets: 0 real, 1 manipulated, float32 (n,).
            weights: Loss weight of each row, float32 (n,).
        """
        return torch.nn.functional.binary_cross_entropy_with_logits(
            self(inputs).float(), targets, weight=weights
        )


@dataclass
class Progress:
    """What a restarted run needs beside the tensors.

    Attributes:
        epoch: Epochs finished.
        best_epoch: 1-based epoch of the kept weights, 0 if none.
        best_rank: Validation (video AUC, frame AUC) of the kept weights.
        curve: One row an epoch: epoch, train_loss, val_loss, val_video_auc, val_frame_auc, learning_rate.
        samples: Rows that went forward and backward.
        seconds: Of training and validation, of this run and of those it goes on from.
        scaler: State of the loss scale, in float16 only.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_rank: tuple[float, float] = (-1.0, -1.0)
    curve: list[dict[str, float]] = field(default_factory=list)
    samples: int = 0
    seconds: float = 0.0
    scaler: dict[str, Any] = field(default_factory=dict)

    def as_fit(self) -> Fit:
        """How training went, in the words of the contract."""
        summary = f"best epoch {self.best_epoch} of {self.epoch}"
        return Fit(self.curve, self.best_rank, self.samples, self.seconds, summary, self.epoch)


class Diverged(InputError):
    """The training loss, or a score, became infinite or NaN.

    Attributes:
        progress: Up to there, the last epoch's samples and seconds included.
    """

    def __init__(self, text: str, progress: Progress) -> None:
        super().__init__(text)
        self.progress = progress


class Trainer:
    """Trains the parameters of a model that require gradients, keeping the best on validation.

    Args:
        model: Only its parameters with `requires_grad` move.
        head: Names of parameters (prefix) that get the head's learning rate.
        draw: 0-based epoch -> the rows of that epoch; always as many.
        inputs: Rows of a micro-batch, and the epoch -> the model's input, on the device.
        score: The model's scores of the validation rows; called after every epoch, by every process.
        validation: What these scores are ranked by.
        schedule: How long and how fast.
        weights: Loss weights (real, manipulated).
        dtype: Of the matrix products; anything but float32 runs under autocast, float16 with a loss scale.
        state: Scratch file for what a restarted run needs.
        processes: Those that train this model together.
        ahead: Whether a thread makes the next micro-batch's input while the model works on this one.
        label: What the progress bar calls the run.
    """

    def __init__(
        self,
        model: LogOdds,
        *,
        head: str,
        draw: Callable[[int], Draw],
        inputs: Callable[[Draw, int], torch.Tensor],
        score: Callable[[], np.ndarray],
        validation: Validation,
        schedule: Schedule,
        weights: tuple[float, float],
        dtype: torch.dtype,
        state: Path,
        processes: Processes = ALONE,
        ahead: bool = False,
        label: str = "train",
    ) -> None:
        self.model, self.draw, self.inputs, self.score = model, draw, inputs, score
        self.validation, self.schedule, self.state, self.label = validation, schedule, state, label
        self.dtype, self.processes, self.ahead = dtype, processes, ahead
        self.trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.device = next(iter(self.trained.values())).device
        self.weights = torch.tensor(weights, device=self.device)
        self.optimizer = torch.optim.AdamW(self._groups(head))
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=dtype == torch.float16)
        self.best = {n: p.detach().clone() for n, p in self.trained.items()}
        self.progress = Progress()
        self._sums: torch.Tensor | None = None
        self._cold = 0

    def fit(self) -> Progress:
        """Train; leave the best weights in the model, which is then in evaluation mode.

        Raises:
            Diverged: the loss, or a score of validation, became infinite or NaN.
        """
        self._restore()
        steps = len(self._starts(self.draw(0)))
        warmup = warmup_steps(steps * self.schedule.epochs, self.schedule.warmup_fraction)
        self._cold = max(0, math.ceil(warmup / steps) - 1)
        with self._bar() as bar:
            while not self._finished():
                started = time.perf_counter()
                loss = self._epoch(self.draw(self.progress.epoch), steps, bar)
                self._refuse_divergence("training loss", np.array([loss]), started)
                self._close_epoch(loss, started, bar)
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(self.best[name])
        self.model.eval()
        return self.progress

    def step(
        self,
        batch: Draw,
        *,
        epoch: int,
        number: int,
        factor: float,
        stream: Iterator[torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """One update from a batch; returns its loss (a 0-d tensor, not yet synchronised).

        Args:
            batch: The rows of all processes.
            epoch: 0-based; with `number`, decides dropout.
            number: 0-based number of the step in its epoch.
            factor: Of the peak learning rates.
            stream: Inputs of this process's micro-batches, if they are being made ahead.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        self.optimizer.zero_grad(set_to_none=True)
        mine = self._mine(batch)
        stream = stream or self._prepare([part for _, part in mine], epoch)
        losses = torch.zeros((), dtype=torch.float64, device=self.device)
        alone = len(batch) <= self.schedule.micro_batch_size and self.processes.count == 1
        sums = None if alone else self._no_gradients()
        for index, part in mine:
            inputs = next(stream)
            _seed(_mix(self.schedule.seed, epoch, number, index), self.device)
            losses += self._backward(part, inputs, len(part) / len(batch))
            if sums is not None:
                self._gather(sums)
        if sums is not None:
            self._share(sums)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return self.processes.sum(losses)

    def _backward(self, part: Draw, inputs: torch.Tensor, share: float) -> torch.Tensor:
        """Add this micro-batch's gradients; returns its part of the step's loss."""
        targets = torch.from_numpy(part.labels).to(self.device)
        weights = self.weights[targets]
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            loss = self.model.objective(inputs, targets.float(), weights) * share
        self.scaler.scale(loss).backward()
        return loss.detach()

    def _starts(self, draw: Draw) -> range:
        return range(0, len(draw), self.schedule.batch_size)

    def _mine(self, batch: Draw) -> list[tuple[int, Draw]]:
        """The micro-batches of a batch that this process computes, each with its number."""
        size = self.schedule.micro_batch_size
        parts = [batch.part(start, start + size) for start in range(0, len(batch), size)]
        return list(enumerate(parts))[self.processes.rank :: self.processes.count]

    def _prepare(self, parts: list[Draw], epoch: int) -> Iterator[torch.Tensor]:
        """Inputs of micro-batches in order; with `ahead`, the next is made while this one is used."""
        if not self.ahead:
            yield from (self.inputs(part, epoch) for part in parts)
            return
        with ThreadPoolExecutor(1) as pool:
            coming = [pool.submit(self.inputs, part, epoch) for part in parts[:1]]
            for following in [*parts[1:], None]:
                ready = coming.pop().result()
                coming = [pool.submit(self.inputs, following, epoch)] if following is not None else []
                yield ready

    def _no_gradients(self) -> torch.Tensor:
        """Room for the sum of the gradients of all trained parameters.

        float64: the sum of float32 gradients is then the same to the last bit of float32 in whatever order
        the processes add, so that Adam, which divides small numbers by small numbers, sees the same.
        """
        if self._sums is None:
            n = sum(parameter.numel() for parameter in self.trained.values())
            self._sums = torch.empty(n, dtype=torch.float64, device=self.device)
        return self._sums.zero_()

    def _gather(self, sums: torch.Tensor) -> None:
        """Move the gradients of one micro-batch into the sum."""
        start = 0
        for parameter in self.trained.values():
            if parameter.grad is not None:
                sums[start : start + parameter.numel()] += parameter.grad.flatten()
                parameter.grad = None
            start += parameter.numel()

    def _share(self, sums: torch.Tensor) -> None:
        """Add up the sums of all processes and give every parameter its own."""
        self.processes.sum(sums)
        start = 0
        for parameter in self.trained.values():
            part = sums[start : start + parameter.numel()]
            parameter.grad = part.to(parameter.dtype).view_as(parameter)
            start += parameter.numel()

    def _epoch(self, draw: Draw, steps: int, bar: tqdm) -> float:
        self.model.train()
        schedule, epoch, losses = self.schedule, self.progress.epoch, []
        bar.set_description(f"{self.label}, epoch {epoch + 1}/{schedule.epochs}")
        batches = [draw.part(start, start + schedule.batch_size) for start in self._starts(draw)]
        stream = self._prepare([part for batch in batches for _, part in self._mine(batch)], epoch)
        for number, batch in enumerate(batches):
            factor = learning_rate_factor(
                epoch * steps + number,
                steps=schedule.epochs * steps,
                warmup_fraction=schedule.warmup_fraction,
            )
            losses.append(self.step(batch, epoch=epoch, number=number, factor=factor, stream=stream))
            bar.update(len(batch))
        self.progress.samples += len(draw)
        return float(torch.stack(losses).mean())

    def _refuse_divergence(self, what: str, values: np.ndarray, started: float) -> None:
        lost = values[~np.isfinite(values)]
        if not len(lost):
            return
        self.progress.seconds += time.perf_counter() - started
        raise Diverged(
            f"{what} became {lost[0]} in epoch {self.progress.epoch + 1}; lower the learning rate"
            f" (learning_rate is {self.schedule.learning_rate})",
            self.progress,
        )

    def _close_epoch(self, loss: float, started: float, bar: tqdm) -> None:
        progress = self.progress
        self.model.eval()
        scores = self.score()
        self._refuse_divergence("a validation score", scores, started)
        rank = self.validation.rank(scores)
        progress.epoch += 1
        progress.curve.append(
            {
                "epoch": progress.epoch,
                "train_loss": loss,
                "val_loss": self.validation.loss(scores),
                "val_video_auc": rank[0],
                "val_frame_auc": rank[1],
                "learning_rate": self.optimizer.param_groups[0]["lr"],
            }
        )
        bar.set_postfix_str(f"validation video AUC {rank[0]:.4f}")
        if progress.epoch > self._cold and rank > progress.best_rank:
            progress.best_rank, progress.best_epoch = rank, progress.epoch
            self.best = {n: p.detach().clone() for n, p in self.trained.items()}
        progress.seconds += time.perf_counter() - started
        if self.processes.first:
            self._store()

    def _bar(self) -> tqdm:
        """Rows done of those that all epochs have, with rate and time left; quiet when not a terminal."""
        total = self.schedule.epochs * len(self.draw(0))
        hidden = None if self.processes.first else True
        return tqdm(total=total, initial=self.progress.samples, unit="frame", disable=hidden, desc=self.label)

    def _finished(self) -> bool:
        progress = self.progress
        stale = progress.epoch - max(progress.best_epoch, self._cold)
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
        self.progress.scaler = self.scaler.state_dict()
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
        """Go on from the state that an earlier run left, the same on every process."""
        found = self.processes.tell("yes" if self.state.exists() else "", self.device)
        if not found:
            return
        with safe_open(self.state, framework="pt", device="cpu") as file:
            stored = json.loads(file.metadata()["progress"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        stored["best_rank"] = tuple(stored["best_rank"])
        self.progress = Progress(**stored)
        self.scaler.load_state_dict(self.progress.scaler)
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(tensors[f"now.{name}"])
                self.best[name].copy_(tensors[f"best.{name}"])
                state = {key: f"adam.{key}.{name}" for key in ("step", "exp_avg", "exp_avg_sq")}
                self.optimizer.state[parameter] = {
                    key: tensors[stored_as].to("cpu" if key == "step" else self.device)
                    for key, stored_as in state.items()
                    if stored_as in tensors
                }
        self.processes.wait()  # nobody may write while another still reads


def _seed(seed: int, device: torch.device) -> None:
    """Seed the generators that a step draws from.

    torch.manual_seed draws the same, but without a GPU it writes down the call stack for three kinds of GPU
    to come: a millisecond, as long as a step on embeddings takes.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed_all(seed)


def _mix(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
