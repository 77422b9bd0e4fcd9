"""Small videos for tests, made on the spot."""

import struct
import zlib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def make_clip(
    path: Path,
    *,
    n_frames: int = 30,
    width: int = 64,
    height: int = 48,
    codec: str = "libx264",
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
    rotation: int = 0,
    seed: int = 0,
) -> Path:
    """A texture that drifts over a ground which grows brighter by 6 grey levels a frame, from 30."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=dict(container_options or {})) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = dict(options or {})
        if rotation:
            stream.set_display_rotation(rotation)
        for picture in pictures(n_frames, width, height, seed):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def pictures(n_frames: int, width: int, height: int, seed: int = 0) -> list[NDArray[np.uint8]]:
    """The frames of `make_clip` before encoding; the grey levels repeat after 30 frames."""
    texture = (
        np.random.default_rng(seed).integers(-8, 9, (height // 4, width // 4, 3)).repeat(4, 0).repeat(4, 1)
    )
    texture = np.pad(texture, ((0, height % 4), (0, width % 4), (0, 0)))
    return [
        (30 + 6 * (i % 30) + np.roll(texture, (i, 2 * i), (0, 1))).clip(0, 255).astype(np.uint8)
        for i in range(n_frames)
    ]


def decode_all(path: Path) -> list[NDArray[np.uint8]]:
    """Every frame as plain PyAV gives it, in presentation order."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def make_sound(path: Path) -> Path:
    """Half a second of a tone and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        tone = np.sin(np.arange(8000) / 10).astype(np.float32)[None]
        for begin in range(0, 8000 - 1023, 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(tone[:, begin : begin + 1024]), "fltp", "mono"
            )
            frame.sample_rate, frame.pts = 16000, begin
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_png(width: int, height: int) -> bytes:
    """A whole black PNG of any size in no time: the same compressed piece again and again."""
    n_bytes = height * (1 + 3 * width)
    sum_ = (n_bytes % 65521) << 16 | 1  # Adler-32 of zeros
    data = b"\x78\xda" + _deflated(1 << 20, zlib.Z_FULL_FLUSH) * (n_bytes >> 20)
    data += _deflated(n_bytes % (1 << 20), zlib.Z_FINISH) + struct.pack(">I", sum_)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*chunks, strict=True)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _deflated(n_bytes: int, ending: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(bytes(n_bytes)) + packer.flush(ending)


def make_mov(path: Path, pictures: list[bytes]) -> Path:
    """A QuickTime file of PNGs, whose header says of all of them that they are of 64 x 48 pixels."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
        for number, picture in enumerate(pictures):
            packet = av.Packet(picture)
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            container.mux(packet)
    return path
