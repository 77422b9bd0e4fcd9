"""Degraded frames through real detectors, and the stage: embedded once, resumed, and tabulated."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from clipforensics.adaptation.contract import find_detector
from clipforensics.alterations.degradations import DEGRADATIONS, degrade
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.encoder import vision
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.machine.devices import compute_deterministically
from clipforensics.machine.kept import Kept
from clipforensics.metrics.auc import roc_auc
from clipforensics.metrics.pooling import pool_by_video
from clipforensics.robustness import scoring
from stages import robustness as stage
from tests.encoder.test_vision import write_encoder
from tests.support.repository import ROOT
from tests.support.saved_detectors import save_lora, save_probe
from tests.support.stores import noise_videos, write_frame_store

N_VIDEOS = 12
CELL = "grouped/Train-1"
SECTION = {
    "enabled": True,
    "degradations": ["jpeg", "noise"],
    "strengths": [1, 5],
    "level": "video",
    "frames_per_video": 8,
    "batch_size": 7,
    "seed": 3,
}


def write_split(path: Path, n: int = N_VIDEOS) -> pd.DataFrame:
    """Videos of `noise_videos`: even real, odd manipulated (the last two by another method), in pairs."""
    table = pd.DataFrame(
        {
            "key": [f"v{i}" for i in range(n)],
            "label": [i % 2 for i in range(n)],
            "manipulation": ["real" if i % 2 == 0 else "Other" if i > 8 else "Swap" for i in range(n)],
            "group": [i // 2 for i in range(n)],
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
    return table


def write_detectors(weights: Path, model: Path) -> None:
    """A probe with drawn weights, and LoRA with a drawn head and drawn B matrices."""
    rng = np.random.default_rng(0)
    save_probe(weights / CELL / "baseline", rng.normal(size=16), model=model)
    save_lora(weights / CELL / "lora", model)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Everything the stage reads."""
    root = tmp_path_factory.mktemp("built")
    compute_deterministically(0)
    write_frame_store(root / "data/frames", noise_videos(N_VIDEOS, shift=20))
    write_split(root / "data/splits/grouped/Train/test.csv")
    write_encoder(root / "clip")
    write_detectors(root / "data/weights", root / "clip")
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["robustness"] = SECTION
    params["compare"]["n_replicates"] = 200
    params["protocol"] |= {
        "splits": ["grouped"],
        "train_sets": ["Train"],
        "test_manipulations": ["Swap"],
        "seeds": [1],
    }
    params["encoder"]["model"] = str(root / "clip")
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    return root


@pytest.fixture
def place(built, tmp_path, monkeypatch):
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


def change(place: Path, **changes: object) -> None:
    params = yaml.safe_load((place / "params.yaml").read_text())
    for key, value in changes.items():
        section, name = key.split("__")
        params[section][name] = value
    (place / "params.yaml").write_text(yaml.safe_dump(params))


def run(place: Path) -> dict:
    stage.main()
    return json.loads((place / "data/metrics/robustness.json").read_text())


def outputs(place: Path) -> dict[str, bytes]:
    files = [place / "data/metrics/robustness.json", *(place / "plots").rglob("*.csv")]
    return {str(path.relative_to(place)): path.read_bytes() for path in files}


def by_hand(place: Path, degradation: str, strength: int) -> dict[str, np.ndarray]:
    """Slow reference: real stores of the degraded frames on disk, `embed`'s own code, plain `score`."""
    videos = {f"v{i}": v for i, v in enumerate(noise_videos(N_VIDEOS, shift=20).values()) if i not in (9, 11)}
    if strength:
        videos = {k: degrade(v, degradation, strength, key=k, seed=3) for k, v in videos.items()}
    frames = write_frame_store(place / "slow/frames", videos)
    tower = vision.load_vision_tower(str(place / "clip"), "local")
    preprocessing = vision.load_preprocessing(str(place / "clip"), "local", fitting=Fitting(32))

    @torch.inference_mode()
    def embed(batch):
        pixels = preprocessing.pixels(batch, torch.device("cpu"))
        return vision.embed_pixels(tower, pixels, "projected").numpy()

    out, kept = place / "slow/embeddings", Kept(place / "slow/kept", "")
    embed_frames(frames, embed, out, width=16, batch_size=64, kept=kept, meta={})
    stores = {"frames": frames, "embeddings": EmbeddingStore(out)}
    rows = np.arange(len(frames))
    scores = {
        name: find_detector(name).score(place / "data/weights" / CELL / name, rows, **stores)
        for name in ("baseline", "lora")
    }
    shutil.rmtree(place / "slow")
    return scores


@pytest.mark.parametrize(("degradation", "strength"), [("none", 0), ("jpeg", 5), ("noise", 1)])
def test_every_number_is_that_of_degraded_stores_on_disk(place, degradation, strength):
    table = run(place)
    row = next(r for r in table["rows"] if (r["degradation"], r["strength"]) == (degradation, strength))
    labels = np.repeat([int(k) % 2 for k in range(N_VIDEOS) if k not in (9, 11)], 3)
    videos = np.repeat(np.arange(10), 3)
    auc = {}
    for when, condition in (("now", (degradation, strength)), ("before", ("none", 0))):
        for name, scores in by_hand(place, *condition).items():
            assert len(np.unique(scores)) > 20, "a detector that says the same of every frame tests nothing"
            auc[name, when] = roc_auc(*pool_by_video(scores, labels, videos, how="mean"))
    for name in ("baseline", "lora"):
        assert row["detectors"][name]["auc"] == pytest.approx(auc[name, "now"])
        assert row["drops"][name]["auc"] == pytest.approx(auc[name, "now"] - auc[name, "before"])
    gain = auc["lora", "now"] - auc["baseline", "now"]
    assert row["differences"]["lora"]["auc"] == pytest.approx(gain)
    assert (row["n_real"], row["n_fake"], row["n_groups"]) == (6, 4, 6)


def test_the_table_and_the_curves_say_the_same(place):
    table = run(place)
    conditions = [(r["degradation"], r["strength"]) for r in table["rows"]]
    assert conditions == [("none", 0), ("jpeg", 1), ("jpeg", 5), ("noise", 1), ("noise", 5)]
    assert table["manipulation"] == "Swap"
    assert [r["setting"] for r in table["rows"][:2]] == ["undegraded", "quality 95"]
    assert table["rows"][0]["drops"]["lora"] == {"auc": 0, "low": 0, "high": 0, "p": 1}
    for row in table["rows"]:
        for interval in (*row["detectors"].values(), *row["drops"].values(), *row["differences"].values()):
            if interval["low"] is None:
                assert "every replicate gives the same value" in row["undefined"], "a null has a reason"
            else:
                assert interval["low"] <= interval["auc"] <= interval["high"]
    curve = pd.read_csv("plots/robustness/noise.csv")
    assert list(curve.columns) == ["detector", "strength", "auc", "low", "high"]
    assert list(curve["detector"]) == ["baseline"] * 3 + ["lora"] * 3
    assert list(curve["strength"]) == [0, 1, 5, 0, 1, 5]
    assert curve["auc"][4] == pytest.approx(table["rows"][3]["detectors"]["lora"]["auc"])
    files = {path.name for path in (place / "plots/robustness").iterdir()}
    assert files == {f"{name}.csv" for name in DEGRADATIONS}
    header = "detector,strength,auc,low,high\n"
    assert (place / "plots/robustness/blur.csv").read_text() == header, "not in the run"


def test_threads_change_no_byte_and_batches_no_number(place, monkeypatch):
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "1")
    first = run(place)
    files = outputs(place)
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "3")
    run(place)
    assert outputs(place) == files
    change(place, robustness__batch_size=1)
    assert run(place)["rows"] == first["rows"]


def test_killed_and_run_again_it_ends_in_the_same_bytes(place, monkeypatch):
    run(place)
    whole = outputs(place)
    shutil.rmtree(place / "data/metrics")
    shutil.rmtree(place / "plots")
    done = []

    def dies(material, chunk, condition, **options):
        if condition == ("noise", 1):
            raise KeyboardInterrupt
        done.append(condition)
        return original(material, chunk, condition, **options)

    original = scoring.degrade_chunk
    monkeypatch.setattr(scoring, "degrade_chunk", dies)
    with pytest.raises(KeyboardInterrupt):
        run(place)
    assert not (place / "data/metrics").exists()
    assert set(done) == {("none", 0), ("jpeg", 1), ("jpeg", 5)}
    done.clear()

    def notes(material, chunk, condition, **options):
        done.append(condition)
        return original(material, chunk, condition, **options)

    monkeypatch.setattr(scoring, "degrade_chunk", notes)
    run(place)
    assert set(done) == {("noise", 1), ("noise", 5)}, "what was finished is not done again"
    assert outputs(place) == whole
    assert not (place / ".scratch/robustness").exists()


@pytest.mark.parametrize("what", ["detector", "seed", "encoder"])
def test_unfinished_work_on_something_else_is_not_taken_up(place, monkeypatch, what):
    folders = []
    monkeypatch.setattr(stage, "remove_scratch", lambda folder: folders.append(folder))
    run(place)
    if what == "seed":
        change(place, robustness__seed=4)
    elif what == "detector":
        save_probe(place / "data/weights" / CELL / "baseline", np.ones(16), model=place / "clip")
    else:
        (place / "other").mkdir()
        change(place, encoder__model=str(write_encoder(place / "other", seed=5)))
    run(place)
    assert folders[0] != folders[1]


def test_detectors_are_read_once_and_the_encoder_only_if_asked(place, monkeypatch):
    counts = {"lora": 0, "baseline": 0, "encoder": 0, "frames": 0}

    def counting(name, function):
        def counted(*args, **options):
            counts[name] += 1
            return function(*args, **options)

        return counted

    kinds = {"lora": type(find_detector("lora")), "baseline": type(find_detector("baseline"))}
    for name, kind in kinds.items():
        monkeypatch.setattr(kind, "load", counting(name, kind.load))
    monkeypatch.setattr(scoring, "load_vision_tower", counting("encoder", scoring.load_vision_tower))
    monkeypatch.setattr(vision, "embed_pixels", counting("frames", vision.embed_pixels))
    run(place)
    chunks = 5  # ten videos of three frames, two a chunk of at most seven
    assert counts == {"lora": 1, "baseline": 1, "encoder": 1, "frames": 5 * chunks}
    assert not any("load" in vars(find_detector(name)) for name in kinds), "as before"
    params = yaml.safe_load((place / "params.yaml").read_text())
    params["detectors"], params["compare"]["reference"] = ["lora"], "lora"
    (place / "params.yaml").write_text(yaml.safe_dump(params))
    shutil.rmtree(place / "plots")
    assert list(run(place)["rows"][1]["detectors"]) == ["lora"]
    assert counts == {"lora": 2, "baseline": 1, "encoder": 1, "frames": 5 * chunks}, "no encoder for pixels"


def test_fewer_frames_a_video_and_the_frame_level(place):
    change(place, robustness__frames_per_video=2, robustness__level="frame")
    table = run(place)
    assert (table["rows"][0]["n_real"], table["rows"][0]["n_fake"]) == (12, 8)
    assert table["frames_per_video"] == 2
    assert table["level"] == "frame"
    assert len(pd.read_csv(place / "plots/robustness/noise.csv")) == 6


def test_one_group_of_a_class_is_undefined_with_a_reason(place):
    path = place / "data/splits/grouped/Train/test.csv"
    table = pd.read_csv(path)
    table.loc[table["manipulation"] == "Swap", "group"] = 99
    table.to_csv(path, index=False)
    row = run(place)["rows"][1]
    assert "two or more clusters" in row["undefined"]
    assert row["drops"]["lora"]["low"] is None
    assert row["detectors"]["lora"]["auc"] is not None


def test_disabled_it_reads_nothing_and_says_so(place):
    shutil.rmtree(place / "data")
    change(place, robustness__enabled=False)
    table = run(place)
    assert table["rows"] == []
    assert "robustness.enabled is false" in table["undefined"]
    for path in (place / "plots/robustness").iterdir():
        assert path.read_text() == "detector,strength,auc,low,high\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"robustness__degradations": ["jpeg", "fog"]}, "'fog' is not one.*brightness"),
        ({"robustness__degradations": ["jpeg", "jpeg"]}, "degradations lists one twice"),
        ({"robustness__strengths": [2, 2]}, "strengths lists one twice"),
        ({"robustness__strengths": [0]}, "strengths.0"),
        ({"robustness__strengths": [6]}, "strengths.0"),
        ({"robustness__degradations": []}, "degradations"),
        ({"robustness__level": "clip"}, "level"),
        ({"robustness__batch_size": 0}, "batch_size"),
        ({"robustness__enabled": "yes"}, "enabled"),
        ({"robustness__sead": 1}, "`sead` is not a parameter"),
        ({"compare__reference": "probe"}, "`compare.reference` is 'probe'"),
        ({"protocol__test_manipulations": ["Puppet"]}, "Puppet.*have no test videos"),
    ],
)
def test_wrong_params_are_one_line(place, changes, words):
    change(place, **changes)
    with pytest.raises(InputError, match=words) as error:
        run(place)
    assert "\n" not in str(error.value)
