"""All comparisons of a protocol: folds laid end to end, in-domain videos, curves; from files on disk."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.comparison.by_protocol import compare_protocol, headline_curves
from tests.support.result_files import FOLDS, OPTIONS, write_results


def test_folds_are_pooled_and_listed(tmp_path):
    results = write_results(tmp_path, FOLDS, in_domain=True)
    tables = compare_protocol(results, FOLDS, "FS", ["NT", "rest"], **OPTIONS)
    whole = [c for c in tables["cells"] if c["stratum"] == "all" and c["level"] == "video"]
    assert [(c["manipulation"], c["n_real"], c["n_fake"]) for c in whole] == [("NT", 12, 12), ("FS", 12, 12)]
    scores = results.read_scores(FOLDS, "FS")["lora", 1]
    test = scores[(scores["part"] == "test") & (scores["manipulation"] != "FS")]
    videos = test.groupby("key").agg(label=("label", "first"), score=("score", "mean"))
    auc = roc_auc_score(videos["label"], videos["score"])
    assert whole[0]["detectors"]["lora"]["auc"] == pytest.approx(auc)
    assert {(r["fold"], r["manipulation"], r["level"]) for r in tables["folds"]} == {
        (fold, kind, level) for fold in (1, 2, 3) for kind in ("NT", "FS") for level in ("frame", "video")
    }
    assert {r["stratum"] for r in tables["cells"]} >= {"all", "twin", "no_twin"}, "in domain is in the test"
    assert "validation" not in {r["stratum"] for r in tables["cells"]}
    folds = [r for r in tables["folds"] if (r["manipulation"], r["level"]) == ("NT", "video")]
    mean = np.mean([r["detectors"]["lora"]["auc"] for r in folds])
    assert whole[0]["fold_mean"]["detectors"]["lora"] == pytest.approx(mean)
    assert all("fold_mean" not in c for c in tables["cells"] if c["stratum"] != "all")
    curves = headline_curves(results, FOLDS, "FS", "NT", **OPTIONS)
    roc = of(curves["roc", "video"], "lora")
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(auc), "pooled, as the table"
    cut = test["split"].map({split: 0.4 + i / 10 for i, split in enumerate(FOLDS)})
    right = ((test["score"] >= cut) == (test["label"] == 1)).mean()
    found = next(
        r for r in tables["metrics"]
        if (r["metric"], r["level"], r["manipulation"]) == ("accuracy", "frame", "NT")
    )  # fmt: skip
    assert found["detectors"]["lora"]["value"] == pytest.approx(right), "each fold at its own threshold"


def of(table, detector):
    """A detector's rows of a table of curves."""
    return table[table["detector"] == detector].drop(columns="detector").reset_index(drop=True)


def test_a_rival_of_the_reference_is_one_of_all_on_the_same_draws(tmp_path):
    """Seeds are averaged as elsewhere; the reference minus the leader is the usual difference turned."""
    results = write_results(tmp_path, ["per_class"], in_domain=False, seeds=(1, 2))
    usual = compare_protocol(results, ["per_class"], "FS", ["NT", "rest"], **OPTIONS)
    tables = compare_protocol(results, ["per_class"], "FS", ["NT", "rest"], leader="lora", **OPTIONS)
    having = [c for c in tables["cells"] if "to_leader" in c]
    assert [(c["stratum"], c["level"], c["manipulation"]) for c in having] == [("all", "video", "NT")]
    (found,) = having
    assert found["to_leader"]["leader"] == "lora"
    (name, gap), turned = *found["to_leader"]["differences"].items(), found["differences"]["lora"]
    assert name == "baseline"
    assert gap["auc"] == pytest.approx(-turned["auc"])
    assert (gap["low"], gap["high"]) == (pytest.approx(-turned["high"]), pytest.approx(-turned["low"]))
    assert (gap["p"], gap["covers"]) == (pytest.approx(turned["p"]), "videos and seeds")
    assert [{k: v for k, v in c.items() if k != "to_leader"} for c in tables["cells"]] == usual["cells"]


def test_a_manipulation_without_test_videos_stands_with_validation(tmp_path):
    results = write_results(tmp_path, ["per_class"], in_domain=False)
    tables = compare_protocol(results, ["per_class"], "FS", ["NT", "rest"], **OPTIONS)
    rows = [r for r in tables["cells"] if r["stratum"] == "validation"]
    assert [(r["manipulation"], r["level"]) for r in rows] == [("FS", "frame"), ("FS", "video")]
    scores = results.read_scores(["per_class"], "FS")["lora", 1]
    val = scores[scores["part"] == "val"]
    expected = roc_auc_score(val["label"], val["score"])
    assert rows[0]["detectors"]["lora"]["auc"] == pytest.approx(expected)
    assert tables["folds"] == []
    assert (
        {r["manipulation"] for r in tables["metrics"]}
        == {r["manipulation"] for r in tables["leak_gaps"]}
        == {"NT"}
    )


def test_curves_are_of_the_first_seed(tmp_path):
    results = write_results(tmp_path, ["per_class"], in_domain=False, seeds=(1, 2))
    curves = headline_curves(results, ["per_class"], "FS", "NT", **OPTIONS)
    assert set(curves) == {(kind, level) for kind in ("roc", "band") for level in ("frame", "video")}
    assert all(list(t["detector"].unique()) == ["baseline", "lora"] for t in curves.values())
    roc, band = (of(curves[kind, "frame"], "lora") for kind in ("roc", "band"))
    scores = results.read_scores(["per_class"], "FS")["lora", 1]
    test = scores[scores["part"] == "test"]
    auc = roc_auc_score(test["label"], test["score"])
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(auc)
    assert list(band) == ["fpr", "tpr", "low", "high"]
    assert len(band) == 101
    drawn = band.dropna()
    assert (drawn["low"] <= drawn["tpr"] + 1e-12).all()
    assert (drawn["tpr"] <= drawn["high"] + 1e-12).all()
