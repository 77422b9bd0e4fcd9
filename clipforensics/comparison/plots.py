"""The matrix of train set x test manipulation, as a table with a row a detector and cell."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

COLUMNS = (
    "protocol", "detector", "train_set", "manipulation", "part", "auc", "low", "high", "n_real", "n_fake"
)  # fmt: skip

PART_OF_STRATUM = {"all": "test", "validation": "validation"}


def matrix_table(cells: Iterable[Mapping[str, Any]], level: str = "video") -> pd.DataFrame:
    """Columns `COLUMNS`, in the order of the cells; undefined numbers are NaN.

    Args:
        cells: Rows of comparison.json. Those of the stratum `validation` (in-domain videos of a protocol
            that keeps none for test, on which the detectors were chosen) have `validation` as `part`.
        level: `video` or `frame`.
    """
    rows = [
        {
            **{name: cell.get(name) for name in COLUMNS},
            "detector": detector,
            "part": PART_OF_STRATUM[cell["stratum"]],
            **{name: values[name] for name in ("auc", "low", "high")},
        }
        for cell in cells
        if cell["level"] == level and cell["stratum"] in PART_OF_STRATUM
        for detector, values in cell["detectors"].items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
