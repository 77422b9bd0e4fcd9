"""What every method must keep: a new file in clipforensics/detectors/ is tried here by itself."""

import ast
import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from clipforensics.adaptation.contract import explainable, find_detector, known_detectors
from clipforensics.core.faults import InputError
from clipforensics.encoder.vision import load_preprocessing, load_vision_tower
from clipforensics.training.validation import Validation
from tests.support.training_tasks import PARAMS, ROOT, files_of, killed_after_one_epoch, shipped_settings

METHODS = known_detectors()
TRAINED_BY_US = [m for m in METHODS if m not in ("baseline", "zero_shot")]
"""scikit-learn fits the baseline, and zero-shot learns nothing."""


class Unread:
    """Stands for a store that a method must not look into."""

    def __init__(self, store):
        self.rows, self.size = store.rows, getattr(store, "size", None)


@pytest.fixture(scope="module")
def fitted(bench, tmp_path_factory):
    """Every method trained once, when first asked for: its folder and how it went."""
    done, place = {}, tmp_path_factory.mktemp("fitted")

    def fit(name):
        if name not in done:
            done[name] = train(name, bench, place / name)
        return done[name]

    return fit


def train(name, bench, folder, scratch=None, **changes):
    """Fit with the shipped settings, showing the method only the store that it says it reads."""
    method = find_detector(name)
    task = dataclasses.replace(
        bench.task, scratch=scratch or folder.with_name(f"{folder.name}-scratch"), **changes
    )
    task.scratch.mkdir(parents=True, exist_ok=True)
    hidden = "frames" if method.reads == "embeddings" else "embeddings"
    task = dataclasses.replace(task, **{hidden: Unread(getattr(task, hidden))})
    return folder, method.fit(task, shipped_settings(name), folder)


def score(name, folder, rows, bench):
    method = find_detector(name)
    stores = {"frames": bench.task.frames, "embeddings": bench.task.embeddings}
    hidden = "frames" if method.reads == "embeddings" else "embeddings"
    return method.score(folder, rows, **{**stores, hidden: Unread(stores[hidden])})


def test_params_have_a_section_a_method_and_no_other():
    assert sorted(PARAMS["methods"]) == METHODS


@pytest.mark.parametrize("name", METHODS)
def test_every_key_of_its_section_is_read(name):
    assert set(PARAMS["methods"][name]) == set(find_detector(name).settings.model_fields)
    with pytest.raises(InputError, match="`rr` is not a parameter"):
        shipped_settings(name, rr=1)


@pytest.mark.parametrize("name", METHODS)
def test_its_docstring_gives_a_title_and_a_source(name):
    text = ast.get_docstring(ast.parse((ROOT / f"clipforensics/detectors/{name}.py").read_text()))
    assert 0 < len(text.partition(":")[0]) < 40
    assert ":" in text.splitlines()[0]
    assert "arXiv" in text


@pytest.mark.parametrize("name", METHODS)
def test_scores_are_in_range_and_order_free(name, bench, fitted):
    folder, _ = fitted(name)
    scores = score(name, folder, bench.everything, bench)
    assert scores.dtype == np.float64
    assert scores.shape == bench.everything.shape
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(np.unique(scores)) > len(scores) / 2, "it looks at the frames"
    shuffled = np.random.default_rng(0).permutation(len(scores))
    np.testing.assert_allclose(score(name, folder, shuffled, bench), scores[shuffled], atol=1e-6)
    np.testing.assert_allclose(score(name, folder, bench.everything[3:4], bench), scores[3:4], atol=1e-6)
    assert score(name, folder, bench.everything[:0], bench).shape == (0,)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_saved_is_what_validation_chose(name, bench, fitted, tmp_path):
    folder, fit = fitted(name)
    moved = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    val = bench.task.val
    found = Validation(val.labels, val.videos).rank(score(name, moved, val.rows, bench))
    about = json.loads((moved / "detector.json").read_text())
    kept = about["validation"]
    assert found == pytest.approx((kept["video_auc"], kept["frame_auc"]), abs=1e-9)
    assert fit.rank == pytest.approx(found, abs=1e-9)
    assert max((r["val_video_auc"], r["val_frame_auc"]) for r in fit.curve) == pytest.approx(found, abs=1e-9)
    if "epochs" in about:
        ranks = [(row["val_video_auc"], row["val_frame_auc"]) for row in fit.curve]
        assert (about["epochs"], about["best_epoch"]) == (len(ranks), 1 + ranks.index(max(ranks)))
    assert about["method"] == name
    assert about["encoder"] == bench.task.encoder


@pytest.mark.parametrize("name", METHODS)
def test_weights_lie_in_safetensors_and_nothing_is_pickled(name, fitted):
    folder, _ = fitted(name)
    assert {p.suffix for p in folder.rglob("*") if p.is_file()} <= {".safetensors", ".json"}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            assert all(torch.isfinite(file.get_tensor(key)).all() for key in file.keys())  # noqa: SIM118


@pytest.mark.parametrize("name", METHODS)
def test_two_equal_runs_write_equal_bytes(name, bench, fitted, tmp_path):
    folder, fit = fitted(name)
    again, refit = train(name, bench, tmp_path / name)
    assert files_of(again) == files_of(folder)
    assert refit.curve == fit.curve


@pytest.mark.parametrize("name", TRAINED_BY_US)
def test_killed_and_run_again_it_ends_in_the_same_bytes(name, bench, fitted, tmp_path):
    folder, fit = fitted(name)
    scratch = tmp_path / "scratch"
    with killed_after_one_epoch():
        train(name, bench, tmp_path / name, scratch)
    assert not (tmp_path / name / "detector.json").exists()
    again, refit = train(name, bench, tmp_path / name, scratch)
    assert files_of(again) == files_of(folder)
    assert (refit.curve, refit.samples) == (fit.curve, fit.samples)


@pytest.mark.parametrize("name", TRAINED_BY_US)
def test_the_seed_decides(name, bench, fitted, tmp_path):
    folder, _ = fitted(name)
    other, _ = train(name, bench, tmp_path / name, seed=4)
    assert not np.array_equal(
        score(name, other, bench.everything, bench), score(name, folder, bench.everything, bench)
    )


def untrained(name, bench):
    """The model that training starts from, and the function that trains it."""
    method, task, settings = find_detector(name), bench.task, shipped_settings(name)
    if method.reads == "embeddings":
        from clipforensics.adaptation.embedding_method import train_on_embeddings

        torch.manual_seed(task.seed)
        judge = method.build(task, settings)
        options = {"settled": method.settled, "label": name}
        return judge, lambda task: train_on_embeddings(judge, task, settings.learning_rate, **options)
    from clipforensics.adaptation.pixel_training import train_on_pixels

    place = (task.encoder["model"], task.encoder["revision"])
    tower = load_vision_tower(*place)
    preprocessing = load_preprocessing(*place, fitting=task.frames.fitting)
    model = method.adapt(tower, settings, embedding=task.encoder["embedding"], seed=task.seed)
    return model, lambda task: train_on_pixels(model, task, settings, preprocessing, label=name)


@pytest.mark.parametrize("name", TRAINED_BY_US)
def test_only_the_intended_parameters_move(name, bench, tmp_path):
    model, run = untrained(name, bench)
    before = {key: tensor.detach().clone() for key, tensor in model.state_dict().items()}
    trained = {key for key, p in model.named_parameters() if p.requires_grad}
    assert trained
    (tmp_path / "scratch").mkdir()
    run(dataclasses.replace(bench.task, scratch=tmp_path / "scratch"))
    moved = {key for key, tensor in model.state_dict().items() if not torch.equal(tensor, before[key])}
    assert moved <= trained, "something moved that should not"
    # attention's key bias adds the same to every score of a row, which softmax takes off again
    still = {key for key in trained - moved if "k_proj.bias" not in key}
    assert still == set(), "something should have learnt"


@pytest.mark.parametrize("name", METHODS)
def test_the_number_of_parameters_follows_the_formula(name, bench, fitted):
    folder, _ = fitted(name)
    counted = json.loads((folder / "detector.json").read_text())["parameters"]
    expected = find_detector(name).expected_parameters(bench.encoder, shipped_settings(name))
    assert {key: counted[key] for key in expected} == expected
    assert set(expected) == {"trainable", "head"}
    assert (
        f"trainable params: {counted['trainable']:,d} || all params: {counted['all']:,d}" in counted["line"]
    )


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_its_log_odds_are_those_of_its_scores(name, merged, bench, fitted):
    folder, _ = fitted(name)
    method = explainable(find_detector(name))
    if method is None:
        pytest.skip("offers no log_odds")
    frames = bench.task.frames
    how = {"encoder": bench.task.encoder, "fitting": frames.fitting, "merged": merged}
    module, preprocessing, tower = method.log_odds(folder, **how)
    pixels = preprocessing.pixels(frames.read(bench.everything), torch.device("cpu"))
    with torch.no_grad():
        found = torch.sigmoid(module(pixels).double()).numpy()
    np.testing.assert_allclose(
        found, score(name, folder, bench.everything, bench), atol=1e-6 if merged else 1e-5
    )
    assert any(part is tower for part in module.modules())


def test_an_unknown_name_is_told_those_there_are():
    with pytest.raises(
        InputError,
        match=r"'lore' is not a detector; perhaps `lora` was meant; those there are: .*baseline.*lora",
    ):
        find_detector("lore")
    with pytest.raises(InputError, match="'base' is not a detector"):
        find_detector("base")
