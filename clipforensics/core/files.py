"""JSON files that stages leave for one another and for people; and opening what others made."""

import errno
import json
import math
import stat
from collections.abc import Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError

MAX_WHOLE = 1 << 29
"""Most bytes of a list, table or JSON file that is read as a whole: in memory it is several times that."""


def open_regular(path: Path, max_bytes: int | None = None) -> BufferedReader:
    """Open a file for reading bytes, if it is one: a pipe would wait for ever, a device never ends.

    Args:
        path: The file.
        max_bytes: Most that it may have; None: any number.

    Raises:
        OSError: it does not exist, cannot be opened, is a folder, pipe, device or socket, or is larger.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if max_bytes is not None and status.st_size > max_bytes:
        raise OSError(errno.EFBIG, f"has {status.st_size} bytes, at most {max_bytes} are read", str(path))
    return path.open("rb")


def open_whole(path: Path) -> BufferedReader:
    """As `open_regular`, of a file that is read as a whole: one of more than `MAX_WHOLE` bytes is OSError."""
    return open_regular(path, MAX_WHOLE)


def write_json(path: Path, content: object) -> None:
    """Write indented JSON; NaN and infinities are refused, since they are not JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file that an earlier stage wrote.

    Raises:
        InputError: the file is missing, cannot be read or is not JSON.
    """
    try:
        with open_whole(path) as file:
            return json.loads(file.read().decode("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; run `dvc repro`") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}; mend that") from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not JSON: {error}; run `dvc repro -f` on the stage that wrote it"
        ) from error


def json_ready(value: Any) -> Any:
    """Copy nested mappings and sequences with NaN and infinities as None, and numpy's numbers as Python's."""
    import numpy as np  # not above: kernels are pinned before numpy is loaded (`machine.kernels`)

    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return json_ready(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [json_ready(item) for item in value]
    if isinstance(value, np.generic):
        return json_ready(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
