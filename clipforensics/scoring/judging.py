"""From frame scores to what is said of a video, by what validation showed; and when nothing is said."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.faces.face import Face
from clipforensics.likelihood.abstention import MANIPULATED, NO_OPINION, REAL
from clipforensics.likelihood.likeness import LEVEL
from clipforensics.likelihood.words import in_words
from clipforensics.metrics.pooling import most_suspect, pool_by_video
from clipforensics.publishing.validation import DIGITS
from clipforensics.scoring.cautions import cautions
from clipforensics.scoring.drawn import Drawn
from clipforensics.scoring.looking import Seen
from clipforensics.scoring.over_frames import over_frames
from clipforensics.scoring.results import Evidence, Exhibit, FrameScore, Outcome, PersonScore, Verdict
from clipforensics.scoring.validated import Validated

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """One video, looked at and scored.

    Attributes:
        exhibit: The file.
        seen: What was found in it.
        scores: Of each of `seen.pictures`, float64 (n,) in [0, 1].
        unlike: Share of validation videos that lie as far from training's (`likelihood.likeness`); None where
            that cannot be told.
    """

    exhibit: Exhibit
    seen: Seen
    scores: Floats
    unlike: float | None


def judge(case: Case, drawn: Drawn, validated: Validated, *, prior: float | None = None) -> Verdict:
    """What is said of a video.

    Args:
        case: The video.
        drawn: How its frames were drawn.
        validated: What validation showed of the detector.
        prior: Share of manipulated videos among those in question, for the probability; None: validation's.

    Returns:
        The score and its parts in any case; evidence, probability and opinion where validation carries them.

    Raises:
        InputError: the prior is not between 0 and 1, both excluded.
    """
    if prior is not None and not 0 < prior < 1:
        raise InputError(f"prior {prior}: must lie between 0 and 1, both excluded; give a share such as 0.1")
    exhibit, seen = case.exhibit, case.seen
    head = Verdict(exhibit, exhibit.path, "no opinion", "not scored", "", n_sampled=len(seen.sampled))
    if not len(seen.pictures):
        return replace(head, reason=f"no face was found in its {len(seen.sampled)} sampled frames")
    moments = judged_scores(case, drawn)
    score = pooled(moments, validated)
    low, high = over_frames(moments, validated.pooling)
    p_real, p_fake = (float(p[0]) for p in validated.abstainer.p_values([score]))
    outcome, reason = why_none(case, score, drawn, validated)
    is_weighed = outcome not in ("at chance", "outside")
    said = replace(
        head,
        score=score,
        low=low,
        high=high,
        threshold=validated.threshold,
        rule=validated.rule,
        above=score >= validated.threshold,
        p_real=p_real,
        p_manipulated=p_fake,
        n_scored=len(moments),
        warnings=tuple(cautions(case, drawn, validated)),
        people=tuple(people(case, drawn, validated, is_weighed=is_weighed)),
        frames=tuple(frame_scores(case)),
        outcome=outcome,
        reason=reason,
    )
    if not is_weighed:
        return said
    evidence = weigh(score, validated)
    chance, share = probability(evidence, validated.prior if prior is None else prior)
    opinion: Any = str(validated.abstainer.decide([score])[0])
    return replace(said, evidence=evidence, probability=chance, prior=share, opinion=opinion)


def judged_scores(case: Case, drawn: Drawn) -> Floats:
    """One score a frame, by the main person; of every person apart, the highest of the frame's people."""
    seen = case.seen
    if drawn.around is not None and drawn.around.apart:
        _, moments = np.unique(seen.frames, return_inverse=True)
        return np.asarray(case.scores[most_suspect(case.scores, moments.astype(np.int64))])
    return np.asarray(case.scores[seen.people == seen.people[0]])


def pooled(scores: Floats, validated: Validated) -> float:
    """A video's score from those of its frames."""
    zeros = np.zeros(len(scores), dtype=np.int64)
    return float(pool_by_video(scores, zeros, zeros, how=validated.pooling)[0][0])


def weigh(score: float, validated: Validated) -> Evidence | None:
    """The likelihood ratio of a video's score; None where validation gives none."""
    ratios = validated.ratios
    if ratios.bounds is None:
        return None
    llr = float(ratios.bounded(np.array([score]))[0])
    return Evidence(llr, ratios.bounds.low, ratios.bounds.high, in_words(llr))


def probability(evidence: Evidence | None, prior: float) -> tuple[float | None, float | None]:
    """Probability of being manipulated by the likelihood ratio, and the prior that it is right for.

    So it is held as the ratio is: no score makes it surer than validation bears.
    """
    if evidence is None:
        return None, None
    odds = 10**evidence.log10_lr * prior / (1 - prior)
    return odds / (1 + odds), prior


def why_none(case: Case, score: float, drawn: Drawn, validated: Validated) -> tuple[Outcome, str]:
    """The outcome and its reason: chance on validation, then what was not validated, then abstention."""
    if not validated.usable:
        return "at chance", validated.unusable
    if outside := _unmarked(case, drawn) or _outside(case, validated):
        return "outside", outside
    alpha, opinion = validated.abstainer.alpha, str(validated.abstainer.decide([score])[0])
    if opinion == NO_OPINION:
        return "abstains", _between(score, validated)
    other = {MANIPULATED: REAL, REAL: MANIPULATED}[opinion]
    return "opinion", f"of {other} videos like validation's at most {alpha:.0%} should be called {opinion}"


def _between(score: float, validated: Validated) -> str:
    """Why conformal prediction gives no single class."""
    p_real, p_fake = (float(p[0]) for p in validated.abstainer.p_values([score]))
    abstainer, alpha = validated.abstainer, validated.abstainer.alpha
    can = abstainer.can_call
    above_reals = score > abstainer.real.scores.max(initial=-1)
    below_fakes = score < abstainer.manipulated.scores.min(initial=2)
    if not any(can.values()) or (above_reals and not can[MANIPULATED]) or (below_fakes and not can[REAL]):
        return f"validation has too few people for an error of at most {alpha:.0%} to be promised"
    if min(p_real, p_fake) > alpha:
        return f"both real and manipulated validation videos score so (p {p_real:.2f} and {p_fake:.2f})"
    return f"neither real nor manipulated validation videos score so (p {p_real:.2f} and {p_fake:.2f})"


def _unmarked(case: Case, drawn: Drawn) -> str:
    """Why a detector of people whom a mask marked cannot judge this video: nothing marks anybody in it."""
    n_people = len(set(case.seen.people.tolist()))
    if drawn.around is None or drawn.around.person != "mask" or n_people == 1:
        return ""
    return f"{n_people} people are shown, and validation judged the one whom the data set's mask marks"


def _outside(case: Case, validated: Validated) -> str:
    """What about the video lies outside what was validated; empty if nothing does."""
    if case.exhibit.sha256[:DIGITS] in validated.footage["digests"]:
        return "it is one of the videos that the detector was trained or validated on"
    if case.unlike is not None and case.unlike <= LEVEL:
        n = len(validated.likeness.reference)
        n_as_far = round(case.unlike * (n + 1)) - 1
        return (
            f"its frames are unlike the footage that the detector was trained on: {n_as_far} of {n}"
            " validation videos lie as far from it"
        )
    known, size = validated.footage["face_size"], face_size(case, int(case.seen.people[0]))
    if known and 0 < size < known[0]:
        return f"its face has {size} pixels, and the smallest in training and validation {known[0]}"
    if known and not size:
        return "no face was found in it, and training saw faces"
    shorter, (least, most) = case.exhibit.shorter_side, validated.footage["shorter_side"]
    if not known and not least <= shorter <= most:
        of = f"{least}" if least == most else f"{least} to {most}"
        return f"its shorter side has {shorter} pixels, that of training and validation {of}"
    return ""


def people(case: Case, drawn: Drawn, validated: Validated, *, is_weighed: bool = True) -> list[PersonScore]:
    """Everybody who was scored, each pooled over their own frames.

    Args:
        case: The video.
        drawn: How its frames were drawn.
        validated: What validation showed of the detector.
        is_weighed: Whether evidence is given, to those whose face is no smaller than validation's.
    """
    seen, found = case.seen, []
    apart = drawn.around is not None and drawn.around.apart
    least = (validated.footage["face_size"] or (0,))[0]
    for number in dict.fromkeys(seen.people.tolist()):
        of = seen.people == number
        frames, score = seen.frames[of], pooled(case.scores[of], validated)
        is_main = number == int(seen.people[0]) and not apart
        size = face_size(case, number)
        evidence = weigh(score, validated) if is_weighed and not apart and size >= least else None
        ends = int(frames.min()), int(frames.max())
        found.append(PersonScore(number, is_main, len(frames), *ends, size, score, evidence))
    return found


def face_size(case: Case, person: int) -> int:
    """Median of the longer side of a person's face, pixels of the full frame; 0: nobody."""
    sides = [face.side for face in case.seen.faces if face is not None and face.person == person]
    return int(np.median(sides)) if sides else 0


def frame_scores(case: Case) -> list[FrameScore]:
    """Every scored frame of everybody."""
    rows = zip(case.seen.frames.tolist(), case.seen.people.tolist(), case.scores.tolist(), strict=True)
    return [_frame(*row, face, case.exhibit) for row, face in zip(rows, case.seen.faces, strict=True)]


def _frame(frame: int, person: int, score: float, face: Face | None, exhibit: Exhibit) -> FrameScore:
    seconds = frame / exhibit.frame_rate if exhibit.frame_rate else None
    box = None if face is None else (face.x, face.y, face.width, face.height)
    return FrameScore(frame, seconds, person, score, box, None if face is None else face.score)
