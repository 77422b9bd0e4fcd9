"""How frames were drawn, by the settings of the run."""

from pathlib import Path

import pytest

from clipforensics.core.files import write_json
from clipforensics.core.fitting import Fitting
from clipforensics.publishing.drawing import read_footage
from clipforensics.publishing.model import TrainingFootage
from tests.support.repository import edit_yaml
from tests.support.trained_project import N_FRAMES, write_settings
from tests.support.training_tasks import SIZE

NOBODY = {"detector": "none", "rows": [], "reason": "none wanted"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_settings(["baseline"], {})
    write_json(Path("data/metrics/faces.json"), NOBODY)


def read():
    return read_footage(Path("params.yaml"), Path("conf/data"), Path("data/metrics/faces.json"))


@pytest.mark.usefixtures("project")
def test_only_footage_of_the_samples_layout_is_a_toy():
    assert read() == TrainingFootage("sample", True, N_FRAMES, Fitting(SIZE), portable=True)
    Path("conf/data/mine.yaml").write_text("layout: manifest\n")
    edit_yaml(Path("params.yaml"), {"dataset": "mine"})
    assert read() == TrainingFootage("mine", False, N_FRAMES, Fitting(SIZE))


@pytest.mark.usefixtures("project")
def test_faces_of_another_data_set_are_none_of_the_training():
    looked = {"detector": "yunet", "rows": [{"manipulation": "real@other"}]}
    write_json(Path("data/metrics/faces.json"), looked)
    assert read().faces is None
    write_json(Path("data/metrics/faces.json"), {**looked, "rows": [{"manipulation": "real"}]})
    assert read().faces["detector"] == "yunet"
