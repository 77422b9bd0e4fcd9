"""What `clipforensics explain` shows of a video, as a piece of HTML for the served page."""

from collections.abc import Mapping
from typing import Any

from clipforensics.casework.claims import read_claims
from clipforensics.casework.examining import Examination
from clipforensics.casework.record import exhibit_of, file_of
from clipforensics.casework.view import view_of
from clipforensics.casework.wording import LIMITS
from clipforensics.scoring.detector import Detector
from clipforensics.serving.templates import fill


def figures(seen: Examination, detector: Detector, model: Mapping[str, Any]) -> str:
    """Evidence, warnings, timeline, telling frames with faces and heatmaps, tables.

    Args:
        seen: The video.
        detector: By which it was judged.
        model: As `casework.record.model_of` returns it, which takes long where the package is large.
    """
    record = {
        "exhibit": exhibit_of(seen),
        "verdict": seen.verdict.to_dict(),
        "file": file_of(seen.container),
        "c2pa": read_claims(seen.path),
        "model": model,
    }
    return fill("figures.html", {**view_of(seen, detector, record), "limits": LIMITS})
