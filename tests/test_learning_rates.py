"""`clipforensics learning-rates` on a few videos, as it runs after `dvc repro`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from clipforensics import learning_rates as rates
from clipforensics.core.faults import InputError
from clipforensics.machine.kernels import PINS
from tests.support.repository import ROOT, merge
from tests.support.stores import labelled_table
from tests.support.training_tasks import PARAMS, QUICK, Bench

METHODS = ("mlp", "bitfit")


@pytest.fixture(scope="module")
def run_left(tmp_path_factory):
    """What a run leaves that the command reads; no test part, which it must do without."""
    folder = tmp_path_factory.mktemp("run")
    bench = Bench.make(folder / "data")
    protocol = {"splits": ["grouped"], "train_sets": ["FaceSwap"], "seeds": [3]}
    changes = {"train": QUICK, "encoder": dict(bench.task.encoder), "protocol": protocol}
    (folder / "params.yaml").write_text(yaml.safe_dump(merge(PARAMS, changes)))
    parts = folder / "data/splits/grouped/FaceSwap"
    parts.mkdir(parents=True)
    table = labelled_table(10).assign(target="", source="", group=0, any_seen=0)
    table[:6].to_csv(parts / "train.csv", index=False)
    table[6:].to_csv(parts / "val.csv", index=False)
    return folder


@pytest.fixture
def place(run_left, monkeypatch):
    monkeypatch.chdir(run_left)
    return run_left


def cells_of(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_what_the_method_trains_to_and_the_best_in_bold(place, capsys, tmp_path):
    rates.main([*METHODS, "--rates", "0.01", "0.0001"])
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert cells_of(head) == ["method", "0.0001", "0.01"]
    for name, line in zip(METHODS, lines, strict=True):
        found, settings = rates.find_detector(name), PARAMS["methods"][name]
        ranks = []
        for rate in (0.0001, 0.01):
            scratch = tmp_path / f"{name}-{rate}"
            scratch.mkdir()
            checked = found.settings.model_validate({**settings, "learning_rate": rate})
            ranks.append(found.fit(rates.make_task(Path(), scratch), checked, scratch / "weights").rank)
        words = [f"{video:.3f} ({frame:.3f})" for video, frame in ranks]
        words[ranks.index(max(ranks))] = f"**{words[ranks.index(max(ranks))]}**"
        assert cells_of(line) == [name, *words]


def test_of_equals_the_lowest_rate_is_chosen_and_a_refused_one_has_a_dash():
    assert rates.row_of("a", [None, (0.9, 0.5), (0.9, 0.5), (0.8, 0.9)]) == (
        "| a | - | **0.900 (0.500)** | 0.900 (0.500) | 0.800 (0.900) |"
    )
    assert rates.row_of("a", [None, None]) == "| a | - | - |"


def test_every_method_of_params_with_a_rate_is_tried():
    named = {name for name, section in PARAMS["methods"].items() if "learning_rate" in section}
    assert set(rates.trained_methods()) == named


@pytest.mark.parametrize("name", ["baseline", "lorra"])
def test_a_method_without_a_rate_is_refused(name):
    with pytest.raises(InputError, match=f"'{name}' is no method with a learning rate; there are bitfit, "):
        rates.main([name])


def test_a_rate_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        rates.main(["--rates", "0"])
    assert "must be above 0, is 0" in capsys.readouterr().err


def test_without_a_run_it_says_what_is_missing(place, tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text((place / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="data/frames"):
        rates.main(["mlp", "--rates", "0.01"])


def test_the_command_trains_on_the_kernels_that_params_yaml_asks_for(tmp_path):
    (tmp_path / "dvc.yaml").write_text("")
    (tmp_path / "params.yaml").write_text("portable: always\n")
    code = (
        "import os, sys; from clipforensics import command_line as c;"
        "sys.modules['clipforensics.learning_rates'] = type(sys)('x');"
        "sys.modules['clipforensics.learning_rates'].main = lambda *a: print(os.environ.get('MKL_CBWR'));"
        "c.main(['learning-rates'])"
    )
    clean = {name: value for name, value in os.environ.items() if name not in PINS}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**clean, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{PINS['MKL_CBWR']}\n"
