"""What a package knows of its own worth: operating_point.json and validation.json, read and checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import ConfigDict, Field
from scipy.special import expit

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section, check_section
from clipforensics.likelihood.abstention import Abstainer
from clipforensics.likelihood.calibrate import PavLR
from clipforensics.likelihood.likeness import Likeness
from clipforensics.likelihood.models import Ratios
from clipforensics.likelihood.saved import abstention_from_json, ratios_from_json
from clipforensics.metrics.pooling import Pooling
from clipforensics.metrics.thresholds import ThresholdRule
from clipforensics.publishing.files import LIKENESS, POINT, VALIDATION, read_part
from clipforensics.publishing.validation import read_likeness

S = TypeVar("S", bound=Section)

_OLD = "packages written before version 0.6 have none: run `dvc repro package` again, or ask for a new one"


class _Part(Section):
    """What is read of a part of a file; what else stands there is for others."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Video(_Part):
    threshold: float
    prior: float = Field(ge=0, le=1)
    usable: bool
    reason: str


class _Point(_Part):
    pooling: Pooling
    rule: ThresholdRule
    video: _Video


Ends = Annotated[list[int], Field(min_length=2, max_length=2)]


class _Footage(_Part):
    n_videos: int
    n_unknown: int = 0  # older packages do not say
    codecs: dict[str, int]
    shorter_side: Ends
    n_frames: Ends
    face_size: Ends | None
    digests: list[str]


class _Propositions(_Part):
    H1: str
    H2: str


class _Said(_Part):
    is_toy: bool
    propositions: _Propositions
    likelihood: dict[str, Any]
    abstention: dict[str, Any]
    footage: _Footage


@dataclass(frozen=True, eq=False)
class Validated:
    """What validation said, all at the level of videos.

    Attributes:
        pooling: How frame scores become a video's.
        rule: By which the threshold was chosen.
        threshold: From there on a score is called manipulated.
        prior: Share of manipulated validation videos.
        usable: Whether validation was ranked better than by chance.
        unusable: Why not, where it was not.
        ratios: From scores to likelihood ratios.
        abstainer: From scores to an opinion, or none.
        propositions: H1 and H2.
        footage: What training's and validation's files were.
        likeness: Whether a video looks like training's.
        is_toy: Whether it was trained on the built-in sample.
    """

    pooling: Pooling
    rule: str
    threshold: float
    prior: float
    usable: bool
    unusable: str
    ratios: Ratios
    abstainer: Abstainer
    propositions: Mapping[str, str]
    footage: Mapping[str, Any]
    likeness: Likeness
    is_toy: bool


def read_validated(folder: Path) -> Validated:
    """Read what a package knows of its worth.

    Raises:
        InputError: a file is missing or damaged.
    """
    if not (folder / VALIDATION).is_file():
        raise InputError(f"{folder / VALIDATION} does not exist; {_OLD}")
    point, said = _checked(folder, POINT, _Point), _checked(folder, VALIDATION, _Said)
    video = point.video
    if video.usable and video.prior in (0, 1):
        raise InputError(
            f"{folder / POINT}: prior {video.prior} of a usable detector; copy the package again"
        )
    ratios, abstainer = _weighing(said, folder / VALIDATION)
    return Validated(
        pooling=point.pooling,
        rule=point.rule,
        threshold=video.threshold,
        prior=video.prior,
        usable=video.usable,
        unusable=video.reason,
        ratios=ratios,
        abstainer=abstainer,
        propositions=said.propositions.model_dump(),
        footage=said.footage.model_dump(),
        likeness=read_likeness(folder / LIKENESS),
        is_toy=said.is_toy,
    )


def _checked(folder: Path, name: str, kind: type[S]) -> S:
    content = read_part(folder, name)
    try:
        return check_section(content, kind, str(folder / name))
    except InputError as error:
        raise InputError(f"{error}; copy the package again") from error


def _weighing(said: _Said, path: Path) -> tuple[Ratios, Abstainer]:
    try:
        ratios = ratios_from_json(said.likelihood)
        _check_ratios(ratios)
        abstainer = abstention_from_json(said.abstention)
        for known in (abstainer.real, abstainer.manipulated):
            if ((known.scores < 0) | (known.scores > 1)).any():
                raise ValueError("a score of validation is not in [0, 1]")
        return ratios, abstainer
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{path} is damaged ({type(error).__name__}: {error}); copy the package again"
        ) from error


def _check_ratios(ratios: Ratios) -> None:
    """Raise ValueError unless LRs rise with the score and are finite, and 1 lies within their bounds."""
    if ratios.bounds is None or ratios.map is None:
        return
    at = np.linspace(0, 1, 101)
    if isinstance(ratios.map, PavLR):
        at = expit(ratios.map.at)
        if not len(at) or (np.diff(ratios.map.at) < 0).any():
            raise ValueError("scores of the map do not ascend")
    with np.errstate(all="ignore"):
        llrs = ratios.map(at)
    if not np.isfinite(llrs).all() or (np.diff(llrs) < 0).any():
        raise ValueError("likelihood ratios are not finite, or do not rise with the score")
    if not -math.inf < ratios.bounds.low <= 0 <= ratios.bounds.high < math.inf:
        raise ValueError("the bounds of likelihood ratios do not enclose 1")
