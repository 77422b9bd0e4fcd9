"""The embedding store: row by row the encoder's output, and the same after a kill."""

import numpy as np
import pandas as pd
import pytest
import torch

from clipforensics.core.fitting import Fitting
from clipforensics.encoder import embeddings, vision
from clipforensics.encoder.embeddings import EmbeddingStore, embed_frames
from tests.encoder.test_vision import write_encoder
from tests.support.stores import noise_videos, write_frame_store


def embed_mean(batch: np.ndarray) -> np.ndarray:
    return np.stack([batch.mean(axis=(1, 2, 3)), batch.std(axis=(1, 2, 3))], axis=1).astype(np.float32)


def run(frames, tmp_path, embed=embed_mean, name="out"):
    (tmp_path / "scratch").mkdir(exist_ok=True)
    embed_frames(
        frames, embed, tmp_path / name, width=2, batch_size=2, scratch=tmp_path / "scratch", meta={"a": 1}
    )
    return EmbeddingStore(tmp_path / name)


def test_every_frame_once_in_store_order(tmp_path):
    frames = write_frame_store(tmp_path / "frames", noise_videos(5))
    store = run(frames, tmp_path)
    everything = frames.read(np.arange(len(frames)))
    np.testing.assert_array_equal(np.asarray(store.matrix), embed_mean(everything))
    assert store.rows.videos == frames.keys
    assert store.meta == {"a": 1}


def test_read_gives_unit_length(tmp_path):
    store = run(write_frame_store(tmp_path / "frames", noise_videos(4)), tmp_path)
    read = store.read(np.array([5, 0]))
    np.testing.assert_allclose(np.linalg.norm(read, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(read[1] * np.linalg.norm(store.matrix[0]), store.matrix[0], rtol=1e-6)


def test_read_is_the_same_however_many_rows_it_is_asked_for(tmp_path):
    n = 2 * embeddings.READ_ROWS + 3
    raw = np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32)
    np.save(tmp_path / "embeddings.npy", raw)
    pd.DataFrame({"key": "v", "frame": range(n)}).to_csv(tmp_path / "index.csv", index=False)
    (tmp_path / "meta.json").write_text("{}")
    store = EmbeddingStore(tmp_path)
    order = np.random.default_rng(1).permutation(n)
    whole = store.read(order)
    assert np.array_equal(whole, raw[order] / np.linalg.norm(raw[order], axis=1, keepdims=True))
    assert np.array_equal(store.read(order[5:9]), whole[5:9])
    assert store.read(order[:0]).shape == (0, 5)


@pytest.mark.parametrize("kill_at", [0, 1, 4, 6])
def test_killed_and_started_again_gives_the_same_bytes(tmp_path, monkeypatch, kill_at):
    monkeypatch.setattr(embeddings, "CHECKPOINT_BATCHES", 2)
    frames = write_frame_store(tmp_path / "frames", noise_videos(5))
    run(frames, tmp_path, name="whole")
    calls = []

    def dies(batch):
        if len(calls) == kill_at:
            raise KeyboardInterrupt
        calls.append(len(batch))
        return embed_mean(batch)

    with pytest.raises(KeyboardInterrupt):
        run(frames, tmp_path, embed=dies)
    done = len(calls)
    calls.clear()

    def counts(batch):
        calls.append(len(batch))
        return embed_mean(batch)

    run(frames, tmp_path, embed=counts)
    assert len(calls) == 8 - done // 2 * 2  # eight batches in all; what was checkpointed is not done again
    for file in ("embeddings.npy", "index.csv", "meta.json"):
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_with_a_real_encoder_it_is_one_forward_pass(tmp_path):
    folder = str(write_encoder(tmp_path / "tower"))
    tower = vision.load_vision_tower(folder, "local")
    preprocessing = vision.load_preprocessing(folder, "local", fitting=Fitting(32))
    frames = write_frame_store(tmp_path / "frames", noise_videos(3))

    @torch.inference_mode()
    def embed(batch):
        return vision.embed_pixels(
            tower, preprocessing.pixels(batch, torch.device("cpu")), "projected"
        ).numpy()

    (tmp_path / "scratch").mkdir()
    embed_frames(
        frames, embed, tmp_path / "out", width=16, batch_size=4, scratch=tmp_path / "scratch", meta={}
    )
    store = EmbeddingStore(tmp_path / "out")
    for row in range(len(frames)):
        alone = embed(frames.read(np.array([row])))[0]
        np.testing.assert_allclose(store.matrix[row], alone, atol=1e-5)
