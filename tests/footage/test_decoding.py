"""What a decoder complains of is heard: damage that changes pictures and raises no error."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from clipforensics.footage import decoding
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.decoding import check_frames, count_complaints, probe_sound
from clipforensics.footage.limits import Limits
from clipforensics.footage.video import Footage, Timeline, open_video, probe_video
from tests.footage.test_video import KINDS
from tests.support.clips import decode_all, make_clip, make_mov, make_png
from tests.support.damage import flip, same_pictures, shortened
from tests.support.forbidden import forbidden
from tests.support.shared_data import FOOTAGE, needs_shared


def complaint(path: Path) -> str:
    """Why it is refused; empty if it is not."""
    try:
        check_frames(path)
    except UnreadableVideo as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {name: make_clip(folder / name, codec=c, options=o) for name, (c, o) in KINDS.items()}


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_wrong_with_a_sound_video_of_any_kind(name: str, clips: dict[str, Path]) -> None:
    check_frames(clips[name])
    assert count_complaints(clips[name]) == 0


def looked_into_twice(path: Path) -> Footage | None:
    """Of a sound video, by opening it for its packets, for its first frame and for its complaints."""
    try:
        footage = probe_video(path)
        check_frames(path)
    except UnreadableVideo:
        return None
    return footage


@pytest.mark.parametrize("name", KINDS)
def test_a_sound_video_is_opened_once(name: str, clips: dict[str, Path]) -> None:
    found = probe_sound(clips[name])
    assert (found is None) == name.endswith(".webm")  # at VP8 and VP9 their own libraries look
    if found is not None:
        assert found == looked_into_twice(clips[name])


@pytest.mark.parametrize("rotation", [90, 180])
def test_so_is_a_turned_one(rotation: int, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "turned.mp4", rotation=rotation)
    assert probe_sound(path) == probe_video(path)


@pytest.mark.parametrize("name", ["h264-no-b.mp4", "h264.avi", "lossless.mkv", "mpeg4-b.mp4"])
def test_nothing_is_called_sound_by_the_one_opening_that_is_not(
    name: str, tmp_path: Path, clips: dict[str, Path]
) -> None:
    """Cut files and flipped bits: what is refused otherwise is never taken, and numbers are the same."""
    content, whole, n_sound = clips[name].read_bytes(), probe_sound(clips[name]), 0
    for number in range(40):
        path = flip(clips[name], tmp_path / f"flipped{clips[name].suffix}", seed=number)
        if number % 4 == 0:
            path.write_bytes(content[: len(content) * number // 40])
        found = probe_sound(path)
        n_sound += found is not None
        assert found == looked_into_twice(path)
    assert n_sound < 40
    assert whole is not None


def test_a_large_file_is_read_packet_by_packet(
    clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "KEPT_BYTES", clips["h264.avi"].stat().st_size - 1)
    assert probe_sound(clips["h264.avi"]) is None


def test_a_frame_that_grows_later_is_refused_there_too(tmp_path: Path) -> None:
    """Of a bare stream, whose first frame says nothing of the others."""
    small = make_clip(tmp_path / "small.h264", n_frames=5)
    large = make_clip(tmp_path / "large.h264", n_frames=5, width=640, height=480)
    (both := tmp_path / "both.h264").write_bytes(small.read_bytes() + large.read_bytes())
    assert probe_sound(both) is not None
    assert probe_sound(both, Limits(max_pixels=640 * 480 - 1)) is None


class Codec:
    """A decoder that gives one frame a packet, and two more at the end; some are marked as damaged."""

    def __init__(self, damaged: int) -> None:
        self.damaged, self.n, self.codec = damaged, 0, SimpleNamespace(canonical_name="h264")

    def decode(self, packet: object) -> list[Any]:
        found = range(self.n, self.n + (1 if packet else 2))
        self.n = found.stop
        return [
            SimpleNamespace(width=64, height=48, rotation=0, is_corrupt=number == self.damaged)
            for number in found
        ]


@pytest.mark.parametrize("damaged", [None, 0, 2, 4])
def test_no_frame_may_be_marked_as_damaged_not_even_one_that_comes_last(damaged: int | None) -> None:
    stream: Any = SimpleNamespace(codec_context=Codec(-1 if damaged is None else damaged), average_rate=25)
    packets: list[Any] = ["packet"] * 3
    timeline = Timeline([0, 1, 2, 3, 4], 3, 1, False, packets, 0, "")
    quiet = decoding._Quiet([], ())
    if damaged is None:
        assert decoding._sound_footage(timeline, stream, Limits(), quiet) is not None
    else:
        with pytest.raises(UnreadableVideo, match="marked as damaged"):
            decoding._sound_footage(timeline, stream, Limits(), quiet)


def test_the_first_complaint_is_enough_and_the_log_stays_short(
    tmp_path: Path, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, longest = bytearray(clips["h264.ts"].read_bytes()), 0
    for place in range(len(content) // 4, len(content) - 500, 300):
        content[place] ^= 0xFF
    (path := tmp_path / "a.ts").write_bytes(content)
    kept: list[Any] = []
    heard = decoding._heard

    @contextmanager
    def noted() -> Iterator[Any]:
        with heard() as log:
            kept.append(log)
            yield log

    monkeypatch.setattr(decoding, "_heard", noted)
    assert probe_sound(path) is None
    longest = len(kept[0])
    monkeypatch.undo()
    assert count_complaints(path) > 2 * longest > 0


def test_limits_hold_there_too(clips: dict[str, Path]) -> None:
    for limits in (Limits(max_pixels=64 * 48 - 1), Limits(max_frames=29), Limits(max_seconds=1)):
        assert probe_sound(clips["h264.avi"], limits) is None


@needs_shared
def test_nothing_is_wrong_with_real_footage() -> None:
    found = [path for path in sorted(FOOTAGE.rglob("*")) if path.suffix in (".mp4", ".webm")]
    assert len(found) == 28
    n_once = 0
    for path in found:
        check_frames(path)
        if (footage := probe_sound(path)) is not None:
            n_once += 1
            assert footage == probe_video(path)
    assert n_once >= 20


@pytest.mark.parametrize("ending", [".mkv", ".mp4"])
def test_a_video_that_begins_in_the_midst_of_an_open_group_is_sound(
    ending: str, tmp_path: Path, clips: dict[str, Path]
) -> None:
    path = shortened(clips["h264-open-gop.mkv"], tmp_path / f"cut{ending}", first_key=2)
    assert len(decode_all(path)) < 30
    check_frames(path)


FOUND = {"h264-no-b.mp4": 0.8, "mpeg4-b.mp4": 0.4, "vp9.webm": 0.8, "lossless.mkv": 1.0}
"""Least part of the altered copies that is noticed (of real footage: docs/explanation/faults.md)."""


@pytest.mark.parametrize("name", FOUND)
def test_most_single_bits_that_change_pictures_are_complained_of(
    name: str, tmp_path: Path, clips: dict[str, Path]
) -> None:
    before, altered, told = decode_all(clips[name]), 0, 0
    for number in range(40):
        path = flip(clips[name], tmp_path / f"flipped{clips[name].suffix}", seed=number)
        if same_pictures(path, before) is not False:
            continue
        altered += 1
        told += bool(complaint(path))
        assert _counted(path) == bool(complaint(path))
    assert altered >= 10
    assert told >= FOUND[name] * altered


def _counted(path: Path) -> bool:
    """Whether there is anything to count, or the file cannot even be opened."""
    try:
        return count_complaints(path) > 0
    except UnreadableVideo:
        return True


def test_the_codecs_own_library_is_asked_where_it_notices_more(
    tmp_path: Path, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = [flip(clips["vp9.webm"], tmp_path / f"{n}.webm", seed=n) for n in range(20)]
    with_it = sum(bool(complaint(path)) for path in copies)
    monkeypatch.setattr(decoding, "CHECKERS", {})
    assert sum(bool(complaint(path)) for path in copies) < with_it


def test_ten_bits_are_left_to_the_usual_decoder(clips: dict[str, Path]) -> None:
    with open_video(clips["vp9.webm"]) as (_, stream):
        assert decoding._checker(stream).codec.name == "libvpx-vp9"
        stream.codec_context.pix_fmt = "yuv420p10le"
        assert decoding._checker(stream) is stream.codec_context


def test_every_complaint_is_counted_and_the_rest_is_decoded(tmp_path: Path, clips: dict[str, Path]) -> None:
    content = bytearray(clips["h264.avi"].read_bytes())
    for place in range(len(content) // 4, len(content) - 2000, 500):
        content[place] ^= 0xFF
    (tmp_path / "a.avi").write_bytes(content)
    assert count_complaints(tmp_path / "a.avi") > 3


def test_what_libav_says_is_told_with_who_said_it(tmp_path: Path) -> None:
    path = make_mov(tmp_path / "late.mov", [make_png(64, 48), make_png(16000, 16000)])
    found = complaint(path)
    assert found.startswith("its decoder complains: IMGUTILS: Picture size 16000x16000 exceeds")
    assert found.endswith("; copy it again, or set ingest.decoding to lenient")
    assert "\n" not in found
    assert count_complaints(path) >= 1


def _spoil_packets(path: Path, wanted: Callable[[av.Packet, bytes], bool]) -> None:
    """Flip a bit of some packets of an MP4 of H.264, chosen by themselves and their content."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for packet in packets:
        if wanted(packet, bytes(packet)):
            content[packet.pos + packet.size // 3] ^= 4
    path.write_bytes(content)


def test_complaints_of_what_only_leads_up_to_a_trimmed_video_do_not_count(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", width=320, height=240, options={"bf": "3", "g": "100", "crf": "5"})
    with av.open(str(path)) as container:
        tick = int(1 / (25 * container.streams.video[0].time_base))
        first = container.streams.video[0].start_time
    end = first + 9 * tick  # of what will be hidden; there, only frames that no other refers to
    _spoil_packets(path, lambda packet, content: packet.pts < end and content[4] >> 5 & 3 == 0)
    assert count_complaints(path) > 0
    content = bytearray(path.read_bytes())
    entry = content.index(b"elst") + 12  # version and flags, number of entries
    struct.pack_into(">Ii", content, entry, 800, first + 10 * tick)  # show 0.8 s from the tenth frame on
    path.write_bytes(content)
    assert probe_video(path).n_frames == 20
    check_frames(path)
    assert count_complaints(path) == 0


@needs_shared
def test_frames_that_come_out_last_are_looked_at_too(tmp_path: Path) -> None:
    path = flip(FOOTAGE / "real/liveportrait_d1.mp4", tmp_path / "a.mp4", seed=24)
    assert "a frame is marked as damaged" in complaint(path)


@needs_shared
def test_frames_that_the_decoder_marks_as_damaged_are_complaints_though_it_says_nothing(
    tmp_path: Path,
) -> None:
    clip = FOOTAGE / "real/liveportrait_d1.mp4"
    copies = (flip(clip, tmp_path / "a.mp4", seed=seed) for seed in range(20))
    assert any("complains: a frame is marked as damaged" in complaint(path) for path in copies)


def test_frames_that_grow_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    path = make_mov(tmp_path / "a.mov", [make_png(64, 48), make_png(128, 96)])
    for check in (check_frames, count_complaints):
        check(path)
        with pytest.raises(UnreadableVideo, match="is 128x96, over max_pixels=3072"):
            check(path, Limits(max_pixels=64 * 48))


def test_what_the_decoder_of_the_sound_says_does_not_count(
    tmp_path: Path, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        video, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=16000)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        container.mux(video.encode(picture))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 16000, 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with open_video(path) as (container, stream):
        assert decoding._others(container, stream) == {"aac"}
    damaged = flip(clips["h264-no-b.mp4"], tmp_path / "b.mp4", seed=_seed_of_words(clips, tmp_path))
    assert "complains: h264: " in complaint(damaged)
    monkeypatch.setattr(decoding, "_others", lambda *_: {"h264"})
    assert "h264" not in complaint(damaged)


def _seed_of_words(clips: dict[str, Path], folder: Path) -> int:
    """Of a copy of which the decoder says something, and does not only fail or mark."""
    copies = ((seed, flip(clips["h264-no-b.mp4"], folder / "c.mp4", seed=seed)) for seed in range(40))
    return next(seed for seed, path in copies if "h264: " in complaint(path))


def test_listening_leaves_the_log_of_the_process_as_it_was(clips: dict[str, Path]) -> None:
    before = av.logging.get_level(), av.logging.get_skip_repeated()
    check_frames(clips["vp9.webm"])
    assert (av.logging.get_level(), av.logging.get_skip_repeated()) == before == (None, True)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_every_picture_of_a_folder_is_read(ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    for number in range(4):
        Image.effect_noise((64, 64), 50).save(folder / f"{number}.{ending}")
    check_frames(folder)
    assert count_complaints(folder) == 0
    for number in (1, 3):
        path = folder / f"{number}.{ending}"
        path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(UnreadableVideo, match=rf"picture '1\.{ending}' cannot be read"):
        check_frames(folder)
    assert count_complaints(folder) == 2


def test_any_flipped_bit_of_a_png_is_noticed_but_for_its_last_empty_chunk(tmp_path: Path) -> None:
    Image.effect_noise((24, 24), 50).save(tmp_path / "0.png")
    content = (tmp_path / "0.png").read_bytes()
    for bit in range(0, 8 * content.index(b"IEND") - 32, 7):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        (tmp_path / "1.png").write_bytes(changed)
        with pytest.raises(UnreadableVideo, match=r"'1\.png' cannot be read"):
            check_frames(tmp_path / "1.png")
        assert count_complaints(tmp_path / "1.png") == 1


def test_limits_hold(tmp_path: Path, clips: dict[str, Path]) -> None:
    for check in (check_frames, count_complaints):
        with pytest.raises(UnreadableVideo, match="max_frames=29"):
            check(clips["vp9.webm"], Limits(max_frames=29))
        with pytest.raises(UnreadableVideo, match="max_pixels=3071"):
            check(clips["vp9.webm"], Limits(max_pixels=64 * 48 - 1))


def test_what_may_not_be_read_is_not_complained_of(clips: dict[str, Path]) -> None:
    for check in (check_frames, count_complaints):
        with forbidden(clips["vp9.webm"]) as path, pytest.raises(PermissionError):
            check(path)
