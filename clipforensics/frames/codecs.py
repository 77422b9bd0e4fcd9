"""How a frame lies in a shard: as it is, or without loss as a small picture, by the name of a codec.

WebP is Pillow's (libwebp, method 0): a third of the bytes. OpenCV reads a tenth faster, but has no method 0,
and what it has takes twenty times as long to write.
"""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

Codec = Literal["none", "webp"]
"""`none`: pixels as they are; `webp`: each frame as a lossless WebP. What is read is the same."""

RAW: Codec = "none"
CODECS: tuple[str, ...] = get_args(Codec)

EFFORT = 25
"""Of libwebp's 0 to 100 without loss; at method 0 Pillow's 80 takes 1.8 times as long and saves nothing."""


@dataclass(frozen=True)
class Packed:
    """Frames of one video as they go into a shard.

    Attributes:
        frames: One buffer a frame: the frame itself, or what the codec makes of it.
        sha256: Of the pixels of all, whatever the codec.
    """

    frames: "Sequence[bytes] | NDArray[np.uint8]"
    sha256: str


def pack(frames: NDArray[np.uint8], codec: Codec) -> Packed:
    """Frames of one video, uint8 (n, size, size, 3), RGB, for a shard of this codec."""
    frames = np.ascontiguousarray(frames)
    sha256 = hashlib.sha256(frames.data).hexdigest()
    return Packed(frames if codec == RAW else [encode_webp(frame) for frame in frames], sha256)


def shard_digest(videos: Iterable[str]) -> str:
    """Digest of a shard's pixels, of those of its videos, in order: no process need see all pixels for it."""
    return hashlib.sha256("".join(videos).encode()).hexdigest()


def encode_webp(frame: NDArray[np.uint8]) -> bytes:
    """A frame, uint8 (size, size, 3), RGB, as a lossless WebP."""
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "WEBP", lossless=True, method=0, quality=EFFORT)
    return file.getvalue()


def decode_webp(data: bytes, frame: NDArray[np.uint8]) -> None:
    """Write the picture that `encode_webp` made into a frame of its size.

    Args:
        data: Of one picture.
        frame: uint8 (size, size, 3), to be overwritten.

    Raises:
        ValueError: the bytes are anything else, or a picture of another size. That is seen in the first of
            them: no other kind of file is decoded, and nothing that is larger.
    """
    side = len(frame)
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8L" or data[20:25] != _header(side):
        raise ValueError(f"is no lossless WebP of {side} x {side} pixels")
    try:
        frame[:] = np.asarray(WebPImageFile(io.BytesIO(data)))
    except MemoryError:
        raise
    except Exception as error:  # whatever damaged bytes make a decoder raise
        raise ValueError(f"cannot be decoded ({error})") from error


def _header(side: int) -> bytes:
    """Of the picture: signature; width and height less 1, of 14 bits each; no transparency; version 0."""
    return b"\x2f" + (side - 1 | side - 1 << 14).to_bytes(4, "little")
