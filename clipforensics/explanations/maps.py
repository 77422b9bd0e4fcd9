"""The store of relevance maps: one a frame, in [0, 1], small enough to keep."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clipforensics.core.faults import InputError

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


class Heatmaps:
    """One detector's maps.

    Attributes:
        rows: (key of the video, frame number) -> row of the maps.
    """

    def __init__(self, maps: NDArray[np.floating], rows: Mapping[tuple[str, int], int]) -> None:
        """Take maps, shape (n, rows, columns) in [0, 1], and which of them is of which frame."""
        self._maps = maps
        self.rows = dict(rows)

    @classmethod
    def open(cls, folder: Path) -> "Heatmaps":
        """Open `maps.npy` (float16) and `index.csv` (key, frame, row) of a folder.

        Raises:
            InputError: a file is missing or they do not fit each other.
        """
        try:
            maps = np.load(folder / MAPS, mmap_mode="r", allow_pickle=False)
            index = pd.read_csv(folder / INDEX, dtype={"key": str}, keep_default_na=False)
            rows = {
                (str(key), int(frame)): int(row)
                for key, frame, row in zip(index["key"], index["frame"], index["row"], strict=True)
            }
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"heatmaps {str(folder)!r} cannot be opened ({error}); run `dvc repro -f explain`"
            ) from error
        if maps.ndim != 3 or (rows and not 0 <= min(rows.values()) <= max(rows.values()) < len(maps)):
            raise InputError(
                f"heatmaps {str(folder)!r}: {INDEX} and {MAPS} do not agree; run `dvc repro -f explain`"
            )
        return cls(maps, rows)

    def __len__(self) -> int:
        """Maps in the folder."""
        return len(self.rows)

    def find(self, key: str, frame: int) -> NDArray[np.float32] | None:
        """The map of one frame, shape (rows, columns) in [0, 1]; None where there is none."""
        row = self.rows.get((key, frame))
        return None if row is None else np.asarray(self._maps[row], dtype=np.float32)
