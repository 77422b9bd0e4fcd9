"""`clipforensics export`: what it writes, what it says, and which words it wants."""

import json

import pytest

from clipforensics.exporting.command import main
from tests.support.trained_project import make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = make_project(tmp_path_factory.mktemp("command") / "project", ["baseline"])
    (folder / "metrics/evaluate").parent.mkdir(exist_ok=True)
    for name in ("evaluate", "comparison.json"):
        (folder / f"metrics/{name}").symlink_to(folder / f"data/metrics/{name}")
    return folder


def test_the_command_says_what_it_wrote(project, tmp_path, capsys):
    main(["croissant", "--out", str(tmp_path / "new/out"), "--license", "CC0-1.0"], project)
    assert "videos.csv 36 rows" in capsys.readouterr().out
    assert json.loads((tmp_path / "new/out/croissant.json").read_text())["license"] == "CC0-1.0"


def test_the_command_names_the_experiment_after_the_data_set(project, tmp_path, monkeypatch, capsys):
    pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    main(["mlflow", "--tracking-uri", (tmp_path / "mlruns").as_uri()], project)
    assert "1 runs logged in 'clipforensics sample', 0 were there already" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["croissant"], ["mlflow"], ["parquet", "--out", "x"]])
def test_a_wrong_command_line_exits_with_2(words, project, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(words, project)
    assert stopped.value.code == 2
    assert "usage: clipforensics export" in capsys.readouterr().err
