"""What a package keeps of its validation, so that a score can be told for what it is worth, or not told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from clipforensics.core.faults import InputError
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.rows import sample_frame_indices
from clipforensics.likelihood.likeness import Likeness, fit_likeness, video_embedding
from clipforensics.likelihood.models import Model as Scored
from clipforensics.likelihood.models import fit_ratios
from clipforensics.likelihood.saved import abstention_as_json, ratios_as_json
from clipforensics.likelihood.settings import LikelihoodSection
from clipforensics.likelihood.words import propositions

if TYPE_CHECKING:  # pandas takes as long to load as all else here
    import pandas as pd

Json = dict[str, Any]

DIGITS = 16
"""Leading hexadecimal digits of a video's SHA-256 that are kept."""

LOOKED_AT = 4
"""Frames of a video at most, evenly spaced, by whose embeddings it is told whether it is like training's."""


@dataclass(frozen=True)
class Knowledge:
    """What is known of the videos that a detector was trained and validated on.

    Attributes:
        scored: Validation videos with their scores, and whether they are ranked better than by chance.
        train: Keys of training videos that have frames.
        videos: videos.csv by key, with `face_size` (pixels of the full frame) where faces were looked for.
        embeddings: Of the frozen encoder, of every stored frame.
    """

    scored: Scored
    train: Sequence[str]
    videos: "pd.DataFrame"
    embeddings: EmbeddingStore


@dataclass(frozen=True)
class Origin:
    """What a detector was trained on, by name.

    Attributes:
        dataset: Name of the data set.
        is_toy: Whether that is the built-in sample.
        portable: Whether its numbers are the same on every x86-64 machine with AVX2 (`machine.kernels`).
        trained: Manipulations of the train set.
    """

    dataset: str
    is_toy: bool
    portable: bool
    trained: Sequence[str]


def validation_record(known: Knowledge, weighing: LikelihoodSection, origin: Origin) -> Json:
    """Content of validation.json; nothing in it comes from test, and it names no video and nobody.

    Args:
        known: What it is written from.
        weighing: How scores become evidence.
        origin: What it was trained on.

    Returns:
        `is_toy`; `portable`; `propositions` H1 and H2; `likelihood`, the map from a video's score to a log10
        likelihood ratio with its bounds, or the `reason` why there is none; `abstention`: `alpha` and each
        class's validation scores, with numbers of their identity groups; `footage`: what training and
        validation videos are by their files; `likeness`: how many frames `likeness.safetensors` looks at.
    """
    val = known.scored.val
    return {
        "is_toy": origin.is_toy,
        "portable": origin.portable,
        "propositions": propositions(origin.dataset, origin.trained),
        "likelihood": ratios_as_json(fit_ratios(known.scored, weighing.method)),
        "abstention": abstention_as_json(val, weighing.alpha),
        "footage": describe_footage(known.videos.loc[[*known.train, *val.keys]]),
        "likeness": {"frames": LOOKED_AT},
    }


def describe_footage(videos: "pd.DataFrame") -> Json:
    """Codecs with how many videos have each; least and most of sides, frames and faces, in pixels; digests;
    of how many nobody knows who is in them, as `core.records.Video.unknown`.

    By its digest, which names nobody, a video that the detector knows is told when it is scored.
    """
    codecs = Counter(videos["codec"].tolist())
    shorter = np.minimum(videos["width"], videos["height"])
    faces = videos["face_size"][videos["face_size"] > 0] if "face_size" in videos else videos["width"][:0]
    unknown = (videos["target"] == "") | ((videos["label"] == 1) & (videos["source"] == ""))
    return {
        "n_videos": len(videos),
        "n_unknown": int(unknown.sum()),
        "codecs": dict(sorted(codecs.items(), key=lambda one: (-one[1], one[0]))),
        "shorter_side": _ends(shorter),
        "n_frames": _ends(videos["n_frames"]),
        "face_size": _ends(faces) if len(faces) else None,
        "digests": sorted(digest[:DIGITS] for digest in videos["sha256"]),
    }


def _ends(values: "pd.Series[int]") -> list[int]:
    return [int(values.min()), int(values.max())]


def likeness_of(known: Knowledge) -> Likeness:
    """The cloud of the training videos' embeddings, and validation's distances from it."""
    train, val = (
        np.stack([_embedding(known.embeddings, key) for key in keys])
        for keys in (known.train, known.scored.val.keys)
    )
    return fit_likeness(train, val)


def _embedding(embeddings: EmbeddingStore, key: str) -> np.ndarray:
    rows = embeddings.rows.main_span(key)
    return video_embedding(embeddings.read(rows[looked_at(len(rows))]))


def looked_at(n: int) -> np.ndarray:
    """Places of those of n frames that are looked at: all, or `LOOKED_AT` evenly spaced ones."""
    return sample_frame_indices(n, LOOKED_AT)


def write_likeness(path: Path, likeness: Likeness) -> None:
    """Write likeness.safetensors, in float64."""
    arrays = {name: np.asarray(value) for name, value in vars(likeness).items()}
    path.write_bytes(save({name: np.ascontiguousarray(np.atleast_1d(a)) for name, a in arrays.items()}))


def read_likeness(path: Path) -> Likeness:
    """What `write_likeness` wrote.

    Raises:
        InputError: it is missing, damaged or of other shapes.
    """
    try:
        found: Mapping[str, np.ndarray] = load_file(path)
        mean, components, variances = (
            np.asarray(found[name], dtype=np.float64) for name in ("mean", "components", "variances")
        )
        reference = np.sort(np.asarray(found["reference"], dtype=np.float64))
        likeness = Likeness(mean, components, variances, float(found["rest"][0]), reference)
    except (OSError, KeyError, ValueError, TypeError, IndexError, SafetensorError) as error:
        raise InputError(f"{path} cannot be read ({error}); copy the package again") from error
    _check(likeness, path)
    return likeness


def _check(likeness: Likeness, path: Path) -> None:
    m, width = likeness.components.shape if likeness.components.ndim == 2 else (0, 0)
    if likeness.mean.shape != (width,) or likeness.variances.shape != (m,) or not m:
        raise InputError(f"{path}: its shapes do not fit each other; copy the package again")
    arrays = (likeness.mean, likeness.components, likeness.variances, likeness.rest, likeness.reference)
    if not all(np.isfinite(array).all() for array in arrays):
        raise InputError(f"{path} holds numbers that are none; copy the package again")
    if likeness.rest <= 0 or (likeness.variances <= 0).any() or likeness.reference.ndim != 1:
        raise InputError(f"{path} holds variances that are not above 0; copy the package again")
