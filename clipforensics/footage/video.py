"""Video files: how many frames they hold, and taking chosen ones exactly and in order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from clipforensics.footage.content import UnreadableVideo, content_of, open_content
from clipforensics.footage.limits import ANY, Limits

MAX_ENCODER = 64
"""Most characters of a file's encoder tags that are kept."""

# Playlists and stream descriptions (hls, concat, sdp, ...) can name other files and addresses,
# so only containers that hold their own content are opened, and only from the file system.
_CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,flv,ogg,asf,h264,hevc,gif"
_OPEN_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
_CODEC_OPTIONS = ("err_detect", "max_pixels")  # of those that a file is opened with


KEPT_BYTES = 1 << 26
"""Up to this size the packets of a video stay in memory, so that it is opened and read once."""


@dataclass(frozen=True, slots=True)
class Footage:
    """What a video holds: frames that a player would show, their size in pixels there, the codec's name.

    `frame_rate` is frames a second by the container, on average; 0 where it does not say, or for pictures.
    `key_interval` and `encoder` are as in `core.records.Video`.
    """

    n_frames: int
    width: int
    height: int
    codec: str
    frame_rate: float = 0.0
    key_interval: float = 0.0
    encoder: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What one pass over the packets shows, and what the headers say of them.

    Attributes:
        times: Presentation times of the packets that yield a picture, in file order.
        n_packets: All packets.
        n_keys: Those of key frames.
        incomplete: The last packet is damaged, or the stream ends before its stated length.
        kept: All packets, or none if they exceed `KEPT_BYTES`.
        n_promised: Packets by the header, 0 where it does not say.
        encoder: As `read_encoder` gives it.
    """

    times: list[int | None]
    n_packets: int
    n_keys: int
    incomplete: bool
    kept: list[Packet]
    n_promised: int
    encoder: str


def probe_video(path: Path, limits: Limits = ANY) -> Footage:
    """Count a file's frames and check that it can be decoded.

    Frames are counted by reading every packet, since the counts in headers can be wrong or
    missing. Packets that the container hides (edit lists, VP8's alternate references) do not
    count. The first frame is decoded.

    Args:
        path: The file.
        limits: The most that it may have.

    Raises:
        UnreadableVideo: not a video, damaged, truncated, without frames, or beyond `limits`.
        OSError: it cannot be read, whatever it holds.
    """
    limits.check_bytes(content_of(path).size)
    with open_video(path, limits=limits) as (container, stream):
        timeline = read_timeline(container, stream, limits)
    check_whole(path, timeline)
    with open_video(path, limits=limits) as (container, stream):
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            limits.check_pixels(frame.width, frame.height)
            return footage_of(timeline, stream, frame)
    raise UnreadableVideo("no frame of it can be decoded; remove it or copy it again")


def check_whole(path: Path, timeline: Timeline) -> None:
    """Hold what a pass over a file's packets showed against what the file promises.

    Raises:
        UnreadableVideo: it holds no frames, or is cut off.
        OSError: it cannot be read.
    """
    promised, n_packets = timeline.n_promised, timeline.n_packets
    if not timeline.times:
        raise UnreadableVideo("holds no frames; remove it")
    cut = timeline.incomplete or _is_cut_matroska(path)
    if cut or (promised > n_packets and promised > _packets_without_edits(path)):
        raise UnreadableVideo(
            f"is truncated: its header promises {promised or 'more'} frames,"
            f" the file holds {n_packets}; copy it again"
        )


def footage_of(timeline: Timeline, stream: VideoStream, frame: VideoFrame) -> Footage:
    """What a video holds, by its packets, its stream, whose decoder is open, and its first frame."""
    codec, rate = stream.codec_context.codec.canonical_name, float(stream.average_rate or 0)
    width, height = frame.width, frame.height
    if _quarters(frame) % 2:
        width, height = height, width
    interval = round(timeline.n_packets / timeline.n_keys, 3) if timeline.n_keys else 0.0
    return Footage(len(timeline.times), width, height, codec, rate, interval, timeline.encoder)


def decode_frames(path: Path, indices: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Decode chosen frames of a file in one pass from its beginning to the last one wanted.

    Frame numbers follow presentation order, whatever order the file stores them in. Frames
    that no other frame refers to and nobody wants are not decoded; this changes no pixel of
    the others. One thread is used: videos are decoded side by side. Where times are missing
    or doubled every frame is decoded and counted instead.

    Colour is libswscale's conversion to rgb24, untagged footage being read as BT.601 in
    limited range, as OpenCV does; transparent parts of a GIF are white. Frames are turned as the
    container's display matrix asks for (in quarter turns), as players do.

    Args:
        path: The file.
        indices: Strictly increasing 0-based frame numbers.

    Yields:
        Frame number and uint8 array (height, width, 3), RGB; each number once, in order
        unless the decoder itself delivers out of order.

    Raises:
        UnreadableVideo: a frame cannot be decoded, is marked as damaged, or does not exist.
    """
    if any(b <= a for a, b in pairwise(indices)):
        raise ValueError(f"frame numbers must increase strictly, got {list(indices)}")
    with open_video(path) as (container, stream):
        timeline = read_timeline(container, stream)
        wanted = _wanted_times(timeline.times, indices)
        if wanted and timeline.kept:
            yield from _decode_by_time(stream, timeline.kept, wanted, skip_unwanted=True)
    if wanted is None:
        yield from _decode_by_count(path, indices)
        return
    for skip_unwanted in (True, False):
        if wanted and not (skip_unwanted and timeline.kept):
            with open_video(path) as (container, stream):
                packets = read_packets(container, stream)
                yield from _decode_by_time(stream, packets, wanted, skip_unwanted=skip_unwanted)
    if wanted:
        raise UnreadableVideo(f"frame {min(wanted.values())} cannot be decoded")


def _wanted_times(times: Sequence[int | None], indices: Sequence[int]) -> dict[int, int] | None:
    """Presentation time -> frame number of the wanted frames; None if times do not tell them apart."""
    if len(indices) and indices[-1] >= len(times):
        raise UnreadableVideo(f"has {len(times)} frames, frame {indices[-1]} was asked for")
    ordered = sorted({time for time in times if time is not None})
    return {ordered[i]: int(i) for i in indices} if len(ordered) == len(times) else None


def _decode_by_time(
    stream: VideoStream, packets: Iterable[Packet], wanted: dict[int, int], *, skip_unwanted: bool
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield frames of `wanted` and take them out of it; stop once the last wanted packet went in."""
    goal = frozenset(wanted)
    left = len(goal)
    reformatter = VideoReformatter()
    codec = stream.codec_context
    codec.thread_count = 1
    for packet in packets:
        hit = packet.pts in goal
        codec.skip_frame = "NONREF" if skip_unwanted and not hit else "DEFAULT"
        for frame in codec.decode(packet):
            if frame.pts in wanted:
                yield wanted.pop(frame.pts), _rgb(frame, reformatter)
        left -= hit
        if not left:
            break
    for frame in codec.decode(None):
        if frame.pts in wanted:
            yield wanted.pop(frame.pts), _rgb(frame, reformatter)


def _decode_by_count(path: Path, indices: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Decode everything and number the frames as the decoder delivers them."""
    wanted = {int(i) for i in indices}
    reformatter = VideoReformatter()
    with open_video(path) as (container, stream):
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                yield number, _rgb(frame, reformatter)
                wanted.discard(number)
            if not wanted:
                return
    raise UnreadableVideo(f"frame {min(wanted)} cannot be decoded")


def _rgb(frame: VideoFrame, reformatter: VideoReformatter) -> NDArray[np.uint8]:
    if frame.is_corrupt:
        raise UnreadableVideo("a frame is marked as damaged by the decoder")
    picture = np.asarray(reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray(), np.uint8)
    quarters = _quarters(frame)
    return np.ascontiguousarray(np.rot90(picture, quarters)) if quarters else picture


def _quarters(frame: VideoFrame) -> int:
    """Quarter turns that the container asks for, 0 to 3."""
    return round(frame.rotation / 90) % 4


def read_timeline(
    container: InputContainer,
    stream: VideoStream,
    limits: Limits = ANY,
    packets: Iterable[Packet] | None = None,
) -> Timeline:
    """Read every packet (or those that `read_packets` gave); beyond `limits` UnreadableVideo."""
    times: list[int | None] = []
    kept: list[Packet] = []
    n_packets = n_bytes = n_keys = last_time = 0
    damaged = False
    for packet in read_packets(container, stream, limits) if packets is None else packets:
        n_packets += 1
        n_bytes += packet.size
        n_keys += packet.is_keyframe
        if n_bytes <= KEPT_BYTES:
            kept.append(packet)
        damaged = packet.is_corrupt
        last_time = max(last_time, packet.pts or 0)
        if is_shown(packet, stream):
            times.append(packet.pts)
    limits.check_seconds(_seconds(times, stream))
    last_second = float(last_time * stream.time_base) if stream.time_base else 0.0
    incomplete = damaged or last_second < 0.9 * _tagged_seconds(stream) - 0.5
    kept = kept if len(kept) == n_packets else []
    encoder = read_encoder(container.metadata, stream.metadata)
    return Timeline(times, n_packets, n_keys, incomplete, kept, stream.frames, encoder)


def _seconds(times: Sequence[int | None], stream: VideoStream) -> float:
    """How long a player would show it: by the packets' times, else by their number and the stated rate."""
    a_frame = float(1 / stream.average_rate) if stream.average_rate else 0.0
    known = [time for time in times if time is not None]
    if not known or not stream.time_base:
        return len(times) * a_frame
    return float((max(known) - min(known)) * stream.time_base) + a_frame


def read_encoder(container: Mapping[str, str], stream: Mapping[str, str]) -> str:
    """What container and stream say of the program that made them: their tags `encoder`, joined by `; `.

    Anybody can write anything there: blanks become one, what cannot be printed goes, and of the whole the
    first `MAX_ENCODER` characters are kept.

    Args:
        container: Its tags.
        stream: The video stream's.
    """
    found = (next((v for k, v in of.items() if k.lower() == "encoder"), "") for of in (container, stream))
    words = ("".join(c for c in " ".join(tag.split()) if c.isprintable()) for tag in found)
    return "; ".join(filter(None, words))[:MAX_ENCODER].strip()


def _packets_without_edits(path: Path) -> int:
    """Packets when an MP4's edit list is left aside: trimmed files hold more than they show."""
    with open_video(path, {"ignore_editlist": "1"}) as (container, stream):
        return sum(1 for _ in read_packets(container, stream))


def _tagged_seconds(stream: VideoStream) -> float:
    """Length that a Matroska or WebM stream states for itself; 0 if it does not."""
    tag = next((v for k, v in stream.metadata.items() if k.upper().startswith("DURATION")), "")
    try:
        hours, minutes, seconds = (float(part) for part in tag.strip("\0 ").split(":"))
    except ValueError:
        return 0.0
    return 3600 * hours + 60 * minutes + seconds


def _is_cut_matroska(path: Path) -> bool:
    """True if a Matroska or WebM file is shorter than its outermost element says (RFC 8794)."""
    with open_content(path) as file:
        head = file.read(256)
    position = 0
    for identifier in (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"):  # EBML header, then Segment
        if head[position : position + 4] != identifier or len(head) < position + 12:
            return False
        length = 9 - head[position + 4].bit_length()
        digits = int.from_bytes(head[position + 4 : position + 4 + length]) & ((1 << 7 * length) - 1)
        position += 4 + length + digits
    unknown = digits == (1 << 7 * length) - 1
    return not unknown and content_of(path).size < position


def is_shown(packet: Packet, stream: VideoStream) -> bool:
    """False for packets that yield no picture: cut off by an edit list, or VP8 references."""
    hidden_reference = stream.codec_context.name == "vp8" and not bytes(packet)[0] & 0x10
    return not packet.is_discard and not hidden_reference


def read_packets(container: InputContainer, stream: VideoStream, limits: Limits = ANY) -> Iterator[Packet]:
    """Packets of a stream that hold anything; of more than the limit of frames UnreadableVideo."""
    n_packets = 0
    for packet in container.demux(stream):
        if packet.size:
            n_packets += 1
            limits.check_frames(n_packets)
            yield packet


@contextmanager
def open_video(
    path: Path, options: Mapping[str, str] | None = None, limits: Limits = ANY
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file's first moving picture with further options; libav's errors become `UnreadableVideo`.

    Raises:
        UnreadableVideo: as `probe_video`, as far as that shows.
        OSError: it cannot be read, whatever it holds.
    """
    content = content_of(path)
    if content.size == 0:
        raise UnreadableVideo("is empty (0 bytes); copy it again")
    # This reaches the decoders that libav tries by itself while it opens a file, too.
    options = {**_OPEN_OPTIONS, "max_pixels": str(_decoders_limit(limits)), **(options or {})}
    try:
        with ExitStack() as stack:
            # A file by its name, which libav reads by itself; a part of a shard as a file object.
            part = stack.enter_context(open_content(path))  # told as the system tells it where that fails
            file = str(path.absolute()) if content.file == path else part
            opening = av.open(file, "r", options=options, metadata_errors="ignore")
            container = stack.enter_context(opening)
            yield container, _video_stream(container, options, limits)
    except av.FFmpegError as error:
        raise UnreadableVideo(
            f"cannot be decoded ({error.strerror}): corrupt, truncated or not a video; copy it again"
        ) from error


def _decoders_limit(limits: Limits) -> int:
    """Some more than the limit: decoders count the pixels of their own memory, with borders and padding."""
    return limits.max_pixels * 5 // 4 + (1 << 20)


def _video_stream(container: InputContainer, options: Mapping[str, str], limits: Limits) -> VideoStream:
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        codec = stream.codec_context
        if codec is None:
            raise UnreadableVideo("has no known codec: truncated, or of an unknown kind; copy it again")
        if not codec.width:  # nor could libav find out, decoding what is within the limit
            raise UnreadableVideo(
                f"has no frame that tells its size within max_pixels={limits.max_pixels}; copy it again"
            )
        limits.check_pixels(codec.width, codec.height)
        codec.options = {name: options[name] for name in _CODEC_OPTIONS if name in options}
        return stream
    kinds = sorted({stream.type for stream in container.streams})
    raise UnreadableVideo(f"holds no video, only {', '.join(kinds) or 'a header'}; remove it")
