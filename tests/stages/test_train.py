"""Stage `train`: the cell's seed trains, its cost is noted, no other work's unfinished state is read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.training.costs import read_cost
from stages import evaluate, train
from tests.support.repository import ROOT, edit_yaml
from tests.support.trained_project import CELL, N_FRAMES, make_project
from tests.support.training_tasks import files_of

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


NO_ENCODER = """
import importlib, pkgutil, sys
from pathlib import Path
import clipforensics, stages
for package in (clipforensics, stages):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
from clipforensics.check.everything import check_everything
from stages import evaluate, train

def tell(when, *slow):
    print("loaded by", when, sorted(set(slow) & set(sys.modules)))

cell = sys.argv[1:]
tell("imports", "transformers", "peft", "torch._dynamo")
train.main("baseline", *cell)
for method in ("baseline", "mlp"):
    evaluate.main(method, *cell)
checked = check_everything(Path("params.yaml"), Path("conf/data"))
assert checked.encoder and len(checked.params.methods) > 10, checked.problems
tell("probe, scores and check", "transformers", "peft", "torch._dynamo")
train.main("mlp", *cell)  # whose optimizer loads torch's compiler
tell("mlp", "transformers", "peft")
"""


def test_what_needs_no_encoder_does_not_wait_for_what_takes_seconds_to_load(project):
    """transformers, peft and torch's compiler: by no import of a module, and by no step that has no tower."""
    train.main(*WHAT)
    done = subprocess.run(
        [sys.executable, "-c", NO_ENCODER, *WHAT[1:]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if line.startswith("loaded by")]
    assert told == [f"loaded by {step} []" for step in ("imports", "probe, scores and check", "mlp")]


RATES = [0.0001, 0.3, 0.03]


def test_of_a_list_the_best_on_validation_is_kept_recorded_and_paid_for(project):
    edit_yaml(Path("params.yaml"), {"methods": {"mlp": {"learning_rate": RATES}}})
    train.main(*WHAT)
    folder = Path("data/weights") / CELL / "mlp"
    choices, cost = read_json(folder / "choices.json"), read_cost("mlp", CELL, folder)[0]
    assert not Path(".scratch/train").exists()
    evaluate.main(*WHAT)
    assert read_json(Path(f"data/metrics/evaluate/mlp/{CELL}.json"))["n_tried"] == 3
    curve, kept = Path(f"plots/train/mlp/{CELL}.csv").read_bytes(), files_of(folder)
    found, samples = [], 0
    for rate in RATES:
        edit_yaml(Path("params.yaml"), {"methods": {"mlp": {"learning_rate": rate}}})
        train.main(*WHAT)
        about = read_json(folder / "detector.json")
        found.append((about["validation"]["video_auc"], about["validation"]["frame_auc"]))
        samples += read_cost("mlp", CELL, folder)[0].samples
        if rate == choices["chosen"]["learning_rate"]:
            del kept["choices.json"]
            assert files_of(folder) == kept
            assert Path(f"plots/train/mlp/{CELL}.csv").read_bytes() == curve
    assert [(row["val_auc"], row["val_frame_auc"]) for row in choices["tried"]] == found
    assert len(set(found)) > 1
    assert choices["chosen"] == {"learning_rate": RATES[found.index(max(found))]}
    assert (cost.samples, len(cost.tried_seconds), cost.kept) == (samples, 3, found.index(max(found)))
    assert cost.seconds == pytest.approx(sum(cost.tried_seconds))


def test_more_candidates_than_the_budget_are_refused_before_training(project):
    lists = {"methods": {"mlp": {"learning_rate": RATES}}, "train": {"choice": {"max_runs": 2}}}
    edit_yaml(Path("params.yaml"), lists)
    with pytest.raises(InputError, match=r"3 candidates \(3 of learning_rate\) are more than"):
        train.main(*WHAT)
    assert not Path("data/weights", CELL, "mlp").exists()


@pytest.mark.slow
def test_two_processes_choose_what_one_chooses(project):
    lists = {"learning_rate": [0.0001, 0.003], "dropout": 0.1}
    edit_yaml(Path("params.yaml"), {"methods": {"lora": lists}, "portable": "always"})
    folder, found = Path("data/weights") / CELL / "lora", []
    for launch in ([], ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]):
        shutil.rmtree(folder, ignore_errors=True)
        words = [
            w
            for pair in zip(
                ("--detector", "--split", "--train_set", "--seed"), ("lora", *WHAT[1:]), strict=True
            )
            for w in pair
        ]
        done = subprocess.run(
            [sys.executable, "-m", *launch, "stages.train", *words],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        found.append(files_of(folder))
        assert read_cost("lora", CELL, folder)[0].processes == 1 + len(found) // 2
    assert found[0] == found[1]
    assert "choices.json" in found[0]


def test_it_trains_with_the_seed_of_the_cell_and_notes_what_that_cost(project):
    train.main(*WHAT[:3], "43")
    cell = CELL.replace("42", "43")
    folder = Path("data/weights") / cell / "mlp"
    about = read_json(folder / "detector.json")
    assert about["seed"] == 43
    cost, _ = read_cost("mlp", cell, folder)
    videos = Path("data/splits/per_class/FaceSwap/train.csv").read_text().splitlines()[1:]
    assert (cost.samples, cost.processes) == (about["epochs"] * N_FRAMES * len(videos), 1)
    assert not Path(".scratch/train").exists()
