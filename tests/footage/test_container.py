"""What a file says of itself."""

from dataclasses import replace

import av
import pytest

from clipforensics.footage.container import LONGEST_TAG, MOST_TAGS, read_container, tags_of
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.video import probe_video
from tests.support.clips import make_clip, make_sound
from tests.support.shared_data import FOOTAGE, needs_shared


def test_a_clip_is_described_as_it_was_made(tmp_path):
    options = {"g": "12", "bf": "0", "sc_threshold": "0", "profile": "high"}
    made = read_container(make_clip(tmp_path / "a.mp4", n_frames=30, options=options))
    assert "mp4" in made.format.split(",")
    assert (made.pixel_format, made.codec_tag, made.frame_rate) == ("yuv420p", "avc1", "25")
    assert (made.coded_width, made.coded_height) == (64, 48)
    assert (made.n_streams, [one.kind for one in made.tracks]) == (1, ["video"])
    assert (made.tracks[0].codec, made.tracks[0].profile) == ("h264", "High")
    assert (made.n_packets, made.n_promised, made.n_keys) == (30, 30, 3)
    assert (made.key_interval, made.longest_key_interval) == (10, 12)
    assert made.seconds == pytest.approx(1.2)
    assert made.times == pytest.approx([i / 25 for i in range(30)])
    assert made.steps == pytest.approx((0.04, 0.04))
    assert made.bit_rate > 0


def test_frames_are_timed_in_the_order_in_which_they_are_shown(tmp_path):
    """With B-frames the file stores them in another."""
    clip = make_clip(tmp_path / "b.mp4", options={"bf": "3", "g": "30"})
    assert list(read_container(clip).times) == pytest.approx([i / 25 for i in range(30)])


def test_a_rate_that_varies_shows_in_the_steps(tmp_path):
    clip = make_clip(tmp_path / "a.mp4", options={"g": "1"})
    with av.open(str(clip)) as given, av.open(str(tmp_path / "vfr.mp4"), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0])
        for number, packet in enumerate(given.demux(video=0)):
            if packet.size and number % 3:
                packet.stream = stream
                out.mux(packet)
    assert read_container(tmp_path / "vfr.mp4").steps == pytest.approx((0.04, 0.08))


def test_sound_has_a_track_of_its_own_and_no_video_is_refused(tmp_path):
    with pytest.raises(UnreadableVideo, match="holds no video, only audio"):
        read_container(make_sound(tmp_path / "s.mp4"))


def test_tags_are_kept_as_they_are_but_short_and_printable():
    made = tags_of({"b": "x\n\ty\x1b[31m", "a" * 999: "z" * 999, "title": "<script>"})
    assert made["b"] == "x y[31m"
    assert made["title"] == "<script>"
    assert made["a" * LONGEST_TAG] == "z" * LONGEST_TAG
    assert len(tags_of({str(i): "" for i in range(999)})) == MOST_TAGS


def test_a_creation_time_is_a_tag_that_is_found_whatever_its_case(tmp_path):
    path = tmp_path / "t.mp4"
    with av.open(str(path), "w") as out:
        out.metadata["creation_time"] = "2020-02-03T04:05:06Z"
        out.metadata["title"] = "Ab<b>"
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        with av.open(str(make_clip(tmp_path / "a.mp4"))) as given:
            for frame in given.decode(video=0):
                frame.pts = None
                out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    made = read_container(path)
    assert made.created.startswith("2020-02-03T04:05:06")
    assert made.tags["title"] == "Ab<b>"


@needs_shared
def test_real_files_agree_with_the_probe():
    for path in sorted(FOOTAGE.glob("*/*")):
        made, probed = read_container(path), probe_video(path)
        assert len(made.times) == probed.n_frames, path.name
        assert round(made.key_interval, 3) == probed.key_interval
        assert any(one.codec.startswith(probed.codec[:3]) for one in made.tracks)
        assert made.times == tuple(sorted(made.times))
    assert made.n_streams >= 1


@needs_shared
def test_a_real_file_with_sound_and_a_real_webm():
    still = read_container(FOOTAGE / "fake/sadtalker_still1.mp4")
    assert [(one.kind, one.codec, one.sample_rate, one.channels) for one in still.tracks] == [
        ("video", "mpeg4", 0, 0),
        ("audio", "aac", 16000, 2),
    ]
    assert (still.codec_tag, still.sample_aspect, still.n_keys) == ("mp4v", "1:1", 17)
    webm = read_container(FOOTAGE / "real/ghost_orig.webm")
    assert (webm.format, webm.codec_tag, webm.colour_range) == ("matroska,webm", "", "limited")
    assert webm.tracks[0].tags["ENCODER"] == "Lavc58.134.100 libvpx-vp9"
    assert replace(webm, times=()).steps is None
