"""One detector on one cell of the matrix: scores of its frames, and what they are worth.

Thresholds and calibration are chosen on validation and applied to test; nothing is chosen on test. So the
same numbers of validation itself are optimistic: they are of the rows that the choices were made on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.files import json_ready
from clipforensics.core.params import Section
from clipforensics.core.records import data_set_of
from clipforensics.frames.rows import PERSON, Labelled, RowIndex
from clipforensics.metrics.auc import Floats, Ints, roc_auc
from clipforensics.metrics.calibration import (
    Calibration,
    CalibrationMethod,
    calibration_metrics,
    fit_calibration,
    probabilities,
    share_manipulated,
    weights_at_prior,
)
from clipforensics.metrics.errors import list_errors
from clipforensics.metrics.points import (
    ORACLE,
    budget_reason,
    ranking_metrics,
    threshold_metrics,
    undefined_reason,
)
from clipforensics.metrics.pooling import LEVELS, Pooling, most_suspect
from clipforensics.metrics.strata import against_reals, at_level, in_stratum, strata_keys
from clipforensics.metrics.thresholds import RULES, ThresholdRule, choose_thresholds
from clipforensics.metrics.usability import usable

CalibrationChoice = CalibrationMethod | Literal["none"]


class EvaluateSection(Section):
    """Section `evaluate` of params.yaml."""

    aggregate: str = Field(pattern="^(mean|median|max)$")
    threshold: str = Field(pattern="^(eer|youden|fpr)$")
    fpr_budget: float = Field(ge=0, lt=1)
    calibration: str = Field(pattern="^(none|temperature|platt)$")
    worst_videos: int = Field(ge=0)


def score_parts(
    tables: Mapping[str, pd.DataFrame], index: RowIndex, score: Callable[[np.ndarray], np.ndarray]
) -> pd.DataFrame:
    """Score every stored frame of the given parts, where people are stored apart by whoever scores highest.

    Args:
        tables: Videos of each part (columns key, label, manipulation).
        index: Of the store that the rows belong to.
        score: Row numbers (n,) -> scores (n,).

    Returns:
        One row a frame: key, manipulation, label, part, frame, score; and `person`, whose score it is, where
        people are stored apart.
    """
    labelled = {part: index.labelled(table) for part, table in tables.items()}
    parts = [
        _judged(chosen, index, _score(chosen, score)).assign(part=part) for part, chosen in labelled.items()
    ]
    return pd.concat(parts, ignore_index=True)[_columns(index)]


def _score(chosen: Labelled, score: Callable[[np.ndarray], np.ndarray]) -> Floats:
    """Scores a row; each data set by itself, since a score's last digits depend on what is in its batch."""
    whose = chosen.table["manipulation"].map(data_set_of).to_numpy()[chosen.videos]
    edges = np.flatnonzero(whose[1:] != whose[:-1]) + 1
    return np.concatenate([score(rows) for rows in np.split(chosen.rows, edges)])


def _columns(index: RowIndex) -> list[str]:
    people = [] if index.people is None else [PERSON]
    return ["key", "manipulation", "label", "part", "frame", "score", *people]


def _judged(chosen: Labelled, index: RowIndex, scores: Floats) -> pd.DataFrame:
    """One row a frame, from scores a row."""
    rows, videos = chosen.rows, chosen.videos
    if chosen.moments is not None:
        judged = most_suspect(scores, chosen.moments)
        rows, videos, scores = rows[judged], videos[judged], scores[judged]
    table = chosen.table[["key", "manipulation", "label"]].iloc[videos].reset_index(drop=True)
    people = {} if index.people is None else {PERSON: index.people[rows]}
    return table.assign(frame=index.frames[rows], score=scores, **people)


@dataclass(frozen=True)
class Choices:
    """What was chosen on validation at one level.

    Attributes:
        rule: Of the operating point.
        thresholds: By every rule.
        calibration: Map from scores to probabilities, or None.
        prior: Share of manipulated rows in validation, which probabilities are right for.
    """

    rule: ThresholdRule
    thresholds: Mapping[ThresholdRule, float]
    calibration: Calibration | None
    prior: float


def choose(
    scores: Floats,
    labels: Ints,
    *,
    rule: ThresholdRule,
    fpr_budget: float,
    calibration: CalibrationChoice,
) -> Choices:
    """Choose thresholds and fit the calibration; give it validation rows of one level.

    Raises:
        InputError: a class is missing, or the rule, the budget or the calibration is not allowed.
    """
    if rule not in RULES:
        raise InputError(f"threshold rule {rule!r}: must be one of {', '.join(RULES)}; choose one")
    fitted = None if calibration == "none" else fit_calibration(scores, labels, calibration)
    thresholds = choose_thresholds(scores, labels, fpr_budget=fpr_budget)
    return Choices(rule, thresholds, fitted, share_manipulated(labels))


def evaluate(
    scores: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    *,
    manipulations: Sequence[str],
    aggregate: Pooling,
    threshold: ThresholdRule,
    fpr_budget: float,
    calibration: CalibrationChoice,
    worst_videos: int,
    n_tried: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics and error lists of one table of scores.

    Args:
        scores: As `score_parts` returns them, parts val and test.
        tables: The parts val and test of the split (columns key, group), test with its leak flags.
        manipulations: Test manipulations in order; the first is the headline, whose errors are listed.
        aggregate: How frame scores become a video's.
        threshold: Rule of the operating point, at frame and at video level.
        fpr_budget: False positive rate on validation that the rule `fpr` allows, in [0, 1].
        calibration: How probabilities come from scores, if at all.
        worst_videos: Length of the list of videos with the highest error rate.

    Returns:
        Metrics (validation, and test by manipulation, each against all test reals) and error lists,
        both ready for JSON: undefined numbers are null, with the reason beside them. `usable` says for each
        level whether validation is ranked better than by chance: where it is not, thresholds, calibration
        and whatever stands on them mean nothing, though the scores have their AUC. `oracle` names the
        metrics that are read off the test ROC itself, at a threshold that nobody has without the test's
        labels: they tell how well the classes could be parted, not how a detector does in use.

    Raises:
        InputError: validation lacks a class, a score is not in [0, 1], or a table lacks a column.
    """
    parts = {part: _with_groups(scores[scores["part"] == part], tables[part]) for part in ("val", "test")}
    val = parts["val"]
    choices = {
        level: choose(
            *at_level(val, level, aggregate), rule=threshold, fpr_budget=fpr_budget, calibration=calibration
        )
        for level in LEVELS
    }
    cut = {level: choices[level].thresholds[threshold] for level in LEVELS}
    strata = strata_keys(tables["test"])
    metrics = {
        "aggregate": aggregate,
        "threshold": {**cut, "rule": threshold},
        "thresholds": {level: choices[level].thresholds for level in LEVELS},
        "fpr_budget": fpr_budget,
        "calibration": _describe(choices, calibration),
        "usable": {level: _usable(val, level, aggregate, n_tried) for level in LEVELS},
        "oracle": ORACLE,
        "validation": _points(val, aggregate, choices),
        "test": {
            name: _tested(against_reals(parts["test"], name), aggregate, choices, strata)
            for name in manipulations
        },
    }
    headline = against_reals(scores, manipulations[0])
    errors = list_errors(headline, cut, aggregate=aggregate, worst_videos=worst_videos, test=tables["test"])
    return json_ready(metrics), json_ready({"manipulation": manipulations[0], **errors})


def _tested(
    chosen: pd.DataFrame, aggregate: Pooling, choices: Mapping[str, Choices], strata: Mapping[str, set[str]]
) -> dict[str, Any]:
    """One test manipulation: its points, what calling everything manipulated gives, and its strata."""
    return {
        **_points(chosen, aggregate, choices),
        "all_fake": {level: _all_fake(chosen, level, aggregate) for level in LEVELS},
        "strata": {name: _stratum(chosen, keys, aggregate) for name, keys in strata.items()},
    }


def point(scores: Floats, labels: Ints, choices: Choices) -> dict[str, Any]:
    """Every metric of the rows of one level.

    Args:
        scores: In [0, 1], (n,).
        labels: 0 real, 1 manipulated, (n,).
        choices: Made on validation, at the same level.

    Returns:
        `ranking_metrics`; `threshold_metrics` at .5 (`at_half`), at the operating point
        (`at_validation`) and by rule (`at_thresholds`); Brier score and expected calibration error of
        the scores taken as if they were probabilities (`uncalibrated`) and, with the reliability bins,
        of the probabilities (`probability`), each also `at_validation_prior`: classes weighted to be as
        frequent as in validation; n_real, n_fake; and `undefined`, the reason, where a number is NaN,
        be it only `tpr_at_fpr` at budgets that the real rows cannot measure.
    """
    found = ranking_metrics(scores, labels)
    found["at_half"] = threshold_metrics(scores, labels, 0.5)
    found["at_validation"] = threshold_metrics(scores, labels, choices.thresholds[choices.rule])
    found["at_thresholds"] = {
        rule: threshold_metrics(scores, labels, cut) for rule, cut in choices.thresholds.items()
    }
    plain = _calibrated(scores, labels, choices.prior)
    for measures in (plain, plain["at_validation_prior"]):
        del measures["reliability"]  # of what is no probability
    found["uncalibrated"] = plain
    if choices.calibration:
        fitted = choices.calibration
        chances = probabilities(scores, slope=fitted.slope, intercept=fitted.intercept)
        found["probability"] = _calibrated(chances, labels, choices.prior)
    reason = undefined_reason(labels) or budget_reason(int((labels == 0).sum()))
    return {**found, **_counts(labels, reason)}


def summary_line(detector: str, metrics: Mapping[str, Any]) -> str:
    """One line for the terminal: video AUC on validation and on every test manipulation; if it is no use."""
    shown = {"validation": metrics["validation"], **metrics["test"]}
    parts = [f"{name} {_shown(points['video']['auc'])}" for name, points in shown.items()]
    found = metrics["usable"]["video"]
    doubt = "" if found["usable"] else f"; not usable: {found['reason']}"
    return f"{detector}: video AUC {', '.join(parts)}{doubt}"


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _with_groups(scores: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The frames with the identity group of their video."""
    if "group" not in table.columns:
        raise InputError("table of a split: the column group is missing; run `dvc repro`")
    groups = scores["key"].map(table.set_index("key")["group"])
    if groups.isna().any():
        raise InputError(f"video {scores['key'][groups.isna()].iloc[0]!r}: not in its part of the split")
    return scores.assign(group=groups)


def _usable(val: pd.DataFrame, level: str, aggregate: Pooling, n_tried: int) -> dict[str, Any]:
    """Whether the detector ranks validation better than by chance, by identity group."""
    groups = val["group"] if level == "frame" else val.groupby("key")["group"].first()  # keys sorted
    return usable(*at_level(val, level, aggregate), groups.to_numpy(), n_tried=n_tried)


def _describe(choices: Mapping[str, Choices], method: CalibrationChoice) -> dict[str, Any]:
    """What was fitted, as the metrics file says it."""
    found: dict[str, Any] = {"method": method}
    for level, chosen in choices.items():
        if chosen.calibration:
            fitted = chosen.calibration
            found[level] = {"slope": fitted.slope, "intercept": fitted.intercept}
            found[level] |= {"note": fitted.note} if fitted.note else {}
    return {**found, "validation_prior": {level: chosen.prior for level, chosen in choices.items()}}


def _points(scores: pd.DataFrame, aggregate: Pooling, choices: Mapping[str, Choices]) -> dict[str, Any]:
    n_groups = int(scores["group"].nunique())
    return {
        level: {**point(*at_level(scores, level, aggregate), choices[level]), "n_groups": n_groups}
        for level in LEVELS
    }


def _calibrated(predicted: Floats, labels: Ints, prior: float) -> dict[str, Any]:
    weights = weights_at_prior(labels, prior)
    return {
        **calibration_metrics(predicted, labels),
        "at_validation_prior": calibration_metrics(predicted, labels, weights),
    }


def _counts(labels: Ints, reason: str) -> dict[str, Any]:
    """How many rows of each class, and why a number beside them is undefined, if one is."""
    return {
        "n_real": int((labels == 0).sum()),
        "n_fake": int((labels == 1).sum()),
        **({"undefined": reason} if reason else {}),
    }


def _all_fake(scores: pd.DataFrame, level: str, aggregate: Pooling) -> dict[str, float]:
    """What calling everything manipulated gets at any threshold up to its score."""
    labels = at_level(scores, level, aggregate)[1]
    return threshold_metrics(np.ones(len(labels)), labels, 0.5)


def _stratum(scores: pd.DataFrame, keys: set[str], aggregate: Pooling) -> dict[str, Any]:
    chosen = in_stratum(scores, keys)
    videos = at_level(chosen, "video", aggregate)
    return {
        "video_auc": roc_auc(*videos),
        "frame_auc": roc_auc(*at_level(chosen, "frame", aggregate)),
        "n_groups": int(chosen["group"].nunique()),
        **_counts(videos[1], undefined_reason(videos[1])),
    }
