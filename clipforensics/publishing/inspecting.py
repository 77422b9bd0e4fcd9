"""A package looked into before anything of it is loaded: files that are some, as they were written."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from clipforensics.adaptation.record import RECORD
from clipforensics.core.faults import InputError
from clipforensics.encoder.tensor_file import count_numbers, tensor_shapes
from clipforensics.publishing.digests import check_files
from clipforensics.publishing.encoders import FOLDER
from clipforensics.publishing.files import DIGESTS, LIKENESS, read_part

MOST_FILES = 1000

TIMES_ENCODER = 8
"""A method's own tensors hold at most so many times the encoder's numbers: Effort's four, of every layer."""

MOST_OF_LIKENESS = 2**27
"""Numbers: as many directions as an embedding of 8192 has, and more."""


def inspect(folder: Path) -> None:
    """Look at every file of a package, and hold those that files.json lists to their digests.

    Raises:
        InputError: one is no regular file, or differs from what was packaged; or there are far too many.
    """
    paths = list(itertools.islice(_inside(folder), MOST_FILES + 1))
    if len(paths) > MOST_FILES:
        raise InputError(f"{folder} holds more than {MOST_FILES} files, as no package does; name a package")
    for path in paths:
        if not path.is_file() and not path.is_dir():
            raise InputError(f"{path} is no regular file; move it out of the package, or copy that again")
    if read_part(folder, RECORD).get("files") == DIGESTS and not (folder / DIGESTS).is_file():
        raise InputError(f"{folder} lacks {DIGESTS}, with the digests of its files; copy the package again")
    check_files(folder)
    if (folder / LIKENESS).is_file() and count_numbers(tensor_shapes(folder / LIKENESS)) > MOST_OF_LIKENESS:
        raise InputError(f"{folder / LIKENESS} is larger than any embedding's; copy the package again")


def _inside(folder: Path) -> Iterator[Path]:
    """What lies in a package and in its encoder's folder: nothing is read of what lies deeper."""
    try:
        yield from folder.iterdir()
        if (folder / FOLDER).is_dir():
            yield from (folder / FOLDER).iterdir()
    except OSError as error:
        raise InputError(f"{folder} cannot be looked into: {error.strerror}; name a package") from error


def check_own_tensors(folder: Path, of_encoder: int) -> None:
    """Look at the heads of the files that a method left, before their tensors are read.

    Args:
        folder: The package.
        of_encoder: Numbers that the encoder's tower consists of.

    Raises:
        InputError: one is no safetensors, or they hold more numbers than any method leaves.
    """
    most = TIMES_ENCODER * of_encoder + 2**20
    for path in sorted(folder.glob("*.safetensors")):
        if path.name != LIKENESS and (held := count_numbers(tensor_shapes(path))) > most:
            raise InputError(
                f"{path} holds {held:,} numbers, and no method on an encoder of {of_encoder:,} leaves so"
                " many; copy the package again"
            )
