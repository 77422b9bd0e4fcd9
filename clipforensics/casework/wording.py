"""What the pages say in sentences: the opinion, what the score is worth, what the detector is worth."""

from collections.abc import Iterator, Mapping
from typing import Any

from clipforensics.likelihood.words import NEITHER
from clipforensics.report.wording.names import RULES, capital, listed
from clipforensics.report.wording.numbers import count, counted, number, percent
from clipforensics.scoring.results import Evidence, Verdict
from clipforensics.scoring.telling import ratio
from clipforensics.scoring.validated import Validated

Json = Mapping[str, Any]

HEADLINES = {
    "at chance": "No opinion: this detector is not shown to be better than guessing",
    "outside": "No opinion: this video lies outside what the detector was validated on",
    "abstains": "No opinion: the score does not tell real from manipulated",
    "not scored": "No opinion: nothing in this video could be scored",
}
"""The headline where there is no opinion, by outcome."""

SCORE = "A score lies between 0 and 1; higher means manipulated. It is no probability."

MAPS = (
    "A heatmap shows which places raise the score, the brightest most. Each is scaled to its own highest"
    " value, so do not compare brightness between pictures. What speaks for real is not shown. A map says"
    " where the detector looked, not that something is wrong there."
)

LIMITS = (
    "An opinion is one detector's, on the pictures alone. It is no finding of fact, and nothing should happen"
    " to anybody because of it alone.",
    "Only the frames listed were looked at. What was manipulated between them, and sound, were not.",
    "Likelihood ratio, opinion and probability hold for footage like validation's: the manipulations, people,"
    " cameras and compression of the data set named above. Of manipulations that training and validation did"
    " not have, nothing is promised: called real means no more than that none it knows was recognised.",
    "The bounds of the likelihood ratio say how much validation can bear, whatever the score.",
    "Validation also chose the detector's checkpoint and settings, so its errors elsewhere may be higher.",
    "Error rates by skin, age or gender are not known.",
    "The interval of the score is over frames alone: what other frames of this video would have given. It"
    " does not say how sure the detector is.",
    "Faces are followed from frame to frame by place and size. That two numbers are two people, or one number"
    " one person, is for a person to check.",
    "Tags, codec and times are what the file says of itself. Anybody can write them.",
)
"""What a reader must know of the method, whatever the video."""


def headline(verdict: Verdict) -> str:
    """The opinion, or that there is none, in a line."""
    if verdict.outcome == "opinion":
        return f"The detector calls this video {verdict.opinion}"
    return HEADLINES[verdict.outcome]


def reason(verdict: Verdict) -> str:
    """Why, as a sentence."""
    return f"{capital(verdict.reason)}."


def worth(verdict: Verdict, validated: Validated) -> Iterator[str]:
    """What the score is worth as evidence: the likelihood ratio, its bounds, the probability."""
    if verdict.evidence is None:
        yield _no_evidence(verdict, validated)
    else:
        yield weight(verdict.evidence)
        yield bounds(verdict.evidence)
    if verdict.probability is not None and verdict.prior is not None:
        yield (
            f"The probability that it was manipulated is {number(verdict.probability)}, if of the videos in"
            f" question {share(verdict.prior)} were: it moves with that share."
        )


def _no_evidence(verdict: Verdict, validated: Validated) -> str:
    if verdict.score is None:
        return "No likelihood ratio: there is no score."
    if verdict.outcome in ("at chance", "outside"):
        return "No likelihood ratio and no probability: validation does not carry them for this video."
    return f"No likelihood ratio: {validated.ratios.reason or 'validation gives none'}."


def weight(evidence: Evidence) -> str:
    """How much likelier the score is under one proposition, and the verbal scale's words for it."""
    times = ratio(abs(evidence.log10_lr))
    if evidence.words == NEITHER:
        return (
            "The score is about as likely under H1 as under H2 (likelihood ratio"
            f" {ratio(evidence.log10_lr)}): {NEITHER}."
        )
    first, second = ("H1", "H2") if evidence.log10_lr > 0 else ("H2", "H1")
    if evidence.at_bound:
        return (
            f"Likelihood ratio {ratio(evidence.log10_lr)}, the furthest that validation bears: the score"
            f" counts as {times} times as likely under {first} as under {second}, {evidence.words}."
        )
    return (
        f"The score is {times} times as likely under {first} as under {second} (likelihood ratio"
        f" {ratio(evidence.log10_lr)}): {evidence.words}."
    )


def bounds(evidence: Evidence) -> str:
    """How far validation bears likelihood ratios."""
    held = (
        " The score alone would suggest more; that is not claimed."
        if evidence.at_bound and evidence.words != NEITHER
        else ""
    )
    return (
        f"Validation bears likelihood ratios from {ratio(evidence.low)} to {ratio(evidence.high)}, none"
        f" beyond.{held}"
    )


def about_score(verdict: Verdict, pooling: str) -> str:
    """The score beside its threshold."""
    if verdict.score is None:
        return ""
    how = {"mean": "mean", "median": "median", "max": "highest"}[pooling]
    ends = ""
    if verdict.low is not None and verdict.high is not None:
        ends = f" [{number(verdict.low)}, {number(verdict.high)}]"
    called = "at or above" if verdict.above else "below"
    return (
        f"The video's score is {number(verdict.score)}{ends}: the {how} of"
        f" {counted(verdict.n_scored, 'frame')}, {called} the threshold of {number(verdict.threshold)}"
        f" ({RULES[verdict.rule]} on validation), on which no opinion rests."
    )


def of_validation(point: Json, validated: Validated, auc: float) -> Iterator[str]:
    """What validation showed of the detector.

    Args:
        point: Content of operating_point.json.
        validated: The rest.
        auc: Of validation videos.
    """
    video, real, fake = point["video"], validated.abstainer.real, validated.abstainer.manipulated
    n_unknown = validated.footage["n_unknown"]
    of_real, of_fake = ("" if n_unknown else f" of {_people(one.n_groups)}" for one in (real, fake))
    yield (
        f"On {counted(video['n_real'], 'real video')}{of_real} and {count(video['n_fake'])}"
        f" manipulated{of_fake}, it ranked a manipulated one above a real one in {percent(auc)} of pairs"
        f" (AUC {number(auc)}; guessing is 50%)."
    )
    at = video["thresholds"][point["rule"]]
    yield (
        f"At the threshold it called {percent(at['validation_fpr'])} of the real videos manipulated, and"
        f" found {percent(at['validation_tpr'])} of the manipulated ones. The threshold was chosen on these"
        " very videos: elsewhere expect worse."
    )
    yield trained_on(validated.footage)
    if n_unknown:
        yield (
            f"Who is in {count(n_unknown)} of these videos is not known: the same people may have been"
            " trained and validated on, and then validation flatters."
        )


def trained_on(footage: Json) -> str:
    """What training's and validation's files were."""
    sides, frames, face = footage["shorter_side"], footage["n_frames"], footage["face_size"]
    faces = f", faces of {_range(face)} pixels" if face else ""
    return (
        f"It was trained and validated on {counted(footage['n_videos'], 'video')}:"
        f" {listed(list(footage['codecs']))}, shorter side {_range(sides)} pixels, {_range(frames)}"
        f" frames{faces}."
    )


def share(value: float) -> str:
    """A share as a percentage of one decimal where it has one: `50%`, `0.5%`."""
    return f"{100 * value:.1f}%".replace(".0%", "%")


def _people(n: int) -> str:
    return f"{count(n)} {'person' if n == 1 else 'people'}"


def _range(ends: Any) -> str:
    low, high = ends
    return count(low) if low == high else f"{count(low)} to {count(high)}"
