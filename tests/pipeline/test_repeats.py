"""Two repeats and two seeds through the real stages: intervals that hold training sets and seeds."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.core.files import read_json
from tests.support.trained_project import make_project

REPEATS, SEEDS = ["grouped_repeat-1", "grouped_repeat-2"], [42, 43]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    protocol = {
        "splits": REPEATS,
        "train_sets": ["FaceSwap"],
        "test_manipulations": ["Deepfakes"],
        "seeds": SEEDS,
    }
    folder = tmp_path_factory.mktemp("repeats") / "project"
    return make_project(folder, ["baseline", "lora"], {"protocol": protocol}, n_pairs=10)


def aucs(project, detector):
    """Shape (2 repeats, 2 seeds), by scikit-learn from the scores."""
    found = []
    for split in REPEATS:
        for seed in SEEDS:
            table = pd.read_csv(project / f"data/scores/{detector}/{split}/FaceSwap-{seed}.csv")
            videos = table[table["part"] == "test"].groupby("key")
            found.append(roc_auc_score(videos["label"].first(), videos["score"].mean()))
    return np.array(found).reshape(2, 2)


def test_repeats_train_and_test_on_other_people(project):
    parts = [
        set(pd.read_csv(project / f"data/splits/{split}/FaceSwap/{part}.csv")["key"])
        for part in ("train", "test") for split in REPEATS
    ]  # fmt: skip
    assert parts[0] != parts[1]
    assert parts[2] != parts[3]
    for split in REPEATS:
        audit = read_json(project / f"data/metrics/leakage/{split}/FaceSwap.json")
        assert (audit["protocol"], audit["fake"]["any_seen"]) == ("grouped_repeat", 0)


def test_the_comparison_is_of_means_over_models_with_everything_in_the_interval(project):
    comparison = read_json(project / "data/metrics/comparison.json")
    assert comparison["splits"] == {"grouped_repeat": REPEATS}
    assert comparison["headline"]["split"] == "grouped_repeat-1"
    row = next(
        r for r in comparison["variance"] if (r["protocol"], r["level"]) == ("grouped_repeat", "video")
    )
    each = {name: aucs(project, name) for name in ("baseline", "lora")}
    for name, found in row["detectors"].items():
        assert found["auc"] == pytest.approx(each[name].mean())
        assert found["values"] == pytest.approx(each[name].mean(axis=1))
    gap = row["differences"]["lora"]
    assert gap["auc"] == pytest.approx((each["lora"] - each["baseline"]).mean())
    assert gap["low"] <= gap["auc"] <= gap["high"]
    assert gap["covers"] == "videos, training sets and seeds"
    training = [set(pd.read_csv(project / f"data/splits/{s}/FaceSwap/train.csv")["key"]) for s in REPEATS]
    shared = len(training[0] & training[1]) / np.mean([len(one) for one in training])
    assert row["overlap"] == pytest.approx(shared)


def test_the_headlines_files_and_curves_are_there(project):
    headline = json.loads((project / "metrics/headline/video.json").read_text())
    assert headline["auc"] == pytest.approx(aucs(project, "baseline").mean())
    assert {"eer", "f1", "tpr", "fpr", "brier"} <= set(headline)
    roc = pd.read_csv(project / "plots/roc/video.csv")
    first = roc[roc["detector"] == "baseline"]
    area = np.trapezoid(first["tpr"], first["fpr"])
    assert area == pytest.approx(aucs(project, "baseline")[0, 0]), "of the first repeat and seed"
