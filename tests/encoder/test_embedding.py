"""Every frame through the encoder once; what is kept changes no byte and costs nothing."""

import numpy as np
import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.encoder import embedding, vision
from clipforensics.encoder.embedding import Elsewhere, embed_frames
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.codecs import CODECS
from clipforensics.frames.store import FrameStore
from clipforensics.machine.cluster.nodes import Share
from clipforensics.machine.kept import Kept
from tests.encoder.test_vision import write_encoder
from tests.support.stores import noise_videos, write_frame_store

FILES = ("embeddings.npy", "index.csv", "meta.json")


def embed_mean(batch: np.ndarray) -> np.ndarray:
    return np.stack([batch.mean(axis=(1, 2, 3)), batch.std(axis=(1, 2, 3))], axis=1).astype(np.float32)


class Counting:
    """An encoder that remembers how many frames each call had, and may stop at one."""

    def __init__(self, stop_at=None, function=embed_mean):
        self.calls, self.stop_at, self.function = [], stop_at, function

    def __call__(self, batch):
        if len(self.calls) == self.stop_at:
            raise KeyboardInterrupt
        self.calls.append(len(batch))
        return self.function(batch)


def run(frames, tmp_path, embed=embed_mean, *, name="out", kept="kept", batch_size=2, **more):
    options = {"width": 2, "batch_size": batch_size, "meta": {"a": 1}, **more}
    embed_frames(frames, embed, tmp_path / name, kept=Kept(tmp_path / kept, "made by"), **options)
    return EmbeddingStore(tmp_path / name)


def same(one, other):
    return all((one.folder / file).read_bytes() == (other.folder / file).read_bytes() for file in FILES)


def test_every_frame_once_in_store_order(tmp_path):
    frames = write_frame_store(tmp_path / "frames", noise_videos(5))
    store = run(frames, tmp_path)
    everything = frames.read(np.arange(len(frames)))
    np.testing.assert_array_equal(np.asarray(store.matrix), embed_mean(everything))
    assert store.rows.videos == frames.keys
    assert store.meta == {"a": 1}


def test_batches_are_filled_up_and_none_holds_frames_of_two_data_sets(tmp_path):
    videos = noise_videos(3, frames=3)
    keys = ["a/FS/-/x", "a/FS/-/y", "b/FS/-/x"]
    frames = write_frame_store(tmp_path / "frames", dict(zip(keys, videos.values(), strict=True)))
    seen = []

    def embed(batch):
        seen.append(batch)
        return embed_mean(batch)

    store = run(frames, tmp_path, embed, batch_size=4)
    everything = frames.read(np.arange(len(frames)))
    rows = [[0, 1, 2, 3], [4, 5, 5, 5], [6, 7, 8, 8]]
    assert all((batch == everything[of]).all() for batch, of in zip(seen, rows, strict=True))
    assert np.array_equal(store.matrix, embed_mean(everything))


@pytest.mark.parametrize("kill_at", [0, 1, 5, 11])
def test_killed_and_started_again_gives_the_same_bytes(tmp_path, kill_at):
    frames = write_frame_store(tmp_path / "frames", noise_videos(8))  # 9, 9, 6 frames: 5, 5, 3 batches
    whole = run(frames, tmp_path, name="whole", kept="other")
    with pytest.raises(KeyboardInterrupt):
        run(frames, tmp_path, Counting(stop_at=kill_at))
    assert not (tmp_path / "out/meta.json").exists(), "a store that is not finished cannot be opened"
    again = Counting()
    assert same(run(frames, tmp_path, again), whole)
    assert len(again.calls) == 13 - kill_at // 5 * 5


def test_one_more_video_costs_the_frames_of_one(tmp_path):
    videos = noise_videos(7)
    fewer = {key: frames for key, frames in videos.items() if key != "v4"}
    run(write_frame_store(tmp_path / "fewer", fewer), tmp_path)
    more, again = write_frame_store(tmp_path / "more", videos), Counting()
    store = run(more, tmp_path, again, name="more-out")
    assert len(again.calls) == 3 + 2, "three that tell whether places in a batch matter, two of 3 new frames"
    assert same(store, run(more, tmp_path, name="fresh", kept="nothing"))
    nothing = Counting()
    run(more, tmp_path, nothing, name="third")
    assert nothing.calls == []


@pytest.mark.parametrize(("kind", "n_looks"), [("one end", 2), ("both ends", 3)])
def test_where_the_place_in_a_batch_matters_only_whole_shards_are_taken_over(tmp_path, kind, n_looks):
    def placed(batch):
        places = np.arange(len(batch), dtype=np.float32)
        far = places if kind == "one end" else np.minimum(places, places[::-1])
        return embed_mean(batch) + far[:, None] * np.float32(1e-3)

    videos, of_four = noise_videos(7), {"batch_size": 4}
    fewer = {key: frames for key, frames in videos.items() if key != "v4"}
    run(write_frame_store(tmp_path / "fewer", fewer), tmp_path, placed, **of_four)
    more, again = write_frame_store(tmp_path / "more", videos), Counting(function=placed)
    store = run(more, tmp_path, again, name="more-out", **of_four)
    assert len(again.calls) == n_looks + 3 + 1, "all of the second shard and of the third, which are others"
    assert same(store, run(more, tmp_path, placed, name="fresh", kept="nothing", **of_four))


def test_with_a_real_encoder_it_is_one_forward_pass_whatever_was_kept(tmp_path):
    folder = str(write_encoder(tmp_path / "tower"))
    tower = vision.load_vision_tower(folder, "local")
    preprocessing = vision.load_preprocessing(folder, "local", fitting=Fitting(32))

    @torch.inference_mode()
    def embed(batch):
        pixels = preprocessing.pixels(batch, torch.device("cpu"))
        return vision.embed_pixels(tower, pixels, "projected").numpy()

    stores = {}
    for name, n, kept in (("few", 3, "kept"), ("many", 5, "kept"), ("fresh", 5, "nothing")):
        frames = write_frame_store(tmp_path / f"frames-{name}", noise_videos(n))
        options = {"width": 16, "batch_size": 4, "meta": {}}
        embed_frames(frames, embed, tmp_path / name, kept=Kept(tmp_path / kept, ""), **options)
        stores[name] = EmbeddingStore(tmp_path / name)
    assert same(stores["many"], stores["fresh"])
    for row in range(len(frames)):
        alone = embed(frames.read(np.array([row])))[0]
        np.testing.assert_allclose(stores["fresh"].matrix[row], alone, atol=1e-5)


def test_another_codec_embeds_nothing_again_and_to_the_same_bytes(tmp_path):
    videos, embed = noise_videos(5), Counting()
    none, webp = (write_frame_store(tmp_path / f"frames-{codec}", videos, codec=codec) for codec in CODECS)
    fresh = run(webp, tmp_path, name="fresh", kept="fresh")
    first = run(none, tmp_path, embed, name="first")
    n_calls = len(embed.calls)
    again = run(webp, tmp_path, embed, name="again")
    assert n_calls == len(embed.calls) > 0
    assert same(first, fresh)
    assert same(first, again)


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_a_damaged_shard_is_not_embedded(tmp_path, monkeypatch, engine):
    """By the code that a node runs as well, here in this process."""

    def mapped(there, todo, **_):
        yield from map(there, todo)

    monkeypatch.setenv("CLIPFORENSICS_ENGINE", engine)
    monkeypatch.setattr(embedding, "map_on_ray", mapped)
    frames = write_frame_store(tmp_path / "frames", noise_videos(8))
    shard = tmp_path / "frames/shard-00001.npy"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    first = frames.rows.keys_of([frames.shards[1][0].start])[0]
    with pytest.raises(InputError, match=f"the shard that begins with {first} holds other frames than were"):
        run(FrameStore.open(tmp_path / "frames"), tmp_path, elsewhere=Elsewhere(lambda: embed_mean, Share(1)))


def test_what_is_cleared_before_it_is_taken_is_embedded_here(tmp_path, monkeypatch):
    """No other shard's embeddings come in its place."""
    frames = write_frame_store(tmp_path / "frames", noise_videos(5))
    here = run(frames, tmp_path)
    known = embedding._Work.known
    asked = []

    def forgets(work, digest):
        asked.append(digest)
        return known(work, digest) if len(asked) <= len(frames.shards) else None

    monkeypatch.setattr(embedding._Work, "known", forgets)
    monkeypatch.setenv("CLIPFORENSICS_ENGINE", "ray")
    monkeypatch.setenv("RAY_ADDRESS", "nowhere")
    there = Elsewhere(lambda: embed_mean, Share(1))
    assert same(here, run(frames, tmp_path, name="again", elsewhere=there))


def test_of_what_is_kept_nothing_is_sent_to_a_cluster(tmp_path, monkeypatch):
    """Nor is one joined: where nothing is kept, tests/machine/cluster/test_choosing.py sends it."""
    frames = write_frame_store(tmp_path / "frames", noise_videos(5))
    here = run(frames, tmp_path)
    monkeypatch.setenv("CLIPFORENSICS_ENGINE", "ray")
    monkeypatch.setenv("RAY_ADDRESS", "nowhere")
    there = Elsewhere(lambda: embed_mean, Share(1))
    assert same(here, run(frames, tmp_path, None, name="again", elsewhere=there))
