"""What else is said of one detector against the reference: strata, twins, frames, doubts. Pure.

A difference counts as shown only where its interval excludes 0. An interval that holds 0 is worded as "not
shown", never as "equal". That a lead is shown in one stratum and not in the other is no difference
between the strata: only the interval of their gap can show that.
"""

from collections.abc import Sequence

from clipforensics.core.records import OF
from clipforensics.report.reading.lookup import (
    State,
    as_judged,
    difference,
    find_cell,
    find_gap,
    partner_protocol,
    sign_of,
    state_of,
)
from clipforensics.report.sections import caveats
from clipforensics.report.wording.names import listed, name_of
from clipforensics.report.wording.numbers import NO_BREAK, interval, known, number, signed
from clipforensics.report.wording.tables import Json

MANY = 3
"""More detectors than this are counted in a sentence, not named."""


def points(comparison: Json, candidate: str) -> list[str]:
    """Sentences on one detector against the reference.

    Args:
        comparison: Content of metrics/comparison.json.
        candidate: A detector of `differences`.
    """
    whole, partner = find_cell(comparison, stratum="all", level="video"), partner_protocol(comparison)
    beside = find_cell(comparison, stratum="all", level="video", protocol=partner) if partner else None
    found = [
        _about_strata(comparison, candidate),
        _about_gap(comparison, candidate),
        _about_frames(find_cell(comparison, stratum="all", level="frame"), candidate),
        *caveats.about_delong(candidate, [("", whole), (partner or "", beside)]),
    ]
    return [text for text in found if text]


def what_was_asked(train_set: str, manipulation: str) -> str:
    """One sentence on the training and the test of the headline."""
    trained = listed(train_set.split("+"))
    if manipulation in train_set.split("+"):
        return (
            f"Trained on real videos and {trained}, tested on {manipulation}, which was part of the training:"
            " this says nothing about a manipulation that is new to the detectors."
        )
    name, _, data_set = manipulation.partition(OF)
    what = "a manipulation that no detector here was trained on."
    if data_set:
        what = f"another data set, {data_set}, on none of whose videos a detector here was trained."
    if data_set and name not in train_set.split("+"):
        what = f"another data set, {data_set}, and a manipulation on which no detector here was trained."
    return f"Trained on real videos and {trained}, tested on {manipulation}: {what}"


def _with_bounds(values: Json) -> str | None:
    """`+.060 [.010, .110]`, or None where the difference is undefined."""
    if known(values.get("auc")) is None:
        return None
    judged = as_judged(values)
    bounds = interval(judged.get("low"), judged.get("high")) or "(no interval)"
    return f"{signed(values['auc'])}{NO_BREAK}{bounds}"


def _about_strata(comparison: Json, candidate: str) -> str:
    parts = []
    for stratum, what in (("twin", "with"), ("no_twin", "without")):
        cell = find_cell(comparison, stratum=stratum, level="video")
        gap = _with_bounds(difference(cell, candidate))
        if cell and gap:
            number_of = f"the {cell['n_fake']} fakes" if cell["n_fake"] != 1 else "the one fake"
            parts.append(
                f"{gap} on {number_of} {what} a twin in training ({shown(state_of(cell, candidate))})"
            )
    if not parts:
        return ""
    return (
        f"Difference in video AUC: {listed(parts)}."
        " A twin is a manipulated training video of the same target and source."
    )


def _about_gap(comparison: Json, candidate: str) -> str:
    """What twins do to the difference: the only sentence that compares the two strata."""
    gap = difference(find_gap(comparison), candidate)
    text, who, whom = _with_bounds(gap), name_of(candidate), name_of(comparison["reference"])
    if text is None:
        return ""
    meaning = {
        "above": f"twins in training favour {who}",
        "below": f"twins in training favour {whom}",
        "open": "this test cannot tell whether twins favour one of the two",
        "unknown": "without an interval that says nothing",
    }[sign_of(gap)]
    said = shown(sign_of(gap))
    return f"With a twin minus without one, the difference changes by {text} ({said}): {meaning}."


def shown(state: State) -> str:
    """What an interval says about 0."""
    return {
        "above": "interval excludes 0",
        "below": "interval excludes 0",
        "open": "interval holds 0",
        "unknown": "no interval",
    }[state]


def _about_frames(cell: Json | None, candidate: str) -> str:
    gap = _with_bounds(difference(cell, candidate))
    if gap is None:
        return ""
    return f"Frame by frame the difference is {gap} AUC ({shown(state_of(cell, candidate))})."


def about_all_fake(evaluations: Sequence[Json], manipulation: str, level: str = "video") -> str:
    """Whether answering `manipulated` to everything does as well as the detectors; empty if it does not.

    Compares accuracy and F1 at the threshold chosen on validation. On a test with ten times
    more fakes than reals such an answer looks good, and neither number then means much.
    """
    beaten = []
    reference: Json = {}
    for evaluation in evaluations:
        part = evaluation["test"].get(manipulation, {})
        reference = part.get("all_fake", {}).get(level) or reference
        mine = (part.get(level) or {}).get("at_validation") or {}
        ours, theirs = known(mine.get("accuracy")), known(reference.get("accuracy"))
        if ours is not None and theirs is not None and theirs >= ours:
            beaten.append(name_of(evaluation["detector"]))
    if not beaten:
        return ""
    beaten, everyone = list(dict.fromkeys(beaten)), {evaluation["detector"] for evaluation in evaluations}
    who = listed(beaten) if len(beaten) <= MANY else f"{len(beaten)} of {len(everyone)} detectors"
    return (
        f"Calling every {level} manipulated has an accuracy of {number(reference.get('accuracy'))}"
        f" and an F1 of {number(reference.get('f1'))} here. No better in accuracy:"
        f" {who}. Read AUC and balanced accuracy instead."
    )
