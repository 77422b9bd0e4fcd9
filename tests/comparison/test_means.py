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


def test_differences_of_repeats_are_handed_to_their_families(tmp_path):
    on_sets, taken = OnSets(write_results(tmp_path, REPEATS, in_domain=False), REPEATS, "FS", **SETS), {}

    def collect(kind, row, estimates):
        for name, one in estimates.items():
            taken[kind, row["level"], row.get("metric", "cell"), name] = one.interval(confidence=0.9)

    tables = compare_repeats(on_sets, "FS", ["NT"], leader="lora", collect=collect, **SHOWN)
    cells = {cell["level"]: cell for cell in tables["cells"] if cell["stratum"] == "all"}
    for level, cell in cells.items():
        assert taken["differences", level, "cell", "lora"].p == pytest.approx(
            cell["differences"]["lora"]["p"]
        )
    to_leader = cells["video"]["to_leader"]["differences"]["baseline"]
    assert taken["to_leader", "video", "cell", "baseline"].value == pytest.approx(to_leader["auc"])
    assert ("to_leader", "frame", "cell", "baseline") not in taken
    metrics = {key[1:3] for key in taken if key[2] != "cell"}
    assert metrics == {(row["level"], row["metric"]) for row in tables["metrics"]}


def test_repeats_without_test_videos_of_the_train_set_stand_with_validation(tmp_path):
    results = write_results(tmp_path, REPEATS, in_domain=False)
    tables = compare_repeats(OnSets(results, REPEATS, "FS", **SETS), "FS", ["NT"], **SHOWN)
    rows = [c for c in tables["cells"] if c["stratum"] == "validation"]
    assert [(c["manipulation"], c["level"]) for c in rows] == [("FS", "frame"), ("FS", "video")]
    assert {row["manipulation"] for row in tables["variance"]} == {"NT"}


def test_folds_keep_their_pooled_rows_and_gain_means_with_intervals(tmp_path):
    results = write_results(tmp_path, FOLDS, in_domain=True, seeds=(1, 2))
    pooled = compare_protocol(results, FOLDS, "FS", ["NT", "rest"], leader="lora", **OPTIONS)
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
    leaders = [cell["to_leader"] for cell in tables["cells"] if "to_leader" in cell]
    assert leaders
    assert all("pooled over folds" in one["differences"]["baseline"]["caution"] for one in leaders)
    assert not any("caution" in cell["differences"]["lora"] for cell in pooled["cells"]), "left as they were"
