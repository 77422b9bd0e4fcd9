"""What was found is never looked for again; too many failures of one data set stop the run."""

import hashlib
import time
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.reasons import DIED, NOT_READ, late_after
from clipforensics.footage.resuming import Shares, read_found, work_through
from clipforensics.machine import kept as kept_module
from clipforensics.machine.kept import Kept

VIDEOS = [
    replace(
        Video("a" if n < 6 else "b", "X", "", f"t{n}", "", "", 1, "", "", f"{n}.mp4"),
        sha256=hashlib.sha256(f"{n}.mp4".encode()).hexdigest(),
    )
    for n in range(8)
]


def find(video):
    """Two things in an even video, nothing in an odd one; the sixth is damaged."""
    if video.path == "5.mp4":
        raise UnreadableVideo("is damaged")
    return [[video.path, 0.1], [video.path, 1]] if int(video.path[0]) % 2 == 0 else []


def run(folder, videos=VIDEOS, find=find, max_skipped=0.5, workers=1, **more):
    """What was found, read again, and what was counted."""
    options = {"stage": "look", "doing": "looking", "workers": workers, "param": "x.max_skipped", **more}
    roots = {"a": folder / "root", "b": folder / "root"}
    for video in VIDEOS:
        (folder / "root").mkdir(parents=True, exist_ok=True)
        if not (folder / "root" / video.path).exists():
            (folder / "root" / video.path).write_text(video.path)
    with Kept(folder, "made by").opened() as kept:
        keys = [kept.key(video.path) for video in videos]
        tally = work_through(videos, roots, keys, find, kept, max_skipped=max_skipped, **options)
        return list(read_found(videos, keys, kept, tally.skipped)), tally


@pytest.fixture
def in_this_process(monkeypatch):
    """No workers, so that a function of the test's own can be called."""

    def mapped(work, items, **_):
        yield from (work(one) for one in items)

    monkeypatch.setattr(kept_module, "map_in_order", mapped)


def test_what_was_found_and_counts_beside(tmp_path):
    found, tally = run(tmp_path)
    assert (tally.n_done, tally.n_found, tally.n_with) == (8, 8, 4)
    (skipped,) = tally.skipped
    assert (skipped.stage, skipped.path, skipped.dataset) == ("look", "5.mp4", "a")
    assert skipped.reason == "is damaged"
    assert found == [(video.key, find(video)) for video in VIDEOS if video.path != "5.mp4"]


def note(looked, video):
    """Find, and note it; of what is refused, which is tried twice, once."""
    if looked[-1:] != [video.path]:
        looked.append(video.path)
    return find(video)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stop=st.integers(0, 8), seed=st.randoms())
def test_a_run_that_stopped_anywhere_goes_on_there_and_looks_at_nothing_twice(
    tmp_path_factory, in_this_process, stop, seed
):
    folder, looked = tmp_path_factory.mktemp("kept"), []

    def stopping(video):
        if len(looked) == stop and looked[-1:] != [video.path]:
            raise KeyboardInterrupt
        return note(looked, video)

    if stop < len(VIDEOS):
        with pytest.raises(KeyboardInterrupt):
            run(folder, find=stopping)
    else:
        run(folder, find=stopping)
    again = []
    shuffled = seed.sample(VIDEOS, len(VIDEOS))
    found, tally = run(folder, shuffled, find=partial(note, again))
    assert sorted([*looked, *again]) == sorted({*looked, *again})
    assert dict(found) == dict(run(folder.parent / f"{folder.name}-whole")[0])
    assert tally.n_done == 8


def test_workers_change_nothing(tmp_path):
    assert run(tmp_path / "one") == run(tmp_path / "two", workers=2)


@pytest.mark.parametrize("reason", [DIED, f"{NOT_READ}: No space left", late_after(600.0)])
def test_what_may_have_passed_is_tried_again(tmp_path, reason, in_this_process):
    def passing(video):
        if video.path == "1.mp4":
            raise UnreadableVideo(reason)
        return find(video)

    assert len(run(tmp_path, find=passing)[0]) == 6
    again = []
    found, _ = run(tmp_path, find=lambda video: again.append(video.path) or find(video))
    assert (len(found), again) == (7, ["1.mp4"])


def stand_still(video):
    if video.path == "5.mp4":
        time.sleep(60)
    return find(video)


def test_a_video_that_takes_too_long_is_left_out_and_tried_again(tmp_path):
    _, tally = run(tmp_path, find=stand_still, workers=2, max_probe_seconds=0.5)
    assert [(one.path, one.reason) for one in tally.skipped] == [("5.mp4", late_after(0.5))]
    assert tally.n_done == len(VIDEOS)
    assert [one.reason for one in run(tmp_path)[1].skipped] == ["is damaged"]


def read(root, video):
    """What lies in the file."""
    if video.path == "5.mp4":
        raise UnreadableVideo("is damaged")
    return [(root / video.path).read_text()]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", ["4.mp4", "5.mp4"])
def test_of_a_video_that_is_not_what_ingest_saw_nothing_is_kept_and_the_run_stops(name, workers, tmp_path):
    """Whether it can be used or not; put back, it is looked at as if nothing had been."""
    root = tmp_path / "root"
    root.mkdir()
    (root / name).write_text(name.upper())  # as large
    with pytest.raises(InputError, match=rf"^'{name}' has the SHA-256 .*: changed since ingest; run `dvc"):
        run(tmp_path, find=partial(read, root), workers=workers)
    (root / name).write_text(name)
    found, tally = run(tmp_path, find=partial(read, root))
    assert found == [(video.key, [video.path]) for video in VIDEOS if video.path != "5.mp4"]
    assert [one.reason for one in tally.skipped] == ["is damaged"]


def test_what_is_cleared_while_it_is_used_is_told(tmp_path):
    with Kept(tmp_path, "made by").opened() as kept, pytest.raises(InputError, match="was cleared"):
        list(read_found(VIDEOS[:1], [kept.key("gone")], kept, []))


def test_what_the_system_keeps_from_being_read_is_told_as_that(tmp_path, in_this_process):
    def broken(video):
        raise OSError(5, "no such disk") if video.path == "0.mp4" else MemoryError

    _, tally = run(tmp_path, VIDEOS[:2], broken, max_skipped=1.0)
    assert [one.reason for one in tally.skipped] == [f"{NOT_READ}: no such disk", f"{NOT_READ}: MemoryError"]


def test_each_data_set_has_its_own_share(tmp_path, in_this_process):
    def damaged(video):
        raise UnreadableVideo("is damaged") if video.dataset == "b" else UnreadableVideo("never")

    with pytest.raises(InputError, match=r"2 of 2 videos cannot be used, more than x\.max_skipped=0\.5"):
        run(tmp_path / "found", find=lambda video: damaged(video) if video.dataset == "b" else [])
    with pytest.raises(InputError, match="2 of 2"):
        run(tmp_path / "found")  # again: what was found before counts
    shares = Shares(VIDEOS, {"one": 0.2, "two": 0.0})
    _, tally = run(tmp_path / "other", find=find)
    shares.add(tally.skipped[0], "one")
    with pytest.raises(InputError, match=r"1 of 6 videos cannot be used, more than two=0"):
        shares.add(tally.skipped[0], "two")
