"""The simulation of intervals: its populations have the AUC that they claim, its tables what was measured."""

import numpy as np
import pytest
from scipy.stats import rankdata

from benchmarks import coverage
from clipforensics.core.faults import InputError
from tests.support.repository import ROOT


def mean_auc(table, truth):
    """Mean over data sets of the Mann-Whitney U, as a share of all pairs."""
    ranks, n_fake = rankdata(table, axis=1), int(truth.sum())
    wins = ranks[:, truth].sum(axis=1) - n_fake * (n_fake + 1) / 2
    return float(wins.mean()) / (n_fake * int((~truth).sum()))


@pytest.mark.parametrize("population", coverage.POPULATIONS)
@pytest.mark.parametrize("auc", [0.75, 0.95])
def test_the_true_auc_is_what_many_data_sets_have_on_average(population, auc):
    cell = coverage.Cell(population, 10, 100, auc)
    truth, _, small = cell.design()
    tables = coverage.simulate(cell, 1500, np.random.default_rng(1))
    for table, value in zip(tables, (auc, auc - coverage.STEP), strict=True):
        assert mean_auc(table, truth == 1) == pytest.approx(cell.true_auc(value, truth == 1), abs=0.01)
    rows = (truth == 0) | small
    found = mean_auc(tables[0][:, rows], truth[rows] == 1)
    assert found == pytest.approx(cell.true_auc(auc, small), abs=0.01)


def test_intervals_that_hold_nothing_or_everything_are_counted_so(monkeypatch):
    cell = coverage.Cell("normal", 10, 10, 0.85)
    one = coverage.Interval(0.5, 0.4, 0.6, 0.5)
    none = coverage.Interval(1.0, np.nan, np.nan, np.nan)
    rows = [("AUC", "pipeline", value, one) for value in (0.39, 0.41, 0.59, 0.61)]
    monkeypatch.setattr(coverage, "intervals_of", lambda *_: [*rows, ("AUC", "pipeline", 0.5, none)])
    (found,) = coverage.measure(cell, 5, 10)
    assert (found.covered, found.missing, found.width) == (0.5, pytest.approx(0.2), pytest.approx(0.2))
    assert coverage.shown_share(found) == ".500 (.20 none)"
    assert "| AUC | pipeline | 0.500 | 0.500 | 1 of 1 | 0.20 | 0.20 |" in coverage.table_of_methods([found])
    assert "| normal, 10 / 10 |  |  | .500 (.20 none) |  |  |" in coverage.table_of_cells([found], "AUC")


def test_the_tiny_form_prints_its_tables_the_same_each_time(capsys):
    command = ["--tiny", "--runs", "6", "--replicates", "40", "normal", "10 % outlying"]
    coverage.main(command)
    first = capsys.readouterr().out
    coverage.main(command)
    assert capsys.readouterr().out == first
    assert first.count("\n|---") == 4
    assert "| 10 % outlying, 10 / 10 |" in first


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="'lognormal' is no population"):
        coverage.main(["lognormal"])
    with pytest.raises(InputError, match="--runs 0"):
        coverage.main(["--runs", "0"])


def test_the_page_shows_the_table_that_was_printed():
    printed = (ROOT / "benchmarks/COVERAGE.md").read_text(encoding="utf-8")
    table = next(block for block in printed.split("\n\n") if block.startswith("| interval of |"))
    assert table in (ROOT / "docs/explanation/intervals.md").read_text(encoding="utf-8")
