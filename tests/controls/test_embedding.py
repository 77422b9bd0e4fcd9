"""Views are embedded as `embed` embeds frames, killed or not."""

import dataclasses

import numpy as np
import pytest

from clipforensics.controls.embedding import embed_views
from clipforensics.controls.view import AlteredFrames
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.machine.kept import Kept
from tests.controls.test_view import DARKER
from tests.support.stores import noise_videos, write_frame_store


@pytest.fixture
def store(tmp_path):
    return write_frame_store(tmp_path / "frames", noise_videos(5, size=8))


def embed(frames):
    """Some numbers of each frame that depend on all its pixels."""
    return np.stack([frames.mean(axis=(1, 2, 3)), frames.std(axis=(1, 2, 3))], axis=1).astype(np.float32)


def run(stores, tmp_path, name, function=embed):
    options = {
        "width": 2,
        "batch_size": 1,
        "kept": Kept(tmp_path / f"kept-{name}", ""),
        "meta": {"model": "m"},
    }
    embed_views(stores, function, tmp_path / name, **options)
    return {view: EmbeddingStore(tmp_path / name / view) for view in stores}


def test_each_view_has_a_store_of_its_own_embeddings(store, tmp_path):
    stores = {"plain": store, "darker": AlteredFrames(store, DARKER, None)}
    found = run(stores, tmp_path, "out")
    for name, frames in stores.items():
        assert (found[name].matrix == embed(frames.read(np.arange(len(store))))).all()
        assert found[name].rows.videos == store.rows.videos
        assert found[name].meta == {"model": "m", "view": name}


@pytest.mark.parametrize("killed_at", [45, 170])
def test_killed_in_any_view_it_ends_in_the_same_bytes_and_repeats_no_finished_shard(tmp_path, killed_at):
    videos = noise_videos(40, size=8)  # 120 frames: 120 batches a view
    store = write_frame_store(tmp_path / "frames", videos, per_shard=10)
    stores = {"first": store, "second": AlteredFrames(store, DARKER, None)}
    whole, calls = run(stores, tmp_path, "whole"), []

    def dies(frames):
        calls.append(1)
        if len(calls) == killed_at:
            raise KeyboardInterrupt
        return embed(frames)

    with pytest.raises(KeyboardInterrupt):
        run(stores, tmp_path, "out", dies)
    found = run(stores, tmp_path, "out", dies)
    for name in stores:
        for file, other in zip(whole[name].files, found[name].files, strict=True):
            assert file.read_bytes() == other.read_bytes()
    assert len(calls) <= 240 + 30 + 2, "only the shard that was under way is done twice"


def test_what_was_embedded_before_is_not_altered_again(tmp_path):
    """One more video costs altering one, and a frame that tells whether places in a batch matter."""
    altered, videos = [], noise_videos(7, size=8)
    fewer = {key: frames for key, frames in videos.items() if key != "v4"}

    def counted(frames, known, settings):
        altered.append(set(known["key"]))
        return 255 - frames

    def views(some):
        store = write_frame_store(tmp_path / f"{len(some)}", some)
        return {"negative": AlteredFrames(store, dataclasses.replace(DARKER, alter=counted), None)}

    run(views(fewer), tmp_path, "out")
    assert len(altered) == 6 * 3, "a frame at a time"
    altered.clear()
    run(views(fewer), tmp_path, "out")
    assert altered == []
    more = run(views(videos), tmp_path, "out")["negative"].matrix
    assert altered == [{"v3"}, *[{"v4"}] * 3], "one frame tells whether places matter"
    assert (more == embed(255 - np.concatenate([*videos.values()]))).all()
