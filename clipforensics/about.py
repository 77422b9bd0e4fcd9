"""detector.json: what stands beside the weights of a detector, to be read, compared and handed on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.files import write_json
from clipforensics.params import Section
from clipforensics.usage import Usage, described

ABOUT = "detector.json"


def write_about(
    folder: Path,
    *,
    method: str,
    encoder: Mapping[str, str],
    settings: Section,
    seed: int,
    counts: Mapping[str, int | str],
    rank: tuple[float, float],
    usage: Usage | None,
    **chosen: Any,
) -> None:
    """Write a trained detector's detector.json.

    Args:
        folder: Of the detector.
        method: As in `detectors` of params.yaml.
        encoder: `model`, `revision` and `embedding`.
        settings: Section `methods.<method>`.
        seed: Of training.
        counts: Of parameters, as `counting.parameter_counts` gives them.
        rank: Validation (video AUC, frame AUC) of what was kept.
        usage: Lines for the model card, or None.
        **chosen: What the method wants remembered beside, such as its best epoch.
    """
    about = {
        "method": method,
        "encoder": dict(encoder),
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "parameters": dict(counts),
        "validation": dict(zip(("video_auc", "frame_auc"), rank, strict=True)),
        **chosen,
        **described(usage),
    }
    write_json(folder / ABOUT, about)
