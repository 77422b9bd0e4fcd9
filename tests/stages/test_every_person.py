"""Every person apart, from training to the card: who trains, who is scored, one row a frame everywhere."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import load_file

from clipforensics.adaptation.contract import find_detector
from clipforensics.core.files import read_json
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.explanations.maps import Heatmaps
from clipforensics.frames.store import FrameStore
from clipforensics.metrics.auc import roc_auc
from clipforensics.protocol.tables import read_split
from stages import controls, embed_controls, evaluate, explain, hash_frames, package, robustness, train
from tests.support.repository import edit_yaml
from tests.support.stores import index_of
from tests.support.trained_project import CELL, N_FRAMES, code_of, make_project

DETECTORS = ("baseline", "mlp", "lora")
SETTINGS = {
    "extract_frames": {"person": "every"},
    "controls": {"enabled": "always", "metadata": {"trees": 10}, "permuted": {"draws": 2}},
    "robustness": {"degradations": ["jpeg"], "strengths": [3], "frames_per_video": 1, "level": "frame"},
    "explain": {"videos_per_list": 2, "frames_per_video": 2, "sanity_draws": 1},
}
KEY = ["key", "frame"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("made") / "project", DETECTORS, SETTINGS, apart=True)


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(made, tmp_path / "project"))
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return folder


def all_scores(name):
    """Score of every row of the store, row by row of its index."""
    frames = FrameStore.open(Path("data/frames"))
    embeddings = EmbeddingStore(Path("data/embeddings"))
    folder = Path("data/weights") / CELL / name
    scores = find_detector(name).score(folder, np.arange(len(frames)), frames=frames, embeddings=embeddings)
    return index_of(frames).assign(score=scores)


@pytest.mark.parametrize("name", DETECTORS)
def test_the_score_of_a_frame_is_the_highest_of_its_people_and_says_whose(project, name):
    rows, table = all_scores(name), pd.read_csv(Path("data/scores") / name / f"{CELL}.csv")
    assert not table.duplicated(KEY).any()
    parts = [read_split(Path(f"data/splits/per_class/FaceSwap/{part}.csv")) for part in ("val", "test")]
    assert len(table) == N_FRAMES * sum(map(len, parts))
    for one in table.itertuples():
        here = rows[(rows["key"] == one.key) & (rows["frame"] == one.frame)]
        assert len(here) == 2
        assert one.score == pytest.approx(here["score"].max(), rel=1e-5)
        assert here.set_index("person")["score"].idxmax() == one.person
    assert set(table["person"]) == {0, 1}


def test_validation_is_ranked_by_the_same_scores_as_evaluate_s(project):
    for name in DETECTORS:
        table = pd.read_csv(Path("data/scores") / name / f"{CELL}.csv")
        val = table[table["part"] == "val"]
        kept = read_json(Path("data/weights") / CELL / name / "detector.json")["validation"]
        assert kept["frame_auc"] == pytest.approx(roc_auc(val["score"], val["label"]), abs=1e-6)


def disturb(rows):
    """Turn the embeddings of these rows into others."""
    path = Path("data/embeddings/embeddings.npy")
    matrix = np.load(path)
    matrix[rows] = np.random.default_rng(3).normal(size=(len(rows), matrix.shape[1]))
    np.save(path, matrix)


def weights():
    return load_file(Path("data/weights") / CELL / "baseline/probe.safetensors")["weight"]


@pytest.mark.parametrize("main", [False, True])
def test_only_the_main_person_is_trained_on(project, main):
    edit_yaml(
        Path("params.yaml"), {"methods": {"baseline": {"inverse_l2": [1.0]}}}
    )  # no choice on validation
    train.main("baseline", "per_class", "FaceSwap", "42")
    before = weights()
    index = FrameStore.open(Path("data/frames")).rows
    part = read_split(Path("data/splits/per_class/FaceSwap/train.csv"))
    everybody, mains = (index.labelled(part, main=only).rows for only in (False, True))
    assert len(everybody) == 2 * len(mains)
    disturb(mains if main else np.setdiff1d(everybody, mains))
    train.main("baseline", "per_class", "FaceSwap", "42")
    assert np.array_equal(weights(), before) != main


def test_the_other_people_of_validation_are_looked_at(project):
    """Where the choice is made on validation, whoever else is in it counts."""

    def ranks():
        table = pd.read_csv(f"plots/train/baseline/{CELL}.csv")
        return table[["val_video_auc", "val_frame_auc"]].to_numpy()

    before = ranks()
    index = FrameStore.open(Path("data/frames")).rows
    part = read_split(Path("data/splits/per_class/FaceSwap/val.csv"))
    disturb(np.setdiff1d(index.labelled(part).rows, index.labelled(part, main=True).rows))
    train.main("baseline", "per_class", "FaceSwap", "42")
    assert not np.array_equal(ranks(), before)


def test_controls_are_judged_as_detectors_are(project):
    embed_controls.main()
    controls.main()
    theirs = pd.read_csv(Path("data/scores/baseline") / f"{CELL}.csv")
    tables = sorted(Path("data/controls").rglob("*.csv"))
    assert len(tables) >= 5
    for path in tables:
        table = pd.read_csv(path)
        assert table[[*KEY, "part"]].equals(theirs[[*KEY, "part"]])
    anchor = pd.read_csv("data/controls/unaltered/per_class/FaceSwap-1.csv")
    np.testing.assert_allclose(anchor["score"], theirs["score"], rtol=1e-6)  # it is the baseline once more
    assert anchor["person"].equals(theirs["person"])


def test_undegraded_frames_have_the_auc_of_evaluate(project):
    edit_yaml(Path("params.yaml"), {"robustness": {"frames_per_video": N_FRAMES}})
    robustness.main()
    rows = json.loads(robustness.METRICS.read_text())["rows"]
    for name in DETECTORS:
        evaluated = read_json(Path("data/metrics/evaluate") / name / f"{CELL}.json")
        found = rows[0]["detectors"][name]["auc"]
        assert found == pytest.approx(evaluated["test"]["Deepfakes"]["frame"]["auc"], abs=1e-9)
    assert rows[0]["n_real"] + rows[0]["n_fake"] == sum(
        evaluated["test"]["Deepfakes"]["frame"][n] for n in ("n_real", "n_fake")
    )


def test_errors_are_mapped_on_the_person_by_whom_they_were_judged(project):
    explain.main()
    errors = read_json(Path("data/errors/lora") / f"{CELL}.json")
    table = pd.read_csv(Path("data/scores/lora") / f"{CELL}.csv").set_index(KEY)
    maps = Heatmaps.open(Path("data/explanations/lora"))
    assert len(maps) > 0
    for entry in errors["worst_videos"][:2]:
        assert entry["people"] == [table.loc[(entry["key"], n), "person"] for n in entry["frames"]]
        for number in entry["worst_frames"][:2]:
            person = entry["people"][entry["frames"].index(number)]
            assert maps.find(entry["key"], number, person) is not None


def test_all_people_are_hashed(project):
    hash_frames.main()
    assert set(pd.read_csv("data/hashes.csv")["person"]) == {0, 1}


def test_the_card_s_code_judges_a_video_as_evaluate_does(project):
    faces = {"detector": "yunet", "rows": [{"manipulation": "real"}]}
    Path("data/metrics/faces.json").write_text(json.dumps(faces))
    package.main()
    folder = Path("models/baseline") / CELL
    assert read_json(folder / "frames.json")["faces"]["min_share"] == 0.25
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "in files `<frame>-<person>.png`" in " ".join(card.split())
    table = pd.read_csv(Path("data/scores/baseline") / f"{CELL}.csv")
    key = table["key"].iloc[-1]
    store = FrameStore.open(Path("data/frames"))
    (folder / "frames").mkdir()
    for row in store.rows_of([key]):
        name = f"frames/{store.rows.frames[row]:03d}-{store.rows.people[row]}.png"
        Image.fromarray(store.read(np.array([row]))[0]).save(folder / name)
    names: dict = {}
    with contextlib.chdir(folder):
        exec(compile(code_of(card), "README.md", "exec"), names)
        verdict = names["judge"](list(names["frames"].values()))
    assert [len(pictures) for pictures in names["frames"].values()] == [2] * N_FRAMES
    assert verdict["score"] == pytest.approx(table["score"][table["key"] == key].mean(), abs=1e-4)


def test_evaluating_again_gives_the_same_bytes(project):
    path = Path("data/scores/baseline") / f"{CELL}.csv"
    before = path.read_bytes()
    evaluate.main("baseline", "per_class", "FaceSwap", "42")
    assert path.read_bytes() == before
