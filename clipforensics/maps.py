"""The store of relevance maps: one a frame, in [0, 1], small enough to keep."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from clipforensics.faults import InputError

MAPS, INDEX = "maps.npy", "index.csv"


def scale_to_one(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Divide each map by its highest value.

    Args:
        maps: (n, g, g), at least 0.

    Returns:
        Maps in [0, 1], 1 at the most relevant patch (all 0 where no patch is relevant), and the highest
        values (n,).
    """
    peaks = maps.max(axis=(1, 2), initial=0)
    return np.divide(
        maps, peaks[:, None, None], out=np.zeros_like(maps), where=peaks[:, None, None] > 0
    ), peaks


def write_maps(folder: Path, frames: Sequence[tuple[str, int]], maps: np.ndarray) -> None:
    """Write maps.npy and index.csv.

    Args:
        folder: Where to.
        frames: (key, frame number) of each map.
        maps: (n, g, g), at least 0. Stored as float16, each divided by its highest value, which index.csv
            keeps as `peak` beside key, frame and row.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scaled, peaks = scale_to_one(maps)
    np.save(folder / MAPS, scaled.astype(np.float16))
    keys, numbers = [key for key, _ in frames], [number for _, number in frames]
    table = pd.DataFrame({"key": keys, "frame": numbers, "row": range(len(frames)), "peak": peaks})
    table.to_csv(folder / INDEX, index=False, lineterminator="\n", float_format="%.6g")


def read_maps(folder: Path) -> dict[tuple[str, int], np.ndarray]:
    """Read what `write_maps` wrote: float32 (g, g) in [0, 1] by (key, frame number); empty if there is none.

    Raises:
        InputError: a file is missing, or the two do not fit each other.
    """
    try:
        maps = np.load(folder / MAPS, allow_pickle=False).astype(np.float32)
        index = pd.read_csv(folder / INDEX, dtype={"key": str}, na_filter=False)
        rows = zip(index["key"], index["frame"], index["row"], strict=True)
        return {(str(key), int(frame)): maps[row] for key, frame, row in rows}
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise InputError(
            f"maps in {str(folder)!r} cannot be read ({error}); run `dvc repro -f explain`"
        ) from error
