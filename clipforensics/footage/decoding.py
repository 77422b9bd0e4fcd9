"""Every frame of a video decoded once: what libav complains of meanwhile, which nobody else would hear.

A decoder hides damage as well as it can: one flipped bit changes pictures, and no error is raised. But it
says so in its log, and marks frames that it made up. Of formats without check sums much damage is lawful
content, which nothing can notice (docs/explanation/faults.md has the numbers).
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from clipforensics.footage.content import UnreadableVideo, content_of
from clipforensics.footage.limits import ANY, Limits
from clipforensics.footage.pictures import check_picture, holds_pictures, list_pictures
from clipforensics.footage.video import (
    KEPT_BYTES,
    Footage,
    Timeline,
    check_whole,
    footage_of,
    open_video,
    read_packets,
    read_timeline,
)

CHECKS = "crccheck+bitstream+buffer"
"""What libav is to look at beyond what it must: check sums, the rules of the bitstream, lengths."""

LONGEST = 160
"""Characters of a complaint that are kept."""

CHECKERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Codecs whose own library notices what FFmpeg's decoder does not: a frame that ends before its packet."""

_CHECKED_FORMATS = ("yuv420p", "yuv422p", "yuv440p", "yuv444p", "gbrp")  # of 8 bits, which any libvpx reads

P = TypeVar("P")
Log = list[tuple[int, str, str]]
"""What libav said: level, who, text."""


def probe_sound(path: Path, limits: Limits = ANY) -> Footage | None:
    """Of a video whose decoder complains of nothing what `video.probe_video` gives, by opening it once.

    Args:
        path: A video file.
        limits: The most that it may have.

    Returns:
        None: it is not sound, is large, or needs another decoder to be judged; what holds of it
        `probe_video` says, and then `check_frames` or `count_complaints`.

    Raises:
        OSError: it cannot be read, whatever it holds.
    """
    opening = open_video(path, {"err_detect": f"{CHECKS}+explode"}, limits)
    try:
        if content_of(path).size > KEPT_BYTES:
            return None
        with _heard() as log, opening as (container, stream):
            if _checker(stream) is not stream.codec_context:
                return None
            quiet = _Quiet(log, _others(container, stream))
            packets = quiet.checked(read_packets(container, stream, limits))
            timeline = read_timeline(container, stream, limits, packets)
            check_whole(path, timeline)
            return _sound_footage(timeline, stream, limits, quiet)
    except UnreadableVideo:
        return None


@dataclass(frozen=True)
class _Quiet:
    """Ends with the first complaint: the rest of the log, which may be long, is not waited for."""

    log: Log
    others: Collection[str]

    def checked(self, packets: Iterable[P]) -> Iterator[P]:
        for packet in packets:
            self.check()
            yield packet
        self.check()

    def check(self) -> None:
        if any(name not in self.others for _, name, _ in self.log):
            raise UnreadableVideo("its decoder complains")
        self.log.clear()


def _sound_footage(timeline: Timeline, stream: VideoStream, limits: Limits, quiet: _Quiet) -> Footage | None:
    """What the frames show; None if the packets were not kept."""
    footage = None
    for packet in quiet.checked([*timeline.kept, None] if timeline.kept else ()):
        for frame in stream.codec_context.decode(packet):
            limits.check_pixels(frame.width, frame.height)
            if frame.is_corrupt:
                raise UnreadableVideo("a frame is marked as damaged")
            footage = footage or footage_of(timeline, stream, frame)
    return footage


def check_frames(path: Path, limits: Limits = ANY) -> None:
    """Decode every frame, or check every picture, and stop at the first complaint.

    Args:
        path: A video, or pictures, of which the first frame has been read.
        limits: The most that it may have.

    Raises:
        UnreadableVideo: there is one; the message holds it.
        OSError: it cannot be read, whatever it holds.
    """
    if holds_pictures(path):
        for number, picture in enumerate(list_pictures(path)):
            check_picture(picture, limits, was_read=number == 0)
        return
    for complaint in _complaints(path, f"{CHECKS}+explode", limits):
        raise UnreadableVideo(
            f"its decoder complains: {complaint}; copy it again, or set ingest.decoding to lenient"
        )


def count_complaints(path: Path, limits: Limits = ANY) -> int:
    """Decode every frame, or check every picture, whatever is wrong with some, and count the complaints.

    Args:
        path: As in `check_frames`.
        limits: As there.

    Returns:
        Errors that libav tells of while it reads and decodes the video, with the frames that it marks as
        damaged; of pictures, those that cannot be read.

    Raises:
        UnreadableVideo: it cannot be opened, or is beyond `limits`.
        OSError: it cannot be read, whatever it holds.
    """
    if not holds_pictures(path):
        return sum(1 for _ in _complaints(path, CHECKS, limits))
    n_complaints = 0
    for number, picture in enumerate(list_pictures(path)):
        try:
            check_picture(picture, limits, was_read=number == 0)
        except UnreadableVideo:
            n_complaints += 1
    return n_complaints


def _complaints(path: Path, checks: str, limits: Limits) -> Iterator[str]:
    """Each complaint, as it is heard."""
    with _heard() as log, open_video(path, {"err_detect": checks}, limits) as (container, stream):
        others = _others(container, stream)
        decoder = _checker(stream)
        for packet in _to_the_end(container, stream, limits):
            damaged, failure = 0, ""
            try:
                for frame in decoder.decode(packet):
                    limits.check_pixels(frame.width, frame.height)
                    damaged += frame.is_corrupt
            except av.FFmpegError as error:
                failure = str(error.strerror)
            said = [_in_words(name, text) for _, name, text in log if name not in others]
            log.clear()
            if packet is not None and packet.is_discard:
                continue  # it only leads up to what is shown
            yield from said or ([failure] if failure else ())
            yield from ["a frame is marked as damaged"] * damaged


@contextmanager
def _heard() -> Iterator[Log]:
    """Errors that libav tells of on this thread; decoders must use no other one.

    What libav says is one setting of the whole process.
    """
    level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture() as log:
            yield log
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skips)


def _others(container: InputContainer, stream: VideoStream) -> set[str]:
    """Decoders of sound and the rest, which libav tries while it opens a file."""
    codecs = (other.codec_context for other in container.streams if other is not stream)
    return {codec.name for codec in codecs if codec is not None} - {stream.codec_context.name}


def _checker(stream: VideoStream) -> Any:
    """The decoder that notices most, on one thread."""
    usual = stream.codec_context
    better = CHECKERS.get(usual.codec.canonical_name)
    is_better = better in av.codec.codecs_available and usual.pix_fmt in _CHECKED_FORMATS
    decoder = av.codec.CodecContext.create(better, "r") if better and is_better else usual
    decoder.extradata, decoder.options = usual.extradata, usual.options
    decoder.thread_count = 1
    return decoder


def _to_the_end(container: InputContainer, stream: VideoStream, limits: Limits) -> Iterator[Packet | None]:
    """The packets, and behind them None, which brings out what decoders still hold."""
    yield from read_packets(container, stream, limits)
    yield None


def _in_words(name: str, text: str) -> str:
    printed = "".join(c for c in " ".join(text.split()) if c.isprintable())
    return (f"{name}: {printed}" if name not in ("", "NULL") else printed)[:LONGEST]
