"""Settings chosen on validation: the best of what each candidate trains to by itself, all of it recorded."""

import dataclasses
import json

import pytest

from clipforensics.adaptation import choice as choosing
from clipforensics.adaptation.choice import Choice, better, choose, in_words
from clipforensics.adaptation.contract import find_detector
from clipforensics.adaptation.record import n_tried
from clipforensics.core.faults import InputError
from clipforensics.training.candidates import Candidate
from clipforensics.training.task import Fit
from clipforensics.training.trainer import Diverged
from clipforensics.training.validation import Validation
from tests.support.training_tasks import QUICK, files_of, shipped_settings

RATES = {"mlp": (0.0001, 0.03, 0.01), "bitfit": (0.0001, 0.003)}
N_EPOCHS = QUICK["embeddings"]["epochs"]


def listed(name, key, values):
    return [Candidate({key: value}, shipped_settings(name, **{key: value})) for value in values]


def task_in(bench, folder):
    folder.mkdir(parents=True, exist_ok=True)
    return dataclasses.replace(bench.task, scratch=folder)


def chosen(bench, folder, name, candidates):
    """Choose, with scratch and weights below a folder."""
    return choose(find_detector(name), task_in(bench, folder / "scratch"), candidates, folder / "weights")


def alone(bench, folder, name, settings):
    """What settings train to when nothing is chosen."""
    return find_detector(name).fit(task_in(bench, folder / "scratch"), settings, folder / "weights")


def choices_of(folder):
    return json.loads((folder / "weights/choices.json").read_text())


@pytest.mark.parametrize("name", RATES)
def test_what_is_kept_is_the_best_of_what_each_trains_to_alone(bench, tmp_path, name):
    candidates = listed(name, "learning_rate", RATES[name])
    found = chosen(bench, tmp_path / "chosen", name, candidates)
    fits = [alone(bench, tmp_path / str(n), name, one.settings) for n, one in enumerate(candidates)]
    ranks = [fit.rank for fit in fits]
    assert len(set(ranks)) > 1, "else nothing is chosen"
    best = ranks.index(max(ranks))
    files = files_of(tmp_path / "chosen/weights")
    del files["choices.json"]
    assert files == files_of(tmp_path / str(best) / "weights")
    assert (found.best, found.kept.curve) == (best, fits[best].curve)
    record = choices_of(tmp_path / "chosen")
    assert record["chosen"] == {"learning_rate": RATES[name][best]}
    assert (record["n_tried"], record["budget"]) == (len(fits), {"max_runs": 16})
    assert n_tried(tmp_path / "chosen/weights") == len(fits)
    assert record["tried"] == [
        {
            "settings": {"learning_rate": rate},
            "val_auc": fit.rank[0],
            "val_frame_auc": fit.rank[1],
            "epochs": len(fit.curve),
            "ended": "epochs",
        }
        for rate, fit in zip(RATES[name], fits, strict=True)
    ]
    assert found.spent()["samples"] == sum(fit.samples for fit in fits)


def test_all_seconds_are_counted_and_those_of_the_best_are_known(bench, tmp_path):
    found = chosen(bench, tmp_path, "mlp", listed("mlp", "learning_rate", (0.0001, 0.01)))
    spent = found.spent()
    assert spent["seconds"] == pytest.approx(sum(fit.seconds for fit in found.fits))
    assert spent["tried_seconds"][spent["kept"]] == found.kept.seconds
    assert min(spent["tried_seconds"]) > 0


@pytest.mark.parametrize("name", ["mlp", "zero_shot"])
def test_a_single_candidate_is_trained_as_if_there_were_no_choice(bench, tmp_path, name):
    only = Candidate({}, shipped_settings(name))
    (tmp_path / "chosen/weights").mkdir(parents=True)
    (tmp_path / "chosen/weights/choices.json").write_text("of an earlier run")
    found = chosen(bench, tmp_path / "chosen", name, [only])
    alone(bench, tmp_path / "alone", name, only.settings)
    assert files_of(tmp_path / "chosen/weights") == files_of(tmp_path / "alone/weights")
    assert set(found.spent()) == {"seconds", "samples"}
    assert n_tried(tmp_path / "chosen/weights") == 1


def test_of_equals_the_first_is_kept(bench, tmp_path):
    """A dropout of 0 twice over, once as the smallest number that there is."""
    found = chosen(bench, tmp_path / "a", "mlp", listed("mlp", "dropout", (5e-324, 0.0)))
    assert found.fits[0].rank == found.fits[1].rank
    assert found.best == 0


@pytest.mark.parametrize(
    ("ranks", "stands_before"),
    [(((0.9, 0.5), (0.9, 0.5)), False), (((0.9, 0.6), (0.9, 0.5)), True), (((0.8, 0.9), (0.9, 0.1)), False)],
)
def test_the_order_is_video_auc_then_frame_auc(ranks, stands_before):
    later, earlier = (Fit([], rank, 0, 0.0) for rank in ranks)
    assert better(later, earlier) is stands_before


def test_the_penalties_of_the_baseline_are_recorded_each(bench, tmp_path):
    settings = shipped_settings("baseline", inverse_l2=[10.0, 0.001, 1.0])
    fit = chosen(bench, tmp_path, "baseline", [Candidate({}, settings)]).kept
    record = choices_of(tmp_path)
    assert [row["settings"]["inverse_l2"] for row in record["tried"]] == [0.001, 1.0, 10.0]
    assert [row["val_auc"] for row in record["tried"]] == [row["val_video_auc"] for row in fit.curve]
    kept = json.loads((tmp_path / "weights/detector.json").read_text())["inverse_l2"]
    assert record["chosen"] == {"inverse_l2": kept}


def test_penalties_and_a_list_of_ours_make_one_record(bench, tmp_path):
    settings = {"inverse_l2": [0.001, 1.0]}
    candidates = [
        Candidate({"max_iterations": n}, shipped_settings("baseline", max_iterations=n, **settings))
        for n in (1000, 2000)
    ]
    chosen(bench, tmp_path, "baseline", candidates)
    record = choices_of(tmp_path)
    assert [tuple(row["settings"].values()) for row in record["tried"]] == [
        (1000, 0.001), (1000, 1.0), (2000, 0.001), (2000, 1.0),
    ]  # fmt: skip
    assert record["chosen"]["max_iterations"] == 1000


def test_what_was_kept_in_words_names_the_video_auc():
    fits = [Fit([], (auc, 0.5), 0, 0.0, summary="2 epochs") for auc in (0.75, 0.8125)]
    candidates = [Candidate({"rank": rank}, None) for rank in (4, 8)]
    assert in_words(Choice(fits, 1), candidates) == (
        "best of 2: rank 8, 2 epochs, validation video AUC 0.8125"
    )
    assert in_words(Choice(fits[:1], 0), [Candidate({}, None)]) == "2 epochs, validation video AUC 0.7500"


def test_one_that_diverges_is_recorded_and_never_kept(bench, tmp_path):
    found = chosen(bench, tmp_path, "mlp", listed("mlp", "learning_rate", (1e20, 0.001)))
    first, second = choices_of(tmp_path)["tried"]
    assert (first["ended"], first["val_auc"], first["val_frame_auc"]) == ("diverged", None, None)
    assert (found.best, second["ended"]) == (1, "epochs")
    assert found.fits[0].samples > 0
    assert found.fits[0].seconds > 0


def test_where_all_diverge_the_run_is_refused(bench, tmp_path):
    diverging = listed("mlp", "learning_rate", (1e20, 2e20))
    with pytest.raises(
        InputError, match="none of the 2 candidates can be kept; the first: training loss became"
    ):
        chosen(bench, tmp_path / "two", "mlp", diverging)
    with pytest.raises(Diverged, match="lower the learning rate"):
        chosen(bench, tmp_path / "one", "mlp", diverging[:1])


def test_one_that_stops_early_says_so(bench, tmp_path):
    budget = bench.task.budget
    budget = budget.model_copy(
        update={"embeddings": budget.embeddings.model_copy(update={"patience": 1, "epochs": 40})}
    )
    task = dataclasses.replace(task_in(bench, tmp_path / "scratch"), budget=budget)
    fits = choose(
        find_detector("mlp"), task, listed("mlp", "learning_rate", (0.0001, 0.01)), tmp_path / "weights"
    ).fits
    assert min(len(fit.curve) for fit in fits) < 40
    wanted = ["patience" if len(fit.curve) < 40 else "epochs" for fit in fits]
    assert [row["ended"] for row in choices_of(tmp_path)["tried"]] == wanted


@pytest.mark.parametrize("dies_at", [2, N_EPOCHS + 2])
def test_killed_and_run_again_it_goes_on_and_ends_in_the_same_bytes(bench, tmp_path, monkeypatch, dies_at):
    candidates = listed("mlp", "learning_rate", RATES["mlp"])
    whole = chosen(bench, tmp_path / "whole", "mlp", candidates)
    rank, calls = Validation.rank, []

    def dies(self, scores):
        calls.append(1)
        if len(calls) == dies_at:
            raise KeyboardInterrupt
        return rank(self, scores)

    monkeypatch.setattr(Validation, "rank", dies)
    with pytest.raises(KeyboardInterrupt):
        chosen(bench, tmp_path / "killed", "mlp", candidates)
    assert not (tmp_path / "killed/weights").exists()
    again = chosen(bench, tmp_path / "killed", "mlp", candidates)
    assert files_of(tmp_path / "killed/weights") == files_of(tmp_path / "whole/weights")
    assert again.spent()["samples"] == whole.spent()["samples"]
    epochs = sum(len(fit.curve) for fit in whole.fits)
    assert len(calls) == epochs + 1, "only the epoch that was cut short is trained again"


def test_scratch_holds_the_weights_of_the_best_alone(bench, tmp_path, monkeypatch):
    found = chosen(bench, tmp_path, "mlp", listed("mlp", "learning_rate", RATES["mlp"]))
    scratch = tmp_path / "scratch"
    left = {path.relative_to(scratch).as_posix() for path in scratch.glob("*/*")}
    wanted = {f"candidate-{n}/{choosing.FIT}" for n in range(3)}
    assert left == wanted | {f"candidate-{found.best}/{choosing.WEIGHTS}"}
