"""Pictures: folders of numbered ones, single ones, and resizing to what the encoder takes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipforensics.core.fitting import Fitting
from clipforensics.footage.content import UnreadableVideo, content_of, open_content
from clipforensics.footage.limits import ANY, Limits
from clipforensics.footage.video import Footage

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})

FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
"""What a picture may be whatever it is called: others run programs (EPS) or fail in ways of their own."""

PICTURES = "pictures"
"""Stands as codec of pictures, of a folder or single."""

MAX_ASPECT = 16
"""Largest ratio of the sides of a picture; its resized form grows with the ratio."""

# Pillow returns a picture's memory to the system at once; kept, the next one takes a third of the time.
Image.core.set_blocks_max(4)  # of 16 MB

# Pillow warns of what is large, and refuses twice that, whatever the limit here is.
Image.MAX_IMAGE_PIXELS = None


def resize_and_crop(picture: NDArray[np.uint8], fitting: Fitting) -> NDArray[np.uint8]:
    """Resize a picture and cut out the central square.

    Agrees with the Pillow processors of transformers (`CLIPImageProcessorPil` and its like), before rescaling
    and normalisation, to one grey level: where the ratio is kept, the longer side becomes
    floor(edge * longer / shorter); the crop begins at floor((side - size) / 2). Where Pillow gives the same
    by resizing only what the crop keeps, that is done, being faster.

    Args:
        picture: uint8 (height, width, 3), RGB, any size.
        fitting: How; its sizes are at least 1.

    Returns:
        uint8 (size, size, 3), RGB.

    Raises:
        UnreadableVideo: one side is more than `MAX_ASPECT` times the other.
    """
    height, width = picture.shape[:2]
    shorter, longer = sorted((height, width))
    if longer > MAX_ASPECT * shorter:
        raise UnreadableVideo(f"is {width}x{height}; one side is over {MAX_ASPECT} times the other")
    image = Image.fromarray(picture)
    whole = _resized(width, height, fitting) == (fitting.size, fitting.size)
    # Of what is enlarged and then cropped all round, a few pixels of noise do not show the worst case.
    smaller = fitting.edge == fitting.size or fitting.edge < shorter
    if whole or (smaller and _crop_can_come_first(width, height, fitting)):
        return np.asarray(_crop_and_resize(image, fitting))
    return np.asarray(_resize_and_crop(image, fitting))


def _resized(width: int, height: int, fitting: Fitting) -> tuple[int, int]:
    """Width and height after the resize, before the crop."""
    edge = fitting.edge
    if fitting.squash:
        return edge, edge
    long_side = int(edge * max(width, height) / min(width, height))
    return (edge, long_side) if width <= height else (long_side, edge)


def _resize_and_crop(image: Image.Image, fitting: Fitting) -> Image.Image:
    """As the processor does it."""
    sides = _resized(image.width, image.height, fitting)
    resized = image.resize(sides, Image.Resampling[fitting.resample.upper()])
    left, top = ((side - fitting.size) // 2 for side in sides)
    return resized.crop((left, top, left + fitting.size, top + fitting.size))


def _crop_and_resize(image: Image.Image, fitting: Fitting) -> Image.Image:
    """The same by Pillow's `box`, which keeps the filter's reach beyond the crop's edges."""
    size, sides = fitting.size, _resized(image.width, image.height, fitting)
    begins = [(side - size) // 2 for side in sides]
    first, last = (
        [(begin + more) * whole / side for begin, whole, side in zip(begins, image.size, sides, strict=True)]
        for more in (0, size)
    )
    box = (first[0], first[1], last[0], last[1])
    return image.resize((size, size), Image.Resampling[fitting.resample.upper()], box=box)


@lru_cache(maxsize=1024)
def _crop_can_come_first(width: int, height: int, fitting: Fitting) -> bool:
    """Whether both ways agree to one grey level on black and white noise of this size.

    Pillow rounds to 8 bits between its horizontal and vertical pass and chooses their order
    by the size of the result; where the crop changes that order the ways differ by more.
    """
    noise = np.random.default_rng(0).integers(0, 2, (height, width, 3), dtype=np.uint8) * 255
    image = Image.fromarray(noise)
    both = [way(image, fitting) for way in (_resize_and_crop, _crop_and_resize)]
    difference = np.subtract(*(np.asarray(result, dtype=np.int16) for result in both))
    return bool(np.abs(difference).max() <= 1)


def holds_pictures(path: Path) -> bool:
    """Whether this is a folder, or by its name a single picture, rather than a video file."""
    return path.suffix.lower() in SUFFIXES or path.is_dir()


def list_pictures(folder: Path) -> list[Path]:
    """Pictures of a folder in the order of their numbers (`060.png`, `061.png`, ...); a single one alone.

    Hidden files and files that are no pictures are left aside.

    Raises:
        UnreadableVideo: there are none, a name is not a number, a number occurs twice, or one is a folder,
            pipe or device.
    """
    if not folder.is_dir():
        return [folder]
    pictures = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.name[0] != "."]
    if not pictures:
        raise UnreadableVideo("holds no pictures; a folder is one video of numbered pictures")
    numbered: dict[int, Path] = {}
    for picture in sorted(pictures):
        if not (picture.stem.isascii() and picture.stem.isdigit()):
            raise UnreadableVideo(f"picture {picture.name!r} is not named by its number; rename or remove it")
        if not picture.is_file():
            raise UnreadableVideo(f"{picture.name!r} is not a regular file; remove it")
        other = numbered.setdefault(int(picture.stem), picture)
        if other is not picture:
            raise UnreadableVideo(f"{other.name!r} and {picture.name!r} have one number; remove one")
    return [numbered[number] for number in sorted(numbered)]


def probe_pictures(folder: Path, limits: Limits = ANY) -> Footage:
    """Count a folder's pictures, or a single one as 1; width and height are those of the first.

    Args:
        folder: Of pictures, or a single one.
        limits: The most that it may have.

    Raises:
        UnreadableVideo: as `list_pictures`, or the first picture cannot be read, or it is beyond `limits`.
    """
    pictures = list_pictures(folder)
    limits.check_frames(len(pictures))
    height, width = read_picture(pictures[0], limits).shape[:2]
    return Footage(len(pictures), width, height, PICTURES)


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


def read_picture(path: Path, limits: Limits = ANY) -> NDArray[np.uint8]:
    """Read one picture of `FORMATS` as uint8 (height, width, 3), RGB; EXIF rotation is left as it is.

    Raises:
        UnreadableVideo: it is not such a picture, is damaged, or has more pixels than `limits` allow.
        OSError: it cannot be read, whatever it holds.
    """
    with _opened(path, limits) as picture:
        return np.asarray(picture.convert("RGB"))


def check_picture(path: Path, limits: Limits = ANY, *, was_read: bool = False) -> None:
    """Hold a PNG against its own check sums, which decoding does not look at; read any other picture.

    Args:
        path: The picture.
        limits: The most that it may have.
        was_read: Whether `read_picture` has read it already.

    Raises:
        UnreadableVideo: as `read_picture`.
        OSError: it cannot be read, whatever it holds.
    """
    with _opened(path, limits) as picture:
        if picture.format == "PNG":
            picture.verify()
        elif not was_read:
            picture.load()


@contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[Image.Image]:
    """The picture, with a header that was read; what a decoder raises costs this picture alone."""
    with open_content(path) as file:
        try:
            with Image.open(file, formats=FORMATS) as picture:
                limits.check_pixels(picture.width, picture.height)
                yield picture
        except UnreadableVideo as error:
            raise UnreadableVideo(f"picture {path.name!r} {error}") from error
        except MemoryError:
            raise
        except Exception as error:  # of somebody else's bytes: whatever it is
            raise UnreadableVideo(
                f"picture {path.name!r} cannot be read as {', '.join(FORMATS)}; replace or remove it"
            ) from error


def n_bytes(path: Path) -> int:
    """Size of a video file, or of all pictures in a folder; raises OSError or UnreadableVideo."""
    return sum(content_of(part).size for part in files_of(path))


def files_of(path: Path) -> list[Path]:
    """The files that a video consists of: itself, or the pictures of its folder in their order.

    Raises:
        UnreadableVideo: as `list_pictures`.
    """
    return list_pictures(path) if path.is_dir() else [path]
