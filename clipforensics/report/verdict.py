"""The comparison in plain words, no more certain than its intervals allow. Pure: numbers in, sentences out.

A difference counts as shown only where its interval excludes 0. An interval that holds 0 is
worded as "not shown", never as "equal". Strata are read one by one: that a lead is shown in one
and not in the other is reported as such, not as a difference between the strata.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from clipforensics.report.numbers import NO_BREAK, NONE, interval, known, number, signed

Json = Mapping[str, Any]
State = Literal["above", "below", "open", "unknown"]

FEW = 30
"""Fewer videos of a class than this are called few."""

NAMES = {"baseline": "the baseline", "lora": "LoRA"}
"""How a detector is called in a sentence; any other goes by its own name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the page opens with.

    Attributes:
        headline: The difference on all videos and on those without a twin, with intervals.
        conclusion: What follows from them, in one or two sentences.
        points: Further sentences: the other strata, the frame level, the size of the test.
        state: Of the difference on all videos; `unknown` where it or its interval is undefined.
    """

    headline: str
    conclusion: str
    points: tuple[str, ...]
    state: State


def find_cell(comparison: Json, *, stratum: str, level: str) -> Json | None:
    """The cell of the headline train set and manipulation, or None where there is none."""
    headline = comparison["headline"]
    for cell in comparison["cells"]:
        if (cell["train_set"], cell["manipulation"], cell["stratum"], cell["level"]) == (
            headline["train_set"],
            headline["manipulation"],
            stratum,
            level,
        ):
            return cell
    return None


def candidates(comparison: Json) -> list[str]:
    """Detectors compared with the reference, in the order of the file."""
    names: dict[str, None] = {}
    for cell in comparison["cells"]:
        names.update(dict.fromkeys(cell["differences"]))
    return list(names)


def state_of(cell: Json | None, candidate: str) -> State:
    """Where the interval of the candidate's difference lies: above 0, below 0, or open (it holds 0)."""
    difference = (cell or {}).get("differences", {}).get(candidate, {})
    low, high = known(difference.get("low")), known(difference.get("high"))
    if known(difference.get("auc")) is None or low is None or high is None:
        return "unknown"
    return "above" if low > 0 else "below" if high < 0 else "open"


def verdict(comparison: Json, candidate: str) -> Verdict:
    """Word the comparison of one detector with the reference.

    Args:
        comparison: Content of metrics/comparison.json.
        candidate: A detector of `differences`.
    """
    cells = {name: find_cell(comparison, stratum=name, level="video") for name in ("all", "twin", "no_twin")}
    reference = comparison["reference"]
    state = state_of(cells["all"], candidate)
    points = [
        _about_strata(cells["twin"], cells["no_twin"], candidate),
        _about_frames(find_cell(comparison, stratum="all", level="frame"), candidate),
        _about_size(cells["all"]),
    ]
    return Verdict(
        headline=_headline(cells["all"], cells["no_twin"], candidate, reference),
        conclusion=_conclusion(state, cells["twin"], cells["no_twin"], candidate, reference),
        points=tuple(point for point in points if point),
        state=state,
    )


def what_was_asked(train_set: str, manipulation: str) -> str:
    """One sentence on the training and the test of the headline."""
    trained = _listed(train_set.split("+"))
    if manipulation in train_set.split("+"):
        return (
            f"Trained on real videos and {trained}, tested on {manipulation}, which was part of the training:"
            " this says nothing about a manipulation that is new to the detectors."
        )
    return (
        f"Trained on real videos and {trained}, tested on {manipulation}:"
        " a manipulation that no detector here was trained on."
    )


def name_of(detector: str) -> str:
    """The detector's name within a sentence."""
    return NAMES.get(detector, detector)


def _headline(whole: Json | None, no_twin: Json | None, candidate: str, reference: str) -> str:
    who, whom = name_of(candidate), name_of(reference)
    gap = _gap(whole, candidate)
    if gap is None:
        return f"{_capital(who)} against {whom}: the difference in video AUC is undefined"
    text = f"{_capital(who)} against {whom}: {gap} video AUC"
    apart = _gap(no_twin, candidate)
    return text if apart is None else f"{text}; {apart} on fakes without a twin in training"


def _gap(cell: Json | None, candidate: str) -> str | None:
    """`+.060 [.010, .110]`, or None where the difference is undefined."""
    difference = (cell or {}).get("differences", {}).get(candidate, {})
    if known(difference.get("auc")) is None:
        return None
    bounds = interval(difference.get("low"), difference.get("high")) or "(no interval)"
    return f"{signed(difference['auc'])}{NO_BREAK}{bounds}"


def _conclusion(state: State, twin: Json | None, no_twin: Json | None, candidate: str, reference: str) -> str:
    who, whom = _capital(name_of(candidate)), name_of(reference)
    if state == "unknown":
        return "Without a difference and its interval there is no verdict."
    if state == "open":
        return (
            f"No difference is shown: the interval holds 0, so this test cannot tell {name_of(candidate)}"
            f" and {whom} apart. That is not evidence that they are equal."
        )
    first = (
        f"{who} separates these fakes from real videos {'better' if state == 'above' else 'worse'}"
        f" than {whom}: the interval excludes 0."
    )
    return f"{first} {_with_leak(state, twin, no_twin, candidate)}".strip()


def _with_leak(state: State, twin: Json | None, no_twin: Json | None, candidate: str) -> str:
    """What the twins in training leave of a difference that was shown on all videos."""
    what = "lead" if state == "above" else "deficit"
    if twin is None and no_twin is None:
        return ""
    if not (twin or {}).get("n_fake"):
        return "No test fake has a twin in training, so twins do not explain it."
    if not (no_twin or {}).get("n_fake"):
        return (
            f"But every test fake has a twin in training, so the {what} may be memory of those videos:"
            " this test cannot tell."
        )
    apart = state_of(no_twin, candidate)
    if apart == state:
        return f"The {what} is shown on fakes without a twin too, so twins alone do not explain it."
    if apart == "open":
        return (
            f"But on fakes without a twin in training the {what} is not shown:"
            " it may be explained by leakage, or too few videos are left to show it."
        )
    if apart == "unknown":
        return "Whether it holds on fakes without a twin in training is undefined here."
    return "But on fakes without a twin the sign is the opposite: leakage is a likely explanation."


def _about_strata(twin: Json | None, no_twin: Json | None, candidate: str) -> str:
    parts = [
        f"{gap} on the {cell['n_fake']} fakes {what} a twin in training ({_shown(state_of(cell, candidate))})"
        for cell, what in ((twin, "with"), (no_twin, "without"))
        if cell and (gap := _gap(cell, candidate))
    ]
    if not parts:
        return ""
    return (
        f"Difference in video AUC: {_listed(parts)}."
        " A twin is a manipulated training video of the same target and source."
    )


def _shown(state: State) -> str:
    return {
        "above": "interval excludes 0",
        "below": "interval excludes 0",
        "open": "interval holds 0",
        "unknown": "no interval",
    }[state]


def _about_frames(cell: Json | None, candidate: str) -> str:
    gap = _gap(cell, candidate)
    if gap is None:
        return ""
    return f"Frame by frame the difference is {gap} AUC ({_shown(state_of(cell, candidate))})."


def _about_size(cell: Json | None) -> str:
    """How much hangs on one video: of an AUC of n real videos, each decides up to 1/n."""
    if cell is None:
        return ""
    n_real, n_fake = cell["n_real"], cell["n_fake"]
    text = f"The test has {n_real} real and {n_fake} manipulated videos"
    fewest = min(n_real, n_fake)
    if not fewest or fewest >= FEW:
        return f"{text}."
    kind = "real" if n_real <= n_fake else "manipulated"
    return f"{text}. That is few: a single {kind} video decides up to {number(1 / fewest)} of any AUC here."


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
    return (
        f"Calling every {level} manipulated has an accuracy of {number(reference.get('accuracy'))}"
        f" and an F1 of {number(reference.get('f1'))} here. No better in accuracy:"
        f" {_listed(list(dict.fromkeys(beaten)))}. Read AUC and balanced accuracy instead."
    )


def _listed(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return parts[0] if parts else NONE
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
