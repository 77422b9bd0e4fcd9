"""Scores with labels: drawn by hypothesis, counted slowly, and as the published peers have them."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.support.shared_data import PEER_SCORES


@st.composite
def tables(draw, min_each=1):
    """Scores with many ties, and labels of both classes, in any order of rows."""
    grid = st.integers(0, draw(st.integers(0, 8))).map(lambda i: i / 8)
    real = draw(st.lists(grid, min_size=min_each, max_size=12))
    manipulated = draw(st.lists(grid, min_size=min_each, max_size=12))
    rows = draw(st.permutations([(s, 0) for s in real] + [(s, 1) for s in manipulated]))
    return np.array([s for s, _ in rows]), np.array([y for _, y in rows])


def slow_rates(scores, labels, threshold):
    """(fpr, fnr) by counting."""
    real = [s for s, y in zip(scores, labels, strict=True) if y == 0]
    manipulated = [s for s, y in zip(scores, labels, strict=True) if y == 1]
    missed = sum(s < threshold for s in manipulated)
    return sum(s >= threshold for s in real) / len(real), missed / len(manipulated)


def read_peer(name):
    table = pd.read_csv(PEER_SCORES / f"{name}.csv", dtype={"video": str})
    return table.assign(key=table["manipulation"] + "/" + table["video"])
