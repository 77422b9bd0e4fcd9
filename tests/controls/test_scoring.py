"""Controls fitted on a cell, and their scores where anyone can check them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.controls.finding import known_controls
from clipforensics.controls.scoring import ControlScores, fit_and_score
from tests.support.controls import N_FRAMES, controls_section, make_known, split_tables


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    root = tmp_path_factory.mktemp("controls")
    known, section, controls = make_known(root, shift=1.0), controls_section(), known_controls()
    tables = {part: table for part, table in split_tables().items() if part != "train"}
    out = ControlScores(root / "out", {name: one.draws(section) for name, one in controls.items()})
    rows = list(fit_and_score(controls, known, tables, section, out, split="grouped", train_set="Swap"))
    return known, controls, out, rows


def test_a_table_a_control_and_draw_in_the_form_of_detectors(done):
    _, controls, out, rows = done
    assert [(row["control"], row["draw"]) for row in rows] == [
        (name, draw) for name in controls for draw in range(1, out.draws[name] + 1)
    ]
    for row in rows:
        table = pd.read_csv(out.path(row["control"], "grouped", "Swap", row["draw"]))
        assert list(table) == ["key", "manipulation", "label", "part", "frame", "score"]
        assert len(table) == 60 * N_FRAMES, "validation and test, and no training video"
        assert not set(table["key"]) & set(split_tables()["train"]["key"])


def test_the_validation_that_is_told_is_that_of_the_scores(done):
    _, _, out, rows = done
    for row in (row for row in rows if row["control"] != "permuted"):  # whose validation labels are permuted
        table = pd.read_csv(out.path(row["control"], "grouped", "Swap", row["draw"]))
        val = table[table["part"] == "val"].groupby("key").mean(numeric_only=True)
        assert row["validation"]["video_auc"] == pytest.approx(roc_auc_score(val["label"], val["score"]))


def test_tables_are_read_back_one_a_draw(done):
    _, _, out, _ = done
    found = out.read(["grouped"], "Swap")
    assert set(found) == {
        (f"control {name}", draw) for name, n in out.draws.items() for draw in range(1, n + 1)
    }
    first = found["control unaltered", 1]
    assert (first["split"] == "grouped").all()
    assert np.isfinite(first["score"]).all()
    twice = out.read(["grouped", "grouped"], "Swap")
    assert len(twice["control unaltered", 1]) == 2 * len(first)
