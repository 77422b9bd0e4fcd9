"""What the hub reads of a card: its own library finds the numbers of the metrics files, and only those."""

import dataclasses

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.core.fitting import Fitting
from clipforensics.protocol.cells import Cell
from clipforensics.publishing.card import model_card
from clipforensics.publishing.encoders import Encoder
from clipforensics.publishing.folder import PackageSection
from clipforensics.publishing.loading import Loading
from clipforensics.publishing.model import Model, TrainingFootage
from clipforensics.publishing.operating_point import operating_point
from clipforensics.publishing.results import check_hub_dataset, eval_results, model_index
from tests.support.imports import ROOT

COMMIT = "5503434ddd753f426f4b38109466949a1217c2bb"


@pytest.fixture
def model() -> Model:
    """LoRA of the committed run; nothing of it is loaded."""
    about = {
        "parameters": {"trainable": 10, "head": 1, "all": 100},
        "encoder": {"embedding": "projected", "model": "clip", "revision": "local"},
        "settings": {},
    }
    return Model(
        detector="lora",
        cell=Cell("per_class", "FaceSwap", 42),
        weights=ROOT,
        about=about,
        loading=Loading("library", "clipforensics", None),
        encoder=Encoder("clip", COMMIT, {}, ROOT),
        footage=TrainingFootage("sample", True, 8, Fitting(64)),
        evaluation=read_json(ROOT / "metrics/evaluate/lora/per_class/FaceSwap-42.json"),
        leakage=read_json(ROOT / "metrics/leakage/per_class/FaceSwap.json"),
        comparison=read_json(ROOT / "metrics/comparison.json"),
        controls={"enabled": False, "undefined": "not made"},
        known=None,
    )


def read_back(model: Model, hub_dataset: str = ""):
    """Results as the hub's library reads them out of the whole card."""
    point = operating_point(model.evaluation)
    card = model_card(model, point, files=[], has_encoder=False, hub_dataset=hub_dataset)
    return ModelCard(card).data


def test_the_hubs_library_reads_the_numbers_of_the_run(model):
    data = read_back(model)
    assert data.model_name == "lora-per_class-FaceSwap-42"
    found = {(r.dataset_name, r.metric_type, r.metric_name): r for r in data.eval_results}
    whole = found["sample, NeuralTextures against real videos", "roc_auc", "video AUC"]
    video = model.evaluation["test"]["NeuralTextures"]["video"]
    assert whole.metric_value == video["auc"]
    (row,) = [
        row
        for row in model.comparison["cells"]
        if (row["protocol"], row["manipulation"], row["stratum"], row["level"])
        == ("per_class", "NeuralTextures", "all", "video")
    ]
    ends = {end: row["detectors"]["lora"][end] for end in ("low", "high")}
    assert whole.metric_args == {"n_real": 10, "n_fake": 100, **ends}
    assert (whole.dataset_type, whole.dataset_config) == ("sample", "per_class/FaceSwap/NeuralTextures")
    f1 = found["sample, NeuralTextures against real videos", "f1", "video F1 at the threshold in force"]
    assert f1.metric_value == video["at_validation"]["f1"]
    manipulations = {name.split(",")[1].split()[0] for name, *_ in found}
    assert manipulations == set(model.evaluation["test"]), (
        "one set of numbers would stand under another's name"
    )


def test_a_leak_stratum_is_named_and_an_empty_one_is_not_there(model):
    names = [r.metric_name for r in read_back(model).eval_results if "NeuralTextures" in r.dataset_name]
    assert "video AUC, fakes of stratum twin" in names
    grouped = dataclasses.replace(
        model,
        cell=Cell("grouped", "FaceSwap", 42),
        evaluation=read_json(ROOT / "metrics/evaluate/lora/grouped/FaceSwap-42.json"),
    )
    assert not [r for r in read_back(grouped).eval_results if "stratum twin" in r.metric_name]


def test_an_undefined_number_is_left_out(model):
    for values in model.evaluation["test"].values():
        values["video"]["auc"] = None
        values["video"]["at_validation"]["f1"] = None
        values["video"].pop("probability")
    kinds = {metric["type"] for result in model_index(model)[0]["results"] for metric in result["metrics"]}
    whole = {r.metric_name for r in read_back(model).eval_results}
    assert "f1" not in kinds
    assert "brier_score" not in kinds
    assert "video AUC" not in whole


def test_a_data_set_of_the_hub_is_named_with_its_commit(model):
    data = read_back(model, f"someone/ffpp@{COMMIT}")
    assert data.datasets == ["someone/ffpp"]
    assert {(r.dataset_type, r.dataset_revision) for r in data.eval_results} == {("someone/ffpp", COMMIT)}


def test_numbers_on_another_data_set_are_not_told_of_the_one_on_the_hub(model):
    own = dict(model.evaluation["test"])
    tests = {"NT@other": own["NeuralTextures"], **own}
    model = dataclasses.replace(model, evaluation={**model.evaluation, "test": tests})
    found = {(r.dataset_name, r.dataset_type) for r in read_back(model, "someone/ffpp").eval_results}
    assert ("other, NT against real videos", "other") in found
    assert ("sample, NeuralTextures against real videos", "someone/ffpp") in found
    assert "video AUC on NeuralTextures," in eval_results(model, "someone/ffpp", "default")[0]["notes"]


def test_an_entry_of_eval_results_is_one_that_the_hub_reads(model):
    text = yaml.safe_dump(eval_results(model, f"someone/ffpp@{COMMIT}", "default"))
    (entry,) = parse_eval_result_entries(yaml.safe_load(text))
    assert (entry.dataset_id, entry.task_id, entry.dataset_revision) == ("someone/ffpp", "default", COMMIT)
    assert entry.value == model.evaluation["test"]["NeuralTextures"]["video"]["auc"]
    seen = model.leakage["fake"]["any_seen"]
    assert f"{seen} of {model.leakage['fake']['n']} manipulated test videos are known to show" in entry.notes


@pytest.mark.parametrize(("unknown", "end"), [(20, "; of 20 it is not known who is in them"), (0, "")])
def test_where_nobody_knows_who_is_in_a_fake_the_entry_does_not_deny_a_leak(model, unknown, end):
    model.leakage["fake"] |= {"any_seen": 0, "n": 20, "unknown": unknown}
    (entry,) = parse_eval_result_entries(eval_results(model, f"someone/ffpp@{COMMIT}", "default"))
    said = "split per_class: 0 of 20 manipulated test videos are known to show somebody from training"
    assert entry.notes.endswith(f"{said}{end}")


def test_an_undefined_auc_is_no_entry(model):
    model.evaluation["test"]["NeuralTextures"]["video"]["auc"] = None
    with pytest.raises(InputError, match="AUC of lora on NeuralTextures is undefined"):
        eval_results(model, "someone/ffpp", "default")


@pytest.mark.parametrize("name", ["", "someone/ffpp", f"some-one/ff.pp@{COMMIT}"])
def test_names_of_the_hub_are_taken(name):
    check_hub_dataset(name)


@pytest.mark.parametrize("name", ["ffpp", "a/b/c", "a/b@main", "../b", "a/b\n"])
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match="must be owner/name"):
        check_hub_dataset(name)
    with pytest.raises(ValueError, match="must be owner/name"):
        PackageSection(include_encoder=True, hub_dataset=name, hub_task="default")
