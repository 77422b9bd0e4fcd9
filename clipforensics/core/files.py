"""JSON files that stages leave for one another and for people; and opening what others made."""

import errno
import json
import math
import stat
from collections.abc import Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from clipforensics.core.faults import InputError


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading bytes, if it is one: a pipe would wait for ever, a device never ends.

    Raises:
        OSError: it does not exist, cannot be opened, or is a folder, pipe, device or socket.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return path.open("rb")


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


def json_ready(value: Any) -> Any:
    """Copy nested mappings and sequences with NaN and infinities as None, and numpy's numbers as Python's."""
    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return json_ready(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [json_ready(item) for item in value]
    if isinstance(value, np.generic):
        return json_ready(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
