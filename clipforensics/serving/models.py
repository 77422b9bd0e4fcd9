"""What the service answers, as OpenAPI shows it."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from clipforensics.scoring.results import Verdict

Fault = Literal[
    "bad request", "not found", "not allowed", "bad host", "cross-origin", "unknown job", "upload stalled",
    "too large", "not multipart", "unreadable", "worker died", "busy", "stopping", "cancelled", "time limit",
]  # fmt: skip

State = Literal["waiting", "working", "done", "failed"]

Stage = Literal["reading", "scoring", "drawing"]


@dataclass(frozen=True)
class Answer(Verdict):
    """What the detector says of one video; as `clipforensics score --json`.

    Attributes:
        exit_code: That of `clipforensics score`: 0 opinion, 3 at chance, 4 outside, 5 abstains, 6 not scored.
    """

    exit_code: int = 0  # a property above, a field in JSON


class Shape(BaseModel):
    """Of an answer: nothing beside what is named."""

    model_config = ConfigDict(extra="forbid")


class Problem(Shape):
    """Why there is no answer."""

    error: Fault
    detail: str = Field(description="The reason in a sentence, for people.")


class Words(Shape):
    """The verdict in sentences."""

    headline: str
    reason: str
    details: list[str] = Field(description="What carries it, as `clipforensics score` prints it.")


class Job(Shape):
    """A video on its way."""

    id: str = Field(description="Cannot be guessed; whoever has it has the result.")
    name: str = Field(description="Of the file, as it was sent.")
    state: State
    before: int = Field(description="Videos that are taken up before this one, while it waits.")
    stage: Stage | None = Field(description="What is being done, while it is worked on.")
    seconds: float = Field(description="Since it was taken up; 0 while it waits.")
    verdict: Answer | None = Field(description="When it is done.")
    words: Words | None = Field(description="When it is done.")
    figures: str | None = Field(description="When it is done: what `clipforensics explain` shows, in HTML.")
    problem: Problem | None = Field(description="When it failed.")
    status: int | None = Field(description="That `POST /v1/score` would have had, when it failed.")


class LimitsShown(Shape):
    """What the server takes in."""

    megabytes: int
    seconds: int = Field(description="Longest video.")
    time_limit: int = Field(description="Seconds of work on one video.")
    max_pixels: int = Field(description="Largest frame, width times height.")
    workers: int = Field(description="Videos scored at once.")
    waiting: int = Field(description="Videos that may wait.")
    kept: int = Field(description="Finished jobs whose results are kept, the last ones.")
    kept_seconds: int = Field(description="So long.")


class Validation(Shape):
    """What validation showed of the detector, and on what footage."""

    usable: bool = Field(description="Whether it ranked validation better than by chance.")
    reason: str = Field(description="Why not, where it did not.")
    threshold: float
    rule: str = Field(description="By which the threshold was chosen.")
    prior: float = Field(description="Share of manipulated validation videos.")
    propositions: dict[str, str] = Field(description="H1 and H2, which likelihood ratios compare.")
    log10_lr_low: float | None = Field(description="No likelihood ratio is below.")
    log10_lr_high: float | None
    largest_error: float = Field(description="At most so many of either class get the other's opinion.")
    footage: dict[str, Any] = Field(description="What the files of training and validation were.")


class Model(Shape):
    """Which detector this is."""

    model: str
    commit: str = Field(description="On the hub; empty elsewhere.")
    model_sha256: str = Field(description="Of the package, as `clipforensics score --json` has it.")
    method: str
    is_toy: bool = Field(description="Whether it has only ever seen rendered cartoon faces.")
    frames: int = Field(description="Frames of a video that are looked at, at most.")
    cut: str = Field(description="What of a frame is looked at.")
    validation: Validation
    limits: LimitsShown
    version: str = Field(description="Of clipforensics.")


class Health(Shape):
    """Whether videos are taken."""

    status: Literal["ok", "no worker"]
    uploading: int
    waiting: int
    working: int
    workers: int = Field(description="Processes that are ready or at work; fewer while one starts anew.")
