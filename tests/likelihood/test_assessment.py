"""What likelihood.json says of one detector: each number by the functions and counts it stands on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clipforensics.likelihood.abstention import fit_abstainer
from clipforensics.likelihood.assessment import MEASURED
from clipforensics.likelihood.costs import cllr, cllr_interval, costs
from clipforensics.likelihood.models import Videos, fit_ratios, together
from clipforensics.statistics.replicates import draw_replicates
from tests.support.scored_models import BOOTSTRAP, SETTINGS, assessed, model


def test_a_row_a_method_and_manipulation_whose_costs_are_those_of_bounded_ratios():
    one = model()
    rows = assessed(one).rows()
    assert [(row["method"], row["manipulation"], row["h1_names_it"]) for row in rows] == [
        ("logistic", "NT", False), ("logistic", "FS", True), ("pav", "NT", False), ("pav", "FS", True),
    ]  # fmt: skip
    for row in rows:
        ratios, test = fit_ratios(one, row["method"]), one.test.against(row["manipulation"])
        expected = costs(ratios.bounded(test.scores), test.labels)
        assert (row["cllr"], row["cllr_min"], row["cllr_cal"]) == pytest.approx(expected)
        assert row["unbounded_cllr"] == pytest.approx(cllr(ratios.unbounded(test.scores), test.labels))
        assert (row["elub_low"], row["elub_high"]) == ratios.bounds
        assert row["cllr_low"] < row["cllr"] < row["cllr_high"]
        assert (row["n_real"], row["n_fake"], row["n_groups"]) == (20, 20, 20)
        llrs = ratios.unbounded(test.scores)
        assert row["misleading_real"]["rate"] == pytest.approx(np.mean(llrs[test.labels == 0] > 0))
        assert row["misleading_fake"]["rate"] == pytest.approx(np.mean(llrs[test.labels == 1] < 0))


@pytest.mark.parametrize("cluster", ["identity", "video"])
def test_the_interval_of_a_cost_draws_groups_or_videos(cluster):
    one, options = model(), BOOTSTRAP.model_copy(update={"cluster": cluster})
    row = replace(assessed(one), bootstrap=options).rows()[0]
    test = one.test.against("NT")
    draws = draw_replicates(
        test.labels, test.keys, clusters=test.groups if cluster == "identity" else None,
        n_replicates=options.n_replicates, seed=options.seed,
    )  # fmt: skip
    llrs = fit_ratios(one, "logistic").bounded(test.scores)
    expected = cllr_interval(llrs, draws, confidence=options.confidence)
    assert (row["cllr_low"], row["cllr_high"], row["p"]) == (expected.low, expected.high, expected.p)
    assert "undefined" not in row


def test_a_cost_of_a_single_fake_has_no_interval_and_says_why():
    one = model()
    kept = (one.test.labels == 0) | (one.test.keys == "groupedNT/020")
    one = replace(one, test=Videos(*(column[kept] for column in one.test)), tested=["NT"])
    row = assessed(one).rows()[0]
    assert (row["n_fake"], row["cllr"] > 0, np.isnan(row["cllr_low"])) == (1, True, True)
    assert "1 manipulated videos" in row["undefined"]


def test_folds_are_pooled_each_by_its_own_map():
    folds = [model(1, split="grouped_kfold-1"), model(2, split="grouped_kfold-2")]
    row = assessed(*folds).rows()[0]
    llrs = [fit_ratios(one, "logistic").bounded(one.test.against("NT").scores) for one in folds]
    labels = [one.test.against("NT").labels for one in folds]
    assert row["cllr"] == pytest.approx(cllr(np.concatenate(llrs), np.concatenate(labels)))
    bounds = [fit_ratios(one, "logistic").bounds for one in folds]
    assert (row["elub_low"], row["elub_high"]) == (
        min(one.low for one in bounds), max(one.high for one in bounds),
    )  # fmt: skip
    assert [one["split"] for one in row["validation"]] == ["grouped_kfold-1", "grouped_kfold-2"]


def test_one_fold_at_chance_leaves_no_ratio_for_any_and_says_which():
    bad = model(2, {"usable": False, "reason": "at chance"}, "grouped_kfold-2")
    one = assessed(model(1, split="grouped_kfold-1"), bad)
    for row in one.rows():
        assert all(row[name] is None for name in MEASURED)
        assert row["undefined"] == "grouped_kfold-2: at chance"
        assert not row["usable"]
    assert one.curves("NT") == {}


def test_curves_are_of_the_method_that_is_set_and_end_where_they_should():
    one = model()
    for method in ("logistic", "pav"):
        found = assessed(one, settings=SETTINGS.model_copy(update={"method": method})).curves("NT")
        test = one.test.against("NT")
        llrs = fit_ratios(one, method).bounded(test.scores)
        tippett, ece = found["tippett"], found["ece"]
        assert tippett["llr"].tolist() == sorted(set(llrs.tolist()))
        assert tippett["h2"].iloc[0] == tippett["h1"].iloc[0] == 1
        assert ece["prior"].iloc[[0, -1]].tolist() == [-2, 2]
        assert ece["ece"][ece["prior"].abs() < 1e-9].item() == pytest.approx(cllr(llrs, test.labels))


def test_conditions_are_judged_at_each_models_own_threshold():
    folds = [model(1, split="grouped_kfold-1"), model(2, split="grouped_kfold-2")]
    folds[1] = folds[1].__class__(**{**vars(folds[1]), "threshold": 0.9})
    test = together([one.test.against("NT") for one in folds])
    kinds = np.where(test.scores > 0.7, "high", "low")
    videos = pd.DataFrame({"compression": kinds}, index=test.keys)
    found = assessed(*folds).conditions("NT", videos.sample(frac=1, random_state=1))
    called = np.r_[folds[0].test.against("NT").scores >= 0.6, folds[1].test.against("NT").scores >= 0.9]
    labels = np.concatenate([one.test.against("NT").labels for one in folds])
    assert found["fpr"]["rate"] == pytest.approx(np.mean(called[labels == 0]))
    assert found["fnr"]["rate"] == pytest.approx(np.mean(~called[labels == 1]))
    assert {row["value"] for row in found["rows"]} == {"high", "low"}
    assert {"condition": "codec", "reason": "not known"} in found["absent"]
    n_high = sum(row["fpr"]["n"] + row["fnr"]["n"] for row in found["rows"] if row["value"] == "high")
    assert n_high == (kinds == "high").sum()


def test_abstention_is_fitted_on_validation_and_counts_groups_of_test():
    one = model()
    found = assessed(one).abstention("NT")
    val, test = one.val, one.test.against("NT")
    words = fit_abstainer(val.scores, val.labels, val.groups, alpha=0.2).decide(test.scores)
    assert found["real"]["wrong"] == pytest.approx(np.mean(words[test.labels == 0] == "manipulated"))
    assert found["manipulated"]["no_opinion"] == pytest.approx(
        np.mean(words[test.labels == 1] == "no opinion")
    )
    assert found["can_call"] == [{"split": "grouped", "manipulated": True, "real": True}]
