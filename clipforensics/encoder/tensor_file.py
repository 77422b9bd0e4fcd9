"""What a file of safetensors says that it holds, by its head alone: nothing that it claims is allocated."""

import json
import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.files import open_regular

MOST_HEAD = 2**24
"""Bytes of a head at most: a tower of a thousand tensors takes a hundredth of it."""

Shapes = Mapping[str, tuple[int, ...]]


def tensor_shapes(path: Path) -> Shapes:
    """Names and shapes of the tensors in a file.

    Raises:
        InputError: it is missing, no regular file, or no safetensors.
    """
    try:
        with open_regular(path) as file:
            return _shapes(json.loads(_head(file.read(8), file.read(MOST_HEAD))))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is no file of safetensors"
        raise InputError(f"{path} cannot be read ({reason}); copy it again") from error


def _head(length: bytes, rest: bytes) -> bytes:
    (n,) = struct.unpack("<Q", length) if len(length) == 8 else (0,)
    if not 0 < n <= len(rest):
        raise ValueError("no head")
    return rest[:n]


def _shapes(head: dict[str, dict[str, list[int]]]) -> Shapes:
    shapes = {name: tuple(about["shape"]) for name, about in head.items() if name != "__metadata__"}
    if not all(type(side) is int and side >= 0 for shape in shapes.values() for side in shape):
        raise ValueError("a shape that is none")
    return shapes


def count_numbers(shapes: Shapes) -> int:
    """Of all tensors together."""
    return sum(map(math.prod, shapes.values()))


def check_tensors(path: Path, wanted: Shapes) -> None:
    """Raise InputError unless a file holds tensors of these names and shapes, and no others."""
    held = tensor_shapes(path)
    if names := sorted(name for name in {*held, *wanted} if held.get(name) != wanted.get(name)):
        found, meant = (shapes.get(names[0], "not there") for shapes in (held, wanted))
        raise InputError(
            f"{path}: tensor {names[0][:120]!r} is {found}, and should be {meant}; copy the detector again"
        )


def check_room(numbers: int, what: str) -> None:
    """Raise InputError if so many numbers in float32 are more than this machine's memory."""
    has = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if 4 * numbers > has:
        raise InputError(
            f"{what} would take {4 * numbers / 1e9:,.0f} GB of memory, and this machine has {has / 1e9:,.0f};"
            " it is damaged, or needs a larger machine"
        )
