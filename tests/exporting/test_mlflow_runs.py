"""MLflow's own client reads back what was logged; a second export doubles nothing."""

import json
import shutil
import socket
import sys
import time

import pytest

from clipforensics.adaptation.record import CHOICES
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.exporting.mlflow_runs import log_runs, metrics_of, settings_of
from clipforensics.exporting.run import read_run
from clipforensics.protocol.cells import Cell
from tests.support.trained_project import make_packages, make_project

mlflow = pytest.importorskip("mlflow", reason="mlflow-skinny is not installed; `make test` does")
CELL = Cell("per_class", "FaceSwap", 42)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = make_project(tmp_path_factory.mktemp("mlflow") / "project", ["baseline", "mlp"])
    make_packages(folder, include_encoder=False)
    (folder / "metrics/evaluate").parent.mkdir(exist_ok=True)
    for name in ("evaluate", "comparison.json"):
        (folder / f"metrics/{name}").symlink_to(folder / f"data/metrics/{name}")
    return folder


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a folder is a store that needs no database
    return (tmp_path / "mlruns").as_uri()


def runs_of(store: str, name: str):
    client = mlflow.MlflowClient(tracking_uri=store)
    found = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    return client, {run.info.run_name: run for run in found}


def test_the_client_reads_settings_numbers_and_files(project, store):
    assert log_runs(read_run(project), tracking_uri=store, experiment="tiny") == (2, 0)
    client, runs = runs_of(store, "tiny")
    assert set(runs) == {"baseline/per_class/FaceSwap-42", "mlp/per_class/FaceSwap-42"}
    run = runs["mlp/per_class/FaceSwap-42"]
    assert run.info.status == "FINISHED"
    video = read_json(project / "metrics/evaluate/mlp/per_class/FaceSwap-42.json")["test"]["Deepfakes"][
        "video"
    ]
    assert run.data.metrics["Deepfakes.video.auc"] == video["auc"]
    for name in ("accuracy", "balanced_accuracy", "f1", "tpr", "fpr"):
        assert run.data.metrics[f"Deepfakes.video.{name}"] == video["at_validation"][name]
    assert run.data.params["methods.mlp.hidden"] == "128"
    assert run.data.params["seed"] == "42"
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"FaceSwap-42.json", "README.md"}


def test_a_second_export_doubles_nothing_and_a_new_number_is_a_new_run(project, store):
    run = read_run(project)
    log_runs(run, tracking_uri=store, experiment="tiny")
    assert log_runs(run, tracking_uri=store, experiment="tiny") == (0, 2)
    changed = {**run.params, "encoder": {**run.params["encoder"], "embedding": "pooled"}}
    other = type(run)(project, changed, run.dataset, True, run.detectors, run.protocol)
    assert log_runs(other, tracking_uri=store, experiment="tiny") == (2, 0)


def test_a_run_that_was_cut_off_is_logged_anew(project, store):
    run = read_run(project)
    log_runs(run, tracking_uri=store, experiment="tiny")
    client, runs = runs_of(store, "tiny")
    client.update_run(runs["mlp/per_class/FaceSwap-42"].info.run_id, status="RUNNING")
    assert log_runs(run, tracking_uri=store, experiment="tiny") == (1, 1)


def test_settings_of_other_methods_are_not_this_ones(project):
    params = settings_of(read_run(project), "mlp", CELL)
    assert not [name for name in params if name.startswith("methods.") and ".mlp." not in name]
    assert params["train.embeddings.epochs"]


def test_of_candidates_the_chosen_one_is_logged(project):
    folder = project / "data/weights" / CELL.name / "baseline"
    choices, run = read_json(folder / CHOICES), read_run(project)
    assert choices["n_tried"] > 1
    found = settings_of(run, "baseline", CELL)
    assert float(found["methods.baseline.inverse_l2"]) == choices["chosen"]["inverse_l2"]
    assert found["n_tried"] == str(choices["n_tried"])
    evaluation = run.evaluation("baseline", CELL)
    assert found["usable"] == json.dumps(evaluation["usable"]["video"]["usable"])
    assert settings_of(run, "mlp", CELL)["n_tried"] == "1"


def test_a_list_of_one_is_logged_as_that_one(project):
    run = read_run(project)
    listed = {**run.params, "methods": {**run.params["methods"], "mlp": {"hidden": [128]}}}
    changed = type(run)(project, listed, run.dataset, True, run.detectors, run.protocol)
    assert settings_of(changed, "mlp", CELL)["methods.mlp.hidden"] == "128"


def test_a_choice_whose_file_is_lost_is_not_logged_as_a_list(project, tmp_path):
    (tmp_path / "metrics").symlink_to(project / "metrics")
    shutil.copytree(project / "data/weights", tmp_path / "data/weights")
    (tmp_path / "data/weights" / CELL.name / "baseline" / CHOICES).unlink()
    run = read_run(project)
    moved = type(run)(tmp_path, run.params, run.dataset, True, run.detectors, run.protocol)
    with pytest.raises(InputError, match=r"choices\.json does not exist"):
        settings_of(moved, "baseline", CELL)


def test_intervals_and_strata_come_beside_the_numbers():
    points = {"video": {"auc": 0.8, "at_validation": {"f1": None}}, "frame": {"auc": None}}
    evaluation = {"detector": "lora", "validation": points, "test": {"FaceSwap": points}}
    place = {"protocol": "per_class", "train_set": "FaceSwap", "manipulation": "FaceSwap", "level": "video"}
    cells = [
        {**place, "stratum": "all", "detectors": {"lora": {"auc": 0.8, "low": 0.7, "high": 0.9}}},
        {**place, "stratum": "twin", "detectors": {"lora": {"auc": 0.9, "low": None, "high": None}}},
        {
            **place,
            "protocol": "grouped",
            "stratum": "all",
            "detectors": {"lora": {"auc": 0.1, "low": 0, "high": 1}},
        },
    ]
    assert metrics_of(evaluation, {"cells": cells}, CELL) == {
        "validation.video.auc": 0.8,
        "FaceSwap.video.auc": 0.8,
        "FaceSwap.video.auc_low": 0.7,
        "FaceSwap.video.auc_high": 0.9,
        "FaceSwap.video.auc.twin": 0.9,
    }


def test_names_of_other_data_sets_are_ones_that_mlflow_takes(store):
    points = {level: {"auc": 0.5, "at_validation": {"f1": 0.25}} for level in ("video", "frame")}
    evaluation = {"detector": "lora", "validation": points, "test": {"FS": points, "FS@celebdf": points}}
    place = {"protocol": "per_class", "train_set": "FaceSwap", "manipulation": "FS@celebdf", "level": "video"}
    cells = [{**place, "stratum": "all", "detectors": {"lora": {"auc": 0.5, "low": 0.25, "high": 0.75}}}]
    found = metrics_of(evaluation, {"cells": cells}, CELL)
    assert (found["FS.video.f1"], found["celebdf/FS.video.auc_high"]) == (0.25, 0.75)
    client = mlflow.MlflowClient(tracking_uri=store)
    run = client.create_run(client.create_experiment("names")).info.run_id
    for name, value in found.items():
        client.log_metric(run, name, value)
    assert client.get_run(run).data.metrics == found


def test_without_mlflow_it_says_how_to_get_it(project, store, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match="pip install mlflow-skinny"):
        log_runs(read_run(project), tracking_uri=store, experiment="tiny")


def test_an_address_without_a_server_fails_in_seconds_in_one_line(project, monkeypatch):
    for name in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.setenv(name, "")  # so that what is set below is undone
        monkeypatch.delenv(name)
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(InputError) as caught:
            log_runs(read_run(project), tracking_uri=address, experiment="tiny")
    assert time.monotonic() - begun < 30
    assert "\n" not in str(caught.value)
    assert "check the address: of a server that runs (`mlflow server`" in str(caught.value)


def test_a_missing_file_leaves_no_half_experiment(project, store, tmp_path):
    run = read_run(project)
    moved = type(run)(tmp_path, run.params, run.dataset, True, run.detectors, run.protocol)
    with pytest.raises(InputError, match=r"comparison\.json does not exist"):
        log_runs(moved, tracking_uri=store, experiment="tiny")
    assert not (tmp_path / "mlruns").exists()
