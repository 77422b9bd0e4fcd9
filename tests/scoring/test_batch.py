"""Many videos: each costs itself alone, and what is done is not done again."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.probing import digest
from clipforensics.scoring.batch import Results, score_all, score_one
from clipforensics.scoring.results import Exhibit, Verdict

BY = {"model_sha256": "abc", "prior": None}


class Counting:
    """Scores any name but `broken`; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def score(self, name, *, prior=None):
        self.asked.append(name)
        if name == "broken":
            raise UnreadableVideo("is not a video")
        if name == "denied":
            raise PermissionError(13, "Permission denied")
        return Verdict(None, name, "real", "opinion", "so it is", score=0.25)


def run(path, names, detector):
    with Results(path, BY) as kept:
        return [verdict.path for verdict in score_all(detector, names, prior=None, kept=kept)]


def test_a_bad_video_costs_itself_alone():
    detector = Counting()
    found = list(score_all(detector, ["a", "broken", "denied", "b"], prior=None))
    assert [one.outcome for one in found] == ["opinion", "not scored", "not scored", "opinion"]
    assert [one.reason for one in found[1:3]] == ["is not a video", "cannot be read: Permission denied"]
    assert score_one(detector, "broken").exit_code == 6


def test_what_is_done_is_not_done_again(tmp_path):
    path, detector = tmp_path / "out.jsonl", Counting()
    assert run(path, ["a", "b"], detector) == ["a", "b"]
    assert run(path, ["a", "b", "c"], detector) == ["a", "b", "c"]
    assert sorted(detector.asked) == ["a", "b", "c"]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {"clipforensics score": 1, **BY}
    assert [line["path"] for line in lines[1:]] == ["a", "b", "c"]


@pytest.mark.parametrize("cut", range(1, 400, 23))
def test_killed_anywhere_it_goes_on_to_the_same_file(tmp_path, cut):
    whole, path = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    run(whole, ["a", "b"], Counting())
    content = whole.read_bytes()
    path.write_bytes(content[: cut % len(content)])
    run(path, ["a", "b"], Counting())
    assert path.read_bytes() == content


def test_results_of_another_model_and_other_files_are_left_alone(tmp_path):
    path = tmp_path / "out.jsonl"
    run(path, ["a"], Counting())
    with pytest.raises(InputError, match="by another model or other settings"):
        Results(path, {**BY, "model_sha256": "xyz"})
    for content in ("path,score\na,1\n", "[]\n", "no newline"):
        path.write_text(content)
        with pytest.raises(InputError, match=r"holds (no results|something else); name another file"):
            Results(path, BY)
        assert path.read_text() == content
    with pytest.raises(InputError, match="name another file"):
        Results(tmp_path / "no/such/folder.jsonl", BY)


def test_videos_are_scored_side_by_side_and_told_in_order(monkeypatch):
    """The first waits until another has begun."""
    begun = threading.Event()

    class Waiting(Counting):
        def score(self, name, *, prior=None):
            if name == "0":
                assert begun.wait(timeout=20)
            else:
                begun.set()
            return super().score(name, prior=prior)

    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "3")
    names = [str(n) for n in range(20)]
    assert [one.path for one in score_all(Waiting(), names, prior=None)] == names


def test_who_stops_asking_stops_the_work(monkeypatch):
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "2")
    detector = Counting()
    found = score_all(detector, [str(n) for n in range(500)], prior=None)
    next(found)
    found.close()
    assert len(detector.asked) < 20


def test_a_file_that_is_another_one_by_now_is_scored_again(tmp_path):
    """A relative name may also mean another file in another folder."""
    path, video = tmp_path / "out.jsonl", tmp_path / "a.mp4"

    class Reading(Counting):
        def score(self, name, *, prior=None):
            exhibit = Exhibit(name, digest(video), video.stat().st_size, "h264", 9, 9, 9, 25.0)
            return replace(super().score(name), exhibit=exhibit, score=video.stat().st_size / 100)

    detector = Reading()
    for content, n_asked in (("old", 1), ("old", 1), ("newer", 2), ("newer", 2), ("newed", 3)):
        video.write_text(content)
        with Results(path, BY) as kept:
            (verdict,) = score_all(detector, [str(video)], prior=None, kept=kept)
        assert verdict.score == len(content) / 100
        assert len(detector.asked) == n_asked
    assert len(path.read_text().splitlines()) == 1 + n_asked


def test_what_could_not_be_read_is_tried_again(tmp_path):
    path, detector = tmp_path / "out.jsonl", Counting()
    assert run(path, ["broken", "a"], detector) == ["broken", "a"]
    before = path.read_bytes()
    assert run(path, ["broken", "a"], detector) == ["broken", "a"]
    assert detector.asked.count("broken") == 2
    assert path.read_bytes() == before, "the same is not said twice"


def test_two_runs_do_not_write_one_file(tmp_path):
    path = tmp_path / "out.jsonl"
    with (
        Results(path, BY),
        pytest.raises(InputError, match="is being written by another run; wait for it"),
    ):
        Results(path, BY)
    with Results(path, BY) as again:
        assert again.done == {}


def test_pipes_and_devices_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/full"), Path("/dev/zero")):
        with pytest.raises(InputError, match="is no regular file"):
            Results(path, BY)


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    with Results(tmp_path / "out.jsonl", BY) as kept:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="No space left on device; mend that, and go on"):
            kept.add(score_one(Counting(), "a"))
