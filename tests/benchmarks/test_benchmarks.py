"""Every benchmark in its tiny form: it runs and gives its rows. What it measures is asserted nowhere."""

import importlib
import itertools
import math

import pytest

from benchmarks import accelerator
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.table import Skipped
from clipforensics.core.faults import InputError
from clipforensics.machine.devices import choose_device
from tests.support.faces import YUNET
from tests.support.packages import skip_without_onnx
from tests.support.repository import ROOT

SUPPORT = {"__init__", "__main__", "table", "material"}
OF_THEIR_OWN = {"face_memory", "coverage", "many_looks", "twin_gap", "training_variance"}
"""Commands of their own, of statistics and of what takes minutes: they have no row in the table."""


def test_every_script_of_the_folder_is_a_benchmark():
    assert {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - SUPPORT - OF_THEIR_OWN == set(
        BENCHMARKS
    )


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_tiny_form_gives_rows_of_finite_positive_numbers(name, monkeypatch):
    if name in ("faces", "once", "scoring"):
        if not YUNET.is_file():
            pytest.skip(f"no face detector at {YUNET}")
        monkeypatch.setenv("CLIPFORENSICS_YUNET", str(YUNET))
    if name == "shipping":
        skip_without_onnx()
    module = importlib.import_module(f"benchmarks.{name}")
    found = list(module.rows(module.TINY))
    assert found
    assert len({row.what for row in found}) == len(found)
    for row in found:
        numbers = (row.ours, row.other, row.ratio)
        assert all(math.isfinite(number) and number > 0 for number in numbers), row


def test_a_benchmark_of_a_card_says_that_there_is_none():
    if choose_device().type == "cuda":
        pytest.skip("there is one here")
    with pytest.raises(Skipped, match="GPU"):
        next(accelerator.rows(accelerator.FULL))


def test_the_table_has_a_line_for_every_row(capsys):
    main(["--tiny", "embedding", "bootstrap"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[0] for row in cells] == ["benchmark", "embedding", *["bootstrap"] * 6]
    assert len({len(row) for row in cells}) == 1


def test_the_committed_results_have_every_benchmark_and_nothing_else():
    lines = (ROOT / "benchmarks/RESULTS.md").read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("| benchmark "))
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    named = [line.strip("|").split("|")[0].strip() for line in rows]
    assert list(dict.fromkeys(named)) == list(BENCHMARKS)


def test_a_name_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"'embeding' is no benchmark.*embedding"):
        main(["embeding"])
