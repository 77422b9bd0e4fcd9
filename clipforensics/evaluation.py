"""One detector on one cell of the matrix: scores of its frames, and what they are worth."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.errors import list_errors
from clipforensics.metrics import (
    Pooling,
    ThresholdRule,
    all_fake_reference,
    choose_threshold,
    json_ready,
    pool_by_video,
    ranking_metrics,
    roc_auc,
    threshold_metrics,
    undefined_reason,
)
from clipforensics.rows import RowIndex

STRATA: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "twin": lambda flags: flags["twin"] == 1,
    "no_twin": lambda flags: flags["twin"] == 0,
    "seen_identity": lambda flags: flags["any_seen"] == 1,
    "clean": lambda flags: flags["any_seen"] == 0,
}
"""Subsets of test fakes by what training has seen of them; each is set against all test reals."""


def score_parts(
    tables: Mapping[str, pd.DataFrame], index: RowIndex, score: Callable[[np.ndarray], np.ndarray]
) -> pd.DataFrame:
    """Score every stored frame of the given parts.

    Args:
        tables: Videos of each part (columns key, label, manipulation).
        index: Of the store that the rows belong to.
        score: Row numbers (n,) -> scores (n,).

    Returns:
        One row a frame: key, manipulation, label, part, frame, score.
    """
    parts = []
    for part, table in tables.items():
        chosen = index.labelled(table)
        videos = chosen.table.iloc[chosen.videos]
        columns = {name: videos[name].to_numpy() for name in ("key", "manipulation", "label")}
        frames = index.frames[chosen.rows]
        parts.append(pd.DataFrame({**columns, "part": part, "frame": frames, "score": score(chosen.rows)}))
    return pd.concat(parts, ignore_index=True)


def evaluate(
    scores: pd.DataFrame,
    test: pd.DataFrame,
    *,
    manipulations: Sequence[str],
    aggregate: Pooling,
    threshold: ThresholdRule,
    worst_videos: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics and error lists of one table of scores.

    Args:
        scores: As `score_parts` returns them, parts val and test.
        test: The test part of the split, with its leak flags.
        manipulations: Test manipulations in order; the first is the headline, whose errors are listed.
        aggregate: How frame scores become a video's.
        threshold: Rule by which a threshold is chosen on validation, at frame and at video level.
        worst_videos: Length of the list of videos with the highest error rate.

    Returns:
        Metrics (validation, and test by manipulation, each against all test reals) and error lists,
        both ready for JSON: undefined numbers are null, with the reason beside them.
    """
    val = scores[scores["part"] == "val"]
    cut = {level: choose_threshold(*_level(val, level, aggregate), threshold) for level in ("frame", "video")}
    metrics: dict[str, Any] = {
        "aggregate": aggregate,
        "threshold": {**cut, "rule": threshold},
        "validation": _points(val, aggregate, cut),
        "test": {},
    }
    for manipulation in manipulations:
        chosen = against_reals(scores, manipulation)
        metrics["test"][manipulation] = {
            **_points(chosen, aggregate, cut),
            "all_fake": {level: _all_fake(chosen, level, aggregate) for level in ("frame", "video")},
            "strata": {name: _stratum(chosen, keys, aggregate) for name, keys in strata_keys(test).items()},
        }
    headline = against_reals(scores, manipulations[0])
    errors = list_errors(headline, cut, aggregate=aggregate, worst_videos=worst_videos)
    return json_ready(metrics), json_ready({"manipulation": manipulations[0], **errors})


def against_reals(scores: pd.DataFrame, manipulation: str) -> pd.DataFrame:
    """Test frames of one manipulation and of all test reals."""
    test = scores[scores["part"] == "test"]
    return test[(test["manipulation"] == manipulation) | (test["label"] == 0)]


def strata_keys(test: pd.DataFrame) -> dict[str, set[str]]:
    """Keys of the test fakes in each stratum of `STRATA`."""
    fakes = test[test["label"] == 1]
    return {name: set(fakes["key"][chosen(fakes)]) for name, chosen in STRATA.items()}


def in_stratum(scores: pd.DataFrame, keys: set[str]) -> pd.DataFrame:
    """Frames of the reals, and of those fakes whose key is in `keys`."""
    return scores[(scores["label"] == 0) | scores["key"].isin(keys)]


def summary_line(detector: str, metrics: Mapping[str, Any]) -> str:
    """One line for the terminal: video AUC on validation and on every test manipulation."""
    shown = {"validation": metrics["validation"], **metrics["test"]}
    parts = [f"{name} {_shown(points['video']['auc'])}" for name, points in shown.items()]
    return f"{detector}: video AUC " + ", ".join(parts)


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _level(scores: pd.DataFrame, level: str, aggregate: Pooling) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels at frame level, or pooled to one a video."""
    values, labels = scores["score"].to_numpy(), scores["label"].to_numpy()
    if level == "frame":
        return values, labels
    return pool_by_video(values, labels, scores["key"].to_numpy(), how=aggregate)


def _points(scores: pd.DataFrame, aggregate: Pooling, cut: Mapping[str, float]) -> dict[str, Any]:
    return {level: _point(*_level(scores, level, aggregate), cut[level]) for level in ("frame", "video")}


def _point(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict[str, Any]:
    reason = undefined_reason(labels)
    return {
        **ranking_metrics(scores, labels),
        "at_half": threshold_metrics(scores, labels, 0.5),
        "at_validation": threshold_metrics(scores, labels, threshold),
        "n_real": int((labels == 0).sum()),
        "n_fake": int((labels == 1).sum()),
        **({"undefined": reason} if reason else {}),
    }


def _all_fake(scores: pd.DataFrame, level: str, aggregate: Pooling) -> dict[str, Any]:
    reference = all_fake_reference(_level(scores, level, aggregate)[1])
    return {name: reference[name] for name in ("accuracy", "balanced_accuracy", "f1")}


def _stratum(scores: pd.DataFrame, keys: set[str], aggregate: Pooling) -> dict[str, Any]:
    chosen = in_stratum(scores, keys)
    videos = _level(chosen, "video", aggregate)
    reason = undefined_reason(videos[1])
    return {
        "video_auc": roc_auc(*videos),
        "frame_auc": roc_auc(*_level(chosen, "frame", aggregate)),
        "n_real": int((videos[1] == 0).sum()),
        "n_fake": int((videos[1] == 1).sum()),
        **({"undefined": reason} if reason else {}),
    }
