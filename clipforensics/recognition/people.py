"""The table of people: one embedding for each person of each video, apart from pixels."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.core.records import Skipped, write_records

PEOPLE, VECTORS, META, SKIPPED = "people.csv", "embeddings.npy", "meta.json", "skipped.csv"

COLUMNS = {"key": str, "person": int, "n_frames": int}
"""Of people.csv, a row an embedding."""

NONE = "none"
"""The model of a table that was made without looking."""


@dataclass(frozen=True)
class Person:
    """Somebody in one video.

    Attributes:
        person: Number, as in the table of faces.
        n_frames: Faces that the embedding is a mean of.
        vector: float32 (d,) of unit length: the mean of the features, each of unit length.
    """

    person: int
    n_frames: int
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class PeopleTable:
    """What `write_people` wrote.

    Attributes:
        model: What embedded them; `none` if nothing did.
        people: One row an embedding: `COLUMNS`, the videos in the order of data/videos.csv.
        vectors: float32 (n, d), memory-mapped.
    """

    model: str
    people: pd.DataFrame
    vectors: NDArray[np.float32]

    @classmethod
    def open(cls, folder: Path) -> "PeopleTable":
        """Read the folder.

        Raises:
            InputError: a part is missing or damaged.
        """
        try:
            people = pd.read_csv(folder / PEOPLE, dtype=COLUMNS, na_filter=False)
            vectors = np.load(folder / VECTORS, mmap_mode="r" if len(people) else None, allow_pickle=False)
            model = str(read_json(folder / META)["model"])
            if list(people) != list(COLUMNS) or len(people) != len(vectors):
                raise ValueError(f"{len(people)} rows of {', '.join(people)}, {len(vectors)} embeddings")
        except (OSError, ValueError, KeyError, TypeError) as error:
            fault = f"table of people {str(folder)!r} cannot be read ({error})"
            raise InputError(f"{fault}; run `dvc repro -f embed_people`") from error
        return cls(model, people, vectors)


def write_people(
    folder: Path,
    meta: Mapping[str, Any],
    found: Iterable[tuple[str, Sequence[Person]]],
    skipped: Iterable[Skipped],
    *,
    n_people: int,
    width: int,
) -> None:
    """Write the folder that `PeopleTable.open` reads; one video is in memory at a time.

    Args:
        folder: Made if missing.
        meta: `model`, and the settings that it worked with.
        found: Key and people of each video, in order; a key comes once.
        skipped: Videos that could not be read.
        n_people: Of all videos.
        width: Numbers of an embedding.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / PEOPLE).open("w", newline="", encoding="utf-8") as file,
        (folder / VECTORS).open("wb") as data,
    ):
        head = {"descr": "<f4", "fortran_order": False, "shape": (n_people, width)}
        np.lib.format.write_array_header_1_0(data, head)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for key, people in found:
            for one in people:
                writer.writerow((key, one.person, one.n_frames))
                data.write(np.ascontiguousarray(one.vector, "<f4").tobytes())
    write_records(folder / SKIPPED, Skipped, skipped)
    write_json(folder / META, meta)
