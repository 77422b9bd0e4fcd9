"""The model card: its code gives evaluate's scores, its numbers are the metrics', no name gets through."""

import dataclasses
import functools
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
import yaml
from markdown_it import MarkdownIt

from clipforensics.adaptation.contract import known_detectors
from clipforensics.core.files import read_json, write_json
from clipforensics.core.fitting import Fitting
from clipforensics.likelihood.settings import LikelihoodSection
from clipforensics.metrics.calibration import probabilities
from clipforensics.protocol.cells import Cell
from clipforensics.publishing import card
from clipforensics.publishing.card import model_card
from clipforensics.publishing.code import loading_code
from clipforensics.publishing.encoders import Encoder
from clipforensics.publishing.folder import PackageSection, write_package
from clipforensics.publishing.loading import find_loading
from clipforensics.publishing.methods import describe_method
from clipforensics.publishing.model import TrainingFootage, read_model
from clipforensics.publishing.operating_point import operating_point
from stages import package
from tests.support.made_up_controls import made_up
from tests.support.trained_project import CELL, add_frames, code_of, make_packages, make_project, run_cards

METHODS = known_detectors()

PARSER = MarkdownIt("commonmark").enable("table")

NASTY = "a|b\n# c [d](http://e.f) <script>alert(1)</script> `g` *h* ```"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = make_project(tmp_path_factory.mktemp("cards") / "project", METHODS)
    make_packages(folder, include_encoder=True)
    return folder


@pytest.fixture(scope="module")
def ran(project):
    """What every card's code said, and what evaluate had said."""
    models = {name: project / "models" / name / CELL for name in METHODS}
    expected = {name: add_frames(project, model) for name, model in models.items()}
    plain = [m for m in models.values() if "clipforensics" not in code_of((m / "README.md").read_text())]
    said = run_cards(plain, plain=True)
    said |= run_cards([m for m in models.values() if m not in plain], plain=False)
    return {name: (said[model], expected[name]) for name, model in models.items()}


@pytest.fixture
def model(project, monkeypatch):
    """Opens what is known of a trained detector."""
    monkeypatch.chdir(project)
    return functools.partial(read, "lora")


def read(name: str, **changes):
    found = read_model(
        name,
        Cell.parse("per_class", "FaceSwap", "42"),
        package.read_records(),
        TrainingFootage("sample", True, 2, Fitting(64)),
    )
    return dataclasses.replace(found, **changes)


def card_of(model, *, has_encoder: bool = True) -> str:
    return model_card(
        model, operating_point(model.evaluation), files=["detector.json"], has_encoder=has_encoder
    )


def rows_of(card: str, head: str) -> list[list[str]]:
    """Cells of the table whose first cells are `head`."""
    lines = card.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


@pytest.mark.parametrize("name", METHODS)
def test_the_code_of_every_card_gives_the_scores_of_evaluate(name, ran):
    said, expected = ran[name]
    assert expected.std() > 1e-4
    np.testing.assert_allclose(said["scores"], expected, atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_its_verdict_on_a_video_is_that_of_the_metrics(name, ran, project):
    said, expected = ran[name]
    found = read_json(project / f"data/metrics/evaluate/{name}/{CELL}.json")
    score = expected[:2].mean()
    verdict = said["verdict"]
    assert verdict["score"] == pytest.approx(score, abs=1e-5)
    assert verdict["manipulated"] == (verdict["score"] >= found["threshold"]["video"])
    fitted = {key: found["calibration"]["video"][key] for key in ("slope", "intercept")}
    assert verdict["probability"] == pytest.approx(probabilities([score], **fitted)[0], abs=1e-4)


@pytest.fixture(scope="module")
def pooled(tmp_path_factory):
    """Methods on the pooled embedding, one of them with its other mode."""
    settings = {"encoder": {"embedding": "pooled"}, "methods": {"reprogramming": {"mode": "shrink"}}}
    names = ("baseline", "lora", "reprogramming")
    return make_project(tmp_path_factory.mktemp("pooled") / "project", names, settings)


def test_the_code_fits_the_pooled_embedding_too(pooled):
    make_packages(pooled, include_encoder=True)
    models = {name: pooled / "models" / name / CELL for name in ("baseline", "lora", "reprogramming")}
    expected = {name: add_frames(pooled, model) for name, model in models.items()}
    said = run_cards(models.values(), plain=True)
    for name, model in models.items():
        np.testing.assert_allclose(said[model]["scores"], expected[name], atol=1e-5)


def test_a_method_that_says_nothing_of_its_tensors_is_opened_with_this_library(pooled):
    about = pooled / "data/weights" / CELL / "reprogramming/detector.json"
    write_json(about, {key: value for key, value in read_json(about).items() if key != "usage"})
    make_packages(pooled, include_encoder=True)
    model = pooled / "models/reprogramming" / CELL
    card = (model / "README.md").read_text()
    assert "The method is clipforensics' own" in card
    assert yaml.safe_load(card.split("---")[1])["library_name"] == "clipforensics"
    expected = add_frames(pooled, model)
    np.testing.assert_allclose(run_cards([model], plain=False)[model]["scores"], expected, atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_the_hub_reads_its_head(name, project):
    data = huggingface_hub.ModelCard.load(project / "models" / name / CELL / "README.md").data
    peft = (
        project / "models" / name / CELL / "adapter_config.json"
    ).is_file() and data.library_name != "transformers"
    assert data.library_name == ("peft" if peft else "transformers")
    assert data.license == "apache-2.0"
    assert data.pipeline_tag == "image-classification"
    assert name in data.tags
    assert data.base_model is None, "the encoder is a folder"


@pytest.mark.parametrize("name", METHODS)
def test_it_says_what_the_method_is_and_whose(name, project):
    card = (project / "models" / name / CELL / "README.md").read_text()
    method = describe_method(name)
    assert f"# {method.title}, " in card
    cited = re.findall(r"arXiv\s\d{4}\.\d{5}", " ".join([method.summary, *method.paragraphs]))
    assert all(source in card for source in cited)


def test_its_numbers_are_those_of_the_metrics(model):
    lora = model()
    card = card_of(lora)
    comparison = lora.comparison
    cell = next(c for c in comparison["cells"] if (c["stratum"], c["level"]) == ("all", "video"))
    auc = f"{cell['detectors']['lora']['auc']:.3f}".replace("0.", ".", 1)
    first = rows_of(card, "split")[0]
    assert first[:4] == ["per class", "Deepfakes", "all test fakes", "3 / 12"]
    assert first[4].startswith(auc)
    point = lora.evaluation["test"]["Deepfakes"]["video"]
    row = rows_of(card, "manipulation")[0]
    assert row[:3] == ["Deepfakes", "12", f"{point['auc']:.3f}".replace("0.", ".", 1)]
    thresholds = [row[0] for row in rows_of(card, "rule")]
    assert thresholds == ["equal error rates (in force)", "Youden's index", "false positive budget"]
    sizes = {row[0]: row[1:] for row in rows_of(card, "part")}
    assert sizes == {"training": ["6", "0", "9"], "validation": ["3", "0", "3"], "test": ["3", "12", "0"]}
    leak = lora.leakage["manipulations"]["Deepfakes"]
    assert ["Deepfakes", "12", str(leak["twin"]), str(leak["any_seen"])] in rows_of(card, "test videos")
    assert "**This split leaks**" in card


def test_every_number_stands_under_its_name(model):
    evaluation, rules = model().evaluation, ("eer", "youden", "fpr")
    (tested,) = evaluation["test"].values()
    rates = {"accuracy": 0.11, "balanced_accuracy": 0.12, "f1": 0.13, "tpr": 0.14, "fpr": 0.15}
    tested["video"] |= {"auc": 0.1, "n_fake": 9, "at_validation": rates}
    tested["all_fake"]["video"] = {"accuracy": 0.21, "f1": 0.22}
    evaluation["thresholds"] = {"video": dict.fromkeys(rules, 0.31), "frame": dict.fromkeys(rules, 0.41)}
    evaluation["validation"]["video"]["at_thresholds"] = {rule: {"fpr": 0.51, "tpr": 0.61} for rule in rules}
    evaluation["calibration"]["video"] = {"slope": 1.5, "intercept": -0.25}
    about = model().about | {"parameters": {"trainable": 11, "all": 222, "head": 3}}
    card = card_of(model(evaluation=evaluation, about=about))
    shown = [".100", ".110", ".120", ".130", ".140", ".150"]
    assert rows_of(card, "manipulation") == [["Deepfakes", "9", *shown]]
    assert [row[1:] for row in rows_of(card, "rule")] == [["0.31", "0.41", ".510", ".610"]] * 3
    settings = dict(rows_of(card, "setting"))
    assert settings["encoder"].startswith("clip (weights' sha256 ")
    assert (settings["parameters that moved"], settings["parameters of the head"]) == ("11 of 222", "3")
    assert "accuracy .210 and F1 .220 on Deepfakes" in card
    assert "slope 1.5 and intercept -0.25" in card


def test_intervals_are_of_its_train_set_and_differences_its_own(model):
    comparison = model().comparison
    rows = rows_of(card_of(model()), "split")
    for cell in comparison["cells"]:
        cell["differences"]["lora"] = {"auc": 0.12, "low": 0.05, "high": 0.2}
    others = [{**cell, "train_set": "NeuralTextures"} for cell in comparison["cells"]]
    comparison["cells"] = [*others, *comparison["cells"]]
    found = rows_of(card_of(model(comparison=comparison)), "split")
    assert found == [[*row[:5], "+.120 [.050,\N{NO-BREAK SPACE}.200]"] for row in rows]


def test_a_score_at_the_threshold_is_called_manipulated(model):
    lora = model()
    code = loading_code(lora, operating_point(lora.evaluation), has_encoder=True)
    point = {"threshold": 0.5, "calibration": {"slope": 1.0, "intercept": 0.0, "clip": 1e-7}}
    names = {"statistics": statistics, "torch": torch, "score": list, "point": point}
    exec(code[code.index("def judge") : code.index("\nprint(")], names)
    assert [names["judge"]([score])["manipulated"] for score in (0.49, 0.5, 0.51)] == [False, True, True]


def test_a_stratum_that_holds_all_fakes_or_none_is_not_told_twice(model):
    card = card_of(model())
    counts = {row[2]: int(row[3].split(" / ")[1]) for row in rows_of(card, "split")}
    assert counts["all test fakes"] == 12
    assert all(0 < n < 12 for name, n in counts.items() if name != "all test fakes")


def test_a_split_without_a_leak_says_so(model):
    quiet = model().leakage
    for row in (quiet["real"], quiet["fake"]):
        row["any_seen"] = row["twin"] = 0
    assert "No test video is known to share an identity with training." in card_of(model(leakage=quiet))
    quiet["unknown_identity"]["test"] = 2
    assert "Of 2 videos it is not known who is in them." in card_of(model(leakage=quiet))
    quiet["real"]["any_seen"] = 1
    assert "**This split leaks**: 1 of 15 test videos show somebody" in card_of(model(leakage=quiet))


def test_only_the_sample_is_called_a_toy_and_only_it_has_a_free_licence(model):
    assert "**This is a toy: do not use it on real footage.**" in card_of(model())
    other = card_of(model(footage=TrainingFootage("ffpp", False, 32, Fitting(224))))
    assert "toy" not in other
    assert yaml.safe_load(other.split("---")[1])["license"] == "other"
    assert "terms of their own" in other


def test_seeds_and_folds_are_told(model):
    several = model().comparison | {"seeds": [42, 43]}
    assert "the mean over 2 training seeds, of which this is one" in card_of(model(comparison=several))
    folds = json.loads(json.dumps(model().comparison).replace('"per_class"', '"grouped_kfold"'))
    card = card_of(model(comparison=folds, cell=Cell("grouped_kfold-2", "FaceSwap", 42)))
    assert "Its folds are pooled" in card
    assert "split grouped_kfold-2 (identity-disjoint folds" in card


def test_without_calibration_no_probability_is_promised(model):
    evaluation = model().evaluation
    evaluation["calibration"] = {"method": "none", "validation_prior": {"frame": 0.5, "video": 0.5}}
    point = operating_point(evaluation)
    assert point["video"]["calibration"] is None
    bare = model(evaluation=evaluation)
    assert "No calibration was fitted" in card_of(bare)
    assert "probability" not in loading_code(bare, point, has_encoder=True)


@pytest.mark.parametrize(("pooling", "call"), [("median", "statistics.median("), ("max", "= max(")])
def test_frames_are_pooled_as_evaluate_pools_them(model, pooling, call):
    evaluation = model().evaluation | {"aggregate": pooling}
    code = loading_code(model(evaluation=evaluation), operating_point(evaluation), has_encoder=True)
    assert call in code
    assert ("import statistics" in code) == (pooling == "median")
    compile(code, "card", "exec")


def test_a_detector_that_is_no_better_than_chance_says_so_first(model):
    lora = model()
    marked = {"usable": False, "reason": "validation AUC .333 [.1, .6] holds .5"}
    changed = {**lora.evaluation, "usable": {level: marked for level in ("frame", "video")}}
    card = card_of(dataclasses.replace(lora, evaluation=changed))
    assert "**Do not use it: validation AUC .333" in card.split("## Data")[0]
    fine = {
        **lora.evaluation,
        "usable": {level: {"usable": True, "reason": ""} for level in ("frame", "video")},
    }
    assert "Do not use it" not in card_of(dataclasses.replace(lora, evaluation=fine))


def test_a_choice_by_validation_is_told_and_its_file_explained(model):
    lora = model()
    files = {"files": ["choices.json"], "has_encoder": True}
    several = model(evaluation={**lora.evaluation, "n_tried": 8})
    card = model_card(several, operating_point(several.evaluation), **files)
    assert "The settings are the best of 8 on validation" in card.split("## Data")[0]
    assert ["choices.json", "every candidate that the settings were chosen among, by validation"] in rows_of(
        card, "file"
    )
    assert lora.evaluation["n_tried"] == 1
    assert "the best of" not in card_of(lora)


def test_an_encoder_on_the_hub_is_loaded_at_its_commit(model):
    commit = "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"
    hub = Encoder("openai/clip-vit-base-patch32", commit, {}, None)
    card = card_of(model(encoder=hub), has_encoder=False)
    assert f'from_pretrained("openai/clip-vit-base-patch32", revision="{commit}")' in card
    assert yaml.safe_load(card.split("---")[1])["base_model"] == hub.name
    assert ["encoder", f"{hub.name} (commit {commit})"] in rows_of(card, "setting")
    assert "not in this folder" not in card


def test_a_package_names_an_encoder_on_the_hub_in_every_file(model, tmp_path):
    commit = "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"
    hub = Encoder("openai/clip-vit-base-patch32", commit, {"crop_size": 224}, None)
    params = PackageSection(include_encoder=True, hub_dataset="someone/ffpp", hub_task="default")
    weighing = LikelihoodSection(method="logistic", alpha=0.1, prior_log10_odds=3.0)
    write_package(model(encoder=hub), tmp_path / "out", params, weighing)
    assert not (tmp_path / "out/encoder").exists()
    about, adapter = (read_json(tmp_path / f"out/{name}.json") for name in ("detector", "adapter_config"))
    assert (about["encoder"]["model"], about["encoder"]["revision"]) == (hub.name, commit)
    assert (adapter["base_model_name_or_path"], adapter["revision"]) == (hub.name, commit)
    assert read_json(tmp_path / "out/preprocessor_config.json") == {"crop_size": 224}
    results = yaml.safe_load((tmp_path / "out/.eval_results/clipforensics.yaml").read_text())
    assert [entry["dataset"]["id"] for entry in results] == ["someone/ffpp"]


def test_a_face_detector_that_is_a_local_file_goes_along_and_is_named_as_it_lies_there(model, tmp_path):
    (tmp_path / "found.onnx").write_bytes(b"weights")
    faces = {
        "detector": "yunet", "weights": str(tmp_path / "found.onnx"), "weights_file": "", "revision": "",
        "person": "largest", "margin": 1.3, "align": False, "without_face": "skip",
    }  # fmt: skip
    params = PackageSection(include_encoder=False, hub_dataset="", hub_task="default")
    weighing = LikelihoodSection(method="logistic", alpha=0.1, prior_log10_odds=3.0)
    cut = TrainingFootage("mine", False, 2, Fitting(64), faces)
    write_package(model(footage=cut), tmp_path / "out", params, weighing)
    assert (tmp_path / "out/face_detector.onnx").read_bytes() == b"weights"
    named = read_json(tmp_path / "out/frames.json")["faces"]
    assert (named["weights"], named["weights_file"]) == ("face_detector.onnx", "face_detector.onnx")
    assert str(tmp_path) not in (tmp_path / "out/frames.json").read_text()


def test_a_local_encoder_that_is_left_out_is_named_by_its_digest(model):
    lora = model()
    card = card_of(lora, has_encoder=False)
    assert lora.encoder.revision in card.split("## How to load it")[1]
    assert 'from_pretrained("clip")' in card


def test_names_cannot_write_markdown_html_or_code(model):
    lora = model()
    text = json.dumps(lora.evaluation).replace('"Deepfakes"', json.dumps(NASTY))
    leak = json.dumps(lora.leakage).replace('"Deepfakes"', json.dumps(NASTY))
    compared = json.dumps(lora.comparison).replace('"Deepfakes"', json.dumps(NASTY))
    changed = model(
        evaluation=json.loads(text),
        leakage=json.loads(leak),
        comparison=json.loads(compared),
        footage=TrainingFootage(NASTY, True, 2, Fitting(64)),
        encoder=dataclasses.replace(lora.encoder, name=NASTY),
    )
    for has_encoder in (True, False):
        card = card_of(changed, has_encoder=has_encoder)
        body = card.split("---\n", 2)[2]
        page = PARSER.render(body)
        assert "<script" not in page
        assert "<a " not in page
        plain = PARSER.render(card_of(lora, has_encoder=has_encoder).split("---\n", 2)[2])
        for tag in ("<h1", "<h2", "<h3", "<table", "<td", "<th", "<pre", "<li"):
            assert page.count(tag) == plain.count(tag), tag
        compile(code_of(card), "card", "exec")


def test_every_kind_of_folder_is_told_by_what_lies_in_it(project):
    kinds = {
        name: find_loading(
            project / "data/weights" / CELL / name, read_json(project / f"models/{name}/{CELL}/detector.json")
        ).kind
        for name in METHODS
    }
    assert kinds["baseline"] == "linear"
    assert kinds["lora"] == "peft"
    assert set(kinds.values()) <= {"linear", "peft", "tower", "tensors", "usage", "library"}


def test_controls_that_speak_against_its_score_are_told_of_its_own_protocol(model):
    heading = "What else could explain its score"
    place = {"manipulation": "Deepfakes"}
    assert heading not in card_of(model())
    assert heading not in card_of(model(controls=made_up(**place)))
    against_it = made_up(metadata="open", **place)
    card = card_of(model(controls=against_it))
    assert f"{heading} (first training seed):\n\n- File metadata alone has video AUC .690" in card
    assert "the baseline" not in card.partition(heading)[2].partition("##")[0], "of this detector alone"
    elsewhere = made_up(metadata="open", protocol="grouped", **place)
    assert heading not in card_of(model(controls=elsewhere))


def test_nothing_that_lies_beside_the_code_is_run_with_it(tmp_path):
    """As the card says it: `python -P judge.py`."""
    template = (Path(card.__file__).parent / "card.md.jinja").read_text(encoding="utf-8")
    assert "run `python -P judge.py` in this folder" in template
    (tmp_path / "safetensors.py").write_text("raise SystemExit('planted')")
    (tmp_path / "judge.py").write_text("from safetensors.torch import load_file\n")
    run = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False}
    assert subprocess.run([sys.executable, "judge.py"], **run).stderr.strip() == "planted"
    assert subprocess.run([sys.executable, "-P", "judge.py"], **run).returncode == 0
