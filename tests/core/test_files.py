"""JSON that every reader can read: no NaN, no numpy."""

import json
import math

import numpy as np

from clipforensics.core import files
from clipforensics.metrics import points as metrics

NAN = math.nan


def test_json_ready():
    content = {"a": NAN, "b": [np.float64(0.5), np.int64(2), np.bool_(True)], 3: {"c": math.inf, "d": "x"},
               "e": np.array([1.0, NAN]), "f": metrics.Eer(0.1, NAN)}  # fmt: skip
    expected = {
        "a": None,
        "b": [0.5, 2, True],
        "3": {"c": None, "d": "x"},
        "e": [1.0, None],
        "f": [0.1, None],
    }
    assert files.json_ready(content) == expected
    json.dumps(files.json_ready(content), allow_nan=False)
