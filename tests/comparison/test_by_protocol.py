"""All comparisons of a protocol: folds laid end to end, in-domain videos, curves; from files on disk."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.comparison.by_protocol import Results, compare_protocol, headline_curves
from clipforensics.protocol.cells import Cell
from clipforensics.protocol.tables import write_scores

FOLDS = ["grouped_kfold-1", "grouped_kfold-2", "grouped_kfold-3"]
OPTIONS = {
    "reference": "baseline", "aggregate": "mean", "cluster": "identity", "n_replicates": 40, "seed": 1,
    "confidence": 0.9,
}  # fmt: skip
KINDS = {"real": 0, "FS": 1, "NT": 1}


def frames_of(split, part, kinds, rng, n=4):
    """Scores of n videos of each kind, two frames each."""
    rows = []
    for kind in kinds:
        for i in range(n):
            key = f"{split}/{part}/{kind}/{i}"
            scores = 1 / (1 + np.exp(-rng.normal(KINDS[kind], 1.0, 2)))
            rows += [(key, kind, KINDS[kind], part, f, s) for f, s in enumerate(scores)]
    return pd.DataFrame(rows, columns=["key", "manipulation", "label", "part", "frame", "score"])


def write_split(folder, split, table):
    videos = table.drop_duplicates("key")
    for part in ("val", "test"):
        chosen = videos[videos["part"] == part][["key", "label", "manipulation"]]
        number = chosen["key"].str.split("/").str[-1].astype(int)
        flags = {"target_seen": 0, "source_seen": 0, "any_seen": 0, "twin": chosen["label"] * (number % 2)}
        chosen = chosen.assign(target="t", source="s", group=range(len(chosen)), **flags)
        path = folder / split / "FS" / f"{part}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        chosen.to_csv(path, index=False)


def make(folder, splits, in_domain, seeds=(1,)):
    """Files of two detectors on the given splits; `in_domain`: whether FS is in the test."""
    tested = ["real", "FS", "NT"] if in_domain else ["real", "NT"]
    for s, split in enumerate(splits):
        for d, detector in enumerate(("baseline", "lora")):
            for seed in seeds:
                rng = np.random.default_rng([s, d, seed])
                table = pd.concat(
                    [frames_of(split, "val", ["real", "FS"], rng), frames_of(split, "test", tested, rng)],
                    ignore_index=True,
                )
                cell = Cell(split, "FS", seed).name
                write_scores(folder / "scores" / detector / f"{cell}.csv", table)
                points = {}
                for kind in tested[1:]:
                    test = table[(table["part"] == "test") & table["manipulation"].isin(["real", kind])]
                    auc = roc_auc_score(test["label"], test["score"])
                    point = {"auc": auc, "n_real": 4, "n_fake": 4, "n_groups": 8}
                    points[kind] = {"frame": point, "video": point}
                about = {
                    "validation": {"video": {"auc": 0.5 + s / 10 + d / 100}},
                    "threshold": {"frame": 0.4 + s / 10, "video": 0.5},
                    "calibration": {"method": "none", "validation_prior": {"frame": 0.5, "video": 0.5}},
                    "test": points,
                }
                path = folder / "metrics" / detector / f"{cell}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(about))
        write_split(folder / "splits", split, table)
    return Results(
        ["baseline", "lora"], list(seeds), folder / "scores", folder / "splits", folder / "metrics"
    )


def test_folds_are_pooled_and_listed(tmp_path):
    results = make(tmp_path, FOLDS, in_domain=True)
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
    results = make(tmp_path, ["per_class"], in_domain=False, seeds=(1, 2))
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
    results = make(tmp_path, ["per_class"], in_domain=False)
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
    results = make(tmp_path, ["per_class"], in_domain=False, seeds=(1, 2))
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
