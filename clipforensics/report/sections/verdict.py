"""The comparison in plain words, no more certain than its intervals allow. Pure: numbers in, sentences out.

A difference counts as shown only where its interval excludes 0. An interval that holds 0 is
worded as "not shown", never as "equal". That a lead is shown in one stratum and not in the
other is no difference between the strata: only the interval of their gap can show that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clipforensics.protocol.cells import CLEAN_PROTOCOLS
from clipforensics.report.reading.lookup import (
    State,
    clean_protocol,
    difference,
    find_cell,
    find_gap,
    partner_protocol,
    sign_of,
    state_of,
)
from clipforensics.report.sections import caveats
from clipforensics.report.wording.names import capital, listed, name_of, protocol_in_words
from clipforensics.report.wording.numbers import NO_BREAK, interval, known, number, signed
from clipforensics.report.wording.tables import Json

MANY = 3
"""More detectors than this are counted in a sentence, not named."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the page opens with.

    Attributes:
        headline: The difference on all videos and on those without a twin, with intervals.
        conclusion: What follows from them, in one to three sentences.
        points: Further sentences: strata, the clean protocol, frames, doubts, the size of the test.
        state: Of the difference on all videos; `unknown` where it or its interval is undefined.
    """

    headline: str
    conclusion: str
    points: tuple[str, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Case:
    """One candidate against the reference: the cells that the sentences are made from."""

    candidate: str
    reference: str
    whole: Json | None
    twin: Json | None
    no_twin: Json | None
    gap: Json
    clean: Json | None
    clean_protocol: str
    leaking: Json | None
    leaking_protocol: str

    @property
    def who(self) -> str:
        """The candidate's name in a sentence."""
        return name_of(self.candidate)

    @property
    def whom(self) -> str:
        """The reference's name in a sentence."""
        return name_of(self.reference)

    def state(self, cell: Json | None) -> State:
        """Of the candidate's difference in a cell."""
        return state_of(cell, self.candidate)


def verdict(comparison: Json, candidate: str) -> Verdict:
    """Word the comparison of one detector with the reference.

    Args:
        comparison: Content of metrics/comparison.json.
        candidate: A detector of `differences`.
    """
    case = _case(comparison, candidate)
    state = case.state(case.whole)
    points = [
        _about_strata(case),
        _about_gap(case),
        _about_clean(case),
        _about_leaking(case),
        _about_frames(find_cell(comparison, stratum="all", level="frame"), candidate),
        *caveats.about_delong(case.candidate, [("", case.whole), (case.clean_protocol, case.clean)]),
    ]
    return Verdict(
        headline=_headline(case),
        conclusion=_conclusion(state, case),
        points=tuple(point for point in points if point),
        state=state,
    )


def _case(comparison: Json, candidate: str) -> Case:
    cells = {name: find_cell(comparison, stratum=name, level="video") for name in ("all", "twin", "no_twin")}
    clean, partner = clean_protocol(comparison), partner_protocol(comparison)
    leaking = partner if partner not in CLEAN_PROTOCOLS else None
    return Case(
        candidate=candidate,
        reference=comparison["reference"],
        whole=cells["all"],
        twin=cells["twin"],
        no_twin=cells["no_twin"],
        gap=difference(find_gap(comparison), candidate),
        clean=find_cell(comparison, stratum="all", level="video", protocol=clean) if clean else None,
        clean_protocol=clean or "",
        leaking=find_cell(comparison, stratum="all", level="video", protocol=leaking) if leaking else None,
        leaking_protocol=leaking or "",
    )


def what_was_asked(train_set: str, manipulation: str) -> str:
    """One sentence on the training and the test of the headline."""
    trained = listed(train_set.split("+"))
    if manipulation in train_set.split("+"):
        return (
            f"Trained on real videos and {trained}, tested on {manipulation}, which was part of the training:"
            " this says nothing about a manipulation that is new to the detectors."
        )
    return (
        f"Trained on real videos and {trained}, tested on {manipulation}:"
        " a manipulation that no detector here was trained on."
    )


def _headline(case: Case) -> str:
    gap = _with_bounds(difference(case.whole, case.candidate))
    if gap is None:
        return f"{capital(case.who)} against {case.whom}: the difference in video AUC is undefined"
    text = f"{capital(case.who)} against {case.whom}: {gap} video AUC"
    apart = _with_bounds(difference(case.no_twin, case.candidate))
    return text if apart is None else f"{text}; {apart} on fakes without a twin in training"


def _with_bounds(values: Json) -> str | None:
    """`+.060 [.010, .110]`, or None where the difference is undefined."""
    if known(values.get("auc")) is None:
        return None
    bounds = interval(values.get("low"), values.get("high")) or "(no interval)"
    return f"{signed(values['auc'])}{NO_BREAK}{bounds}"


def _conclusion(state: State, case: Case) -> str:
    if state == "unknown":
        return "Without a difference and its interval there is no verdict."
    if state == "open":
        first = (
            f"No difference in video AUC is shown: the interval holds 0, so this test cannot tell {case.who}"
            f" and {case.whom} apart. That is not evidence that they are equal."
        )
        return f"{first} {_clean_against_open(case)}".strip()
    first = (
        f"{capital(case.who)} separates these fakes from real videos"
        f" {'better' if state == 'above' else 'worse'} than {case.whom}: the interval excludes 0."
    )
    what = "lead" if state == "above" else "deficit"
    rest = [_with_leak(state, case, what), _clean_against_shown(state, case, what)]
    return " ".join([first, *(sentence for sentence in rest if sentence)])


def _with_leak(state: State, case: Case, what: str) -> str:
    """What the twins in training leave of a difference that was shown on all videos."""
    if case.twin is None and case.no_twin is None:
        return ""
    if not (case.twin or {}).get("n_fake"):
        return "No test fake has a twin in training, so twins do not explain it."
    if not (case.no_twin or {}).get("n_fake"):
        return (
            f"But every test fake has a twin in training, so the {what} may be memory of those videos:"
            " this test cannot tell."
        )
    apart, larger = case.state(case.no_twin), sign_of(case.gap) == state
    if apart == state:
        tail = " It is larger on fakes with one, though: part of it is leakage." if larger else ""
        return f"The {what} is shown on fakes without a twin too, so twins alone do not explain it.{tail}"
    if apart == "open" and larger:
        return (
            f"But on fakes without a twin in training the {what} is not shown, and with one it is larger by"
            " an interval that excludes 0: leakage explains it, as far as this test can tell."
        )
    if apart == "open":
        return (
            f"But on fakes without a twin in training the {what} is not shown:"
            " it may be explained by leakage, or too few videos are left to show it."
        )
    if apart == "unknown":
        return "Whether it holds on fakes without a twin in training is undefined here."
    return "But on fakes without a twin the sign is the opposite: leakage is a likely explanation."


def _clean_against_shown(state: State, case: Case, what: str) -> str:
    """What is left of a difference under the protocol without leaks."""
    name, apart = protocol_in_words(case.clean_protocol), case.state(case.clean)
    if case.clean is None or apart == "unknown":
        return ""
    if apart == state:
        return f"Under the clean protocol ({name}) it is shown too."
    if apart == "open":
        return f"Under the clean protocol ({name}) the {what} is not shown."
    return f"Under the clean protocol ({name}) the sign is the opposite."


def _clean_against_open(case: Case) -> str:
    name, apart = protocol_in_words(case.clean_protocol), case.state(case.clean)
    if apart in ("above", "below"):
        better = "better" if apart == "above" else "worse"
        return f"Under the clean protocol ({name}) {case.who} is {better}, by an interval that excludes 0."
    return f"Nor is one shown under the clean protocol ({name})." if apart == "open" else ""


def _about_strata(case: Case) -> str:
    parts = []
    for cell, what in ((case.twin, "with"), (case.no_twin, "without")):
        gap = _with_bounds(difference(cell, case.candidate))
        if cell and gap:
            number_of = f"the {cell['n_fake']} fakes" if cell["n_fake"] != 1 else "the one fake"
            parts.append(f"{gap} on {number_of} {what} a twin in training ({shown(case.state(cell))})")
    if not parts:
        return ""
    return (
        f"Difference in video AUC: {listed(parts)}."
        " A twin is a manipulated training video of the same target and source."
    )


def _about_gap(case: Case) -> str:
    """What twins do to the difference: the only sentence that compares the two strata."""
    text = _with_bounds(case.gap)
    if text is None:
        return ""
    meaning = {
        "above": f"twins in training favour {case.who}",
        "below": f"twins in training favour {case.whom}",
        "open": "this test cannot tell whether twins favour one of the two",
        "unknown": "without an interval that says nothing",
    }[sign_of(case.gap)]
    said = shown(sign_of(case.gap))
    return f"With a twin minus without one, the difference changes by {text} ({said}): {meaning}."


def _about_clean(case: Case) -> str:
    text = _with_bounds(difference(case.clean, case.candidate))
    if text is None or case.clean is None:
        return ""
    size = f"{case.clean['n_real']} real, {case.clean['n_fake']} manipulated"
    where = f"{protocol_in_words(case.clean_protocol)}; {size}"
    return (
        f"Under the clean protocol ({where}) the difference in video AUC is"
        f" {text} ({shown(case.state(case.clean))})."
    )


def _about_leaking(case: Case) -> str:
    """What the protocol that leaks, run beside a clean headline, would have said."""
    text = _with_bounds(difference(case.leaking, case.candidate))
    if text is None or case.leaking is None:
        return ""
    size = f"{case.leaking['n_real']} real, {case.leaking['n_fake']} manipulated"
    return (
        f"Under {protocol_in_words(case.leaking_protocol)}, which leaks ({size}), the difference in video AUC"
        f" is {text} ({shown(case.state(case.leaking))})."
    )


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
