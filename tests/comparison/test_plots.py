"""The matrix as a table: which cells it has, and what part their videos are of."""

import math

from clipforensics.comparison.plots import COLUMNS, matrix_table


def cell(train_set, manipulation, stratum="all", level="video", auc=0.7):
    counts = {"n_real": 10, "n_fake": 20}
    values = {"auc": auc, "low": auc and auc - 0.1, "high": None, "p": 0.1}
    place = {"protocol": "per_class", "train_set": train_set, "manipulation": manipulation}
    return {**place, "stratum": stratum, "level": level, **counts, "detectors": {"a": values, "b": values}}


def test_a_row_a_detector_and_cell_of_all_fakes_or_of_validation():
    cells = [
        cell("FS", "NT"), cell("FS", "NT", stratum="twin"), cell("FS", "NT", level="frame"),
        cell("FS", "FS", stratum="validation", auc=0.9),
    ]  # fmt: skip
    table = matrix_table(cells)
    assert list(table) == list(COLUMNS)
    assert table[["detector", "manipulation", "part", "auc"]].to_numpy().tolist() == [
        ["a", "NT", "test", 0.7], ["b", "NT", "test", 0.7],
        ["a", "FS", "validation", 0.9], ["b", "FS", "validation", 0.9],
    ]  # fmt: skip
    assert table["high"].isna().all()
    assert len(matrix_table(cells, level="frame")) == 2


def test_an_undefined_auc_is_nan_and_no_cell_is_an_empty_table():
    assert math.isnan(matrix_table([cell("FS", "NT", auc=None)])["auc"].astype(float)[0])
    assert list(matrix_table([])) == list(COLUMNS)
