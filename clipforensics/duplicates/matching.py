"""Pairs of videos whose frames look alike, found without comparing each with each.

Two hashes of 64 bits that differ in at most 3 have one of their four bands of 16 bits in common. So hashes
are sorted by each band in turn, and only those of one run are compared (multi-index hashing with a radius of
0 in each band: Norouzi, Punjani & Fleet, "Fast search in Hamming space with multi-index hashing", CVPR
2012). Time is n log n but for long runs; memory is linear in what is found.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

BANDS, BITS = 4, 16

COMMON = 200
"""A very hash that more videos have, such as of a title card, says nothing of any two of them and is left
out."""

ENOUGH = 0.5
"""Share of the hashed frames of either video that must have a partner in the other."""


def similar_videos(hashed: pd.DataFrame, *, distance: int) -> pd.DataFrame:
    """Pairs of videos that look alike.

    Args:
        hashed: One row a frame: key, frame, hash (16 hexadecimal digits); `person` too, where people are
            stored apart: then each person's frame is one by itself.
        distance: Most bits in which frames that look alike differ, from 0 to 3.

    Returns:
        One row a pair: `a` and `b`, keys in sorted order; `distance`, that of their nearest frames; `share`,
        of the frames of one of them (that with the larger share) how many have a partner in the other.
        Sorted by distance, then by keys.
    """
    if "person" in hashed:
        hashed = hashed.assign(frame=hashed.groupby(["frame", "person"]).ngroup())
    table = hashed.assign(value=[int(text, 16) for text in hashed["hash"]]).astype({"value": np.uint64})
    videos_of = table.groupby("value")["key"].nunique()
    kept = table[table["value"].map(videos_of) <= COMMON]
    values = np.unique(kept["value"].to_numpy(np.uint64))
    pairs = np.concatenate(
        [np.repeat(np.arange(len(values))[:, None], 2, axis=1), near_pairs(values, distance)]
    )
    apart = np.bitwise_count(values[pairs[:, 0]] ^ values[pairs[:, 1]]).astype(np.int64)
    both = pd.DataFrame({"one": pairs[:, 0], "other": pairs[:, 1], "distance": apart})
    place = kept.assign(place=np.searchsorted(values, kept["value"].to_numpy(np.uint64)))
    sides = [place[["place", "key", "frame"]].add_suffix(suffix) for suffix in ("_a", "_b")]
    met = both.merge(sides[0], left_on="one", right_on="place_a").merge(
        sides[1], left_on="other", right_on="place_b"
    )
    return _by_video(_in_order(met[met["key_a"] != met["key_b"]]), hashed.groupby("key").size())


def near_pairs(values: Hashes, distance: int) -> NDArray[np.int64]:
    """Numbers of the pairs of distinct hashes that differ in at most `distance` bits, int64 (n, 2), each
    once.

    Args:
        values: Distinct hashes.
        distance: From 0 to 3.
    """
    found = [np.empty((0, 2), dtype=np.int64)]
    for band in range(BANDS):
        part = (values >> np.uint64(BITS * band)) & np.uint64(2**BITS - 1)
        order = np.argsort(part, kind="stable")
        part, at, step = part[order], np.arange(len(part)), 1
        while len(at):  # each with the next of its run, with the one after it, and so on
            at = at[at + step < len(part)]
            at = at[part[at] == part[at + step]]
            one, other = order[at], order[at + step]
            near = np.bitwise_count(values[one] ^ values[other]) <= distance
            found.append(np.sort(np.column_stack([one[near], other[near]]), axis=1))
            step += 1
    return np.unique(np.concatenate(found), axis=0)


def _in_order(met: pd.DataFrame) -> pd.DataFrame:
    """Pairs of frames of two videos, those of the smaller key first, each pair once."""
    turned = met["key_a"] > met["key_b"]
    names = {"a": ("key_a", "key_b"), "b": ("key_b", "key_a"), "of_a": ("frame_a", "frame_b")}
    names["of_b"] = names["of_a"][::-1]
    sides = {name: met[one].where(~turned, met[other]) for name, (one, other) in names.items()}
    return pd.DataFrame({**sides, "distance": met["distance"]}).drop_duplicates()


def _by_video(frames: pd.DataFrame, n_hashed: "pd.Series[int]") -> pd.DataFrame:
    """One row a pair of videos of which enough frames have a partner."""
    grouped = frames.groupby(["a", "b"])
    found = grouped.agg(
        distance=("distance", "min"), of_a=("of_a", "nunique"), of_b=("of_b", "nunique")
    ).reset_index()
    shares = [found[f"of_{name}"] / found[name].map(n_hashed).astype(float) for name in ("a", "b")]
    found["share"] = np.maximum(*shares) if len(found) else np.empty(0)
    found = found[found["share"] >= ENOUGH].sort_values(["distance", "a", "b"])
    return found[["a", "b", "distance", "share"]].reset_index(drop=True)
