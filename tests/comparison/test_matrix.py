"""The whole matrix compared: tables of every protocol, the league's order, the headline of one detector."""

from dataclasses import replace

import numpy as np
import pytest

from clipforensics.comparison.headline import headline_of
from clipforensics.comparison.matrix import TABLES, Matrix
from clipforensics.comparison.primary import RULES, place_of
from clipforensics.core.faults import InputError
from clipforensics.protocol.cells import Protocol
from tests.support.result_files import FOLDS, OPTIONS, REPEATS, write_results


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    protocol = Protocol(
        splits=["per_class", *FOLDS], train_sets=["FS"], test_manipulations=["NT", "rest"], seeds=[1]
    )
    results = write_results(tmp_path_factory.mktemp("matrix"), protocol.splits, in_domain=True)
    return Matrix(results, protocol, n_folds=3, options=OPTIONS)


@pytest.fixture(scope="module")
def compared(matrix):
    return matrix.compare()


def test_every_row_says_its_protocol_and_train_set(compared):
    for table in TABLES:
        assert {row["protocol"] for row in compared[table]} <= {"per_class", "grouped_kfold"}
        assert {row["train_set"] for row in compared[table]} <= {"FS"}
    assert {row["protocol"] for row in compared["cells"]} == {"per_class", "grouped_kfold"}
    assert {row["protocol"] for row in compared["folds"]} == {"grouped_kfold"}


def test_the_headline_is_the_first_of_everything(compared):
    assert compared["headline"] == {
        "split": "per_class", "protocol": "per_class", "train_set": "FS", "manipulation": "NT",
    }  # fmt: skip
    assert compared["reference"] == "baseline"
    assert "aggregate" not in compared["bootstrap"]


def test_the_league_is_ordered_by_the_validation_without_leaks_and_the_first_meets_all(compared):
    first, second = compared["league"]
    assert [first["detector"], second["detector"]] == ["lora", "baseline"]
    assert first["validation"]["protocol"] == "grouped_kfold"
    assert first["validation"]["auc"] == pytest.approx(0.5 + 0.2 + 0.01)  # mean of the folds' .61, .71, .81
    assert second["to_leader"]["cross"]["auc"] == pytest.approx(-first["differences"]["cross"]["auc"])


def test_leaks_are_counted_by_protocol_and_train_set(compared):
    usual, folds = (compared["leaks"][name]["FS"] for name in ("per_class", "grouped_kfold"))
    assert (usual["n_real"], usual["n_fake"], usual["real_seen"], usual["fake_seen"]) == (4, 8, 4, 8)
    assert (folds["n_real"], folds["n_fake"], folds["real_seen"], folds["fake_seen"]) == (12, 24, 0, 0)
    assert (usual["val_in_train"], usual["n_val"], folds["val_in_train"]) == (8, 8, 0)


def test_the_primary_comparison_is_that_of_the_protocol_without_leaks(compared):
    primary = compared["primary"]
    where = [primary[name] for name in ("protocol", "train_set", "manipulation", "stratum", "level")]
    assert where == ["grouped_kfold", "FS", "NT", "all", "video"]
    (cell,) = (c for c in compared["cells"] if [c[name] for name in (
        "protocol", "train_set", "manipulation", "stratum", "level")] == where)  # fmt: skip
    mean, pooled = cell["fold_mean"], cell["differences"]["lora"]
    found = mean["intervals"]["differences"]["lora"]
    assert (primary["value"], primary["p"]) == (mean["differences"]["lora"], found["p"])
    assert primary["p"] > pooled["p"], "the folds' own spread counts"
    assert primary["shown"] == (found["p"] < 0.1)


def test_a_pooled_number_of_folds_shows_nothing(matrix):
    named = RULES.model_copy(update={"metric": "accuracy"})
    primary = replace(matrix, named=named).compare()["primary"]
    assert (primary["protocol"], primary["shown"]) == ("grouped_kfold", False)
    assert "pooled over folds" in primary["caution"]


def test_a_primary_on_other_draws_than_the_headlines_has_families_of_its_own(matrix):
    named = RULES.model_copy(update={"protocol": "per_class", "manipulation": "FS"})
    found = replace(matrix, named=named).compare()
    names = {family["name"] for family in found["families"]}
    assert {"metrics per_class lora", "metrics per_class FS FS lora"} <= names


def test_repeats_are_corrected_by_holm(tmp_path):
    protocol = Protocol(splits=REPEATS, train_sets=["FS"], test_manipulations=["NT", "rest"], seeds=[1])
    results = write_results(tmp_path, protocol.splits, in_domain=True)
    found = Matrix(results, protocol, n_folds=3, options=OPTIONS).compare()
    assert {family["method"] for family in found["families"]} == {"holm"}
    tested = [row["differences"]["lora"] for row in found["metrics"] if row["manipulation"] == "NT"]
    corrected = [row["simultaneous"] for row in tested if "simultaneous" in row]
    assert len(corrected) > 5
    assert found["primary"]["protocol"] == "grouped_repeat"


def test_every_other_tested_difference_is_in_a_declared_family(compared):
    declared = {family["name"]: family["n"] for family in compared["families"]}
    assert {"league per_class", "metrics per_class lora", "matrix"} <= set(declared)
    rows = {}
    for table in ("cells", "metrics"):
        for row in compared[table]:
            found = row["differences"]["lora"]
            if "family" in found and found["family"] != "primary":
                rows.setdefault(found["family"], set()).add(place_of(row))
                assert found["simultaneous"]["p"] >= found["p"]
    for name in ("league per_class", "metrics per_class lora", "matrix"):
        assert len(rows[name]) == declared[name]


def test_the_league_repeats_what_its_cells_say_of_families(compared):
    second = next(row for row in compared["league"] if row["detector"] == "lora")
    assert second["differences"]["cross"]["family"] == "league per_class"
    clean = second["differences"]["clean"]
    assert "family" not in clean
    assert "pooled over folds" in clean["caution"]


def test_losses_and_gains_are_shown_after_correction(compared):
    for row in (*compared["losses"], *compared["gains"]):
        assert row["p"] < 0.1, "the confidence is .9"
    assert compared["outside_families"]["n"] > 0


def test_a_reference_alone_has_no_primary_comparison(tmp_path):
    protocol = Protocol(splits=["per_class"], train_sets=["FS"], test_manipulations=["NT"], seeds=[1])
    results = replace(write_results(tmp_path, protocol.splits, in_domain=True), detectors=["baseline"])
    found = Matrix(results, protocol, n_folds=3, options=OPTIONS).compare()
    assert (found["primary"], found["families"], found["losses"]) == (None, found["families"], [])
    assert {family["name"] for family in found["families"]} <= {"leak gaps per_class"}


def test_a_primary_that_the_run_has_not_is_refused(matrix):
    for named, message in (
        ({"protocol": "official"}, "primary.protocol"),
        ({"manipulation": "none"}, "has no "),
        ({"stratum": "twin", "metric": "ap"}, "strata have"),
    ):
        with pytest.raises(InputError, match=message):
            replace(matrix, named=RULES.model_copy(update=named)).compare()


@pytest.mark.parametrize("detector", ["baseline", "lora"])
def test_the_headlines_numbers_are_of_one_detector(compared, detector):
    found = headline_of(compared, detector)["video"]
    (cell,) = [
        c for c in compared["cells"]
        if (c["protocol"], c["manipulation"], c["stratum"], c["level"]) == ("per_class", "NT", "all", "video")
    ]  # fmt: skip
    assert (found["detector"], found["auc"]) == (detector, cell["detectors"][detector]["auc"])


def test_curves_are_of_the_headline(matrix, compared):
    found = {(kind, level): table for kind, level, table in matrix.curves(compared)}
    assert set(found) == {(kind, level) for kind in ("roc", "band") for level in ("video", "frame")}
    assert set(found["roc", "video"]["detector"]) == {"baseline", "lora"}


def test_folds_and_repeats_have_rows_over_training_sets_and_single_splits_none(tmp_path):
    splits = [*REPEATS, *FOLDS, "grouped"]
    protocol = Protocol(splits=splits, train_sets=["FS"], test_manipulations=["NT", "rest"], seeds=[1])
    matrix = Matrix(write_results(tmp_path, splits, in_domain=True), protocol, n_folds=3, options=OPTIONS)
    found = matrix.compare()
    assert found["splits"] == {"grouped_repeat": REPEATS, "grouped_kfold": FOLDS, "grouped": ["grouped"]}
    assert {row["protocol"] for row in found["variance"]} == {"grouped_repeat", "grouped_kfold"}
    assert found["headline"] == {
        "split": REPEATS[0], "protocol": "grouped_repeat", "train_set": "FS", "manipulation": "NT",
    }  # fmt: skip
    row = next(row for row in found["variance"] if row["level"] == "video")
    first = headline_of(found, "lora")["video"]
    assert (first["auc"], first["auc_low"]) == (
        row["detectors"]["lora"]["auc"],
        row["detectors"]["lora"]["low"],
    )
    cross = found["league"][0]["cross"]
    assert (cross["protocol"], cross["covers"]) == ("grouped_repeat", "videos and training sets")
    curves = {(kind, level): table for kind, level, table in matrix.curves(found)}
    roc = curves["roc", "video"]
    area = [np.trapezoid(of["tpr"], of["fpr"]) for _, of in roc.groupby("detector")]
    assert area == pytest.approx([row["detectors"][name]["values"][0] for name in ("baseline", "lora")])


def test_one_repeat_is_a_split_like_another(tmp_path):
    protocol = Protocol(splits=REPEATS[:1], train_sets=["FS"], test_manipulations=["NT", "rest"], seeds=[1])
    matrix = Matrix(
        write_results(tmp_path, REPEATS[:1], in_domain=True), protocol, n_folds=3, options=OPTIONS
    )
    found = matrix.compare()
    assert found["variance"] == []
    assert "twin" in {cell["stratum"] for cell in found["cells"]}
    assert found["cells"][0]["detectors"]["lora"]["covers"] == "videos"
