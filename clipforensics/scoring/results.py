"""What is said of one video: plain records, ready for JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Opinion = Literal["manipulated", "real", "no opinion"]

Outcome = Literal["opinion", "at chance", "outside", "abstains", "not scored"]
"""Why there is an opinion or none: there is one; the detector was at chance on validation; the video is
outside what was validated; its score is like neither class of validation, or both; nothing was scored."""

EXIT_CODES: dict[Outcome, int] = {"opinion": 0, "at chance": 3, "outside": 4, "abstains": 5, "not scored": 6}
"""Of `clipforensics score`; 1 and 2 are those of every command: an error, a wrong command line."""


@dataclass(frozen=True)
class Evidence:
    """What a score is worth, as a likelihood ratio (LR).

    Attributes:
        log10_lr: log10 of how much likelier the score is under H1 than under H2, held within the bounds.
        low: log10 of the lower bound: no LR of this detector is below.
        high: log10 of the upper bound.
        words: The LR on ENFSI's verbal scale.
    """

    log10_lr: float
    low: float
    high: float
    words: str

    @property
    def at_bound(self) -> bool:
        """Whether the LR is only known to be at least, or at most, as far from 1."""
        return self.log10_lr in (self.low, self.high)


@dataclass(frozen=True)
class FrameScore:
    """One frame of one person.

    Attributes:
        frame: Number of the frame in the video, from 0, in order of presentation.
        seconds: Its time by the frame rate; None where that is unknown.
        person: Number of the person; -1: the whole frame, nobody was looked for or found.
        score: 0 to 1, higher means manipulated.
        box: Left, top, width and height of the face, pixels of the full frame; None for whole frames.
        sureness: The face detector's confidence, 0 to 1; None for whole frames.
    """

    frame: int
    seconds: float | None
    person: int
    score: float
    box: tuple[int, int, int, int] | None
    sureness: float | None


@dataclass(frozen=True)
class PersonScore:
    """One person of a video.

    Attributes:
        person: Number in order of first appearance, from 0; -1: whole frames.
        is_main: Whether the video is judged by this person alone.
        n_frames: Sampled frames that show the person.
        first_frame: Number of the first of them.
        last_frame: Of the last.
        face_size: Median of the face's longer side, pixels of the full frame; 0 for whole frames.
        score: Pooled over those frames as a video's is.
        evidence: Where validation judged videos by one person; None elsewhere, where there are no LRs, where
            the video is outside what was validated, and of faces smaller than any there.
    """

    person: int
    is_main: bool
    n_frames: int
    first_frame: int
    last_frame: int
    face_size: int
    score: float
    evidence: Evidence | None


@dataclass(frozen=True)
class Exhibit:
    """The file that was scored.

    Attributes:
        path: As it was given.
        sha256: Of its bytes; of a folder of pictures, of their names and digests in order.
        n_bytes: Its size.
        codec: Of its video stream, or `pictures`.
        width: Of a frame as a player shows it, pixels.
        height: Of a frame.
        n_frames: Frames that a player would show.
        frame_rate: Frames a second by the container, 0 where it does not say.
    """

    path: str
    sha256: str
    n_bytes: int
    codec: str
    width: int
    height: int
    n_frames: int
    frame_rate: float

    @property
    def seconds(self) -> float | None:
        """Its duration; None where the frame rate is unknown."""
        return self.n_frames / self.frame_rate if self.frame_rate else None

    @property
    def shorter_side(self) -> int:
        """Of a frame, pixels."""
        return min(self.width, self.height)


@dataclass(frozen=True)
class Verdict:
    """Everything that is said of one video.

    Attributes:
        exhibit: The file; None where it could not be read.
        path: As it was given.
        opinion: `manipulated`, `real` or `no opinion`.
        outcome: Why.
        reason: The same in a sentence.
        score: The video's, 0 to 1; None where nothing was scored.
        low: Lower end of the score over frames (`over_frames`); None where there is one frame, or none.
        high: Upper end.
        threshold: From validation; from there on a score is called manipulated.
        rule: By which the threshold was chosen.
        above: Whether the score is at the threshold or above.
        evidence: As likelihood ratio; None where there is none.
        probability: That the video is manipulated, right for the share `prior` of manipulated videos alone.
        prior: That share.
        p_real: Conformal p-value of real videos: small where the score is higher than theirs.
        p_manipulated: Of manipulated ones: small where it is lower than theirs.
        n_sampled: Frames that were looked at.
        n_scored: Those of them that entered the video's score.
        warnings: What a reader must know before relying on it, a sentence each.
        people: Everybody who was scored, the main one first.
        frames: Every frame of everybody.
    """

    exhibit: Exhibit | None
    path: str
    opinion: Opinion
    outcome: Outcome
    reason: str
    score: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    rule: str = ""
    above: bool | None = None
    evidence: Evidence | None = None
    probability: float | None = None
    prior: float | None = None
    p_real: float | None = None
    p_manipulated: float | None = None
    n_sampled: int = 0
    n_scored: int = 0
    warnings: tuple[str, ...] = ()
    people: tuple[PersonScore, ...] = ()
    frames: tuple[FrameScore, ...] = ()

    @property
    def exit_code(self) -> int:
        """Of its outcome (`EXIT_CODES`)."""
        return EXIT_CODES[self.outcome]

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {**asdict(self), "exit_code": self.exit_code}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "Verdict":
        """What `to_dict` gave, also through JSON.

        Raises:
            KeyError: something is missing.
            TypeError: something is of another kind, or there is more.
        """
        fields = {name: value for name, value in saved.items() if name != "exit_code"}
        people = tuple(
            PersonScore(**{**one, "evidence": _maybe(Evidence, one["evidence"])}) for one in saved["people"]
        )
        frames = tuple(
            FrameScore(**{**one, "box": tuple(one["box"]) if one["box"] else None}) for one in saved["frames"]
        )
        fields |= {
            "exhibit": _maybe(Exhibit, saved["exhibit"]),
            "evidence": _maybe(Evidence, saved["evidence"]),
        }
        return cls(**{**fields, "people": people, "frames": frames, "warnings": tuple(saved["warnings"])})


def _maybe(kind: type[T], saved: Mapping[str, Any] | None) -> T | None:
    return None if saved is None else kind(**saved)
