"""Error rates by what footage is like: compression, resolution, bit rate, source; the worst first."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clipforensics.likelihood.rates import Rate, rate
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.points import undefined_reason
from clipforensics.metrics.usability import clustered_auc
from clipforensics.statistics.replicates import Bools

Row = dict[str, Any]
Texts = npt.NDArray[np.str_]

FEW = 10
"""A condition with fewer videos of a class is listed, but not ranked by that class's error."""

SIDES = (240, 360, 480, 720, 1080)
"""Pixels of the shorter side up to which a resolution is told by this name."""

FACES = (64, 128, 256)
"""Pixels of a face's longer side up to which its size is told by this name; an encoder reads 224 or more."""


def _short_side(videos: pd.DataFrame) -> Texts:
    side = videos[["width", "height"]].astype(int).min(axis=1).to_numpy()
    names = np.array([*(f"up to {side}p" for side in SIDES), f"above {SIDES[-1]}p"])
    return np.where(side > 0, names[np.searchsorted(SIDES, side, side="left")], "unknown")


def _bytes_a_frame(videos: pd.DataFrame) -> Texts:
    """Thirds of these videos, by bytes a frame."""
    frames = videos["n_frames"].astype(int).to_numpy()
    size = videos["n_bytes"].astype(int).to_numpy() / np.maximum(frames, 1)
    if not len(size) or not (frames > 0).all():
        return np.full(len(size), "unknown")
    edges = np.quantile(size, [1 / 3, 2 / 3])
    low, high = (f"{edge / 1000:.3g} kB" for edge in edges)
    names = np.array([f"up to {low} a frame", f"{low} to {high} a frame", f"above {high} a frame"])
    return names[np.searchsorted(edges, size, side="left")]


def _face_size(videos: pd.DataFrame) -> Texts:
    side = videos["face_size"].astype(int).to_numpy()
    names = np.array([*(f"up to {side} pixels" for side in FACES), f"above {FACES[-1]} pixels"])
    return np.where(side > 0, names[np.searchsorted(FACES, side, side="left")], "no face")


def _column(name: str) -> Callable[[pd.DataFrame], Texts]:
    return lambda videos: videos[name].astype(str).replace("", "none stated").to_numpy(dtype=np.str_)


CONDITIONS: dict[str, tuple[tuple[str, ...], Callable[[pd.DataFrame], Texts]]] = {
    "compression": (("compression",), _column("compression")),
    "resolution": (("width", "height"), _short_side),
    "bytes a frame": (("n_bytes", "n_frames"), _bytes_a_frame),
    "data set": (("dataset",), _column("dataset")),
    "codec": (("codec",), _column("codec")),
    "face size": (("face_size",), _face_size),
}
"""Condition -> the columns of the table of videos that it needs, and the value of each video."""


def by_condition(
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    groups: npt.ArrayLike,
    called: npt.ArrayLike,
    videos: pd.DataFrame,
    *,
    confidence: float,
) -> tuple[list[Row], dict[str, str]]:
    """Errors at the validation threshold under every value of every condition.

    Args:
        scores: Of test videos, shape (n,).
        labels: 0 real, 1 manipulated, shape (n,).
        groups: Identity groups, shape (n,).
        called: Whether each is called manipulated at the threshold from validation, shape (n,).
        videos: Their rows of videos.csv, in the same order.
        confidence: Of the intervals.

    Returns:
        Rows with `condition`, `value`, `fpr` and `fnr` (each `rate`, `low`, `high`, `n`, `n_groups`), `auc`
        (`auc`, `low`, `high`, or a reason in `undefined`), and `worst`, the larger error rate of at least
        `FEW` videos (null if neither class has so many): the worst first, by it. And why each other
        condition is not among them. The worst of many rates is partly so by chance: look at intervals.

    Raises:
        InputError: as `rates.rate`.
    """
    values, truth, of, hits = (np.asarray(one) for one in (scores, labels, groups, called))
    rows: list[Row] = []
    absent: dict[str, str] = {}
    for condition, (columns, value_of) in CONDITIONS.items():
        lost = [name for name in columns if name not in videos.columns]
        if lost:
            absent[condition] = "not known"
            continue
        found = value_of(videos)
        kinds = sorted(set(found.tolist()))
        if len(kinds) < 2:
            absent[condition] = f"all these videos are alike: {kinds[0] if kinds else 'there are none'}"
            continue
        for kind in kinds:
            inside = found == kind
            row = _errors(values[inside], truth[inside], of[inside], hits[inside], confidence)
            rows.append({"condition": condition, "value": kind, **row})
    return sorted(rows, key=_badness), absent


def _errors(scores: Floats, labels: Ints, groups: npt.NDArray[Any], called: Bools, confidence: float) -> Row:
    fpr = rate(called[labels == 0], groups[labels == 0], confidence=confidence)
    fnr = rate(~called[labels == 1], groups[labels == 1], confidence=confidence)
    ranked = [one.rate for one in (fpr, fnr) if one.n >= FEW]
    return {
        "fpr": fpr._asdict(),
        "fnr": fnr._asdict(),
        "auc": _auc(scores, labels, groups, confidence),
        "worst": max(ranked) if ranked else None,
    }


def _auc(
    scores: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[Any],
    confidence: float,
) -> Row:
    reason = undefined_reason(labels)
    if reason:
        return {"auc": None, "low": None, "high": None, "undefined": reason}
    found = clustered_auc(scores, labels, groups, confidence=confidence)
    row: Row = {"auc": found.auc, "low": found.low, "high": found.high}
    return {**row, "undefined": found.undefined} if found.undefined else row


def _badness(row: Row) -> tuple[bool, float]:
    """Ranked ones first, the larger error before."""
    return (row["worst"] is None, -(row["worst"] or 0.0))


def worst_of(rows: Sequence[Row]) -> Row | None:
    """The first row that is ranked at all."""
    return next((row for row in rows if row["worst"] is not None), None)


def all_errors(
    labels: Ints, groups: npt.NDArray[Any], called: Bools, *, confidence: float
) -> dict[str, Rate]:
    """`fpr` and `fnr` of all videos together, to set conditions against."""
    return {
        "fpr": rate(called[labels == 0], groups[labels == 0], confidence=confidence),
        "fnr": rate(~called[labels == 1], groups[labels == 1], confidence=confidence),
    }
