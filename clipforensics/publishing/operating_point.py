"""What a package says of using its scores: thresholds, calibration and pooling, all chosen on validation."""

from typing import Any

from clipforensics.metrics.calibration import EDGE
from clipforensics.metrics.pooling import LEVELS

Json = dict[str, Any]

CHOSEN_ON = "validation videos of the data set it was trained on; no test video was looked at"


def operating_point(evaluation: Json) -> Json:
    """Content of operating_point.json.

    Args:
        evaluation: Content of metrics/evaluate/<detector>/<split>/<train set>-<seed>.json.

    Returns:
        `chosen_on`; `pooling`, how frame scores become a video's; `rule`, the one in force, and `fpr_budget`
        of the rule `fpr`; and by level (`frame`, `video`): `threshold` (a score from there on is called
        manipulated), `thresholds` by rule with the rates they have on validation, `calibration`
        (probability = sigmoid(slope * logit(score) + intercept), the score clipped to [clip, 1 - clip]; null
        if none was fitted), `prior` (the share of manipulated ones that the probability is right for) and
        `n_real`, `n_fake` of validation; and `usable`: false, with the `reason`, where validation does not
        show that the scores are better than chance, so that nothing here may be used.
    """
    rule = evaluation["threshold"]["rule"]
    head = {"chosen_on": CHOSEN_ON, "pooling": evaluation["aggregate"], "rule": rule}
    return {
        **head,
        "fpr_budget": evaluation["fpr_budget"],
        **{level: _at_level(evaluation, level) for level in LEVELS},
    }


def _at_level(evaluation: Json, level: str) -> Json:
    validation, calibration = evaluation["validation"][level], evaluation["calibration"]
    fitted = calibration.get(level)
    thresholds = {
        rule: {"threshold": cut, **_rates(validation["at_thresholds"][rule])}
        for rule, cut in evaluation["thresholds"][level].items()
    }
    return {
        "threshold": evaluation["threshold"][level],
        "thresholds": thresholds,
        "calibration": {"method": calibration["method"], **fitted, "clip": EDGE} if fitted else None,
        "prior": calibration["validation_prior"][level],
        "n_real": validation["n_real"],
        "n_fake": validation["n_fake"],
        **{name: evaluation["usable"][level][name] for name in ("usable", "reason")},
    }


def _rates(found: Json) -> Json:
    return {"validation_fpr": found["fpr"], "validation_tpr": found["tpr"]}
