"""The model card: what a detector is, what it is worth, what it may be used for and how to load it."""

from importlib.metadata import version

import yaml

from clipforensics.publishing.code import loading_code
from clipforensics.publishing.methods import Method, describe_method
from clipforensics.publishing.model import Json, Model, TrainingFootage, is_apart
from clipforensics.publishing.results import model_index
from clipforensics.publishing.sentences import sentences
from clipforensics.publishing.tables import (
    intervals_table,
    leaks_table,
    points_table,
    settings_table,
    sizes_table,
    thresholds_table,
)
from clipforensics.publishing.templates import render_markdown
from clipforensics.report.wording.markdown import Markdown, table
from clipforensics.report.wording.names import listed

METRICS = ["roc_auc", "accuracy", "f1", "brier_score"]
FILES = {
    "adapter_config.json": "the adapter's shape, as peft reads it",
    "adapter_model.safetensors": "the adapter's weights",
    "choices.json": "every candidate that the settings were chosen among, by validation",
    "config.json": "the vision tower's shape, as transformers reads it",
    "detector.json": "method, encoder, settings, seed, number of parameters",
    "encoder": "the encoder that it was trained on",
    "face_detector.onnx": "what found the faces that frames are cut around",
    "files.json": "sha256 of every other file but this card, to which opening it holds them",
    "frames.json": "how frames were drawn from a video",
    "head.safetensors": "a linear unit on the embedding, scaled to length √d",
    "likeness.safetensors": "by which a video is told to be like the training data, or not",
    "model.safetensors": "the vision tower's weights",
    "operating_point.json": "thresholds, calibration and pooling, from validation",
    "preprocessor_config.json": "how the encoder wants its pictures",
    "trained.safetensors": "the tensors that training moved",
    "validation.json": "evidence, abstention and footage, from validation: what a score is worth",
}


def model_card(
    model: Model, point: Json, *, files: list[str], has_encoder: bool, hub_dataset: str = ""
) -> str:
    """README.md of a package: Markdown below YAML front matter, as on the Hugging Face hub.

    Args:
        model: What it is of.
        point: Content of operating_point.json.
        files: Names in the folder, without README.md.
        has_encoder: Whether the encoder's folder is among them.
        hub_dataset: The data set's name on the hub, for `model-index`; empty if it is not there.
    """
    method = describe_method(model.detector)
    footage, cell = model.footage, model.cell
    content: dict[str, object] = {
        "front_matter": Markdown(
            yaml.safe_dump(front_matter(model, hub_dataset), sort_keys=False, allow_unicode=True)
        ),
        "heading": _heading(model, method),
        "family": model.about.get("tower", {}).get("family", "CLIP"),
        "method": method,
        "is_sample": footage.is_sample,
        "dataset": footage.dataset,
        "n_frames": footage.n_frames,
        "crop_words": _crop_words(footage),
        "is_cut": footage.faces is not None,
        "is_apart": is_apart(footage),
        "split": cell.split,
        "manipulations": listed(cell.train_set.split("+")),
        "code": Markdown(loading_code(model, point, has_encoder=has_encoder)),
        "versions": _versions(model),
        "files": _files(files),
    }
    words = sentences(model, point, has_encoder=has_encoder)
    return render_markdown("card.md.jinja", {**content, **_tables(model, point), **words})


def front_matter(model: Model, hub_dataset: str = "") -> Json:
    """What the hub reads: licence, library, base model, tags, metrics, results."""
    footage, loading = model.footage, model.loading
    terms = {"license": "other", "license_name": "terms-of-footage-and-encoder", "license_link": "#terms"}
    base = {"base_model": model.encoder.name} if model.encoder.folder is None else {}
    return {
        **({"license": "apache-2.0"} if footage.is_sample else terms),
        "library_name": loading.library,
        **base,
        "pipeline_tag": "image-classification",
        "tags": ["clip", "deepfake-detection", "face-forgery-detection", "clipforensics", model.detector],
        "metrics": METRICS,
        **({"datasets": [hub_dataset.partition("@")[0]]} if hub_dataset else {}),
        "model-index": model_index(model, hub_dataset),
    }


def _crop_words(footage: TrainingFootage) -> str:
    """What a frame is, before preprocessing."""
    side = f"{footage.frame_size}x{footage.frame_size} pixels"
    if footage.faces is None:
        return f"whole frames of {side} without a face crop"
    upright = ", turned upright" if footage.faces["align"] else ""
    person = footage.faces["person"]
    whose = {
        "every": "every person's face apart (trained on the largest; a frame's score is the highest)",
        "mask": "the face under the data set's mask, which nobody has of a new clip (a diagnosis),",
    }.get(person, f"the {person} person's face")
    return f"cut around {whose} with a margin of {footage.faces['margin']:g}{upright}, {side}"


def _heading(model: Model, method: Method) -> str:
    did = "trained on" if model.is_trained else "thresholds set on"
    return f"{method.title}, {did} {listed(model.cell.train_set.split('+'))}"


def _tables(model: Model, point: Json) -> dict[str, object]:
    return {
        "settings": settings_table(model),
        "sizes": sizes_table(model),
        "leaks": leaks_table(model),
        "points": points_table(model),
        "intervals": intervals_table(model),
        "thresholds": thresholds_table(model, point),
    }


def _versions(model: Model) -> str:
    """Of what the code was tried with, without the build's suffix (`+cpu`), which differs by machine."""
    names = ["torch", "transformers", "safetensors", "pillow"]
    names += ["peft"] if model.loading.library == "peft" else []
    names += ["timm"] if model.about.get("tower", {}).get("tower") == "TimmWrapperModel" else []
    return listed([f"{name} {version(name).split('+')[0]}" for name in names])


def _files(names: list[str]) -> Markdown:
    return table(("file", "what it holds"), [(name, FILES.get(name, "the method's own")) for name in names])
