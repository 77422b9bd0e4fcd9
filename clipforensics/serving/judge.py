"""In the process that scores: from an upload to everything that is answered, ready for JSON."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clipforensics.adaptation.record import RECORD
from clipforensics.casework.examining import Examination
from clipforensics.casework.moments import telling_moments
from clipforensics.casework.record import model_of
from clipforensics.casework.wording import headline, reason
from clipforensics.core.files import json_ready, read_json
from clipforensics.footage.container import read_container
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import holds_pictures, probe_pictures
from clipforensics.footage.video import probe_video
from clipforensics.scoring import telling
from clipforensics.scoring.command import about_model, add_model_options, open_detector
from clipforensics.scoring.detector import Detector
from clipforensics.scoring.drawn import Drawn
from clipforensics.scoring.judging import Case, judge
from clipforensics.scoring.places import Place
from clipforensics.scoring.results import Verdict
from clipforensics.scoring.validated import Validated
from clipforensics.serving.card import card_html
from clipforensics.serving.figures import figures
from clipforensics.serving.limits import MAX_PIXELS

CARD = "README.md"


class Judge:
    """A detector that answers for one server.

    Attributes:
        about: What is said of the model (`models.Model` but for limits), and its card as HTML.
    """

    def __init__(self, detector: Detector, *, seconds: int) -> None:
        """Take a detector and the longest video that is taken."""
        self._detector, self._seconds = detector, seconds
        self._model = model_of(detector)
        self.about = {"model": describe(detector), "card": read_card(detector.place.folder)}

    @classmethod
    def open(cls, model: Sequence[str], *, seconds: int) -> "Judge":
        """Open the model that options of a command line name (`scoring.command.add_model_options`).

        Raises:
            InputError: it cannot be had.
        """
        parser = argparse.ArgumentParser()
        add_model_options(parser)
        return cls(open_detector(parser.parse_args(model)), seconds=seconds)

    def answer(
        self, *, path: str, name: str, prior: float | None, draw: bool, on_stage: Callable[[str], None]
    ) -> dict[str, Any]:
        """`verdict`, `words` and, if wanted, `figures`, HTML.

        Args:
            path: Of the upload.
            name: As it is shown.
            prior: Share of manipulated videos among those in question; None: validation's.
            draw: Whether figures are wanted.
            on_stage: Told what is being done.

        Raises:
            UnreadableVideo: it cannot be read or decoded, is too long, or its frames too large.
        """
        on_stage("reading")
        check_size(Path(path), self._seconds)
        on_stage("scoring")
        case = self._detector.examine(path)
        case = replace(case, exhibit=replace(case.exhibit, path=name))
        verdict = judge(case, self._detector.drawn, self._detector.validated, prior=prior)
        found = {"verdict": json_ready(verdict.to_dict()), "words": None, "figures": None}
        if draw:
            on_stage("drawing")
            found["words"] = in_words(verdict, self._detector.validated)
            found["figures"] = self._drawn(Path(path), case, verdict)
        return found

    def _drawn(self, path: Path, case: Case, verdict: Verdict) -> str:
        """The page's figures."""
        container = None if holds_pictures(path) else read_container(path)
        moments, untraced = telling_moments(self._detector, path, case)
        seen = Examination(case.exhibit.path, path, case, verdict, container, moments, untraced)
        return figures(seen, self._detector, self._model)


def in_words(verdict: Verdict, validated: Validated) -> dict[str, Any]:
    """As `models.Words`."""
    details = [line.strip() for line in telling.details(verdict, validated)]
    return {"headline": headline(verdict), "reason": reason(verdict), "details": details}


def check_size(path: Path, seconds: int) -> None:
    """Refuse what would take too long or too much memory, before frames are decoded.

    Raises:
        UnreadableVideo: it does, or cannot be read.
    """
    footage = probe_pictures(path) if holds_pictures(path) else probe_video(path)
    if footage.width * footage.height > MAX_PIXELS:
        raise UnreadableVideo(
            f"its frames are {footage.width}x{footage.height}, and this server takes at most {MAX_PIXELS}"
            " pixels; make it smaller"
        )
    if footage.frame_rate and footage.n_frames / footage.frame_rate > seconds:
        raise UnreadableVideo(
            f"it is {footage.n_frames / footage.frame_rate:.0f} s long, and this server takes at most"
            f" {seconds} s; cut it"
        )


def describe(detector: Detector) -> dict[str, Any]:
    """What is said of the model; of a folder the last parts of its path alone."""
    validated, place = detector.validated, detector.place
    about, bounds = about_model(detector), validated.ratios.bounds
    return json_ready(
        {
            "model": _model_name(place),
            "commit": place.commit,
            "model_sha256": about["model_sha256"],
            "method": read_json(place.folder / RECORD)["method"],
            "is_toy": validated.is_toy,
            "frames": detector.drawn.n_frames,
            "cut": _cut(detector.drawn),
            "validation": {
                "usable": validated.usable,
                "reason": validated.unusable,
                "threshold": validated.threshold,
                "rule": telling.RULES[validated.rule],
                "prior": validated.prior,
                "propositions": validated.propositions,
                "log10_lr_low": bounds and bounds.low,
                "log10_lr_high": bounds and bounds.high,
                "largest_error": validated.abstainer.alpha,
                "footage": validated.footage,
            },
            "version": version("clipforensics"),
        }
    )


def read_card(folder: Path) -> str:
    """The package's model card as HTML; empty if it has none."""
    path = folder / CARD
    return card_html(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else ""


def _model_name(place: Place) -> str:
    if not Path(place.name).expanduser().is_dir():
        return place.name
    return "/".join(place.folder.resolve().parts[-3:]).lstrip("/")


def _cut(drawn: Drawn) -> str:
    around = drawn.around
    if around is None:
        return "whole frames; no face is looked for"
    if around.apart:
        return "every face; a frame counts as its most suspect face does"
    return f"the {'most central' if around.person == 'central' else 'largest'} person's face"
