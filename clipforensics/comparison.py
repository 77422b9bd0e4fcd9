"""Where detectors meet: their AUCs and differences with intervals, in every stratum of every cell."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from clipforensics.bootstrap import bootstrap_auc, bootstrap_intervals
from clipforensics.delong import delong_difference, delong_interval
from clipforensics.evaluation import against_reals, in_stratum, strata_keys
from clipforensics.metrics import Pooling, json_ready, pool_by_video, roc_curve
from clipforensics.replicates import draw_replicates
from clipforensics.uncertainty import LEVELS, Estimate, Interval, mean_over_seeds, spread_over_seeds

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
    paired, and so are the strata. With several training seeds a detector's AUC is the mean over them, and
    the bootstrap's interval covers seeds as well.

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
    first, groups = next(iter(chosen.values())), test.set_index("key")["group"]
    draws = draw_replicates(
        first["label"].to_numpy(),
        first["key"].to_numpy(),
        clusters=groups[first["key"]].to_numpy() if cluster == "identity" else None,
        n_replicates=n_replicates,
        seed=seed,
    )
    subsets = {"all": None, **strata_keys(test)}
    by_seed = {f"{seed_}/{name}": table["score"].to_numpy() for (name, seed_), table in chosen.items()}
    found = bootstrap_auc(draws, by_seed, how=aggregate, subsets=subsets)
    for stratum, keys in subsets.items():
        tables = chosen if keys is None else {n: in_stratum(table, keys) for n, table in chosen.items()}
        delong = _delong(tables, reference, aggregate, confidence)
        for level in LEVELS:
            yield json_ready(
                {
                    "manipulation": manipulation,
                    "stratum": stratum,
                    "level": level,
                    **_counts(next(iter(tables.values())), groups, level),
                    **_intervals(
                        found[stratum][level], reference, confidence, delong if level == "video" else {}
                    ),
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


def _counts(table: pd.DataFrame, groups: pd.Series, level: str) -> dict[str, int]:
    labels = table.drop_duplicates("key")["label"] if level == "video" else table["label"]
    return {
        "n_real": int((labels == 0).sum()),
        "n_fake": int((labels == 1).sum()),
        "n_groups": int(groups[table["key"].unique()].nunique()),
    }


def _intervals(
    estimates: Mapping[str, Estimate],
    reference: str,
    confidence: float,
    delong: Mapping[tuple[str, ...], Interval],
) -> dict[str, Any]:
    """Rows of detectors and differences; estimates by `<seed>/<detector>`."""
    seeds: dict[str, list[Estimate]] = {}
    for name, estimate in estimates.items():
        seeds.setdefault(name.split("/", 1)[1], []).append(estimate)
    means = {name: mean_over_seeds(several, name) for name, several in seeds.items()}
    detectors, differences = bootstrap_intervals(means, reference, confidence=confidence)
    spread = {name: spread_over_seeds(several)._asdict() for name, several in seeds.items()}
    rows = {
        "detectors": {
            n: {**_row(i, delong.get((n,))), "covers": i.covers, "seeds": spread[n]}
            for n, i in detectors.items()
        },
        "differences": {
            n: {**_row(i, delong.get((n, reference)), with_p=True), "covers": i.covers}
            for n, i in differences.items()
        },
    }
    reasons = [i.undefined for i in (*detectors.values(), *differences.values()) if i.undefined]
    return {**rows, "undefined": "; ".join(dict.fromkeys(reasons))} if reasons else rows


def _delong(
    tables: Scores, reference: str, aggregate: Pooling, confidence: float
) -> dict[tuple[str, ...], Interval]:
    """DeLong's interval of each detector, and of each pair (detector, reference)."""
    pooled: dict[str, list[np.ndarray]] = {}
    for (name, _), table in tables.items():
        scores, truth, keys = (table[column].to_numpy() for column in ("score", "label", "key"))
        values, labels = pool_by_video(scores, truth, keys, how=aggregate)
        pooled.setdefault(name, []).append(values)
    of = {name: np.array(several) for name, several in pooled.items()}
    found: dict[tuple[str, ...], Interval] = {}
    for name, ours in of.items():
        found[name,] = delong_interval(ours, labels, confidence=confidence)
        if name != reference:
            found[name, reference] = delong_difference(ours, of[reference], labels, confidence=confidence)
    return found


def _row(interval: Interval, delong: Interval | None, *, with_p: bool = False) -> dict[str, Any]:
    row: dict[str, Any] = {"auc": interval.value, "low": interval.low, "high": interval.high, "p": interval.p}
    if delong is not None:
        row["delong"] = {"low": delong.low, "high": delong.high, **({"p": delong.p} if with_p else {})}
    return row


def _check_same_frames(scores: Scores) -> None:
    """Raise ValueError unless all tables have the same frames in the same order (pairing needs it)."""
    (_, first), *others = scores.items()
    for name, table in others:
        if not table[["key", "frame", "part"]].equals(first[["key", "frame", "part"]]):
            raise ValueError(f"the scores of {name} are of other frames than those of {next(iter(scores))}")
