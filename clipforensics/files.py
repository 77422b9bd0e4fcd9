"""JSON files that stages leave for one another and for people."""

import json
from pathlib import Path
from typing import Any

from clipforensics.faults import InputError


def write_json(path: Path, content: object) -> None:
    """Write indented JSON; NaN and infinities are refused, since they are not JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file that an earlier stage wrote.

    Raises:
        InputError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; run `dvc repro`") from error
    except ValueError as error:
        raise InputError(
            f"{path} is not JSON: {error}; run `dvc repro -f` on the stage that wrote it"
        ) from error
