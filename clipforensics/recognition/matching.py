"""Pairs of videos that show faces which are alike: each person with each of another video, block by block."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clipforensics.duplicates.auditing import Likeness
from clipforensics.recognition.people import PeopleTable

FACES = Likeness(("cosine",), "n_with_face", "show a face as in", "raise recognition.threshold")
"""For `duplicates.auditing`."""

OFF = "nobody is recognised: recognition.model is none"

BLOCK = 1024
"""People that are compared with all others at once; no result depends on it."""

DECIMALS = 4
"""To which a cosine is rounded before it is held to the threshold, so that no last digit decides."""


def similar_people(table: PeopleTable, *, threshold: float) -> pd.DataFrame:
    """Pairs of videos that show somebody who is alike.

    Memory is linear in what is found, and in a block of cosines.

    Args:
        table: Everybody.
        threshold: Cosine from which two people are alike.

    Returns:
        One row a pair: `a` and `b`, keys in sorted order, and `cosine`, the largest of two of their people.
        The most alike first, then by keys.
    """
    keys, codes = np.unique(table.people["key"].to_numpy(str), return_inverse=True)
    found = [np.empty((0, 3)), *_alike(table.vectors, codes, threshold)]
    pairs = pd.DataFrame(np.concatenate(found), columns=["a", "b", "cosine"])
    best = pairs.groupby(["a", "b"], as_index=False)["cosine"].max()
    best = best.astype({"a": int, "b": int}).sort_values(["cosine", "a", "b"], ascending=[False, True, True])
    named = {name: keys[best[name]].astype(object) for name in ("a", "b")}
    return pd.DataFrame({**named, "cosine": best["cosine"].to_numpy()})


def _alike(
    vectors: NDArray[np.float32], codes: NDArray[np.int64], threshold: float
) -> Iterator[NDArray[np.float64]]:
    """Rows of two videos' numbers, the smaller first, and the cosine of two of their people."""
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK].astype(np.float64)
        for other in range(start, len(vectors), BLOCK):
            cosines = np.round(block @ vectors[other : other + BLOCK].astype(np.float64).T, DECIMALS)
            one, two = np.nonzero(cosines >= threshold)
            pair = np.sort(np.column_stack([codes[start + one], codes[other + two]]), axis=1)
            rows = np.column_stack([pair, cosines[one, two]])
            yield rows[pair[:, 0] != pair[:, 1]]
