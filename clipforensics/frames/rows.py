"""Which row of a store is which frame of which video."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clipforensics.core.faults import InputError


@dataclass(frozen=True)
class Labelled:
    """Rows of a store with what is known of them.

    Attributes:
        rows: Row numbers in the store, int64 (n,).
        labels: 0 real, 1 manipulated, a row, int64 (n,).
        videos: Integer code of the row's video (its position in `table`), int64 (n,).
        spans: Row numbers of each video, in the order of `table`.
        table: One row a video that the store holds.
    """

    rows: np.ndarray
    labels: np.ndarray
    videos: np.ndarray
    spans: list[np.ndarray]
    table: pd.DataFrame


class RowIndex:
    """Row i of a store holds frame `frames[i]` of video `keys[i]`; a video's rows are neighbours.

    Attributes:
        keys: Video key a row, object array (n,).
        frames: 0-based frame number in its video a row, int64 (n,).
        videos: Video keys in store order, each once.
    """

    def __init__(self, keys: Iterable[str], frames: Iterable[int]) -> None:
        self.keys = np.asarray(list(keys), dtype=object)
        self.frames = np.asarray(list(frames), dtype=np.int64)
        changes = np.flatnonzero(self.keys[1:] != self.keys[:-1]) + 1
        starts = np.concatenate([[0], changes]) if len(self.keys) else changes
        stops = np.concatenate([changes, [len(self.keys)]])
        self.videos = [str(key) for key in self.keys[starts]]
        self._spans = dict(zip(self.videos, zip(starts.tolist(), stops.tolist(), strict=False), strict=True))
        if len(self._spans) != len(starts):
            raise ValueError("a video's rows must be neighbours in the store")

    @classmethod
    def read(cls, path: Path) -> "RowIndex":
        """Read a CSV with (at least) the columns key and frame."""
        table = pd.read_csv(
            path, usecols=["key", "frame"], dtype={"key": str, "frame": np.int64}, na_filter=False
        )
        return cls(table["key"], table["frame"])

    def write(self, path: Path) -> None:
        """Write the CSV that `read` reads."""
        table = pd.DataFrame({"key": self.keys, "frame": self.frames})
        table.to_csv(path, index=False, lineterminator="\n")

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: object) -> bool:
        return key in self._spans

    def span(self, key: str) -> np.ndarray:
        """Row numbers of one video, ascending.

        Raises:
            InputError: the store does not hold the video.
        """
        if key not in self._spans:
            raise InputError(
                f"video {key!r} has no stored frames; look for it in data/frames/skipped.csv,"
                " or run `dvc repro -f extract_frames`"
            )
        start, stop = self._spans[key]
        return np.arange(start, stop)

    def rows_of(self, keys: Iterable[str]) -> np.ndarray:
        """Row numbers of the given videos, one after another, in the order given."""
        spans = [self.span(key) for key in keys]
        return np.concatenate(spans) if spans else np.empty(0, dtype=np.int64)

    def labelled(self, table: pd.DataFrame) -> Labelled:
        """Rows, labels and video codes of the videos of a split (columns key and label).

        Videos that the store lacks (extraction skipped them and recorded why) are left out.

        Raises:
            InputError: the store holds none of the real or none of the manipulated videos.
        """
        table = table[[key in self for key in table["key"]]].reset_index(drop=True)
        if set(table["label"]) != {0, 1}:
            raise InputError(
                f"a split's stored videos have labels {sorted(set(table['label']))}, both 0 and 1 are needed;"
                " see data/frames/skipped.csv and the split section"
            )
        spans = [self.span(key) for key in table["key"]]
        counts = [len(span) for span in spans]
        labels = np.repeat(table["label"].to_numpy(dtype=np.int64), counts)
        return Labelled(np.concatenate(spans), labels, np.repeat(np.arange(len(spans)), counts), spans, table)


def sample_frame_indices(n_frames: int, k: int) -> NDArray[np.int64]:
    """Choose k frames evenly spaced over the whole length of a video.

    The video is divided into k equal parts and the frame at the centre of each is taken:
    frame i is floor((i + 1/2) n_frames / k), computed in whole numbers.

    Args:
        n_frames: Frames in the video, at least 0.
        k: Frames wanted, at least 1.

    Returns:
        Strictly increasing frame numbers, shape (min(n_frames, k),). A video with fewer than
        k frames gives each of them once: nothing is repeated to fill up.

    Raises:
        ValueError: k is below 1 or n_frames below 0.
    """
    if k < 1 or n_frames < 0:
        raise ValueError(f"need k >= 1 and n_frames >= 0, got k={k}, n_frames={n_frames}")
    if n_frames <= k:
        return np.arange(n_frames, dtype=np.int64)
    return (2 * np.arange(k, dtype=np.int64) + 1) * n_frames // (2 * k)
