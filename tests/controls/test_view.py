"""Views: frames altered as they are read, and embedded as `embed` embeds them, killed or not."""

import dataclasses
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import yaml

from clipforensics.controls import view as views
from clipforensics.controls.view import AlteredFrames, View, find_view, known_views, open_views
from clipforensics.core.faults import InputError
from clipforensics.frames.store import FrameStore
from tests.support.controls import SHIPPED
from tests.support.stores import noise_videos, write_frame_store


def darker(frames, known, settings):
    """Every frame minus its number, and minus what is known of it."""
    return frames - (known["frame"] + known.get("shade", 0)).to_numpy(np.uint8)[:, None, None, None]


DARKER = View("darker frames", "Frames are darker.", "removal", "light is read", darker)


@pytest.fixture
def store(tmp_path):
    return write_frame_store(tmp_path / "frames", noise_videos(5, size=8))


def table(store, **more):
    return pd.DataFrame({"key": store.rows.keys_of(), "frame": store.rows.frames, **more})


def test_frames_are_altered_in_whatever_order_they_are_read(store):
    altered = AlteredFrames(store, DARKER, None, table(store))
    rows = np.array([4, 3, 0, 14, 14, 1])
    expected = store.read(rows) - store.rows.frames[rows].astype(np.uint8)[:, None, None, None]
    assert (altered.read(rows) == expected).all()
    assert altered.read(np.empty(0, int)).shape == (0, 8, 8, 3)
    assert len(altered) == len(store)


def test_a_view_sees_one_video_at_a_time_and_only_what_it_needs(store):
    seen = []

    def look(frames, known, settings):
        seen.append((list(known.columns), set(known["key"]), len(frames), settings))
        return frames

    view = dataclasses.replace(DARKER, alter=look, needs=("shade",))
    known = table(store, shade=1, label=1)
    AlteredFrames(store, view, "mine", known).read(np.array([0, 1, 2, 3, 4]))
    assert seen == [
        (["key", "frame", "shade"], {"v0"}, 3, "mine"),
        (["key", "frame", "shade"], {"v1"}, 2, "mine"),
    ]


def test_what_is_known_of_other_frames_or_not_known_is_refused(store):
    view = dataclasses.replace(DARKER, needs=("shade",))
    with pytest.raises(InputError, match="shade is not known"):
        AlteredFrames(store, view, None, table(store))
    for wrong in (table(store)[1:], table(store).assign(frame=7), table(store)[::-1]):
        with pytest.raises(InputError, match="of other frames"):
            AlteredFrames(store, DARKER, None, wrong)


def test_a_view_that_changes_the_shape_is_a_fault(store):
    cropping = dataclasses.replace(DARKER, alter=lambda frames, *_: frames[:, 1:])
    with pytest.raises(ValueError, match="darker frames"):
        AlteredFrames(store, cropping, None, table(store)).read(np.arange(3))


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
    altered = AlteredFrames(store, DARKER, None, table(store))
    rows = np.arange(len(store))
    assert (pickle.loads(pickle.dumps(altered)).read(rows) == altered.read(rows)).all()


@pytest.mark.parametrize("name", known_views())
def test_every_view_can_be_sent_to_another_process(name):
    assert pickle.loads(pickle.dumps(find_view(name))).title == find_view(name).title
