"""The baseline: a linear probe, logistic regression on frozen embeddings.

After the linear evaluation of CLIP's own paper (Radford et al. 2021, arXiv 2103.00020, appendix A.3):
L-BFGS to convergence, the strength of the penalty chosen on validation. Departures: embeddings of unit
length, and those of section `encoder` (theirs stand before the projection and are not normalised); a
coarser grid; classes may be weighted; no second fit on training and validation together.
"""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import torch
from pydantic import Field
from safetensors.numpy import load_file, save_file
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from clipforensics.adaptation.embedding_method import EmbeddingMethod, draw_embeddings
from clipforensics.adaptation.record import parameter_counts
from clipforensics.core.faults import InputError
from clipforensics.core.params import Section
from clipforensics.training.task import Fit, Task, tried_row
from clipforensics.training.trainer import LogOdds
from clipforensics.training.validation import Validation

WEIGHTS = "probe.safetensors"


class Settings(Section):
    """Section `methods.baseline` of params.yaml.

    Attributes:
        inverse_l2: Candidates for scikit-learn's C, the inverse strength of the L2 penalty.
        max_iterations: Of L-BFGS.
    """

    inverse_l2: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)
    max_iterations: int = Field(ge=1)


@dataclass(frozen=True)
class Probe:
    """A fitted probe: score = sigmoid(weight . x + bias) of a unit-length embedding x.

    Attributes:
        weight: float64 (d,).
        bias: Of the log odds.
        inverse_l2: scikit-learn's C, chosen on validation.
        curve: One row a candidate: epoch (its number), inverse_l2, val_video_auc, val_frame_auc.
        iterations: That L-BFGS took for all candidates together.
    """

    weight: np.ndarray
    bias: float
    inverse_l2: float
    curve: list[dict[str, float]]
    iterations: int = 0

    def score(self, embeddings: np.ndarray) -> np.ndarray:
        """Unit-length embeddings (n, d) -> scores (n,) in [0, 1], higher means manipulated."""
        return cast(np.ndarray, expit(embeddings.astype(np.float64) @ self.weight + self.bias))


def fit_probe(
    embeddings: np.ndarray,
    labels: np.ndarray,
    validation: Validation,
    validation_embeddings: np.ndarray,
    *,
    inverse_l2: Sequence[float],
    class_weight: str,
    max_iterations: int,
) -> Probe:
    """Fit one logistic regression (L-BFGS) a candidate C and keep the best on validation.

    Args:
        embeddings: Unit-length, (n, d).
        labels: 0 real, 1 manipulated, (n,).
        validation: Labels and video codes of the validation frames.
        validation_embeddings: Unit-length, (m, d).
        inverse_l2: Candidate C, scikit-learn's inverse strength of the L2 penalty; of equals the smallest.
        class_weight: `balanced` weighs each class by n / (2 n_class); `none` does not.
        max_iterations: Of L-BFGS.

    Raises:
        InputError: L-BFGS did not converge.
    """
    best, curve, iterations = None, [], 0
    for number, strength in enumerate(sorted(inverse_l2), 1):
        model = _fit_one(embeddings, labels, strength, class_weight, max_iterations)
        probe = Probe(model.coef_[0], float(model.intercept_[0]), strength, [])
        rank = validation.rank(probe.score(validation_embeddings))
        curve.append(
            {"epoch": number, "inverse_l2": strength, "val_video_auc": rank[0], "val_frame_auc": rank[1]}
        )
        iterations += int(model.n_iter_[0])
        if best is None or rank > best[0]:
            best = rank, probe
    assert best is not None  # the section asks for one candidate at least
    chosen = best[1]
    return Probe(chosen.weight, chosen.bias, chosen.inverse_l2, curve, iterations)


def at_an_end(chosen: float, candidates: Sequence[float]) -> str:
    """What to say where the best candidate is the largest or smallest of several: a better may lie beyond."""
    at_end = len(candidates) > 1 and chosen in (min(candidates), max(candidates))
    return " (at an end of methods.baseline.inverse_l2: extend it)" if at_end else ""


def _tried(row: Mapping[str, float]) -> dict[str, Any]:
    """What is recorded of a candidate C."""
    rank = row["val_video_auc"], row["val_frame_auc"]
    return tried_row({"inverse_l2": row["inverse_l2"]}, rank, ended="optimum")


def _fit_one(
    embeddings: np.ndarray, labels: np.ndarray, strength: float, class_weight: str, max_iterations: int
) -> LogisticRegression:
    weights = None if class_weight == "none" else class_weight
    model = LogisticRegression(C=strength, class_weight=weights, max_iter=max_iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return model.fit(embeddings.astype(np.float64), labels)
        except ConvergenceWarning as error:
            raise InputError(
                f"the probe with inverse_l2 {strength:g} is not at its optimum after {max_iterations}"
                " iterations; raise methods.baseline.max_iterations"
            ) from error


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
            Validation(task.val.labels, task.val.videos),
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
