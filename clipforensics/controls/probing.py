"""The baseline's linear probe, on any embeddings and any labels of the training and validation frames."""

from pathlib import Path

import numpy as np

from clipforensics.adaptation.linear_probe import Settings, fit_probe
from clipforensics.controls.contract import Fitted, Known, ProbeSettings
from clipforensics.core.params import read_section
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.rows import Labelled
from clipforensics.training.budget import TrainSection
from clipforensics.training.candidates import read_candidates
from clipforensics.training.sampling import draw_epoch
from clipforensics.training.validation import Validation


def read_probe_settings(params: Path, seed: int) -> ProbeSettings:
    """How the baseline is fitted, as params.yaml has it.

    Of several candidates for `max_iterations` the most is taken: the optimum does not depend on it.

    Args:
        params: params.yaml.
        seed: The first training seed.

    Raises:
        InputError: `methods.baseline` or `train` is missing or wrong.
    """
    train = read_section(params, "train", TrainSection)
    several = read_candidates(params, "methods.baseline", Settings, max_runs=train.choice.max_runs)
    probe = max((one.settings for one in several), key=lambda one: one.max_iterations)
    return ProbeSettings(probe.inverse_l2, probe.max_iterations, train.class_weight, train.sampling, seed)


def fit_on(
    embeddings: EmbeddingStore,
    known: Known,
    *,
    train_labels: np.ndarray | None = None,
    val_labels: np.ndarray | None = None,
) -> Fitted:
    """Fit the probe as the baseline is, and choose its penalty on validation.

    Args:
        embeddings: Of every stored frame.
        known: Rows, and the settings of the probe.
        train_labels: One a training video, in the order of `known.train.table`; None: the true ones.
        val_labels: The same of validation.
    """
    rows, labels = _drawn(known, train_labels)
    probe = fit_probe(
        embeddings.read(rows),
        labels,
        Validation.of(known.val, _by_row(known.val, val_labels)),
        embeddings.read(known.val.rows),
        inverse_l2=known.probe.inverse_l2,
        class_weight=known.probe.class_weight,
        max_iterations=known.probe.max_iterations,
    )
    rank = max((row["val_video_auc"], row["val_frame_auc"]) for row in probe.curve)
    return Fitted(lambda wanted: probe.score(embeddings.read(wanted)), rank, {"inverse_l2": probe.inverse_l2})


def _drawn(known: Known, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Rows that the baseline would train on, and their labels."""
    train = known.train
    draw = draw_epoch(
        train.spans,
        train.table,
        sampling=known.probe.sampling,
        frames_per_video=None,
        self_blended=0.0,
        seed=known.probe.seed,
        epoch=0,
        frames=known.index.frames,
    )
    order = np.argsort(draw.rows, kind="stable")  # the optimum has no order; L-BFGS' last digits do
    rows = draw.rows[order]
    if labels is None:
        return rows, draw.labels[order]
    of_row = np.full(len(known.index), -1)
    of_row[train.rows] = labels[train.videos]
    return rows, of_row[rows]


def _by_row(part: Labelled, labels: np.ndarray | None) -> np.ndarray | None:
    return None if labels is None else np.asarray(labels)[part.videos]
