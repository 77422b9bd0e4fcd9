"""Which row of a store is which frame of which video; and of which person, where people are stored apart.

Where they are, several rows may be of one frame. A video's people come one after another, each in order of
time, and the first is the main one, whom `extract_frames.person: largest` would have chosen: training draws
rows of that person alone, and what is judged is a frame, by the highest score of its people.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clipforensics.core.faults import InputError

if TYPE_CHECKING:  # pandas takes as long to load as all else here
    import pandas as pd

PERSON = "person"
"""Column of an index that has one where people are stored apart."""

AT_ONCE = 1 << 17
"""Rows of an index's CSV that are in memory at once."""


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
    """Row i of a store holds frame `frames[i]` of the video `keys_of([i])[0]`; a video's rows are neighbours.

    Of a row four bytes are held, eight with people; a key is held once a video.

    Attributes:
        frames: 0-based frame number in its video a row, int32 (n,).
        people: Number of the person a row, -1: nobody, a whole frame, int32 (n,); None where people are not
            stored apart.
        videos: Video keys in store order, each once.
        starts: First row of each video, and behind them n, int64 (videos + 1,).
    """

    def __init__(
        self, keys: Iterable[str], frames: Iterable[int], people: Iterable[int] | None = None
    ) -> None:
        import pandas as pd

        table = pd.DataFrame({"key": list(keys), "frame": list(frames)}, dtype=object)
        self._take([table if people is None else table.assign(**{PERSON: list(people)})])

    @classmethod
    def of(cls, tables: Iterable["pd.DataFrame"]) -> "RowIndex":
        """Of tables that follow one another, each with (at least) the columns key and frame, and person where
        people are stored apart.

        Raises:
            ValueError: a video's rows are not neighbours, or a number is not one that four bytes hold.
        """
        index = cls.__new__(cls)
        index._take(tables)
        return index

    def _take(self, tables: Iterable["pd.DataFrame"]) -> None:
        keys: list[str] = []
        counts: list[int] = []
        numbers: dict[str, list[NDArray[np.int32]]] = {"frame": [], PERSON: []}
        for table in tables:
            for name in numbers.keys() & set(table.columns):
                numbers[name].append(_in_four_bytes(table[name].to_numpy()))
            found = table["key"].to_numpy(dtype=object)
            starts = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]])[: len(found)])
            for key, count in zip(found[starts], np.diff([*starts, len(found)]).tolist(), strict=True):
                if keys and keys[-1] == key:  # it goes on from the table before
                    counts[-1] += count
                else:
                    keys.append(str(key))
                    counts.append(count)
        self.videos = keys
        self.starts = np.cumsum([0, *counts], dtype=np.int64)
        self.frames = np.concatenate([*numbers["frame"], np.empty(0, np.int32)])
        self.people = np.concatenate(numbers[PERSON]) if numbers[PERSON] else None
        self._place = {key: place for place, key in enumerate(keys)}
        if len(self._place) != len(keys):
            raise ValueError("a video's rows must be neighbours in the store")
        if (self.frames < 0).any() or not self._in_order():
            raise ValueError("frame numbers must be 0 or more, and rise in a video")

    def _in_order(self) -> bool:
        """Of each person, where people are stored apart."""
        goes_on = np.ones(max(len(self) - 1, 0), bool)
        goes_on[self.starts[1:-1] - 1] = False
        if self.people is not None:
            goes_on &= np.diff(self.people) == 0
        return bool((np.diff(self.frames)[goes_on] > 0).all())

    @classmethod
    def read(cls, path: Path) -> "RowIndex":
        """Read a CSV with the columns key and frame, and perhaps person; it never is in memory as a whole."""
        return cls.of(read_tables(path, ("key", "frame", PERSON)))

    def write(self, path: Path) -> None:
        """Write the CSV that `read` reads."""
        import pandas as pd

        with path.open("w", newline="", encoding="utf-8") as file:
            for start in range(0, max(len(self), 1), AT_ONCE):
                rows = np.arange(start, min(start + AT_ONCE, len(self)))
                people = {} if self.people is None else {PERSON: self.people[rows]}
                table = pd.DataFrame({"key": self.keys_of(rows), "frame": self.frames[rows], **people})
                table.to_csv(file, index=False, header=start == 0, lineterminator="\n")

    def taken(self, rows: np.ndarray) -> "RowIndex":
        """The index of a store that holds some rows of this one; those of a video are neighbours in it."""
        people = None if self.people is None else self.people[rows]
        return RowIndex(self.keys_of(rows), self.frames[rows], people)

    def videos_of(self, rows: np.ndarray) -> np.ndarray:
        """Place in `videos` of the video of each of some rows, int64 (n,)."""
        return np.searchsorted(self.starts, rows, side="right") - 1

    def same_as(self, other: "RowIndex") -> bool:
        """Whether both are of the same frames of the same videos, and of the same people, in one order."""
        same = self.videos == other.videos and np.array_equal(self.starts, other.starts)
        return same and np.array_equal(self._whose(), other._whose())

    def _whose(self) -> np.ndarray:
        people = np.full(len(self), -1, np.int32) if self.people is None else self.people
        return np.stack([self.frames, people])

    def by_video(self, rows: range) -> list[np.ndarray]:
        """These rows, video by video."""
        changes = np.flatnonzero(np.diff(self.videos_of(np.arange(rows.start, rows.stop)))) + 1
        return np.split(np.arange(rows.start, rows.stop, dtype=np.int64), changes)

    def keys_of(self, rows: ArrayLike | None = None) -> np.ndarray:
        """Video key of each of some rows, or of all, object array (n,)."""
        asked = np.arange(len(self)) if rows is None else np.asarray(rows, dtype=np.int64)
        places, back = np.unique(self.videos_of(asked), return_inverse=True)
        return np.array([*map(self.videos.__getitem__, places.tolist()), ""], dtype=object)[back]

    def __len__(self) -> int:
        return len(self.frames)

    def __contains__(self, key: object) -> bool:
        return key in self._place

    def span(self, key: str) -> np.ndarray:
        """Row numbers of one video, ascending.

        Raises:
            InputError: the store does not hold the video.
        """
        if key not in self._place:
            raise InputError(
                f"video {key!r} has no stored frames; look for it in data/frames/skipped.csv,"
                " or run `dvc repro -f extract_frames`"
            )
        place = self._place[key]
        return np.arange(self.starts[place], self.starts[place + 1])

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
        frames = self.frames[rows].astype(np.int64)
        return np.unique(videos * (frames.max(initial=0) + 1) + frames, return_inverse=True)[1]


def read_tables(path: Path, columns: Collection[str] = ()) -> Iterator["pd.DataFrame"]:
    """Read an index's CSV, some rows after others.

    Args:
        path: The file.
        columns: Those that are wanted, where it has them; none: all.
    """
    import pandas as pd

    kinds: defaultdict[str, type] = defaultdict(lambda: np.int64, key=str)
    with pd.read_csv(
        path,
        usecols=(lambda name: name in columns) if columns else None,
        dtype=kinds,
        na_filter=False,
        encoding="utf-8",
        chunksize=AT_ONCE,
    ) as reader:
        yield from reader


def _in_four_bytes(numbers: np.ndarray) -> NDArray[np.int32]:
    made = numbers.astype(np.int32)
    if (made != numbers).any():
        raise ValueError(f"a number of an index lies beyond {np.iinfo(np.int32).max}")
    return made


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
