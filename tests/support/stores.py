"""Small stores and encoders made by hand, in the real formats."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from clipforensics.core.fitting import Fitting
from clipforensics.frames.codecs import Codec, pack, shard_digest
from clipforensics.frames.shard_file import ShardWriter
from clipforensics.frames.store import FrameStore, shard_name


def index_of(store: FrameStore) -> pd.DataFrame:
    """The table that says where each frame of a store lies."""
    return pd.read_csv(store.folder / "index.csv", dtype={"key": str}, na_filter=False)


def write_frame_store(
    folder: Path,
    videos: Mapping[str, np.ndarray],
    *,
    per_shard: int = 3,
    fitting: Fitting | None = None,
    apart: Mapping[str, Sequence[tuple[int, int]]] | None = None,
    codec: Codec = "none",
) -> FrameStore:
    """A frame store of the given videos (key -> uint8 (n, s, s, 3)), a few videos a shard.

    It says that they were fitted so, as for CLIP if not given. `apart`: (frame, person) of each picture of a
    video, where people are stored apart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, sizes, digests = [], [], []
    groups = [list(videos)[i : i + per_shard] for i in range(0, len(videos), per_shard)]
    for number, keys in enumerate(groups):
        shard = ShardWriter(folder / shard_name(number), codec, videos[keys[0]].shape[1])
        for key in keys:
            shard.add(pack(videos[key], codec).frames)
        shard.finish()
        digests.append(shard_digest(pack(videos[key], codec).sha256 for key in keys))
        sizes.append(shard.n_frames)
        whose = apart or {key: [(frame, -1) for frame in range(len(videos[key]))] for key in keys}
        flat = [(key, *one) for key in keys for one in whose[key]]
        rows += [(key, frame, number, row, person) for row, (key, frame, person) in enumerate(flat)]
    table = pd.DataFrame(rows, columns=["key", "frame", "shard", "row", "person"])
    table = table if apart else table.drop(columns="person")
    table.to_csv(folder / "index.csv", index=False)
    size = next(iter(videos.values())).shape[1]
    n_frames = max(map(len, videos.values()))
    meta = {**(fitting or Fitting(size)).as_meta(), "n_frames": n_frames, "codec": codec}
    meta |= {"shards": sizes, "sha256": digests}
    (folder / "meta.json").write_text(json.dumps(meta))
    return FrameStore.open(folder)


def noise_videos(
    n: int, *, frames: int = 3, size: int = 32, seed: int = 0, shift: int = 60
) -> dict[str, np.ndarray]:
    """n videos of noise, key `v<i>`; odd ones (the manipulated) are brighter by `shift`."""
    rng = np.random.default_rng(seed)
    dark = {f"v{i}": rng.integers(0, 256 - shift, (frames, size, size, 3), dtype=np.uint8) for i in range(n)}
    return {key: video + np.uint8(shift * (i % 2)) for i, (key, video) in enumerate(dark.items())}


def labelled_table(n: int) -> pd.DataFrame:
    """The videos of `noise_videos` as a split: even real, odd manipulated."""
    numbers = list(range(n))
    return pd.DataFrame(
        {
            "key": [f"v{i}" for i in numbers],
            "label": [i % 2 for i in numbers],
            "manipulation": ["FaceSwap" if i % 2 else "real" for i in numbers],
        }
    )
