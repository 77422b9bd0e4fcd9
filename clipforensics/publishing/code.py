"""The Python of a model card: opens the package that it lies in, scores frames, judges a video."""

import json
from typing import Any

from clipforensics.publishing.encoders import FOLDER
from clipforensics.publishing.model import Json, Model, is_apart
from clipforensics.publishing.templates import render_code

POOLING = {"mean": "statistics.fmean", "median": "statistics.median", "max": "max"}
CLIP: Json = {
    "tower": "CLIPVisionModelWithProjection",
    "processor": "CLIPImageProcessorPil",
    "options": {},
}
EMBEDDING = {
    "projected": "tower(pixel_values={}).image_embeds",
    "pooled": "tower.vision_model(pixel_values={}).pooler_output",
}
"""What detector.json leaves unsaid of a CLIP: its classes in transformers, and code for its embeddings."""


def loading_code(model: Model, point: Json, *, has_encoder: bool) -> str:
    """Code that runs as it stands in the package's folder, if the encoder is there or on the hub.

    Args:
        model: What it loads.
        point: Content of operating_point.json.
        has_encoder: Whether the encoder lies in the package.
    """
    usage = model.loading.usage
    tower = model.about.get("tower") or {**CLIP, "call": EMBEDDING[model.about["encoder"]["embedding"]]}
    content: dict[str, Any] = {
        "tower_class": tower["tower"],
        "processor_class": tower["processor"],
        "options": "".join(f", {name}={value!r}" for name, value in tower["options"].items()),
        "kind": model.loading.kind,
        "usage": usage,
        "encoder": _encoder(model, has_encoder),
        "is_apart": model.encoder.folder is not None and not has_encoder,
        "encoder_name": _literal(model.encoder.name),
        "embedding": tower["call"].format(usage.pixels) if usage else "",
        "pooling": POOLING[point["pooling"]],
        "people": is_apart(model.footage),
        "calibrated": point["video"]["calibration"] is not None,
    }
    return render_code("code.py.jinja", content)


def _encoder(model: Model, has_encoder: bool) -> str:
    """Arguments by which transformers finds the vision tower."""
    encoder = model.encoder
    if not model.loading.needs_encoder:
        return "folder"
    if encoder.folder is None:
        return f"{_literal(encoder.name)}, revision={_literal(encoder.revision)}"
    return f'folder / "{FOLDER}"' if has_encoder else _literal(encoder.name)


def _literal(text: str) -> str:
    """A Python string in double quotes."""
    return json.dumps(text, ensure_ascii=False)
