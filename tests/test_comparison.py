"""Comparison on the same videos: paired, in every stratum, mean over seeds; curves; headline metrics."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from clipforensics import comparison
from clipforensics.evaluation import against_reals, evaluate
from clipforensics.uncertainty import draw_replicates
from tests.places import PEER_SCORES, needs_shared

OPTIONS = {
    "reference": "baseline",
    "cluster": "video",
    "aggregate": "mean",
    "n_replicates": 300,
    "seed": 1,
    "confidence": 0.95,
}


def make(seed=0, gain=0.5, n_real=6, n_fake=10, n_frames=4):
    """Scores of 6 real and 2 x 10 manipulated test videos, and the same on validation."""
    rng = np.random.default_rng(seed)
    rows, test = [], []
    for part in ("val", "test"):
        kinds = [("real", 0, n_real), ("NT", 1, n_fake), ("DF", 1, n_fake)]
        for manipulation, label, n in kinds:
            for i in range(n):
                key = f"{part}/{manipulation}/{i}"
                base = rng.normal(gain * label)
                score = 1 / (1 + np.exp(-(base + rng.normal(size=n_frames) * 0.3)))
                rows += [(key, manipulation, label, part, f, s) for f, s in enumerate(score)]
                if part == "test":
                    seen = int(i % 3 > 0)
                    test.append((key, label, manipulation, i, seen, int(label and i < 7)))
    scores = pd.DataFrame(rows, columns=["key", "manipulation", "label", "part", "frame", "score"])
    return scores, pd.DataFrame(test, columns=["key", "label", "manipulation", "group", "any_seen", "twin"])


def by_hand(scores, keys, level):
    chosen = scores[(scores["part"] == "test") & ((scores["label"] == 0) | scores["key"].isin(keys))]
    if level == "video":
        chosen = chosen.groupby("key").agg(label=("label", "first"), score=("score", "mean"))
    return roc_auc_score(chosen["label"], chosen["score"])


@pytest.mark.parametrize("level", ["frame", "video"])
def test_every_stratum_is_its_own_fakes_against_all_reals(level):
    base, test = make(gain=0.3)
    better, _ = make(gain=1.5)
    scores = {("baseline", 42): base, ("lora", 42): better}
    rows = list(comparison.compare_cell(scores, test, "NT", **OPTIONS))
    fakes = test[test["manipulation"] == "NT"]
    strata = {
        "all": fakes,
        "twin": fakes[fakes["twin"] == 1],
        "no_twin": fakes[fakes["twin"] == 0],
        "seen_identity": fakes[fakes["any_seen"] == 1],
        "clean": fakes[fakes["any_seen"] == 0],
    }
    assert [r["stratum"] for r in rows if r["level"] == level] == list(strata)
    for row in (r for r in rows if r["level"] == level):
        keys = set(strata[row["stratum"]]["key"])
        assert row["n_fake"] == len(keys) * (4 if level == "frame" else 1)
        assert row["n_real"] == 6 * (4 if level == "frame" else 1)
        expected = {name: by_hand(table, keys, level) for (name, _), table in scores.items()}
        for name, auc in expected.items():
            assert row["detectors"][name]["auc"] == pytest.approx(auc)
        difference = row["differences"]["lora"]
        assert difference["auc"] == pytest.approx(expected["lora"] - expected["baseline"])
        assert difference["low"] <= difference["auc"] <= difference["high"]


def test_a_detector_against_itself_differs_by_nothing():
    base, test = make()
    rows = list(comparison.compare_cell({("baseline", 1): base, ("lora", 1): base}, test, "NT", **OPTIONS))
    for row in rows:
        assert row["differences"]["lora"] == {"auc": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}


def test_several_seeds_are_averaged():
    one, test = make(seed=1)
    two, _ = make(seed=2)
    alone = [
        next(comparison.compare_cell({("baseline", s): table}, test, "NT", **OPTIONS))["detectors"][
            "baseline"
        ]
        for s, table in ((1, one), (2, two))
    ]
    both = next(comparison.compare_cell({("baseline", 1): one, ("baseline", 2): two}, test, "NT", **OPTIONS))
    assert both["detectors"]["baseline"]["auc"] == pytest.approx(np.mean([a["auc"] for a in alone]))
    draws = np.mean([frame_draws(table) for table in (one, two)], axis=0)
    low, high = np.quantile(draws, [0.025, 0.975])
    assert both["detectors"]["baseline"]["low"] == pytest.approx(low)
    assert both["detectors"]["baseline"]["high"] == pytest.approx(high)


def frame_draws(scores):
    """Replicates of one table's frame AUC, on the draws that every table of these videos gets."""
    frames = against_reals(scores, "NT")
    drawn = draw_replicates(
        {"x": frames["score"]}, frames["label"], frames["key"].to_numpy(), n_replicates=300, seed=1
    )
    return drawn.draws[0, 0]


def test_an_empty_stratum_is_null_with_a_reason():
    base, test = make()
    rows = list(comparison.compare_cell({("baseline", 1): base}, test.assign(any_seen=1), "NT", **OPTIONS))
    clean = next(r for r in rows if r["stratum"] == "clean")
    assert clean["detectors"]["baseline"]["auc"] is None
    assert "0 manipulated" in clean["undefined"]


def test_tables_of_other_frames_are_refused():
    base, test = make()
    shuffled = base.sample(frac=1, random_state=0).reset_index(drop=True)
    with pytest.raises(ValueError, match="other frames"):
        list(comparison.compare_cell({("baseline", 1): base, ("lora", 1): shuffled}, test, "NT", **OPTIONS))


def test_roc_table_has_the_area_of_the_full_curve():
    base, _ = make()
    test = base[base["part"] == "test"]
    table = comparison.roc_table(test, "frame", "mean")
    fpr, tpr, _ = roc_curve(test["label"], test["score"], drop_intermediate=False)
    assert np.trapezoid(table["tpr"], table["fpr"]) == pytest.approx(np.trapezoid(tpr, fpr))
    assert len(table) < len(fpr)
    assert table.iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]


def test_headline_metrics_are_means_over_seeds_at_the_validation_threshold():
    evaluations = []
    for seed in (1, 2):
        scores, test = make(seed=seed)
        val = scores[scores["part"] == "val"].drop_duplicates("key").assign(group=0)
        evaluations.append(
            evaluate(
                scores,
                {"val": val, "test": test},
                manipulations=["NT", "DF"],
                aggregate="mean",
                threshold="eer",
                fpr_budget=0.1,
                calibration="none",
                worst_videos=2,
            )[0]
        )
    metrics = comparison.headline_metrics(evaluations, "NT")
    points = [e["test"]["NT"]["video"] for e in evaluations]
    assert metrics["video"]["auc"] == pytest.approx(np.mean([p["auc"] for p in points]))
    assert metrics["video"]["f1"] == pytest.approx(np.mean([p["at_validation"]["f1"] for p in points]))
    assert (metrics["video"]["n_real"], metrics["video"]["n_fake"]) == (6, 10)
    assert metrics["frame"]["n_fake"] == 40


@needs_shared
def test_published_scores_by_stratum():
    """The gain of LoRA over the probe sits on the videos with a twin in training."""
    tables = {}
    for name in ("linear", "lora"):
        table = pd.read_csv(PEER_SCORES / f"{name}.csv", dtype={"video": str})
        table = table.assign(
            key=table["manipulation"] + "/" + table["video"],
            part="test",
            frame=table.sort_values("score").groupby(["manipulation", "video"]).cumcount(),
        )
        tables[name, 0] = table.sort_values(["key", "frame"]).reset_index(drop=True)
    train = pd.read_csv(PEER_SCORES / "train.csv", dtype=str)
    swapped = set(train["video"][train["manipulation"] == "FaceSwap"])
    videos = tables["lora", 0].drop_duplicates("key")
    test = videos[["key", "label", "manipulation"]].assign(
        twin=[int(label and v in swapped) for label, v in zip(videos["label"], videos["video"], strict=True)],
        any_seen=1,
    )
    rows = comparison.compare_cell(
        tables, test, "NeuralTextures", **{**OPTIONS, "reference": "linear", "n_replicates": 2000}
    )
    got = {r["stratum"]: r for r in rows if r["level"] == "video"}
    aucs = {
        s: (got[s]["detectors"]["linear"]["auc"], got[s]["detectors"]["lora"]["auc"])
        for s in ("all", "twin", "no_twin")
    }
    assert {s: tuple(round(a, 4) for a in pair) for s, pair in aucs.items()} == {
        "all": (0.596, 0.869),
        "twin": (0.6122, 0.9111),
        "no_twin": (0.45, 0.49),
    }
    assert got["all"]["differences"]["lora"]["low"] > 0
    assert got["no_twin"]["differences"]["lora"]["low"] < 0 < got["no_twin"]["differences"]["lora"]["high"]
