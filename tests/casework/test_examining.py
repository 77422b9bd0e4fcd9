"""One video looked at to be shown."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipforensics.casework.examining import examine, name_of
from clipforensics.footage.content import UnreadableVideo


def test_the_verdict_is_the_detectors_own_and_names_no_folder(whole):
    verdict = whole.detector.score(whole.video)
    assert whole.seen.verdict.score == verdict.score
    assert whole.seen.verdict.frames == verdict.frames
    assert whole.seen.verdict.path == whole.seen.case.exhibit.path == whole.seen.name == whole.video.name
    assert verdict.path == str(whole.video)


def test_a_frame_is_timed_by_its_own_stamp_else_by_the_rate(whole):
    assert whole.seen.seconds(3) == pytest.approx(0.12)
    late = tuple(time + 5 for time in whole.seen.container.times)
    shifted = replace(whole.seen, container=replace(whole.seen.container, times=late))
    assert shifted.seconds(3) == pytest.approx(5.12)
    assert replace(whole.seen, container=None).seconds(3) == pytest.approx(0.12)


def test_pictures_have_no_container_and_no_time(whole, tmp_path):
    for number in range(3):
        array = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(array).save(tmp_path / f"{number}.png")
    seen = examine(whole.detector, tmp_path, prior=None)
    assert (seen.container, seen.seconds(1), seen.name) == (None, None, tmp_path.name)
    assert len(seen.moments) == 3
    assert seen.moments[0].frame.shape == (40, 40, 3)


def test_what_cannot_be_read_is_said_in_a_word(whole, tmp_path):
    (tmp_path / "empty.mp4").touch()
    for path, reason in ((tmp_path / "empty.mp4", "empty"), (tmp_path / "no.mp4", "is not a file")):
        with pytest.raises(UnreadableVideo, match=reason):
            examine(whole.detector, path, prior=None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_unreadable_too(whole, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(UnreadableVideo, match="Permission denied"):
        examine(whole.detector, path, prior=None)


def test_a_name_is_the_last_part_or_that_of_the_folder_which_dots_mean(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    assert name_of(Path("a/b.mp4")) == "b.mp4"
    assert name_of(Path(".")) == tmp_path.name
    assert name_of(Path("sub/..")) == tmp_path.name
