"""Views: frames altered as they are read, and embedded as `embed` embeds them, killed or not."""

import dataclasses
import json
import pickle
from itertools import combinations

import numpy as np
import pytest
import yaml

from clipforensics.controls import view as views
from clipforensics.controls.view import AlteredFrames, View, find_view, known_views, open_views
from clipforensics.core.faults import InputError
from clipforensics.frames.store import FrameStore
from tests.support.controls import SHIPPED
from tests.support.stores import noise_videos, write_frame_store


def darker(frames, known, settings):
    """Every frame minus its number."""
    return frames - known["frame"].to_numpy(np.uint8)[:, None, None, None]


DARKER = View("darker frames", "Frames are darker.", "removal", "light is read", darker)


@pytest.fixture
def store(tmp_path):
    return write_frame_store(tmp_path / "frames", noise_videos(5, size=8))


def test_frames_are_altered_in_whatever_order_they_are_read(store):
    altered = AlteredFrames(store, DARKER, None)
    rows = np.array([4, 3, 0, 14, 14, 1])
    expected = store.read(rows) - store.rows.frames[rows].astype(np.uint8)[:, None, None, None]
    assert (altered.read(rows) == expected).all()
    assert altered.read(np.empty(0, int)).shape == (0, 8, 8, 3)
    assert len(altered) == len(store)


def test_a_view_sees_one_video_at_a_time(store):
    seen = []

    def look(frames, known, settings):
        seen.append((list(known.columns), set(known["key"]), len(frames), settings))
        return frames

    store.margin = 1.5
    AlteredFrames(store, dataclasses.replace(DARKER, alter=look), "mine").read(np.array([0, 1, 2, 3, 4]))
    assert seen == [
        (["key", "frame", "margin"], {"v0"}, 3, "mine"),
        (["key", "frame", "margin"], {"v1"}, 2, "mine"),
    ]


def elsewhere(frames, known, settings):
    return frames


elsewhere.__module__, elsewhere.__qualname__ = "another.file", "darker"


def digests(frames):
    return [*frames.shards, *(frames.digests(rows) for rows, _ in frames.shards)]


def test_digests_are_of_the_frames_and_of_what_alters_them(store, tmp_path):
    found = digests(AlteredFrames(store, DARKER, 1))
    assert [digest for _, digest in found[:2]] == [whole for whole, _ in found[2:]]
    assert [len(each) for _, each in found[2:]] == [3, 2]
    assert digests(AlteredFrames(FrameStore.open(store.folder), DARKER, 1)) == found
    renamed = {f"w{key}": store.read(store.rows_of([key])) for key in store.keys}
    margin, index = FrameStore.open(store.folder), FrameStore.open(store.folder)
    margin.margin = 2.0
    index.rows.frames = index.rows.frames + 1
    others = [
        store,
        AlteredFrames(store, DARKER, 2),
        AlteredFrames(store, dataclasses.replace(DARKER, alter=lambda frames, *_: frames), 1),
        AlteredFrames(store, dataclasses.replace(DARKER, alter=elsewhere), 1),
        AlteredFrames(store, dataclasses.replace(DARKER, title="made by the same factory"), 1),
        AlteredFrames(write_frame_store(tmp_path / "others", noise_videos(5, size=8, seed=1)), DARKER, 1),
        AlteredFrames(write_frame_store(tmp_path / "renamed", renamed), DARKER, 1),
        AlteredFrames(margin, DARKER, 1),
        AlteredFrames(index, DARKER, 1),
    ]
    for one, other in combinations([found, *map(digests, others)], 2):
        for (_, a), (_, b) in zip(one, other, strict=True):
            assert not {a} & {b} if isinstance(a, str) else not {*a} & {*b}


def test_a_view_that_changes_the_shape_is_a_fault(store):
    cropping = dataclasses.replace(DARKER, alter=lambda frames, *_: frames[:, 1:])
    with pytest.raises(ValueError, match="darker frames"):
        AlteredFrames(store, cropping, None).read(np.arange(3))


def test_every_view_is_opened_with_its_own_settings(store, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(SHIPPED))
    found = open_views(store, path)
    assert list(found) == ["reencoded"]
    jpeg = {**SHIPPED["controls"], "views": {"reencoded": {"degradation": "jpeg", "strength": 5}}}
    path.write_text(yaml.safe_dump({**SHIPPED, "controls": jpeg}))
    rows = np.arange(3)
    assert (open_views(store, path)["reencoded"].read(rows) != found["reencoded"].read(rows)).any()
    path.write_text(yaml.safe_dump({**SHIPPED, "controls": {**jpeg, "views": {}}}))
    with pytest.raises(InputError, match=r"controls.views.reencoded"):
        open_views(store, path)


def test_views_of_faces_are_made_where_frames_are_cut_around_them(store, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(SHIPPED))
    meta = json.loads((store.folder / "meta.json").read_text())
    (store.folder / "meta.json").write_text(json.dumps({**meta, "around": "face", "margin": 2.0}))
    cut = FrameStore.open(store.folder)
    blanked = {key: 255 - cut.read(cut.rows_of([key])) for key in cut.keys}
    background = write_frame_store(tmp_path / "background", blanked)
    assert list(open_views(cut, path)) == ["face", "reencoded"]
    found = open_views(cut, path, background)
    assert list(found) == known_views()
    rows = np.array([4, 0, 7])
    assert (found["background"].read(rows) == 255 - cut.read(rows)).all()
    alone = found["face"].read(rows)
    assert (alone[:, 2:6, 2:6] == cut.read(rows)[:, 2:6, 2:6]).all()
    assert alone.sum() == cut.read(rows)[:, 2:6, 2:6].sum(dtype=np.int64)


def test_a_background_of_other_frames_is_refused(store, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(SHIPPED))
    other = write_frame_store(tmp_path / "background", noise_videos(4, size=8))
    with pytest.raises(InputError, match="of other frames"):
        open_views(store, path, other)


def test_a_view_is_found_by_its_name():
    assert find_view("reencoded").settings is not None
    assert views.VIEWS.name == "views"


def test_another_process_puts_the_same_view_in_front_of_the_same_store(store):
    altered = AlteredFrames(store, DARKER, None)
    rows = np.arange(len(store))
    assert (pickle.loads(pickle.dumps(altered)).read(rows) == altered.read(rows)).all()


@pytest.mark.parametrize("name", known_views())
def test_every_view_alters_each_frame_by_itself(store, tmp_path, name):
    """Or which frames share a batch, and so what was embedded before, would change the result."""
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(SHIPPED))
    videos = noise_videos(3, frames=5, size=32)
    smooth = {key: np.stack([np.sort(frame, axis=1) for frame in frames]) for key, frames in videos.items()}
    cut = write_frame_store(tmp_path / "frames", smooth)
    cut.margin = 2.0
    view = open_views(cut, path, write_frame_store(tmp_path / "background", smooth))[name]
    together, rows = view.read(np.arange(len(view))), np.random.default_rng(0).permutation(len(view))
    assert all((view.read(np.array([row]))[0] == together[row]).all() for row in rows)
    assert (view.read(rows) == together[rows]).all()


@pytest.mark.parametrize("name", known_views())
def test_every_view_can_be_sent_to_another_process(name):
    assert pickle.loads(pickle.dumps(find_view(name))).title == find_view(name).title
