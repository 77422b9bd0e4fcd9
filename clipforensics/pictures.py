"""Single pictures: folders of numbered ones, and resizing to what the encoder takes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipforensics.video import MAX_PIXELS, Footage, UnreadableVideo

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})

MAX_ASPECT = 16
"""Largest ratio of the sides of a picture; its resized form grows with the ratio."""


def resize_and_crop(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize the shorter side to `size` (bicubic) and cut out the central square.

    The same as `CLIPImageProcessorPil` of transformers with `size.shortest_edge` and
    `crop_size` both `size`, before rescaling and normalisation, bit for bit: the longer side
    becomes floor(size * longer / shorter), the crop begins at floor((side - size) / 2). The
    whole picture is resized before the crop: Pillow's `box` argument would save a little
    time, but rounds differently by up to 18 grey levels where it orders its passes otherwise.

    Args:
        picture: uint8 (height, width, 3), RGB, any size.
        size: Side of the result in pixels, at least 1.

    Returns:
        uint8 (size, size, 3), RGB.

    Raises:
        UnreadableVideo: one side is more than `MAX_ASPECT` times the other.
    """
    height, width = picture.shape[:2]
    shorter, longer = sorted((height, width))
    if longer > MAX_ASPECT * shorter:
        raise UnreadableVideo(f"is {width}x{height}; one side is over {MAX_ASPECT} times the other")
    long_side = int(size * longer / shorter)
    new_width, new_height = (size, long_side) if width <= height else (long_side, size)
    left, top = (new_width - size) // 2, (new_height - size) // 2
    resized = Image.fromarray(picture).resize((new_width, new_height), Image.Resampling.BICUBIC)
    return np.asarray(resized.crop((left, top, left + size, top + size)))


def list_pictures(folder: Path) -> list[Path]:
    """Pictures of a folder in the order of their numbers (`060.png`, `061.png`, ...).

    Hidden files and files that are no pictures are left aside.

    Raises:
        UnreadableVideo: there are none, a name is not a number, or a number occurs twice.
    """
    pictures = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] != "."]
    if not pictures:
        raise UnreadableVideo("holds no pictures")
    numbered: dict[int, Path] = {}
    for picture in sorted(pictures):
        if not (picture.stem.isascii() and picture.stem.isdigit()):
            raise UnreadableVideo(f"picture {picture.name!r} is not named by its number; rename or remove it")
        other = numbered.setdefault(int(picture.stem), picture)
        if other is not picture:
            raise UnreadableVideo(f"{other.name!r} and {picture.name!r} have one number; remove one")
    return [numbered[number] for number in sorted(numbered)]


def probe_pictures(folder: Path) -> Footage:
    """Count a folder's pictures; width and height are those of the first.

    Raises:
        UnreadableVideo: as `list_pictures`, or the first picture cannot be read.
    """
    pictures = list_pictures(folder)
    height, width = read_picture(pictures[0]).shape[:2]
    return Footage(len(pictures), width, height)


def read_pictures(folder: Path, indices: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield (position in the folder's order, RGB array) for each of `indices`.

    Raises:
        UnreadableVideo: a picture is missing or cannot be read.
    """
    pictures = list_pictures(folder)
    for index in indices:
        if index >= len(pictures):
            raise UnreadableVideo(f"has {len(pictures)} pictures, number {index} was asked for")
        yield int(index), read_picture(pictures[index])


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read one picture as uint8 (height, width, 3), RGB; EXIF rotation is left aside, as CLIP does.

    Raises:
        UnreadableVideo: it is not a picture, is damaged, or has more than `MAX_PIXELS`.
    """
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise UnreadableVideo(f"picture {path.name!r} is {picture.width}x{picture.height}, too large")
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, UnreadableVideo):
            raise
        raise UnreadableVideo(f"picture {path.name!r} cannot be read; replace or remove it") from error
