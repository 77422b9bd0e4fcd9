"""What a video file says of itself: container, streams, codec and tags; and when each frame is shown.

Nothing here is checked by anybody: a tag is what its writer put there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from clipforensics.footage.video import is_shown, open_video, read_packets

MOST_TAGS = 64
"""Tags of a container or stream that are kept."""

LONGEST_TAG = 256
"""Characters of a tag's name and of its text that are kept."""

MOST_STREAMS = 32
"""Streams of a file that are described."""

RANGES = {0: "unspecified", 1: "limited", 2: "full"}
"""libav's number of a colour range."""

SPACES = {0: "rgb", 1: "bt709", 2: "unspecified", 5: "bt470bg", 6: "smpte170m", 9: "bt2020nc", 10: "bt2020c"}
"""Number of a colour space (matrix coefficients) by ITU-T H.273, which libav keeps."""


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a file.

    Attributes:
        kind: `video`, `audio`, `subtitle`, `data` or `attachment`.
        codec: Name of its codec as libav calls it; empty where that is unknown.
        profile: Of the codec; empty where it has none or does not say.
        bit_rate: Bits a second by its header, 0 where that does not say.
        sample_rate: Of sound, samples a second; 0 of anything else.
        channels: Of sound; 0 of anything else.
        tags: What its writer put there.
    """

    kind: str
    codec: str
    profile: str
    bit_rate: int
    sample_rate: int
    channels: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Container:
    """A video file by its headers and packets.

    Attributes:
        format: Name of the container's format, or names where libav has one reader for several.
        n_streams: Streams in it.
        seconds: Duration by the header, None where that does not say.
        start: Time of its first packet, seconds; None where that is unknown.
        bit_rate: Bits a second of everything, 0 where that is unknown.
        created: Its tag `creation_time`; empty where it has none.
        tags: All tags of the container.
        tracks: Its first `MOST_STREAMS` streams, in its order.
        codec_tag: Four characters by which the container names the video's codec; empty where it has none.
        pixel_format: Of the video, such as `yuv420p`.
        colour_range: As tagged, one of `RANGES`.
        colour_space: As tagged, one of `SPACES`, else its number.
        coded_width: Of a stored frame, before any turn, pixels.
        coded_height: Of a stored frame.
        sample_aspect: Width over height of a pixel, `1:1` if square; empty where it does not say.
        frame_rate: Frames a second by the container, on average, as a fraction; empty where unknown.
        time_base: Seconds a tick of the video's time stamps, as a fraction.
        n_promised: Frames that the header promises, 0 where it does not.
        n_packets: Packets of the video stream.
        n_keys: Those of them that are key frames.
        longest_key_interval: Most packets from one key frame to the next.
        times: When each frame is shown, seconds from the file's time 0, in order; empty where the time stamps
            are missing or doubled.
    """

    format: str
    n_streams: int
    seconds: float | None
    start: float | None
    bit_rate: int
    created: str
    tags: Mapping[str, str]
    tracks: tuple[Track, ...]
    codec_tag: str
    pixel_format: str
    colour_range: str
    colour_space: str
    coded_width: int
    coded_height: int
    sample_aspect: str
    frame_rate: str
    time_base: str
    n_promised: int
    n_packets: int
    n_keys: int
    longest_key_interval: int
    times: tuple[float, ...]

    @property
    def key_interval(self) -> float:
        """Packets a key frame, on average; 0 without any."""
        return self.n_packets / self.n_keys if self.n_keys else 0.0

    @property
    def steps(self) -> tuple[float, float] | None:
        """Shortest and longest time from one frame to the next, seconds; None for fewer than two times."""
        found = [after - before for before, after in pairwise(self.times)]
        return (min(found), max(found)) if found else None


def read_container(path: Path) -> Container:
    """Read a file's headers and every packet of its first moving picture; nothing is decoded.

    Raises:
        UnreadableVideo: as `video.probe_video`, as far as that shows without decoding.
        OSError: it cannot be read.
    """
    with open_video(path) as (container, stream):
        about = _about(container, stream)
        return Container(**about, **_packets_of(container, stream))


def tags_of(metadata: Mapping[str, str]) -> dict[str, str]:
    """Tags by name, sorted, at most `MOST_TAGS`; blanks become one, and what cannot be printed goes."""
    named = sorted((_clean(name), _clean(text)) for name, text in metadata.items())
    return dict(named[:MOST_TAGS])


def _clean(text: str) -> str:
    printed = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return printed[:LONGEST_TAG].strip()


def _about(container: InputContainer, stream: VideoStream) -> dict[str, Any]:
    codec, tags = stream.codec_context, tags_of(container.metadata)
    aspect = codec.sample_aspect_ratio
    return {
        "format": container.format.name,
        "n_streams": len(container.streams),
        "seconds": _seconds(container.duration),
        "start": _seconds(container.start_time),
        "bit_rate": int(container.bit_rate or 0),
        "created": _named(tags, "creation_time"),
        "tags": tags,
        "tracks": tuple(_tracks(container)),
        "codec_tag": _clean(codec.codec_tag.replace("\0", "")),
        "pixel_format": codec.pix_fmt or "",
        "colour_range": RANGES.get(codec.color_range, str(codec.color_range)),
        "colour_space": SPACES.get(codec.colorspace, str(codec.colorspace)),
        "coded_width": codec.width,
        "coded_height": codec.height,
        "sample_aspect": f"{aspect.numerator}:{aspect.denominator}" if aspect else "",
        "frame_rate": str(stream.average_rate or ""),
        "time_base": str(stream.time_base or ""),
        "n_promised": stream.frames,
    }


def _packets_of(container: InputContainer, stream: VideoStream) -> dict[str, Any]:
    keys: list[int] = []
    stamps: list[int | None] = []
    n_packets = 0
    for packet in read_packets(container, stream):
        if packet.is_keyframe:
            keys.append(n_packets)
        n_packets += 1
        if is_shown(packet, stream):
            stamps.append(packet.pts)
    ends = [*keys, n_packets]
    known = sorted({stamp for stamp in stamps if stamp is not None})
    base = stream.time_base
    times = tuple(float(stamp * base) for stamp in known) if base and len(known) == len(stamps) else ()
    return {
        "n_packets": n_packets,
        "n_keys": len(keys),
        "longest_key_interval": max((after - before for before, after in pairwise(ends)), default=0),
        "times": times,
    }


def _tracks(container: InputContainer) -> Iterator[Track]:
    for stream in list(container.streams)[:MOST_STREAMS]:
        yield _track(stream)


def _track(stream: Stream) -> Track:
    codec: Any = getattr(stream, "codec_context", None)
    is_sound = stream.type == "audio" and codec is not None
    return Track(
        kind=stream.type,
        codec="" if codec is None else codec.name,
        profile="" if codec is None else codec.profile or "",
        bit_rate=0 if codec is None else int(codec.bit_rate or 0),
        sample_rate=codec.sample_rate if is_sound else 0,
        channels=codec.channels if is_sound else 0,
        tags=tags_of(stream.metadata),
    )


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1_000_000


def _named(tags: Mapping[str, str], wanted: str) -> str:
    return next((text for name, text in tags.items() if name.lower() == wanted), "")
