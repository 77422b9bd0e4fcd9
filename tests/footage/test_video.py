"""Frames are counted, chosen and decoded exactly."""

import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import av
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from clipforensics.footage import video
from clipforensics.footage.limits import Limits
from clipforensics.footage.video import (
    MAX_ENCODER,
    Footage,
    UnreadableVideo,
    decode_frames,
    probe_video,
    read_encoder,
)
from clipforensics.frames.rows import sample_frame_indices
from tests.support.clips import decode_all, make_clip, make_mov, make_png, make_sound
from tests.support.forbidden import forbidden
from tests.support.shared_data import FOOTAGE, needs_shared

KINDS = {
    "h264-b-pyramid.mp4": ("libx264", {"bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0:keyint=12"}),
    "h264-open-gop.mkv": ("libx264", {"bf": "2", "x264-params": "open-gop=1:b-adapt=0:keyint=8"}),
    "h264-no-b.mp4": ("libx264", {"bf": "0"}),
    "h264.ts": ("libx264", {"bf": "3"}),
    "h264.avi": ("libx264", {"bf": "2", "x264-params": "b-adapt=0"}),
    "mpeg4-b.mp4": ("mpeg4", {"bf": "2"}),
    "mpeg4.avi": ("mpeg4", {}),
    "vp8-hidden.webm": ("libvpx", {"auto-alt-ref": "1", "lag-in-frames": "12", "cpu-used": "5"}),
    "vp9.webm": ("libvpx-vp9", {"lag-in-frames": "12", "cpu-used": "5"}),
    "lossless.mkv": ("ffv1", {}),
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {name: make_clip(folder / name, codec=c, options=o) for name, (c, o) in KINDS.items()}


@given(n=st.integers(0, 2000), k=st.integers(1, 300))
def test_indices_are_the_centres_of_equal_parts(n: int, k: int) -> None:
    found = sample_frame_indices(n, k).tolist()
    expected = [floor((i + Fraction(1, 2)) * n / k) for i in range(k)] if n > k else list(range(n))
    assert found == expected
    assert len(found) == min(n, k)
    assert found == sorted(set(found))


@given(n=st.integers(1, 2000), k=st.integers(1, 50))
def test_indices_span_the_whole_length(n: int, k: int) -> None:
    found = sample_frame_indices(n, k)
    gaps = np.diff([-found[0] - 1, *found, 2 * n - 1 - found[-1]])
    assert found[0] >= 0
    assert found[-1] < n
    assert gaps.max() - gaps.min() <= 2


@pytest.mark.parametrize(("n", "k"), [(10, 0), (-1, 4)])
def test_indices_refuse_nonsense(n: int, k: int) -> None:
    with pytest.raises(ValueError, match="k >= 1"):
        sample_frame_indices(n, k)


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_is_counted(name: str, clips: dict[str, Path]) -> None:
    found = probe_video(clips[name])
    assert (found.n_frames, found.width, found.height) == (30, 64, 48)


@pytest.mark.parametrize("name", KINDS)
def test_the_codec_is_ffmpegs_name_of_it(name: str, clips: dict[str, Path]) -> None:
    kind = name.replace("lossless", "ffv1").replace(".", "-").split("-")[0]
    assert probe_video(clips[name]).codec == kind


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("step", [1, 2, 3, 7, 29])
def test_frames_equal_those_of_a_full_decode(name: str, step: int, clips: dict[str, Path]) -> None:
    whole = decode_all(clips[name])
    for first in range(min(step, 4)):
        indices = list(range(first, 30, step))
        found = dict(decode_frames(clips[name], indices))
        assert list(found) == indices
        assert all(np.array_equal(found[i], whole[i]) for i in indices)


@pytest.mark.parametrize("name", KINDS)
def test_numbers_follow_what_is_shown(name: str, clips: dict[str, Path]) -> None:
    levels = [frame.mean() for _, frame in decode_frames(clips[name], range(30))]
    assert np.abs(np.array(levels) - (30 + 6 * np.arange(30))).max() < 4


def test_one_pass_is_enough(clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    by_time = video._decode_by_time
    monkeypatch.setattr(
        video, "_decode_by_time", lambda *a, **k: passes.append(k["skip_unwanted"]) or by_time(*a, **k)
    )
    for name in KINDS:
        assert len(dict(decode_frames(clips[name], [0, 13, 27]))) == 3
    assert passes == [True] * len(KINDS)


def test_long_files_are_read_twice_instead_of_kept(
    clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "KEPT_BYTES", 1000)
    test_frames_equal_those_of_a_full_decode("h264-b-pyramid.mp4", 7, clips)


def test_frames_lost_by_skipping_are_decoded_in_full(
    clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_time = video._decode_by_time

    def forgetful(stream, packets, wanted, *, skip_unwanted):  # type: ignore[no-untyped-def]
        packets = list(packets)
        return by_time(stream, packets[:9] if skip_unwanted else packets, wanted, skip_unwanted=skip_unwanted)

    monkeypatch.setattr(video, "_decode_by_time", forgetful)
    test_frames_equal_those_of_a_full_decode("h264-b-pyramid.mp4", 7, clips)


def test_frames_that_never_come_are_named(clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_decode_by_time", lambda *a, **k: iter(()))
    with pytest.raises(UnreadableVideo, match="frame 5 cannot be decoded"):
        list(decode_frames(clips["vp9.webm"], [5, 9]))


def test_missing_times_are_replaced_by_counting(
    clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "_wanted_times", lambda times, indices: None)
    for name in ("h264-b-pyramid.mp4", "mpeg4.avi"):
        test_frames_equal_those_of_a_full_decode(name, 7, clips)


@pytest.mark.parametrize("times", [[0, 1, None], [0, 1, 1], [None] * 3])
def test_times_that_do_not_tell_frames_apart_are_not_used(times: list[int | None]) -> None:
    assert video._wanted_times(times, [0, 2]) is None
    assert video._wanted_times([30, 10, 20], [0, 2]) == {10: 0, 30: 2}


@pytest.mark.parametrize("indices", [[3, 3], [4, 2]])
def test_frame_numbers_must_increase(indices: list[int], clips: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="increase strictly"):
        list(decode_frames(clips["vp9.webm"], indices))


def test_a_frame_beyond_the_end_is_refused(clips: dict[str, Path]) -> None:
    with pytest.raises(UnreadableVideo, match="has 30 frames, frame 30 was asked for"):
        list(decode_frames(clips["vp9.webm"], [0, 30]))


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_rotation_is_that_of_players(turn: int, tmp_path: Path) -> None:
    upright = decode_all(make_clip(tmp_path / "a.mp4", n_frames=3))
    path = make_clip(tmp_path / "b.mp4", n_frames=3, rotation=turn)
    (_, found), *_ = decode_frames(path, [1])
    assert np.array_equal(found, np.rot90(upright[1], turn // 90))  # both counter-clockwise
    assert found.flags.c_contiguous
    probed = probe_video(path)
    assert (probed.height, probed.width) == found.shape[:2]


def test_untagged_colour_is_bt601_in_limited_range(tmp_path: Path) -> None:
    path = tmp_path / "red.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        planes = np.concatenate([np.full(256, 81), np.full(64, 90), np.full(64, 240)]).astype(np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(planes.reshape(24, 16), format="yuv420p")))
        container.mux(stream.encode(None))
    ((_, frame),) = decode_frames(path, [0])
    assert np.abs(frame.astype(int) - [255, 0, 0]).max() <= 2  # red, ITU-R BT.601


def test_frames_hidden_by_an_edit_list_do_not_count(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "trimmed.mp4", options={"bf": "0", "g": "100"})
    content = bytearray(path.read_bytes())
    entry = content.index(b"elst") + 12  # version and flags, number of entries
    with av.open(str(path)) as container:
        tick = int(1 / (25 * container.streams.video[0].time_base))
    struct.pack_into(">Ii", content, entry, 800, 10 * tick)  # show 0.8 s from the tenth frame on
    path.write_bytes(content)
    whole = decode_all(path)
    assert len(whole) == 20
    assert probe_video(path).n_frames == 20
    found = dict(decode_frames(path, [0, 7, 19]))
    assert all(np.array_equal(found[i], whole[i]) for i in (0, 7, 19))
    assert abs(found[0].mean() - 90) < 4


def _cut(path: Path, part: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    return path


@pytest.mark.parametrize("part", [0.3, 0.7, 0.9])
@pytest.mark.parametrize("name", ["a.mp4", "fast.mp4", "a.webm", "a.mkv", "a.avi"])
def test_truncated_files_are_named_so(name: str, part: float, tmp_path: Path) -> None:
    codec = {"webm": "libvpx", "avi": "mpeg4"}.get(name.split(".")[1], "libx264")
    flags = {"movflags": "faststart"} if name == "fast.mp4" else {}
    path = _cut(make_clip(tmp_path / name, codec=codec, container_options=flags, n_frames=60), part)
    with pytest.raises(UnreadableVideo, match="truncated"):
        probe_video(path)


def test_a_whole_faststart_file_is_not_truncated(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "fast.mp4", container_options={"movflags": "faststart"})
    assert probe_video(path).n_frames == 30


def _empty_video(path: Path, kind: str) -> Path:
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    return path


def _playlist(path: Path) -> Path:
    target = make_clip(path.parent / "target.mp4")
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n")
    return path


def _concat(path: Path) -> Path:
    target = make_clip(path.parent / "target.mp4")
    path.write_text(f"ffconcat version 1.0\nfile '{target}'\n")
    return path


BAD = {
    "empty": (lambda p: p.touch() or p, "is empty"),
    "noise": (lambda p: p.write_bytes(np.random.default_rng(0).bytes(9000)) and p, "cannot be decoded"),
    "sound only": (make_sound, "holds no video, only audio"),
    "no frames (mp4)": (lambda p: _empty_video(p, "mp4"), "holds no video, only a header"),
    "no frames (mkv)": (lambda p: _empty_video(p, "matroska"), "End of file"),
    "no frames (avi)": (lambda p: _empty_video(p, "avi"), "holds no frames"),
    "no file": (lambda p: p, "is not a file"),
    "folder": (lambda p: p.mkdir() or p, "is not a file"),
    "playlist": (_playlist, "cannot be decoded"),
    "concat script": (_concat, "cannot be decoded"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_have_a_reason_in_one_line(kind: str, tmp_path: Path) -> None:
    make, reason = BAD[kind]
    path = make(tmp_path / "a.mp4")
    with pytest.raises(UnreadableVideo, match=reason) as caught:
        probe_video(path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)  # tables must not differ between machines


def test_damage_in_the_middle_is_an_error_or_decodes(tmp_path: Path) -> None:
    """Whatever the damage, nothing but UnreadableVideo comes out, and no frame of another size."""
    original = make_clip(tmp_path / "a.mp4", n_frames=40, options={"bf": "3"}).read_bytes()
    rng = np.random.default_rng(5)
    outcomes = set()
    for number in range(40):
        content = bytearray(original)
        begin = int(rng.integers(0, len(content) - 200))
        content[begin : begin + 200] = rng.bytes(200) if number % 2 else bytes(200)
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(content)
        try:
            n_frames = probe_video(path).n_frames
            frames = dict(decode_frames(path, sample_frame_indices(n_frames, 8).tolist()))
            outcomes.add({frame.ndim for frame in frames.values()} == {3})
        except UnreadableVideo:
            outcomes.add(False)
    assert outcomes == {True, False}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_frames=29), "holds over max_frames=29 frames; cut it into parts"),
        (Limits(max_pixels=64 * 48 - 1), "is 64x48, over max_pixels=3071; make it smaller"),
        (Limits(max_seconds=1.1), r"lasts 1 seconds, over max_seconds=1\.1; cut it into parts"),
        (Limits(max_bytes=99), "has [0-9]+ bytes, over max_bytes=99; cut it into parts"),
    ],
)
def test_size_and_length_are_bounded(limits: Limits, reason: str, name: str, clips: dict[str, Path]) -> None:
    with pytest.raises(UnreadableVideo, match=f"^{reason}$"):
        probe_video(clips[name], limits)
    enough = Limits(max_pixels=64 * 48, max_frames=30, max_seconds=1.25, max_bytes=clips[name].stat().st_size)
    assert probe_video(clips[name], enough).n_frames == 30


def test_the_size_is_looked_at_before_anything_else_is_read(
    clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "read_timeline", lambda *_: pytest.fail("packets were read"))
    with pytest.raises(UnreadableVideo, match="is 64x48"):
        probe_video(clips["vp9.webm"], Limits(max_pixels=64 * 48 - 1))


def test_a_huge_picture_in_a_video_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = make_mov(tmp_path / "huge.mov", [make_png(16000, 16000)] * 2)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableVideo, match="has no frame that tells its size within max_pixels=67108864"):
        probe_video(path)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # kB; decoded it is 768 MB


def test_a_huge_picture_behind_a_small_one_is_refused(tmp_path: Path) -> None:
    path = make_mov(tmp_path / "late.mov", [make_png(64, 48), make_png(16000, 16000)])
    assert probe_video(path).n_frames == 2
    before = getrusage(RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableVideo, match="cannot be decoded"):
        list(decode_frames(path, [0, 1]))
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize("read", [probe_video, lambda path: list(decode_frames(path, [0]))])
def test_a_video_that_may_not_be_read_is_not_called_damaged(
    read: Callable[[Path], object], clips: dict[str, Path]
) -> None:
    with forbidden(clips["vp9.webm"]) as path, pytest.raises(PermissionError, match="Permission denied"):
        read(path)


def test_names_may_hold_anything(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "concat:ü 'x\" %03d.mp4")
    assert probe_video(path).n_frames == 30


@needs_shared
@pytest.mark.parametrize("name", sorted(p.relative_to(FOOTAGE).as_posix() for p in FOOTAGE.glob("*/*.*")))
def test_real_footage_equals_a_full_decode(name: str) -> None:
    path = FOOTAGE / name
    n_frames = probe_video(path).n_frames
    indices = sample_frame_indices(n_frames, 6).tolist()
    count = 0
    found = dict(decode_frames(path, indices))
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            count += 1
            if number in found:
                assert np.array_equal(found[number], frame.to_ndarray(format="rgb24"))
    assert count == n_frames
    assert list(found) == indices


@pytest.mark.parametrize("disposal", [1, 2])
@pytest.mark.parametrize("milliseconds", [0, 40])
def test_a_gif_is_a_video_with_the_colours_that_pillow_sees(
    disposal: int, milliseconds: int, tmp_path: Path
) -> None:
    drawn = []
    for number in range(8):
        picture = np.random.default_rng(0).integers(0, 255, (24, 32, 3)).astype(np.uint8)
        picture[4:10, 3 * number : 3 * number + 5] = (200, 20 * number, 10)
        drawn.append(Image.fromarray(picture))
    path = tmp_path / "a.gif"
    drawn[0].save(path, save_all=True, append_images=drawn[1:], duration=milliseconds, disposal=disposal)
    with Image.open(path) as whole:
        expected = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(whole)]
    found = replace(probe_video(path), frame_rate=0.0, key_interval=0.0)
    assert found == Footage(8, 32, 24, "gif")
    for wanted in ([0, 1, 2, 3, 4, 5, 6, 7], [5], [1, 6]):
        found = list(decode_frames(path, wanted))
        assert [i for i, _ in found] == wanted
        assert all(np.array_equal(picture, expected[i]) for i, picture in found)


def test_a_gif_of_one_picture_is_one_frame_and_its_transparent_parts_are_white(tmp_path: Path) -> None:
    Image.new("RGBA", (9, 5), (10, 20, 30, 0)).save(tmp_path / "a.gif")
    assert probe_video(tmp_path / "a.gif").n_frames == 1
    ((_, picture),) = decode_frames(tmp_path / "a.gif", [0])
    assert np.unique(picture).tolist() == [255]


@needs_shared
def test_the_frame_rate_is_the_containers() -> None:
    listed = pd.read_csv(FOOTAGE / "videos.csv")
    for path, expected in zip(listed["path"], listed["fps"], strict=True):
        assert probe_video(FOOTAGE / path).frame_rate == pytest.approx(expected, abs=0.01), path


@pytest.mark.parametrize(("gop", "interval"), [(1, 1.0), (5, 5.0), (8, 7.5), (250, 30.0)])
def test_key_frames_are_counted_in_packets(gop: int, interval: float, tmp_path: Path) -> None:
    options = {"g": str(gop), "keyint_min": str(gop), "sc_threshold": "0"}
    path = make_clip(tmp_path / "a.mp4", n_frames=30, options=options)
    assert probe_video(path).key_interval == interval
    with av.open(str(path)) as container:
        keys = sum(packet.is_keyframe for packet in container.demux(video=0) if packet.size)
    assert interval == 30 / keys


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_the_encoder_is_the_one_that_the_container_names(name: str, tmp_path: Path) -> None:
    path = make_clip(tmp_path / name)
    with av.open(str(path)) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    assert probe_video(path).encoder == tags["encoder"]
    assert tags["encoder"].startswith("Lavf")


@needs_shared
def test_a_stream_that_names_its_own_encoder_is_heard_too() -> None:
    found = probe_video(FOOTAGE / "fake/ghost_elon.webm")
    assert found.encoder == "Lavf58.76.100; Lavc58.134.100 libvpx-vp9"
    assert found.key_interval == 66


def test_an_encoders_tag_is_bounded_and_can_be_printed() -> None:
    assert read_encoder({}, {}) == ""
    assert read_encoder({"ENCODER": " a\n\tb\x00c "}, {"title": "t"}) == "a bc"
    assert read_encoder({"encoder": ""}, {"Encoder": "x"}) == "x"
    long = read_encoder({"encoder": "y" * 1000}, {"encoder": "z"})
    assert long == "y" * MAX_ENCODER
