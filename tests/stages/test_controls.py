"""The stages embed_controls and controls on a small project: off, on, and what its files give away."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.report.wording.controls import against
from stages import controls, embed_controls
from tests.support.repository import edit_yaml
from tests.support.trained_project import make_project

PROTOCOL = {
    "splits": ["grouped"], "train_sets": ["FaceSwap"], "test_manipulations": ["Deepfakes"], "seeds": [42],
}  # fmt: skip
SETTINGS = {
    "protocol": PROTOCOL,
    "controls": {"enabled": "always", "metadata": {"trees": 25}, "permuted": {"draws": 3}},
    "compare": {"n_replicates": 100},
    "split": {"grouped_fractions": [0.5, 0.25, 0.25]},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Forty people in pairs; the codec of a fake is another than that of a real video."""
    folder = make_project(tmp_path_factory.mktemp("controls"), ["baseline"], SETTINGS, n_pairs=20)
    describe(folder, lambda label: np.where(label, "vp9", "h264"))
    return folder


def describe(folder: Path, codec) -> None:
    """Fill in what ingest would find of the files."""
    path = folder / "data/videos.csv"
    videos = pd.read_csv(path, dtype=str, keep_default_na=False)
    rng = np.random.default_rng(0)
    videos["codec"] = codec(videos["label"].to_numpy(int))
    videos["n_bytes"] = rng.integers(1000, 9000, len(videos))
    videos["n_frames"] = rng.integers(50, 90, len(videos))
    videos.to_csv(path, index=False)


def run(folder: Path) -> dict:
    with contextlib.chdir(folder):
        embed_controls.main()
        controls.main()
    return json.loads((folder / "data/metrics/controls.json").read_text())


@pytest.fixture(scope="module")
def found(project):
    return run(project)


def test_metadata_that_separates_the_classes_is_found(found):
    (row,) = found["rows"]
    assert row["controls"]["metadata"]["auc"] == 1
    assert row["controls"]["metadata"]["low"] > 0.5
    gap = row["differences"]["metadata"]["baseline"]
    assert gap["auc"] == pytest.approx(row["detectors"]["baseline"]["auc"] - 1)


def test_it_is_called_out_in_a_sentence_and_where_files_say_nothing_it_is_at_chance(found, project, tmp_path):
    said = " ".join(against(found, ["baseline"]))
    assert "File metadata alone has video AUC 1.000" in said
    assert "So this test does not show that faces were read." in said
    silent = tmp_path / "silent"
    shutil.copytree(project, silent)
    describe(silent, lambda label: np.random.default_rng(3).choice(["h264", "vp9"], len(label)))
    (row,) = run(silent)["rows"]
    low, high = (row["controls"]["metadata"][end] for end in ("low", "high"))
    assert low < 0.5 < high


def test_the_anchor_is_the_baseline(found, project):
    (row,) = found["rows"]
    assert row["controls"]["unaltered"]["auc"] == row["detectors"]["baseline"]["auc"]
    ours = pd.read_csv(project / "data/controls/unaltered/grouped/FaceSwap-1.csv")
    theirs = pd.read_csv(project / "data/scores/baseline/grouped/FaceSwap-42.csv")
    assert ours.drop(columns="score").equals(theirs.drop(columns="score"))
    np.testing.assert_allclose(ours["score"], theirs["score"], atol=1e-6)


def test_anyone_can_check_an_auc_from_the_scores(found, project):
    (row,) = found["rows"]
    for name, n in (("metadata", 1), ("permuted", 3), ("reencoded", 1)):
        aucs = []
        for draw in range(1, n + 1):
            scores = pd.read_csv(project / f"data/controls/{name}/grouped/FaceSwap-{draw}.csv")
            test = scores[(scores["part"] == "test") & scores["manipulation"].isin(["real", "Deepfakes"])]
            by_video = test.groupby("key")[["label", "score"]].mean()
            aucs.append(roc_auc_score(by_video["label"], by_video["score"]))
        assert row["controls"][name]["auc"] == pytest.approx(np.mean(aucs))
        assert row["controls"][name]["draws"]["n"] == n


def test_a_view_is_of_altered_frames_in_the_order_of_the_store(found, project):
    plain = EmbeddingStore(project / "data/embeddings")
    view = EmbeddingStore(project / "data/views/reencoded")
    assert (view.rows.keys_of() == plain.rows.keys_of()).all()
    assert (view.rows.frames == plain.rows.frames).all()
    assert (view.matrix != plain.matrix).any()
    assert view.meta == {**plain.meta, "view": "reencoded"}


def test_the_same_again_gives_the_same_bytes(found, project):
    files = [project / "data/metrics/controls.json", *(project / "data/controls").rglob("*.csv")]
    before = {path: path.read_bytes() for path in files}
    with contextlib.chdir(project):
        controls.main()
    assert {path: path.read_bytes() for path in files} == before


def test_switched_off_it_writes_files_that_say_so(tmp_path):
    with contextlib.chdir(tmp_path):
        Path("conf/data").mkdir(parents=True)
        Path("conf/data/sample.yaml").write_text("layout: sample\n")
        Path("params.yaml").write_text("dataset: sample\ncontrols:\n  enabled: auto\n")
        embed_controls.main()
        controls.main()
        found = json.loads(Path("data/metrics/controls.json").read_text())
        assert found == {
            "enabled": False,
            "undefined": "not made: controls.enabled is auto, and the data set is the built-in sample",
        }
        for folder in ("data/views", "data/controls"):
            assert "built-in sample" in Path(folder, "README.txt").read_text()
        edit_yaml(Path("params.yaml"), {"controls": {"enabled": "never"}})
        controls.main()
        assert "never" in json.loads(Path("data/metrics/controls.json").read_text())["undefined"]
