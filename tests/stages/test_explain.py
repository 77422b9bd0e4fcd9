"""Stage `explain`: the same frames for every detector, nothing lost where there is nothing to explain."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from clipforensics.adaptation.contract import find_detector
from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.explanations import tracing
from clipforensics.explanations.maps import Heatmaps
from clipforensics.metrics.errors import list_errors
from stages import explain
from tests.encoder.test_vision import write_encoder
from tests.support.saved_detectors import save_lora, save_probe
from tests.support.stores import noise_videos, write_frame_store

CELL = "per_class/FaceSwap-42"
WEIGHTS = Path("data/weights") / CELL
SECTION = {
    "enabled": True,
    "videos_per_list": 1,
    "frames_per_video": 2,
    "cluster_distance": 0.9,
    "sanity_draws": 2,
    "seed": 42,
}
WRONG = {"baseline": ("v0", "v1", "v3"), "lora": ("v1", "v3", "v5")}  # even videos are real


def write_settings(detectors=("baseline", "lora"), **changes):
    base = {"model": "encoder", "revision": "local", "embedding": "projected"}
    protocol = {"splits": ["per_class"], "train_sets": ["FaceSwap"], "seeds": [42]}
    settings = {
        "detectors": list(detectors),
        "encoder": base,
        "explain": {**SECTION, **changes},
        "protocol": protocol | {"test_manipulations": ["rest"]},
    }
    Path("params.yaml").write_text(yaml.safe_dump(settings))


def write_models(width=16):
    save_probe(WEIGHTS / "baseline", np.random.default_rng(0).normal(size=width))
    save_lora(WEIGHTS / "lora", "encoder", spread=1.0)


def write_errors(name, wrong):
    rows = [
        {
            "key": f"v{i}",
            "manipulation": "FaceSwap" if i % 2 else "real",
            "label": i % 2,
            "frame": frame,
            "score": 0.2 + 0.6 * ((i % 2) ^ (f"v{i}" in wrong)) + frame / 100,
        }
        for i in range(6)
        for frame in range(3)
    ]
    lists = list_errors(pd.DataFrame(rows), {"frame": 0.5, "video": 0.5})
    write_json(Path("data/errors") / name / f"{CELL}.json", {"manipulation": "FaceSwap", **lists})


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_encoder(Path("encoder"))
    frames = write_frame_store(Path("data/frames"), noise_videos(6))
    Path("data/embeddings").mkdir()
    matrix = np.random.default_rng(0).normal(size=(len(frames), 16)).astype(np.float32)
    np.save("data/embeddings/embeddings.npy", matrix)
    frames.rows.write(Path("data/embeddings/index.csv"))
    write_json(Path("data/embeddings/meta.json"), {})
    write_models()
    for name, wrong in WRONG.items():
        write_errors(name, wrong)
    write_settings()


def outputs():
    folders = (Path("data/explanations"), Path("data/metrics"))
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return {str(p): p.read_bytes() for p in files}


def test_both_detectors_are_explained_on_the_union_of_their_worst_frames(run):
    explain.main()
    found = {name: Heatmaps.open(Path("data/explanations") / name) for name in WRONG}
    # the first of each list: v0 and v1 of baseline, v1 of lora; a real video's last frames score worst
    expected = [("v0", 1), ("v0", 2), ("v1", 0), ("v1", 1)]
    assert list(found["baseline"].rows) == list(found["lora"].rows) == expected
    for store in found.values():
        maps = [store.find(*pair) for pair in expected]
        assert all(m.shape == (4, 4) and m.max() == 1 and m.min() >= 0 for m in maps)
    metrics = read_json(Path("data/metrics/explanations.json"))
    assert (metrics["split"], metrics["train_set"], metrics["seed"]) == ("per_class", "FaceSwap", 42)
    assert metrics["manipulation"] == "FaceSwap"
    for sanity in metrics["sanity"].values():
        assert sanity["n"] == 4
        assert sanity["rank_correlation"] < 0.8
    assert [row["detectors"] for row in metrics["agreement"]] == [["baseline", "lora"]]
    assert -1 <= metrics["agreement"][0]["rank_correlation"] < 1


def test_error_lists_are_copied_with_the_number_of_their_cluster(run):
    explain.main()
    for name, wrong in WRONG.items():
        before = read_json(Path("data/errors") / name / f"{CELL}.json")
        after = read_json(Path("data/explanations/errors") / f"{name}.json")
        numbered = {}
        for kind in ("false_positives", "false_negatives", "worst_videos"):
            for entry in after[kind]:
                numbered[entry["key"]] = entry.pop("cluster")
        assert {key for key, number in numbered.items() if number is not None} == set(wrong)
        assert sum(row["size"] for row in after.pop("clusters")["summary"]) == len(wrong)
        assert after == before


def test_two_runs_write_the_same_bytes(run):
    explain.main()
    first = outputs()
    shutil.rmtree("data/explanations")
    explain.main()
    assert outputs() == first


def test_switched_off_it_leaves_empty_outputs_that_say_so(run):
    write_settings(enabled=False)
    shutil.rmtree("data/weights")
    explain.main()
    assert len(Heatmaps.open(Path("data/explanations/lora"))) == 0
    errors = read_json(Path("data/explanations/errors/lora.json"))
    assert errors["clusters"] == {"summary": [], "undefined": "explain.enabled is false"}
    assert [entry["key"] for entry in errors["false_negatives"]] == ["v1", "v3", "v5"]
    metrics = read_json(Path("data/metrics/explanations.json"))
    assert metrics["sanity"]["baseline"] == {
        "rank_correlation": None,
        "n": 0,
        "rank_correlation_head": None,
        "undefined": "explain.enabled is false",
    }
    assert metrics["agreement"] == []


def test_a_detector_that_offers_no_log_odds_is_recorded_and_the_others_are_explained(run, monkeypatch):
    modules = {"baseline": find_detector("baseline"), "lora": SimpleNamespace(score=print)}
    monkeypatch.setattr(tracing, "find_detector", modules.__getitem__)
    explain.main()
    sanity = read_json(Path("data/metrics/explanations.json"))["sanity"]
    assert "lora offers no log_odds" in sanity["lora"]["undefined"]
    assert sanity["baseline"]["n"] == 4
    assert len(Heatmaps.open(Path("data/explanations/lora"))) == 0
    assert read_json(Path("data/explanations/errors/lora.json"))["clusters"]["n_videos"] == 3


def test_no_errors_at_all_leave_nothing_to_explain(run):
    write_settings(videos_per_list=0)
    for name in WRONG:
        write_errors(name, ())
    explain.main()
    metrics = json.loads(Path("data/metrics/explanations.json").read_text())
    assert "no frame is chosen" in metrics["sanity"]["lora"]["undefined"]
    clusters = read_json(Path("data/explanations/errors/lora.json"))["clusters"]
    assert "not 0" in clusters["undefined"]


def test_more_frames_than_the_lists_name_are_refused(run):
    write_settings(frames_per_video=9)
    with pytest.raises(InputError, match=r"explain: `frames_per_video`.*to 4, got 9"):
        explain.main()
