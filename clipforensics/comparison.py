"""Where detectors meet: their AUCs and differences with intervals, in every stratum of every cell."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from clipforensics.evaluation import against_reals, in_stratum, strata_keys
from clipforensics.metrics import Pooling, json_ready, pool_by_video, roc_curve
from clipforensics.uncertainty import LEVELS, Interval, Replicates, draw_replicates

Cluster = Literal["identity", "video"]

Scores = Mapping[tuple[str, int], pd.DataFrame]
"""(detector, seed) -> table of frame scores; all of one train set, on the same frames."""


def compare_cell(
    scores: Scores,
    test: pd.DataFrame,
    manipulation: str,
    *,
    reference: str,
    aggregate: Pooling,
    cluster: Cluster,
    n_replicates: int,
    seed: int,
    confidence: float,
) -> Iterator[dict[str, Any]]:
    """Compare all detectors on one train set and test manipulation, whole and in every leak stratum.

    Detectors are scored on the same bootstrap replicates of the same videos, so differences are
    paired. With several training seeds a detector's AUC is the mean over them, in each replicate.

    Args:
        scores: Scores of every detector and training seed.
        test: The test part of the split, with identity groups and leak flags.
        manipulation: Test manipulation; set against all test reals.
        reference: Detector that the others are subtracted from: difference = other - reference.
        aggregate: How frame scores become a video's.
        cluster: What the bootstrap draws: whole identity groups, or videos.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
        confidence: Of the intervals, for instance .95.

    Yields:
        One row a stratum and level, ready for JSON.

    Raises:
        ValueError: the tables are of different frames, or in different order.
    """
    _check_same_frames(scores)
    chosen = {name: against_reals(table, manipulation) for name, table in scores.items()}
    fakes = set(test["key"][test["label"] == 1])
    groups = test.set_index("key")["group"]
    for stratum, keys in {"all": fakes, **strata_keys(test)}.items():
        tables = {name: in_stratum(table, keys) for name, table in chosen.items()}
        first = next(iter(tables.values()))
        drawn = draw_replicates(
            {f"{seed_}/{name}": table["score"].to_numpy() for (name, seed_), table in tables.items()},
            first["label"].to_numpy(),
            first["key"].to_numpy(),
            clusters=groups[first["key"]].to_numpy() if cluster == "identity" else None,
            n_replicates=n_replicates,
            seed=seed,
            how=aggregate,
        )
        means = _mean_over_seeds(drawn)
        videos = first.drop_duplicates("key")["label"]
        for level in LEVELS:
            counts = videos if level == "video" else first["label"]
            yield json_ready(
                {
                    "manipulation": manipulation,
                    "stratum": stratum,
                    "level": level,
                    "n_real": int((counts == 0).sum()),
                    "n_fake": int((counts == 1).sum()),
                    "n_groups": int(groups[first["key"].unique()].nunique()),
                    **_intervals(means, level, reference, confidence),
                }
            )


def roc_table(scores: pd.DataFrame, level: str, aggregate: Pooling) -> pd.DataFrame:
    """Vertices (fpr, tpr) of the ROC, without those on a straight line between their neighbours."""
    values, labels = scores["score"].to_numpy(), scores["label"].to_numpy()
    if level == "video":
        values, labels = pool_by_video(values, labels, scores["key"].to_numpy(), how=aggregate)
    curve = roc_curve(values, labels)
    steps = np.stack([np.diff(curve.fpr), np.diff(curve.tpr)])
    turns = np.abs(steps[0, :-1] * steps[1, 1:] - steps[0, 1:] * steps[1, :-1]) > 1e-12
    kept = np.r_[True, turns, True]
    return pd.DataFrame({"fpr": curve.fpr[kept], "tpr": curve.tpr[kept]})


def headline_metrics(evaluations: Sequence[Mapping[str, Any]], manipulation: str) -> dict[str, Any]:
    """The flat metrics of one detector that experiments are compared by: means over its seeds.

    F1, accuracy and balanced accuracy are at the threshold chosen on validation.
    """
    points = [evaluation["test"][manipulation] for evaluation in evaluations]
    metrics: dict[str, Any] = {}
    for level in ("video", "frame"):
        flat = [{**p[level], **p[level]["at_validation"]} for p in points]
        names = ("auc", "ap", "eer", "f1", "accuracy", "balanced_accuracy", "n_real", "n_fake")
        metrics[level] = {name: _mean([row[name] for row in flat]) for name in names}
    strata = points[0]["strata"]
    metrics["strata"] = {
        name: {
            "video_auc": _mean([p["strata"][name]["video_auc"] for p in points]),
            "n_fake": strata[name]["n_fake"],
        }
        for name in strata
    }
    validation = [evaluation["validation"]["video"]["auc"] for evaluation in evaluations]
    metrics["validation"] = {"video_auc": _mean(validation)}
    return metrics


def _mean(values: Sequence[float | int | None]) -> float | int | None:
    """Mean of the numbers; null as soon as one is undefined; a whole number stays one."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        return None
    return numbers[0] if len(set(numbers)) == 1 else float(np.mean(numbers))


def _mean_over_seeds(drawn: Replicates) -> Replicates:
    names = [name.split("/", 1)[1] for name in drawn.detectors]
    detectors = tuple(dict.fromkeys(names))
    columns = [[i for i, name in enumerate(names) if name == detector] for detector in detectors]
    values = np.stack([drawn.values[:, c].mean(axis=1) for c in columns], axis=1)
    draws = np.stack([drawn.draws[:, c].mean(axis=1) for c in columns], axis=1)
    return Replicates(detectors, values, draws, drawn.undefined)


def _intervals(drawn: Replicates, level: str, reference: str, confidence: float) -> dict[str, Any]:
    others = [name for name in drawn.detectors if name != reference]
    rows: dict[str, Any] = {
        "detectors": {n: _row(drawn.interval(n, level, confidence=confidence)) for n in drawn.detectors},
        "differences": {
            n: _row(drawn.difference(n, reference, level, confidence=confidence)) for n in others
        },
    }
    return {**rows, "undefined": drawn.undefined} if drawn.undefined else rows


def _row(interval: Interval) -> dict[str, float]:
    return {"auc": interval.value, "low": interval.low, "high": interval.high, "p": interval.p}


def _check_same_frames(scores: Scores) -> None:
    """Raise ValueError unless all tables have the same frames in the same order (pairing needs it)."""
    (_, first), *others = scores.items()
    for name, table in others:
        if not table[["key", "frame", "part"]].equals(first[["key", "frame", "part"]]):
            raise ValueError(f"the scores of {name} are of other frames than those of {next(iter(scores))}")
