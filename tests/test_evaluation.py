"""What `evaluate` writes: every frame once, thresholds from validation, strata, the all-fake reference."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from clipforensics.evaluation import evaluate, score_parts, summary_line
from clipforensics.rows import RowIndex

OPTIONS = {"aggregate": "mean", "threshold": "eer", "worst_videos": 3}


def make(seed=0):
    """4 + 4 validation and 5 + 6 + 6 test videos of three frames."""
    rng = np.random.default_rng(seed)
    rows, test = [], []
    for part, kinds in {"val": {"real": 4, "FS": 4}, "test": {"real": 5, "NT": 6, "DF": 6}}.items():
        for manipulation, n in kinds.items():
            for i in range(n):
                label = int(manipulation != "real")
                key = f"d/{manipulation}/-/{part}{i}"
                rows += [(key, manipulation, label, part, f, rng.uniform(0.1 * label, 1)) for f in range(3)]
                if part == "test":
                    test.append((key, label, manipulation, int(i < 4), int(label and i < 3)))
    scores = pd.DataFrame(rows, columns=["key", "manipulation", "label", "part", "frame", "score"])
    return scores, pd.DataFrame(test, columns=["key", "label", "manipulation", "any_seen", "twin"])


def run(scores, test, **changes):
    return evaluate(scores, test, manipulations=["NT", "DF"], **{**OPTIONS, **changes})


def chosen(scores, manipulation):
    return scores[(scores["part"] == "test") & scores["manipulation"].isin(["real", manipulation])]


def test_each_manipulation_is_set_against_all_test_reals():
    scores, test = make()
    metrics, _ = run(scores, test)
    assert list(metrics["test"]) == ["NT", "DF"]
    for manipulation, points in metrics["test"].items():
        frames = chosen(scores, manipulation)
        assert points["frame"]["auc"] == pytest.approx(roc_auc_score(frames["label"], frames["score"]))
        videos = frames.groupby("key").agg(label=("label", "first"), score=("score", "mean"))
        assert points["video"]["auc"] == pytest.approx(roc_auc_score(videos["label"], videos["score"]))
        assert (points["video"]["n_real"], points["video"]["n_fake"]) == (5, 6)
        assert (points["frame"]["n_real"], points["frame"]["n_fake"]) == (15, 18)


@pytest.mark.parametrize("aggregate", ["mean", "median", "max"])
def test_video_scores_are_pooled_as_asked(aggregate):
    scores, test = make()
    metrics, _ = run(scores, test, aggregate=aggregate)
    videos = chosen(scores, "NT").groupby("key").agg(label=("label", "first"), score=("score", aggregate))
    expected = roc_auc_score(videos["label"], videos["score"])
    assert metrics["test"]["NT"]["video"]["auc"] == pytest.approx(expected)


def test_the_threshold_is_validations_and_no_test_score_moves_it():
    scores, test = make()
    metrics, _ = run(scores, test)
    moved = scores.copy()
    moved.loc[moved["part"] == "test", "score"] **= 3
    assert run(moved, test)[0]["threshold"] == metrics["threshold"]
    frames = chosen(scores, "NT")
    predicted = frames["score"] >= metrics["threshold"]["frame"]
    point = metrics["test"]["NT"]["frame"]
    assert point["at_validation"]["f1"] == pytest.approx(f1_score(frames["label"], predicted))
    assert point["at_half"]["f1"] == pytest.approx(f1_score(frames["label"], frames["score"] >= 0.5))


def test_strata_split_the_fakes():
    scores, test = make()
    strata = run(scores, test)[0]["test"]["NT"]["strata"]
    assert {name: row["n_fake"] for name, row in strata.items()} == {
        "twin": 3,
        "no_twin": 3,
        "seen_identity": 4,
        "clean": 2,
    }
    assert all(row["n_real"] == 5 for row in strata.values())
    keys = set(test["key"][test["twin"] == 1])
    frames = chosen(scores, "NT")
    frames = frames[(frames["label"] == 0) | frames["key"].isin(keys)]
    assert strata["twin"]["frame_auc"] == pytest.approx(roc_auc_score(frames["label"], frames["score"]))


def test_an_empty_stratum_is_null_with_its_reason():
    scores, test = make()
    strata = run(scores, test.assign(any_seen=1))[0]["test"]["NT"]["strata"]
    assert strata["clean"]["video_auc"] is None
    assert "0 manipulated" in strata["clean"]["undefined"]


def test_calling_everything_fake_stands_beside():
    scores, test = make()
    reference = run(scores, test)[0]["test"]["NT"]["all_fake"]["video"]
    assert reference == pytest.approx({"accuracy": 6 / 11, "balanced_accuracy": 0.5, "f1": 12 / 17})


def test_errors_are_those_of_the_headline():
    scores, test = make()
    metrics, errors = run(scores, test)
    assert errors["manipulation"] == "NT"
    assert len(errors["worst_videos"]) == 3
    videos = chosen(scores, "NT").groupby("key").agg(label=("label", "first"), score=("score", "mean"))
    cut = metrics["threshold"]["video"]
    wrong = set(videos.index[(videos["score"] >= cut) != (videos["label"] == 1)])
    assert {e["key"] for e in errors["false_positives"] + errors["false_negatives"]} == wrong


def test_every_stored_frame_is_scored_once():
    index = RowIndex(["a", "a", "b", "c", "c"], [0, 5, 0, 1, 2])
    tables = {
        "val": pd.DataFrame({"key": ["b", "a"], "label": [0, 1], "manipulation": ["real", "FS"]}),
        "test": pd.DataFrame({"key": ["c", "b"], "label": [1, 0], "manipulation": ["NT", "real"]}),
    }
    scores = score_parts(tables, index, lambda rows: rows / 10)
    assert scores.to_dict("list") == {
        "key": ["b", "a", "a", "c", "c", "b"],
        "manipulation": ["real", "FS", "FS", "NT", "NT", "real"],
        "label": [0, 1, 1, 1, 1, 0],
        "part": ["val"] * 3 + ["test"] * 3,
        "frame": [0, 0, 5, 1, 2, 0],
        "score": [0.2, 0.0, 0.1, 0.3, 0.4, 0.2],
    }


def test_the_line_for_the_terminal_names_every_manipulation():
    scores, test = make()
    line = summary_line("lora", run(scores, test)[0])
    assert line.startswith("lora: video AUC validation ")
    assert ", NT " in line
    assert ", DF " in line
