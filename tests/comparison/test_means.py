"""Means over training sets: of repeats in place of pooled rows, of folds beside them."""

import pytest

from clipforensics.comparison.by_protocol import compare_protocol
from clipforensics.comparison.means import OnSets, compare_repeats, with_fold_means
from tests.support.result_files import FOLDS, OPTIONS, REPEATS, write_results

SHOWN = {name: OPTIONS[name] for name in ("reference", "confidence")}
SETS = {name: OPTIONS[name] for name in ("aggregate", "cluster")}


def test_repeats_have_rows_of_all_fakes_and_pool_nothing(tmp_path):
    results = write_results(tmp_path, REPEATS, in_domain=True)
    on_sets = OnSets(results, REPEATS, "FS", **SETS)
    tables = compare_repeats(on_sets, "FS", ["NT", "rest"], leader="lora", **SHOWN)
    places = [(c["manipulation"], c["level"], c["stratum"]) for c in tables["cells"]]
    assert places == [(m, level, "all") for m in ("NT", "FS") for level in ("frame", "video")]
    for cell, row in zip(tables["cells"], tables["variance"], strict=True):
        assert row["overlap"] == pytest.approx((5 + 4 + 5) / 6 / 3), "5, 4 and 5 of 6 training videos"
        for name, found in cell["detectors"].items():
            same = row["detectors"][name]
            assert (found["auc"], found["low"], found["high"]) == (same["auc"], same["low"], same["high"])
            assert found["covers"] == "videos and training sets"
    assert {(m["manipulation"], m["level"]) for m in tables["metrics"]} == {place[:2] for place in places}


def test_repeats_without_test_videos_of_the_train_set_stand_with_validation(tmp_path):
    results = write_results(tmp_path, REPEATS, in_domain=False)
    tables = compare_repeats(OnSets(results, REPEATS, "FS", **SETS), "FS", ["NT"], **SHOWN)
    rows = [c for c in tables["cells"] if c["stratum"] == "validation"]
    assert [(c["manipulation"], c["level"]) for c in rows] == [("FS", "frame"), ("FS", "video")]
    assert {row["manipulation"] for row in tables["variance"]} == {"NT"}


def test_folds_keep_their_pooled_rows_and_gain_means_with_intervals(tmp_path):
    results = write_results(tmp_path, FOLDS, in_domain=True, seeds=(1, 2))
    pooled = compare_protocol(results, FOLDS, "FS", ["NT", "rest"], **OPTIONS)
    tables = with_fold_means(pooled, OnSets(results, FOLDS, "FS", **SETS), **SHOWN)
    rows = {(row["manipulation"], row["level"]): row for row in tables["variance"]}
    assert set(rows) == {(m, level) for m in ("NT", "FS") for level in ("frame", "video")}
    having = [cell for cell in tables["cells"] if "fold_mean" in cell]
    assert len(having) == 4
    for cell in having:
        row, mean = rows[cell["manipulation"], cell["level"]], cell["fold_mean"]
        for kind in ("detectors", "differences"):
            for name, found in mean["intervals"][kind].items():
                if cell["level"] == "frame":  # whose AUC the made-up evaluate files have
                    assert mean[kind][name] == pytest.approx(row[kind][name]["auc"]), "one mean, told twice"
                assert found == {k: row[kind][name][k] for k in ("low", "high", "p", "covers")}
                assert found["covers"] == "videos, training sets and seeds"
    rows = (*tables["cells"], *tables["metrics"], *tables["leak_gaps"])
    assert all("pooled over folds" in row["differences"]["lora"]["caution"] for row in rows)
    assert all("pooled over folds" in row["detectors"]["lora"]["caution"] for row in tables["leak_gaps"])
    assert not any("caution" in cell["differences"]["lora"] for cell in pooled["cells"]), "left as they were"
