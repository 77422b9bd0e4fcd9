"""Names of what lies in a package beside what training left, and reading its JSON."""

import json
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_regular

CARD = "README.md"
POINT = "operating_point.json"
FRAMES = "frames.json"
VALIDATION = "validation.json"
LIKENESS = "likeness.safetensors"
PREPROCESSOR = "preprocessor_config.json"
FACE_DETECTOR = "face_detector.onnx"
DIGESTS = "files.json"

MOST_BYTES = 2**20
"""Of a JSON file at most; validation.json, which grows with the videos of validation, may have more."""

MOST_OF_VALIDATION = 2**25


def read_part(folder: Path, name: str) -> dict[str, Any]:
    """One JSON file of a package, which holds an object.

    Raises:
        InputError: it is missing, no regular file, too large, not JSON, or holds something else.
    """
    path, most = folder / name, MOST_OF_VALIDATION if name == VALIDATION else MOST_BYTES
    try:
        with open_regular(path) as file:
            text = file.read(most + 1)
        if len(text) > most:
            raise ValueError(f"it has more than {most} bytes")
        content = json.loads(text.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read ({reason}); copy the package again") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold an object; copy the package again")
    return content
