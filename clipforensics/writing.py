"""Files that appear together or not at all."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from clipforensics.core.faults import InputError


def write_together(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files under temporary names, then rename them: none is ever there by half.

    Raises:
        InputError: the folder cannot be made or written.
    """
    written: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in texts:
            if (folder / name).is_dir():
                raise InputError(f"--out {folder}: {name} in it is a folder; name another folder")
        for name, text in texts.items():
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
            written[name] = Path(temporary)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            written[name].chmod(0o666 & ~_umask())
        for name, path in written.items():
            path.replace(folder / name)
    except OSError as error:
        raise InputError(
            f"--out {folder}: cannot be written: {error.strerror}; name another folder"
        ) from error
    finally:
        for path in written.values():
            path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
