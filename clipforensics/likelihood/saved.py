"""Likelihood ratios and abstention as JSON, and back: what a packaged detector keeps of its validation."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from clipforensics.likelihood.abstention import Abstainer, fit_abstainer
from clipforensics.likelihood.calibrate import LogisticLR, LRMap, PavLR
from clipforensics.likelihood.elub import Bounds
from clipforensics.likelihood.models import Ratios, Videos

Json = dict[str, Any]


def ratios_as_json(ratios: Ratios) -> Json:
    """`method`, what it fitted and the bounds `low` and `high` (log10); or the `reason` for none."""
    if ratios.map is None or ratios.bounds is None:
        return {"reason": ratios.reason}
    ends = {"low": ratios.bounds.low, "high": ratios.bounds.high}
    if isinstance(ratios.map, LogisticLR):
        return {"method": "logistic", "slope": ratios.map.slope, "intercept": ratios.map.intercept, **ends}
    return {"method": "pav", "at": [*ratios.map.at], "probabilities": [*ratios.map.probabilities], **ends}


def ratios_from_json(saved: Mapping[str, Any]) -> Ratios:
    """What `ratios_as_json` wrote.

    Raises:
        KeyError: something is missing.
        TypeError: something is no number.
        ValueError: the method is unknown, or something is no number.
    """
    if "method" not in saved:
        return Ratios(None, None, str(saved["reason"]))
    bounds = Bounds(float(saved["low"]), float(saved["high"]))
    return Ratios(_map(saved), bounds)


def _map(saved: Mapping[str, Any]) -> LRMap:
    if saved["method"] == "logistic":
        return LogisticLR(float(saved["slope"]), float(saved["intercept"]))
    if saved["method"] == "pav":
        columns = (tuple(map(float, saved[name])) for name in ("at", "probabilities"))
        return PavLR(*columns)
    raise ValueError(f"method {saved['method']!r} is unknown")


def abstention_as_json(val: Videos, alpha: float) -> Json:
    """Scores of validation videos by class, each with the number of its identity group; no names."""
    _, numbers = np.unique(val.groups, return_inverse=True)
    classes: Json = {}
    for label, name in enumerate(("real", "manipulated")):
        rows = np.flatnonzero(val.labels == label)
        order = rows[np.lexsort((numbers[rows], val.scores[rows]))]
        classes[name] = [
            [score, group]
            for score, group in zip(val.scores[order].tolist(), numbers[order].tolist(), strict=True)
        ]
    return {"alpha": alpha, **classes}


def abstention_from_json(saved: Mapping[str, Any]) -> Abstainer:
    """What `abstention_as_json` wrote.

    Raises:
        InputError: a score is not in [0, 1], or alpha not between 0 and 1.
        KeyError: something is missing.
        TypeError: something is no number.
        ValueError: as TypeError.
    """
    rows = [
        (float(score), int(group), label)
        for label, name in enumerate(("real", "manipulated"))
        for score, group in saved[name]
    ]
    scores, groups, labels = (np.array(column) for column in zip(*rows, strict=True))
    return fit_abstainer(scores, labels, groups, alpha=float(saved["alpha"]))
