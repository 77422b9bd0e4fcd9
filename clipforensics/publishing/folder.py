"""One folder to hand on: weights, preprocessing, operating point, model card, and the encoder if need be."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator

from clipforensics.adaptation.record import RECORD
from clipforensics.core.files import read_json, write_json
from clipforensics.core.fitting import Fitting
from clipforensics.core.params import Section
from clipforensics.likelihood.settings import LikelihoodSection
from clipforensics.publishing.card import model_card
from clipforensics.publishing.digests import write_files
from clipforensics.publishing.encoders import FOLDER, copy_encoder
from clipforensics.publishing.files import (
    CARD,
    DIGESTS,
    FACE_DETECTOR,
    FRAMES,
    LIKENESS,
    POINT,
    PREPROCESSOR,
    VALIDATION,
)
from clipforensics.publishing.loading import ADAPTER
from clipforensics.publishing.model import Json, Model, TrainingFootage
from clipforensics.publishing.operating_point import operating_point
from clipforensics.publishing.results import check_hub_dataset, eval_results
from clipforensics.publishing.validation import (
    Origin,
    likeness_of,
    validation_record,
    write_likeness,
)

RESULTS = Path(".eval_results/clipforensics.yaml")

_CROP = (
    "a square of the full frame about the centre of one person's face, `faces.margin` times its longer side,"
    " moved into the frame where it would leave it"
)
_UPRIGHT = (
    "one person's face turned, moved and scaled, without reflection, so that eyes, nose and corners of the"
    " mouth come closest, by squares, to InsightFace's template of 112 x 112 pixels (arXiv 1801.07698) shrunk"
    " by `faces.margin` about its middle; black where that leaves the frame"
)
_LEFT_OUT = {
    "skip": "frames without that person, and videos without a face",
    "whole": "frames without that person; of videos without a face whole frames were used",
}
_PEOPLE = {
    "every": "every person who is shown in at least `faces.min_share` of a video's frames, and the largest,"
    " has frames apart; a frame's score is the highest of its people's; training saw the largest alone",
    "mask": "the person on whom the data set's manipulation mask lies; nobody has a mask of a new clip, so"
    " what is known of this detector's errors does not hold for one: take the largest person there",
}
"""What choices say of people that are not one rule over the faces alone."""


class PackageSection(Section):
    """Section `package` of params.yaml."""

    include_encoder: bool
    hub_dataset: str
    hub_task: str = Field(pattern=r"^[\w.-]+$")

    @field_validator("hub_dataset")
    @classmethod
    def _hub_dataset(cls, name: str) -> str:
        check_hub_dataset(name)
        return name


def write_package(model: Model, out: Path, params: PackageSection, weighing: LikelihoodSection) -> None:
    """Write a detector's folder anew: the same bytes from the same input, no path of this machine in them.

    It holds what `train` left, with the encoder in detector.json (and peft's config) named so that it is
    found from elsewhere; `encoder/`, a copy, where the encoder is a local folder; preprocessor_config.json,
    as the hub has it; frames.json; operating_point.json; validation.json and likeness.safetensors, by which
    a score is told for what it is worth; the face detector, where it is a local file; README.md, the model
    card with its `model-index`; `.eval_results/`, where the data set has a name on the hub; and, last,
    files.json with the digests of all of these but the card.

    Args:
        model: What is packaged.
        out: The folder.
        params: Whether a local encoder is copied (one on the hub never is), and the data set's name there.
        weighing: How scores become evidence.
    """
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(model.weights, out, copy_function=shutil.copyfile)
    has_encoder = params.include_encoder and model.encoder.folder is not None and model.loading.needs_encoder
    if has_encoder:
        copy_encoder(model.encoder, out / FOLDER)
    _name_encoder(model, out, FOLDER if has_encoder else model.encoder.name)
    point = operating_point(model.evaluation)
    write_json(out / PREPROCESSOR, model.encoder.preprocessor)
    write_json(out / FRAMES, drawn_frames(_with_detector(model.footage, out)))
    write_json(out / POINT, point)
    write_json(out / VALIDATION, validation_record(model.known, weighing, _origin(model)))
    write_likeness(out / LIKENESS, likeness_of(model.known))
    files = sorted([DIGESTS, *(path.name for path in out.iterdir())])
    card = model_card(model, point, files=files, has_encoder=has_encoder, hub_dataset=params.hub_dataset)
    (out / CARD).write_text(card, encoding="utf-8")
    if params.hub_dataset:
        entries = eval_results(model, params.hub_dataset, params.hub_task)
        (out / RESULTS).parent.mkdir()
        (out / RESULTS).write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")
    write_files(out)


def drawn_frames(footage: TrainingFootage) -> dict[str, Any]:
    """Content of frames.json: which frames of a video, and what is done to one before preprocessing."""
    return {
        "frames_per_video": footage.n_frames,
        "numbers": "floor((2 i + 1) n / (2 k)) for i = 0 .. k - 1, where a video has n frames, counted from"
        " 0, and k are wanted; all where n <= k",
        **(_around(footage.faces) if footage.faces else {"crop": "none: whole frames, no face crop"}),
        "side": footage.frame_size,
        "resize": _resize_words(footage),
        "colour": "RGB",
    }


def _origin(model: Model) -> Origin:
    footage = model.footage
    return Origin(footage.dataset, footage.is_sample, footage.portable, model.cell.train_set.split("+"))


def _with_detector(footage: TrainingFootage, out: Path) -> TrainingFootage:
    """The same, with a face detector that is a local file copied, and named as it lies in the package."""
    if footage.faces is None or not (weights := Path(footage.faces["weights"]).expanduser()).is_file():
        return footage
    shutil.copyfile(weights, out / FACE_DETECTOR)
    faces = {**footage.faces, "weights": FACE_DETECTOR, "weights_file": FACE_DETECTOR, "revision": ""}
    return replace(footage, faces=faces)


def _resize_words(footage: TrainingFootage) -> str:
    fitting = footage.fitting
    if footage.faces is not None:
        return f"the square to `side`, {fitting.resample} with Pillow"
    if fitting == Fitting(fitting.size):
        words = "shorter side to `side`, bicubic with Pillow, then the central square"
    else:
        words = f"{fitting.in_words()}, with Pillow"
    return f"{words}, as {PREPROCESSOR} says"


def _around(faces: Json) -> Json:
    crop, person = _UPRIGHT if faces["align"] else _CROP, faces["person"]
    people = {"people": _PEOPLE[person]} if person in _PEOPLE else {}
    return {"crop": crop, **people, "left_out": _LEFT_OUT[faces["without_face"]], "faces": faces}


def _name_encoder(model: Model, out: Path, name: str) -> None:
    """Say where the encoder is as seen from the package: its hub id and commit, or its folder's name."""
    encoder = {**model.about["encoder"], "model": name, "revision": model.encoder.revision}
    write_json(out / RECORD, {**model.about, "encoder": encoder, "files": DIGESTS})
    if (out / ADAPTER).is_file():
        revision = model.encoder.revision if model.encoder.folder is None else None
        base = {"base_model_name_or_path": name, "revision": revision}
        write_json(out / ADAPTER, {**read_json(out / ADAPTER), **base})
