"""The baseline: a linear probe (logistic regression) on frozen, L2-normalised embeddings."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from clipforensics.embeddings import EmbeddingStore
from clipforensics.faults import InputError
from clipforensics.files import read_json, write_json
from clipforensics.frames import FrameStore
from clipforensics.selection import Validation

if TYPE_CHECKING:
    from transformers import CLIPVisionModelWithProjection

    from clipforensics.encoder import Preprocessing
    from clipforensics.frozen import FrozenProbe


@dataclass(frozen=True)
class Probe:
    """A fitted probe: score = sigmoid(weight . x + bias) of a unit-length embedding x.

    Attributes:
        weight: float64 (d,).
        bias: Of the log odds.
        inverse_l2: scikit-learn's C, chosen on validation.
        trials: (C, validation video AUC, validation frame AUC) of every candidate.
    """

    weight: np.ndarray
    bias: float
    inverse_l2: float
    trials: list[tuple[float, float, float]]

    def score(self, embeddings: np.ndarray) -> np.ndarray:
        """Unit-length embeddings (n, d) -> scores (n,) in [0, 1], higher means manipulated."""
        return expit(embeddings.astype(np.float64) @ self.weight + self.bias)


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

    The best has the highest validation video AUC, then frame AUC, then the strongest
    regularisation. The problem is convex: no seed enters.

    Args:
        embeddings: Unit-length training embeddings (n, d).
        labels: 0 real, 1 manipulated, (n,).
        validation: Labels and video codes of the validation frames.
        validation_embeddings: Unit-length, (m, d).
        inverse_l2: Candidate C, scikit-learn's inverse strength of the L2 penalty.
        class_weight: `balanced` weighs each class by n / (2 n_class); `none` does not.
        max_iterations: Of L-BFGS.

    Raises:
        InputError: L-BFGS did not converge.
    """
    probes = []
    for strength in sorted(inverse_l2):
        model = LogisticRegression(
            C=strength, class_weight=None if class_weight == "none" else class_weight, max_iter=max_iterations
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                model.fit(embeddings.astype(np.float64), labels)
            except ConvergenceWarning as error:
                raise InputError(
                    f"the probe with inverse_l2 {strength:g} is not at its optimum after {max_iterations}"
                    " iterations; raise train_probe.max_iterations"
                ) from error
        probe = Probe(model.coef_[0], float(model.intercept_[0]), strength, [])
        probes.append((validation.rank(probe.score(validation_embeddings)), probe))
    best = max(range(len(probes)), key=lambda i: (probes[i][0], -i))
    trials = [(p.inverse_l2, *rank) for rank, p in probes]
    chosen = probes[best][1]
    return Probe(chosen.weight, chosen.bias, chosen.inverse_l2, trials)


def save(probe: Probe, folder: Path) -> None:
    """Write probe.safetensors (weight, bias) and detector.json (what was chosen and counted)."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"weight": probe.weight, "bias": np.array([probe.bias])}, folder / "probe.safetensors")
    about = {
        "inverse_l2": probe.inverse_l2,
        "parameters": {"trainable": len(probe.weight) + 1, "head": len(probe.weight) + 1},
        "trials": [dict(zip(("inverse_l2", "video_auc", "frame_auc"), t, strict=True)) for t in probe.trials],
    }
    write_json(folder / "detector.json", about)


def load(folder: Path) -> Probe:
    """Read what `save` wrote."""
    tensors = load_file(folder / "probe.safetensors")
    about = read_json(folder / "detector.json")
    trials = [(t["inverse_l2"], t["video_auc"], t["frame_auc"]) for t in about["trials"]]
    return Probe(tensors["weight"], float(tensors["bias"][0]), about["inverse_l2"], trials)


def score(folder: Path, rows: np.ndarray, *, frames: FrameStore, embeddings: EmbeddingStore) -> np.ndarray:
    """Score stored frames; reads their embeddings only."""
    del frames  # the contract hands every detector both stores
    return load(folder).score(embeddings.read(rows))


def log_odds(
    folder: Path, *, encoder: Mapping[str, str], frame_size: int
) -> "tuple[FrozenProbe, Preprocessing, CLIPVisionModelWithProjection]":
    """The probe on its frozen encoder, from pixels, in float32; see `detectors.base`.

    torch is loaded here and not above: fitting and scoring read embeddings and do not need it.
    """
    from clipforensics.devices import choose_device
    from clipforensics.encoder import load_preprocessing, load_vision_tower
    from clipforensics.frozen import FrozenProbe

    probe, (model, revision) = load(folder), (encoder["model"], encoder["revision"])
    tower = load_vision_tower(model, revision)
    preprocessing = load_preprocessing(model, revision, frame_size=frame_size)
    module = FrozenProbe(tower, cast(Any, encoder["embedding"]), probe.weight, probe.bias)
    return module.to(choose_device()).eval(), preprocessing, tower
