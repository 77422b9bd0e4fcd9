"""Stage `train`: the cell's seed trains, its cost is noted, no other work's unfinished state is read."""

import shutil
from pathlib import Path

import pytest

from clipforensics.core.files import read_json
from clipforensics.training.costs import read_cost
from stages import train
from tests.support.repository import edit_yaml
from tests.support.trained_project import CELL, N_FRAMES, make_project

WHAT = ("mlp", "per_class", "FaceSwap", "42")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("made") / "project", ["baseline"])


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(made, tmp_path / "project"))
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return folder


class Found(Exception):
    """The digest by which unfinished work is found again."""


def digest(*what):
    def find(stage, digest, processes):
        raise Found(digest())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "shared_scratch", find)
        with pytest.raises(Found) as found:
            train.main(*what)
    return found.value.args[0]


@pytest.mark.parametrize(
    "change",
    [
        {"methods": {"mlp": {"dropout": 0.35}}},
        {"train": {"embeddings": {"weight_decay": 0.5}}},
        {"train": {"class_weight": "none"}},
        {"encoder": {"embedding": "pooled"}},
        "data/splits/per_class/FaceSwap/train.csv",
        "data/splits/per_class/FaceSwap/val.csv",
    ],
)
def test_unfinished_work_is_that_of_the_same_settings_and_data(project, change):
    before = digest(*WHAT)
    assert digest(*WHAT) == before
    if isinstance(change, dict):
        edit_yaml(Path("params.yaml"), change)
    else:
        lines = Path(change).read_text().splitlines(keepends=True)
        Path(change).write_text("".join([lines[0], *reversed(lines[1:])]))
    assert digest(*WHAT) != before


def test_unfinished_work_is_that_of_the_same_seed_and_method(project):
    cells = [WHAT, (*WHAT[:3], "43"), ("coop", *WHAT[1:])]
    for cell in cells:
        digest(*cell)  # what a method imports is part of it
    assert len({digest(*cell) for cell in cells}) == 3


def test_it_trains_with_the_seed_of_the_cell_and_notes_what_that_cost(project):
    train.main(*WHAT[:3], "43")
    cell = CELL.replace("42", "43")
    folder = Path("data/weights") / cell / "mlp"
    about = read_json(folder / "detector.json")
    assert about["seed"] == 43
    cost, _ = read_cost("mlp", cell, folder)
    videos = Path("data/splits/per_class/FaceSwap/train.csv").read_text().splitlines()[1:]
    assert (cost.samples, cost.processes) == (about["epochs"] * N_FRAMES * len(videos), 1)
    unfinished = [path for path in Path(".scratch/train").iterdir() if path.is_dir()]
    assert unfinished == []
