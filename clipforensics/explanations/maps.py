"""The store of relevance maps: one a frame, in [0, 1], small enough to keep."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clipforensics.core.faults import InputError

MAPS, INDEX = "maps.npy", "index.csv"

Shown = tuple[str, int] | tuple[str, int, int]
"""A stored frame: key of its video and its number there; and the person, where people are stored apart."""


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


def write_maps(folder: Path, frames: Sequence[Shown], maps: np.ndarray) -> None:
    """Write maps.npy and index.csv.

    Args:
        folder: Where to.
        frames: Of each map.
        maps: (n, g, g), at least 0. Stored as float16, each divided by its highest value, which index.csv
            keeps as `peak` beside key, frame and row; and person, where people are stored apart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scaled, peaks = scale_to_one(maps)
    np.save(folder / MAPS, scaled.astype(np.float16))
    names = ["key", "frame", "person"][: max((len(one) for one in frames), default=2)]
    table = pd.DataFrame(list(frames), columns=names).assign(row=range(len(frames)), peak=peaks)
    table.to_csv(folder / INDEX, index=False, lineterminator="\n", float_format="%.6g")


def _shown(row: tuple[Any, ...]) -> Shown:
    key, *numbers = row
    frame, *person = map(int, numbers)
    return (key, frame, *person)


class Heatmaps:
    """One detector's maps.

    Attributes:
        rows: Frame -> row of the maps.
    """

    def __init__(self, maps: NDArray[np.floating], rows: Mapping[Shown, int]) -> None:
        """Take maps, shape (n, rows, columns) in [0, 1], and which of them is of which frame."""
        self._maps = maps
        self.rows = dict(rows)

    @classmethod
    def open(cls, folder: Path) -> "Heatmaps":
        """Open `maps.npy` (float16) and `index.csv` (key, frame, row, perhaps person) of a folder.

        Raises:
            InputError: a file is missing or they do not fit each other.
        """
        try:
            maps = np.load(folder / MAPS, mmap_mode="r", allow_pickle=False)
            index = pd.read_csv(folder / INDEX, dtype={"key": str}, keep_default_na=False)
            whose = [index["person"]] if "person" in index else []
            shown = zip(index["key"].astype(str), index["frame"].tolist(), *whose, strict=True)
            rows = dict(zip(map(_shown, shown), index["row"].tolist(), strict=True))
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

    def find(self, key: str, frame: int, person: int | None = None) -> NDArray[np.float32] | None:
        """The map of one frame, shape (rows, columns) in [0, 1]; None where there is none."""
        row = self.rows.get((key, frame) if person is None else (key, frame, person))
        return None if row is None else np.asarray(self._maps[row], dtype=np.float32)
