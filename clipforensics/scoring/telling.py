"""A verdict in words, for people: the opinion first, then what carries it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from clipforensics.likelihood.words import NEITHER
from clipforensics.report.wording.numbers import NONE, number
from clipforensics.report.wording.printable import printable
from clipforensics.scoring.results import Evidence, PersonScore, Verdict
from clipforensics.scoring.validated import Validated

NEITHER_OF_THEM = "neither: a video manipulated otherwise; of that the ratio says nothing"

WHY = {
    "at chance": "not shown to beat guessing",
    "outside": "outside validation",
    "abstains": "validation says both or neither",
    "not scored": "not scored",
}
"""Outcomes without an opinion, in a word or two."""

MOST = 8
"""Warnings that are told of many videos together."""

RULES = {
    "eer": "where validation's two error rates are equal",
    "youden": "where validation's two error rates have the least sum",
    "fpr": "at the share of validation's real videos that may be called manipulated",
}


def tell(verdict: Verdict, validated: Validated) -> str:
    """A block of lines on one video."""
    lines = [f"{printable(verdict.path)}: {headline(verdict)}", *map(_indented, details(verdict, validated))]
    return "\n".join(lines)


def headline(verdict: Verdict) -> str:
    """The opinion, and why in one sentence."""
    if verdict.outcome == "not scored":
        return f"not scored: {printable(verdict.reason)}"
    return f"{verdict.opinion.upper()}: {verdict.reason}"


def details(verdict: Verdict, validated: Validated) -> Iterator[str]:
    """What carries the opinion, a sentence each; nothing where nothing was scored."""
    if verdict.score is None:
        return
    if verdict.evidence is not None:
        yield f"evidence: {evidence_words(verdict.evidence)}"
        yield from (f"  {name}: {text}" for name, text in validated.propositions.items())
        yield f"  {NEITHER_OF_THEM}"
    if verdict.probability is not None and verdict.prior is not None:
        yield (
            f"probability of being manipulated: {number(verdict.probability)}, assuming that"
            f" {verdict.prior:.1%} of the videos in question are (--prior)"
        )
    yield score_words(verdict)
    yield seen_words(verdict)
    yield from map(person_words, verdict.people if len(verdict.people) > 1 else ())
    yield from (f"warning: {text}" for text in verdict.warnings)


def evidence_words(evidence: Evidence) -> str:
    """The likelihood ratio on the verbal scale, with its bounds."""
    ends = f"{ratio(evidence.low)} to {ratio(evidence.high)}"
    held = "; the score alone would say more" if evidence.at_bound and evidence.words != NEITHER else ""
    return f"{evidence.words}: likelihood ratio {ratio(evidence.log10_lr)} (validation bears {ends}{held})"


def ratio(log10_lr: float) -> str:
    """A likelihood ratio to two digits, below 1 as `1/x`."""
    value = 10 ** abs(log10_lr)
    text = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
    return text if log10_lr >= 0 or text == "1.0" else f"1/{text}"


def score_words(verdict: Verdict) -> str:
    """The score, how it hangs on frames, and the threshold."""
    assert verdict.score is not None
    assert verdict.threshold is not None
    ends = ""
    if verdict.low is not None and verdict.high is not None:
        ends = f" [{number(verdict.low)}, {number(verdict.high)}] over frames"
    called = "at or above" if verdict.above else "below"
    return (
        f"score: {number(verdict.score)}{ends}, {called} {number(verdict.threshold)}, the threshold"
        f" {RULES[verdict.rule]}, on which no opinion rests"
    )


def seen_words(verdict: Verdict) -> str:
    """What was looked at."""
    exhibit = verdict.exhibit
    assert exhibit is not None
    faces = [person for person in verdict.people if person.person >= 0]
    whom = (
        "whole frames (this detector looks for no face)"
        if not faces
        else _count(len(faces), "person", "people")
    )
    long = "" if exhibit.seconds is None else f", {exhibit.seconds:.1f} s"
    size = f"{exhibit.codec} {exhibit.width}x{exhibit.height}{long}"
    return f"seen: {verdict.n_scored} of {verdict.n_sampled} sampled frames, {whom}, {size}"


def person_words(person: PersonScore) -> str:
    """One of several people."""
    main = " (judged)" if person.is_main else ""
    worth = f", {person.evidence.words}" if person.evidence else ""
    return (
        f"  person {person.person}{main}: score {number(person.score)}{worth}, {person.n_frames} frames from"
        f" {person.first_frame} to {person.last_frame}, face of {person.face_size} pixels"
    )


def tell_all(verdicts: Sequence[Verdict], validated: Validated) -> str:
    """One video in full; of several a line each, and how many of each kind."""
    if len(verdicts) == 1:
        return tell(verdicts[0], validated)
    head = f"{'opinion':12}  {'LR':>6}  {'score':>5}  video"
    return "\n".join([head, *map(_row, verdicts), "", summary(verdicts), *common_warnings(verdicts)])


def _row(verdict: Verdict) -> str:
    worth = ratio(verdict.evidence.log10_lr) if verdict.evidence else NONE
    why = f" ({WHY[verdict.outcome]})" if verdict.outcome in WHY else ""
    return f"{verdict.opinion:12}  {worth:>6}  {number(verdict.score):>5}  {printable(verdict.path)}{why}"


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many of each kind, in a line."""
    counts: dict[str, int] = {}
    for verdict in verdicts:
        word = f"no opinion ({WHY[verdict.outcome]})" if verdict.outcome in WHY else verdict.opinion
        counts[word] = counts.get(word, 0) + 1
    listed = ", ".join(f"{n} {word}" for word, n in counts.items())
    return f"{len(verdicts)} videos: {listed}. Of one video alone more is told."


def common_warnings(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Each warning once, the commonest first, with how many videos it is of."""
    for text, n in Counter(text for verdict in verdicts for text in verdict.warnings).most_common(MOST):
        yield printable(f"warning, {_count(n, 'video', 'videos')}: {text}")


def _count(n: int, one: str, several: str) -> str:
    return f"{n} {one if n == 1 else several}"


def _indented(line: str) -> str:
    return f"  {printable(line)}"
