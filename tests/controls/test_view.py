"""Views: frames altered as they are read, and embedded as `embed` embeds them, killed or not."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import yaml

from clipforensics.controls import view as views
from clipforensics.controls.view import AlteredFrames, View, embed_views, find_view, known_views, open_views
from clipforensics.core.faults import InputError
from clipforensics.encoder.embeddings import CHECKPOINT_BATCHES, EmbeddingStore
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
    return pd.DataFrame({"key": store.rows.keys, "frame": store.rows.frames, **more})


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
    assert list(found) == known_views()
    jpeg = {**SHIPPED["controls"], "views": {"reencoded": {"degradation": "jpeg", "strength": 5}}}
    path.write_text(yaml.safe_dump({**SHIPPED, "controls": jpeg}))
    rows = np.arange(3)
    assert (open_views(store, path)["reencoded"].read(rows) != found["reencoded"].read(rows)).any()
    path.write_text(yaml.safe_dump({**SHIPPED, "controls": {**jpeg, "views": {}}}))
    with pytest.raises(InputError, match=r"controls.views.reencoded"):
        open_views(store, path)


def test_what_else_is_known_of_frames_reaches_the_view_that_needs_it(store, tmp_path, monkeypatch):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(SHIPPED))
    view = dataclasses.replace(
        DARKER, needs=("shade",), alter=lambda f, known, _: darker(f, known.fillna(0), _)
    )
    monkeypatch.setattr(views, "known_views", lambda: ["shaded"])
    monkeypatch.setattr(views, "find_view", lambda name: view)
    with pytest.raises(InputError, match="shade is not known"):
        open_views(store, path)
    found = pd.DataFrame({"key": ["v1", "v0"], "frame": [0, 2], "shade": [9, 5]})
    frames = open_views(store, path, found)["shaded"].read(np.arange(4))
    by_hand = store.read(np.arange(4)) - np.array([0, 1, 2 + 5, 0 + 9], np.uint8)[:, None, None, None]
    assert (frames == by_hand).all(), "a frame without a row is known to be of no shade"


def embed(frames):
    """Some numbers of each frame that depend on all its pixels."""
    return np.stack([frames.mean(axis=(1, 2, 3)), frames.std(axis=(1, 2, 3))], axis=1).astype(np.float32)


def run(stores, tmp_path, name, function=embed):
    options = {"width": 2, "batch_size": 1, "scratch": tmp_path / f"scratch-{name}", "meta": {"model": "m"}}
    embed_views(stores, function, tmp_path / name, **options)
    return {view: EmbeddingStore(tmp_path / name / view) for view in stores}


def test_each_view_has_a_store_of_its_own_embeddings(store, tmp_path):
    stores = {"plain": store, "darker": AlteredFrames(store, DARKER, None, table(store))}
    found = run(stores, tmp_path, "out")
    for name, frames in stores.items():
        assert (found[name].matrix == embed(frames.read(np.arange(len(store))))).all()
        assert found[name].rows.videos == store.rows.videos
        assert found[name].meta == {"model": "m", "view": name}


@pytest.mark.parametrize("killed_at", [CHECKPOINT_BATCHES + 5, 170])
def test_killed_in_any_view_it_ends_in_the_same_bytes_and_repeats_no_finished_view(tmp_path, killed_at):
    store = write_frame_store(tmp_path / "frames", noise_videos(40, size=8))  # 120 frames: 120 batches a view
    stores = {"first": store, "second": AlteredFrames(store, DARKER, None, table(store))}
    whole, calls = run(stores, tmp_path, "whole"), []

    def dies(frames):
        calls.append(1)
        if len(calls) == killed_at:
            raise KeyboardInterrupt
        return embed(frames)

    with pytest.raises(KeyboardInterrupt):
        run(stores, tmp_path, "out", dies)
    assert not (tmp_path / "out").exists()
    found = run(stores, tmp_path, "out", dies)
    for name in stores:
        for file, other in zip(whole[name].files, found[name].files, strict=True):
            assert file.read_bytes() == other.read_bytes()
    assert len(calls) <= 240 + CHECKPOINT_BATCHES, "only what came after the last checkpoint is done twice"


def test_a_view_is_found_by_its_name():
    assert find_view("reencoded").settings is not None
    assert views.VIEWS.name == "views"
