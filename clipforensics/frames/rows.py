"""Which row of a store is which frame of which video; and of which person, where people are stored apart.

Where they are, several rows may be of one frame. A video's people come one after another, each in order of
time, and the first is the main one, whom `extract_frames.person: largest` would have chosen: training draws
rows of that person alone, and what is judged is a frame, by the highest score of its people.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clipforensics.core.faults import InputError

if TYPE_CHECKING:  # pandas takes as long to load as all else here
    import pandas as pd

PERSON = "person"
"""Column of an index that has one where people are stored apart."""


@dataclass(frozen=True)
class Labelled:
    """Rows of a store with what is known of them.

    Attributes:
        rows: Row numbers in the store, int64 (n,).
        labels: 0 real, 1 manipulated, a row, int64 (n,).
        videos: Integer code of the row's video (its position in `table`), int64 (n,).
        spans: Row numbers of each video, in the order of `table`.
        table: One row a video that the store holds.
        moments: Code of the row's (video, frame), ascending by video and frame, int64 (n,): rows that agree
            are people of one frame. None: people are not stored apart, each row is a frame of its own.
    """

    rows: np.ndarray
    labels: np.ndarray
    videos: np.ndarray
    spans: list[np.ndarray]
    table: "pd.DataFrame"
    moments: np.ndarray | None = None


class RowIndex:
    """Row i of a store holds frame `frames[i]` of video `keys[i]`; a video's rows are neighbours.

    Attributes:
        keys: Video key a row, object array (n,).
        frames: 0-based frame number in its video a row, int64 (n,).
        people: Number of the person a row, -1: nobody, a whole frame, int64 (n,); None where people are not
            stored apart.
        videos: Video keys in store order, each once.
    """

    def __init__(
        self, keys: Iterable[str], frames: Iterable[int], people: Iterable[int] | None = None
    ) -> None:
        self.keys = np.asarray(list(keys), dtype=object)
        self.frames = np.asarray(list(frames), dtype=np.int64)
        self.people = None if people is None else np.asarray(list(people), dtype=np.int64)
        changes = np.flatnonzero(self.keys[1:] != self.keys[:-1]) + 1
        starts = np.concatenate([[0], changes]) if len(self.keys) else changes
        stops = np.concatenate([changes, [len(self.keys)]])
        self.videos = [str(key) for key in self.keys[starts]]
        self._spans = dict(zip(self.videos, zip(starts.tolist(), stops.tolist(), strict=False), strict=True))
        if len(self._spans) != len(starts):
            raise ValueError("a video's rows must be neighbours in the store")

    @classmethod
    def of(cls, table: "pd.DataFrame") -> "RowIndex":
        """Of a table with (at least) the columns key and frame, and person where people are stored apart."""
        return cls(table["key"], table["frame"], table.get(PERSON))

    @classmethod
    def read(cls, path: Path) -> "RowIndex":
        """Read a CSV with the columns that `of` takes."""
        import pandas as pd

        kinds = {"key": str, "frame": np.int64, PERSON: np.int64}
        return cls.of(pd.read_csv(path, usecols=lambda name: name in kinds, dtype=kinds, na_filter=False))

    def write(self, path: Path) -> None:
        """Write the CSV that `read` reads."""
        import pandas as pd

        people = {} if self.people is None else {PERSON: self.people}
        table = pd.DataFrame({"key": self.keys, "frame": self.frames, **people})
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

    def apart(self, rows: np.ndarray) -> list[np.ndarray]:
        """Rows of one video, person by person, the main one first; all together where nobody is apart."""
        if self.people is None or len(rows) == 0:
            return [rows]
        people = self.people[rows]
        return [rows[people == person] for person in dict.fromkeys(people.tolist())]

    def main_span(self, key: str) -> np.ndarray:
        """Row numbers of a video's main person, ascending: all of its rows where nobody is apart.

        Raises:
            InputError: the store does not hold the video.
        """
        return self.apart(self.span(key))[0]

    def rows_of(self, keys: Iterable[str]) -> np.ndarray:
        """Row numbers of the given videos, one after another, in the order given."""
        spans = [self.span(key) for key in keys]
        return np.concatenate(spans) if spans else np.empty(0, dtype=np.int64)

    def labelled(self, table: "pd.DataFrame", *, main: bool = False) -> Labelled:
        """Rows, labels and video codes of the videos of a split (columns key and label).

        Videos that the store lacks (extraction skipped them and recorded why) are left out.

        Args:
            table: The videos.
            main: Whether the main person's rows alone are wanted, as training wants them: in a fake the
                others are mostly as they were filmed, and would be learnt under the wrong label.

        Raises:
            InputError: the store holds none of the real or none of the manipulated videos.
        """
        table = table[[key in self for key in table["key"]]].reset_index(drop=True)
        if set(table["label"]) != {0, 1}:
            raise InputError(
                f"a split's stored videos have labels {sorted(set(table['label']))}, both 0 and 1 are needed;"
                " see data/frames/skipped.csv and the split section"
            )
        spans = [(self.main_span if main else self.span)(key) for key in table["key"]]
        counts = [len(span) for span in spans]
        labels = np.repeat(table["label"].to_numpy(dtype=np.int64), counts)
        rows, videos = np.concatenate(spans), np.repeat(np.arange(len(spans)), counts)
        return Labelled(rows, labels, videos, spans, table, self._moments(rows, videos))

    def _moments(self, rows: np.ndarray, videos: np.ndarray) -> np.ndarray | None:
        if self.people is None:
            return None
        frames = self.frames[rows]
        return np.unique(videos * (frames.max(initial=0) + 1) + frames, return_inverse=True)[1]


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
