"""The baseline: a linear probe, logistic regression on frozen embeddings.

After the linear evaluation of CLIP's own paper (Radford et al. 2021, arXiv 2103.00020, appendix A.3):
L-BFGS to convergence, the strength of the penalty chosen on validation. Departures: embeddings of unit
length, and those of section `encoder` (theirs stand before the projection and are not normalised); a
coarser grid; classes may be weighted; no second fit on training and validation together.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from clipforensics.adaptation.embedding_method import EmbeddingMethod, draw_embeddings
from clipforensics.adaptation.linear_probe import Probe, Settings, fit_probe
from clipforensics.adaptation.record import parameter_counts
from clipforensics.training.task import Fit, Task, tried_row
from clipforensics.training.trainer import LogOdds
from clipforensics.training.validation import Validation

WEIGHTS = "probe.safetensors"


def at_an_end(chosen: float, candidates: Sequence[float]) -> str:
    """What to say where the best candidate is the largest or smallest of several: a better may lie beyond."""
    at_end = len(candidates) > 1 and chosen in (min(candidates), max(candidates))
    return " (at an end of methods.baseline.inverse_l2: extend it)" if at_end else ""


def _tried(row: Mapping[str, float]) -> dict[str, Any]:
    """What is recorded of a candidate C."""
    rank = row["val_video_auc"], row["val_frame_auc"]
    return tried_row({"inverse_l2": row["inverse_l2"]}, rank, ended="optimum")


class Baseline(EmbeddingMethod):
    """The probe under the contract; scikit-learn fits it, so nothing of the schedule applies."""

    settings = Settings

    def fit(self, task: Task, settings: Settings, folder: Path) -> Fit:
        """Fit the probe with every candidate C, keep the best on validation, write the folder."""
        started = time.perf_counter()
        draw = draw_embeddings(task, 0)
        order = np.argsort(draw.rows, kind="stable")  # the optimum has no order; L-BFGS' last digits do
        probe = fit_probe(
            task.embeddings.read(draw.rows[order]),
            draw.labels[order],
            Validation.of(task.val),
            task.embeddings.read(task.val.rows),
            inverse_l2=settings.inverse_l2,
            class_weight=task.budget.class_weight,
            max_iterations=settings.max_iterations,
        )
        rank = max((row["val_video_auc"], row["val_frame_auc"]) for row in probe.curve)
        counts = self.counts(probe)
        options: dict[str, Any] = {"task": task, "settings": settings, "counts": counts, "rank": rank}
        self.save(probe, folder, **options, inverse_l2=probe.inverse_l2)
        seconds = time.perf_counter() - started
        summary = f"C {probe.inverse_l2:g}{at_an_end(probe.inverse_l2, settings.inverse_l2)}"
        samples = probe.iterations * len(draw)
        return Fit(probe.curve, rank, samples, seconds, summary, tried=[_tried(row) for row in probe.curve])

    def build(self, task: Task, settings: Settings) -> LogOdds:
        """Not used: scikit-learn builds the probe as it fits it."""
        raise NotImplementedError

    def counts(self, judge: Probe) -> dict[str, int | str]:
        """All of it is a head; nothing of the encoder moves."""
        return parameter_counts(0, 0, len(judge.weight) + 1)

    def expected_parameters(self, encoder: Mapping[str, Any], settings: Settings) -> dict[str, int]:
        """A weight for each entry of the embedding, and a bias."""
        return {"trainable": 0, "head": encoder["width"] + 1}

    def save_judge(self, judge: Probe, folder: Path) -> None:
        """Write probe.safetensors: weight (d,) and bias (1,), float64."""
        save_file({"weight": judge.weight, "bias": np.array([judge.bias])}, folder / WEIGHTS)

    def load_judge(self, folder: Path) -> torch.nn.Module:
        """The probe as a linear layer."""
        tensors = load_file(folder / WEIGHTS)
        return LinearJudge(tensors["weight"], float(tensors["bias"][0]))


class LinearJudge(torch.nn.Module):
    """w . x + b in float64, as scikit-learn computes it."""

    def __init__(self, weight: np.ndarray, bias: float) -> None:
        super().__init__()
        self.head = torch.nn.Linear(len(weight), 1, dtype=torch.float64)
        entries = {"weight": torch.from_numpy(weight)[None], "bias": torch.tensor([bias])}
        self.head.load_state_dict(entries)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Unit-length embeddings (n, d) -> log odds (n,)."""
        return cast(torch.Tensor, self.head(features.double()).squeeze(-1))


DETECTOR = Baseline()
