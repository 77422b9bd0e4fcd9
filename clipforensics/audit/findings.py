"""Everything that DIR/metrics.json holds, in the shape of the pipeline's own metrics files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clipforensics.audit.cells import compare_all
from clipforensics.audit.chosen import expected_maximum, quantile
from clipforensics.audit.leaks import leak_audit, leak_flags
from clipforensics.audit.lists import UNSAID
from clipforensics.audit.names import Names
from clipforensics.audit.reading import FrameScores
from clipforensics.core.files import json_ready
from clipforensics.metrics.auc import Floats, Ints, roc_curve
from clipforensics.metrics.points import (
    all_fake_reference,
    budget_reason,
    ranking_metrics,
    threshold_metrics,
    undefined_reason,
)
from clipforensics.metrics.pooling import Pooling, pool_by_video
from clipforensics.metrics.strata import against_reals
from clipforensics.report.wording.names import SHOWN_LEVELS
from clipforensics.report.wording.numbers import known
from clipforensics.statistics.replicates import Cluster

PROTOCOL = "given"
"""Stands where the pipeline names its split: the user's own lists of videos."""
NOT_CALIBRATED = "there are no validation scores to calibrate on, so no Brier score and no calibration error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the audit computes.

    Attributes:
        reference: Detector that the others are compared with.
        aggregate: How frame scores become a video's.
        threshold: Where scores count as manipulated; None: .5 for scores that lie in [0, 1].
        cluster: What the bootstrap draws.
        n_replicates: Of the bootstrap. Intervals rest on the standard deviation over replicates, which
            2,000 give to some 2%; every metric at frame level takes time in proportion.
        seed: Of the bootstrap.
        confidence: Of the intervals.
        chosen_from: Of how many detectors, or settings, the reference was chosen by its test scores.
    """

    reference: str
    aggregate: Pooling = "mean"
    threshold: float | None = None
    cluster: Cluster = "identity"
    n_replicates: int = 2_000
    seed: int = 42
    confidence: float = 0.95
    chosen_from: int = 1


def find(scores: Mapping[str, FrameScores], names: Names, options: Options) -> dict[str, Any]:
    """Leaks, AUCs by stratum, what the leak is worth, and every metric of every detector.

    Args:
        scores: Detector -> its scores, all of the same frames.
        names: Who is in which video.
        options: How to compute.

    Returns:
        The content of metrics.json, ready for JSON: `cells`, `leak_gaps`, `metrics` and `bootstrap` as in
        the pipeline's comparison.json, `points` (detector -> manipulation -> level) as `test` in its
        evaluate files, `leakage` as in its leakage files. Undefined numbers are null with the reason beside
        them.
    """
    flags = leak_flags(names)
    tables = {name: frame_table(found, names) for name, found in scores.items()}
    manipulations = _order(names)
    cuts = {name: _threshold(found, options.threshold) for name, found in scores.items()}
    content = {
        "reference": options.reference,
        "headline": _headline(names, manipulations),
        "seeds": [],
        "bootstrap": _bootstrap(options),
        "aggregate": options.aggregate,
        "levels": list(_levels(scores)),
        "threshold": cuts,
        "calibration": {"method": "none", "undefined": NOT_CALIBRATED},
        "names": _about_names(scores[options.reference], names),
        "leakage": leak_audit(names),
        **_compared(tables, flags, names, cuts, manipulations, options, _levels(scores)),
        "points": {
            name: {
                m: _points(table, m, flags, cuts[name], options.aggregate, _levels(scores))
                for m in manipulations
            }
            for name, table in tables.items()
        },
    }
    if options.chosen_from > 1:
        content["chosen_from"] = _chosen(content, options)
    found: dict[str, Any] = json_ready(content)
    return found


def _levels(scores: Mapping[str, FrameScores]) -> tuple[str, ...]:
    """Where any file tells no frames, only videos are compared."""
    return ("video",) if any(found.by_video for found in scores.values()) else SHOWN_LEVELS


def _chosen(content: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """What the choice of the best of several test scores adds to the reference's video AUC.

    `standard_error` is the half-width of the interval over its normal quantile, and `excess` what the best
    of `n` equally good detectors scores above their worth on average, if they err independently.
    """
    rows = {}
    for cell in content["cells"]:
        if (cell["stratum"], cell["level"]) == ("all", "video"):
            row = cell["detectors"][options.reference]
            low, high = known(row.get("low")), known(row.get("high"))
            error = None if low is None or high is None else (high - low) / 2 / quantile(options.confidence)
            excess = None if error is None else error * expected_maximum(options.chosen_from)
            rows[cell["manipulation"]] = {"standard_error": error, "excess": excess}
    return {"n": options.chosen_from, "detector": options.reference, "manipulations": rows}


def frame_table(scores: FrameScores, names: Names) -> pd.DataFrame:
    """Frames in the pipeline's form: key (position of the video), manipulation, label, part, frame, score."""
    of_video = pd.Categorical([video.manipulation for video in names.videos])
    return pd.DataFrame(
        {
            "key": scores.codes,
            "manipulation": of_video[scores.codes],
            "label": scores.labels[scores.codes],
            "part": pd.Categorical.from_codes(np.zeros(len(scores.codes), dtype=np.int8), ["test"]),
            "frame": scores.frames,
            "score": scores.scores,
        }
    )


def train_set_of(names: Names) -> str:
    """The manipulations of training, joined by `+` as the pipeline names a train set."""
    fakes = {video.manipulation or "fakes" for video in names.train.videos if video.label == 1}
    return "+".join(sorted(fakes)) or "reals only"


def _headline(names: Names, manipulations: list[str]) -> dict[str, str]:
    return {
        "split": PROTOCOL,
        "protocol": PROTOCOL,
        "train_set": train_set_of(names),
        "manipulation": manipulations[0],
    }


def _bootstrap(options: Options) -> dict[str, Any]:
    return {
        "n_replicates": options.n_replicates,
        "seed": options.seed,
        "confidence": options.confidence,
        "cluster": options.cluster,
    }


def _order(names: Names) -> list[str]:
    """Manipulations that were not in training first, then by name."""
    trained = {video.manipulation.casefold() for video in names.train.videos if video.label == 1}
    found = {video.manipulation for video in names.videos if video.label == 1}
    return sorted(found, key=lambda name: (name.casefold() in trained, name))


def _threshold(scores: FrameScores, given: float | None) -> dict[str, Any]:
    """The threshold and where it is from; never one found on these scores."""
    if given is not None:
        return {"value": given, "rule": "given"}
    if scores.scores.min() >= 0 and scores.scores.max() <= 1:
        return {"value": 0.5, "rule": "half"}
    return {
        "value": None,
        "rule": None,
        "undefined": "scores leave [0, 1], so .5 means nothing, and no --threshold was given",
    }


def _about_names(scores: FrameScores, names: Names) -> dict[str, Any]:
    unknown = [video for video in names.train.videos if video.unknown]
    return {
        "naming": names.naming.name,
        "naming_stated": names.naming.stated,
        "real": list(names.reals),
        "n_videos": len(scores.videos),
        "n_frames": None if scores.by_video else len(scores.codes),
        "n_train": len(names.train.videos),
        "n_train_real": sum(video.label == 0 for video in names.train.videos),
        "n_train_sharing": names.n_sharing,
        "n_train_unsaid": sum(video.manipulation == UNSAID for video in names.train.videos),
        "n_unknown": sum(video.unknown for video in names.videos),
        "n_train_unknown": len(unknown),
        "n_train_fakes_unknown": sum(video.label == 1 for video in unknown),
        "n_val": None if names.val is None else len(names.val.videos),
        "owners": list(names.owners),
    }


def _compared(
    tables: Mapping[str, pd.DataFrame],
    flags: pd.DataFrame,
    names: Names,
    cuts: Mapping[str, Mapping[str, Any]],
    manipulations: list[str],
    options: Options,
    levels: Sequence[str],
) -> dict[str, list[dict[str, Any]]]:
    """Tables `cells`, `leak_gaps` and `metrics`, of all manipulations in order."""
    place = {"protocol": PROTOCOL, "train_set": train_set_of(names)}
    found: dict[str, list[dict[str, Any]]] = {}
    for manipulation in manipulations:
        compared = compare_all(
            tables,
            flags,
            manipulation,
            cuts=cuts,
            reference=options.reference,
            aggregate=options.aggregate,
            cluster=options.cluster,
            n_replicates=options.n_replicates,
            seed=options.seed,
            confidence=options.confidence,
            levels=levels,
        )
        for table, rows in compared.items():
            found.setdefault(table, []).extend({**place, **row} for row in rows)
    return found


def _points(
    table: pd.DataFrame,
    manipulation: str,
    flags: pd.DataFrame,
    cut: Mapping[str, Any],
    aggregate: Pooling,
    shown: Sequence[str],
) -> dict[str, Any]:
    """Point metrics of one detector on one manipulation, per level, and of calling everything fake."""
    chosen = against_reals(table, manipulation)
    values, labels = chosen["score"].to_numpy(), chosen["label"].to_numpy()
    n_groups = len(set(flags["group"].to_numpy()[chosen["key"].unique()].tolist()))
    levels = {
        "video": pool_by_video(values, labels, chosen["key"].to_numpy(), how=aggregate),
        "frame": (values, labels),
    }
    found: dict[str, Any] = {level: {**_point(*levels[level], cut), "n_groups": n_groups} for level in shown}
    found["all_fake"] = {level: _all_fake(levels[level][1]) for level in shown}
    return found


def _point(scores: Floats, labels: Ints, cut: Mapping[str, Any]) -> dict[str, Any]:
    unmeasurable = undefined_reason(labels) or budget_reason(int((labels == 0).sum()))
    reason = "; ".join(filter(None, (unmeasurable, cut.get("undefined", ""))))
    return {
        **ranking_metrics(scores, labels),
        "eer_vertex": _eer_vertex(scores, labels),
        "at_threshold": None if cut["value"] is None else threshold_metrics(scores, labels, cut["value"]),
        "n_real": int((labels == 0).sum()),
        "n_fake": int((labels == 1).sum()),
        **({"undefined": reason} if reason else {}),
    }


def _eer_vertex(scores: Floats, labels: Ints) -> float:
    """False positive rate of the ROC vertex where |fpr - fnr| is least, the first of several.

    What many papers print as EER, such as the author of the peer scores; moves in steps of 1 / n_real.
    """
    curve = roc_curve(scores, labels)
    return float(curve.fpr[np.argmin(np.abs(curve.fpr - (1 - curve.tpr)))])


def _all_fake(labels: Ints) -> dict[str, float]:
    reference = all_fake_reference(labels)
    return {name: reference[name] for name in ("accuracy", "balanced_accuracy", "f1")}
