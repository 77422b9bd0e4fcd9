"""What the models of a row cost: of the headline's folds and seeds, as far as it is known."""

import pytest

from clipforensics.report.reading.costs import headline_cells, read_spent
from clipforensics.training import costs
from clipforensics.training.costs import write_cost


def compared(protocol="per_class", seeds=(42,), folds=(), detectors=("lora",)):
    head = {"protocol": protocol, "train_set": "FaceSwap", "manipulation": "NeuralTextures"}
    rows = [
        {"protocol": "grouped_kfold", "fold": n, "level": level} for n in folds for level in ("video", "f")
    ]
    return {
        "headline": head,
        "seeds": list(seeds),
        "folds": rows,
        "league": [{"detector": d} for d in detectors],
    }


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A function that makes weights with a record of their cost."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(costs, "peak_memory", lambda: (len(list(tmp_path.rglob("*.json"))) * 100, "CPU X"))

    def make(cell, detector="lora", **paid):
        folder = tmp_path / "weights" / cell / detector
        folder.mkdir(parents=True)
        (folder / "w").write_text(f"{cell} {detector}")
        write_cost(detector, cell, folder, **{"seconds": 10.0, "samples": 100, **paid})
        return folder

    return make


def test_the_cells_are_those_of_the_headline():
    assert headline_cells(compared(seeds=(1, 2))) == ["per_class/FaceSwap-1", "per_class/FaceSwap-2"]
    folds = headline_cells(compared("grouped_kfold", folds=(1, 2)))
    assert folds == ["grouped_kfold-1/FaceSwap-42", "grouped_kfold-2/FaceSwap-42"]
    assert headline_cells(compared(folds=(1, 2))) == ["per_class/FaceSwap-42"], "folds of another protocol"


def test_costs_of_several_models_are_summed_up(trained, tmp_path):
    trained("grouped_kfold-1/FaceSwap-42")
    trained("grouped_kfold-2/FaceSwap-42", seconds=30.0, samples=500, processes=2)
    found = read_spent(compared("grouped_kfold", folds=(1, 2)), tmp_path / "weights")["lora"]
    assert (found.seconds, found.samples_per_second, found.n_models) == (20.0, 15.0, 2)
    assert found.peak_memory_bytes == 100
    assert found.machines == ["CPU X, 1 process", "CPU X, 2 processes"]
    assert found.reasons == ()


def test_what_was_not_measured_here_has_a_reason(trained, tmp_path):
    folder = trained("per_class/FaceSwap-1")
    trained("per_class/FaceSwap-2")
    (folder / "w").write_text("from the cache")
    found = read_spent(compared(seeds=(1, 2, 3), detectors=("lora", "full")), tmp_path / "weights")
    assert (len(found["lora"].costs), found["lora"].n_models) == (1, 3)
    assert found["lora"].reasons == (costs.OTHER_WEIGHTS, costs.NO_FILE)
    nothing = found["full"]
    assert (nothing.seconds, nothing.samples_per_second, nothing.peak_memory_bytes) == (None, None, None)
    assert nothing.reasons == (costs.NO_FILE,)


def test_no_training_has_no_speed(trained, tmp_path):
    trained("per_class/FaceSwap-42", seconds=0.5, samples=0)
    found = read_spent(compared(), tmp_path / "weights")["lora"]
    assert (found.seconds, found.samples_per_second) == (0.5, None)


def test_of_several_candidates_all_are_counted_and_those_kept_apart(trained, tmp_path):
    trained("per_class/FaceSwap-1", seconds=30.0, tried_seconds=[10.0, 20.0], kept=1)
    trained("per_class/FaceSwap-2", seconds=10.0)
    found = read_spent(compared(seeds=(1, 2)), tmp_path / "weights")["lora"]
    assert (found.seconds, found.chosen_seconds) == (20.0, 15.0)
    assert read_spent(compared(seeds=(3,)), tmp_path / "weights")["lora"].chosen_seconds is None
