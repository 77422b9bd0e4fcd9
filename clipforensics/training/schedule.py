"""How long and how fast to train: epochs, batches, and the learning rate of every step."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        epochs: Most epochs to run.
        patience: Stop after this many epochs without a better validation rank, after warm-up.
        batch_size: Rows a step.
        micro_batch_size: Rows that go through the model at once.
        learning_rate: Peak of the adapter's rate, after warm-up, before cosine decay to 0.
        head_learning_rate: The same for the head, which starts from nothing.
        weight_decay: AdamW's, on tensors of two or more dimensions; biases and LayerNorms have none.
        warmup_fraction: Part of all steps in which the rate rises linearly from 0, in [0, 1). No epoch that
            ends before is kept: on few validation videos the first steps of a start at random may look best.
        seed: Of dropout.
    """

    epochs: int
    patience: int
    batch_size: int
    micro_batch_size: int
    learning_rate: float
    head_learning_rate: float
    weight_decay: float
    warmup_fraction: float
    seed: int


def warmup_steps(steps: int, fraction: float) -> int:
    """Number of steps in which the rate rises, of all `steps`."""
    return round(steps * fraction)


def learning_rate_factor(step: int, *, steps: int, warmup_fraction: float) -> float:
    """Linear warm-up from 0 to 1, then cosine decay to 0 (Loshchilov & Hutter 2017, no restart)."""
    warmup = warmup_steps(steps, warmup_fraction)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
