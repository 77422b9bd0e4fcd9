"""Every metric with its interval: equal to the point metrics, each fold with what its validation chose."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.comparison import every_metric
from clipforensics.comparison import meeting as comparison
from clipforensics.metrics.calibration import calibration_metrics, probabilities, weights_at_prior
from clipforensics.metrics.points import ranking_metrics, threshold_metrics
from clipforensics.metrics.pooling import pool_by_video
from clipforensics.statistics.cautions import at_end

SHOWN = {"reference": "baseline", "confidence": 0.9}
CUT = {"a": {"frame": 0.5, "video": 0.45}, "b": {"frame": 0.7, "video": 0.6}}
MAP = {"a": {"slope": 1.5, "intercept": -0.2}, "b": {"slope": 0.7, "intercept": 0.4}}


def make(seed, n=12, frames=3):
    """Scores of n real and n manipulated videos, half of them in each of two folds."""
    rng = np.random.default_rng(seed)
    rows = []
    for label, manipulation in ((0, "real"), (1, "NT")):
        for i in range(n):
            values = 1 / (1 + np.exp(-rng.normal(label, 0.5) - rng.normal(0, 0.3, frames)))
            rows += [
                (f"{manipulation}/{i}", manipulation, label, "test", f, s, "ab"[i % 2])
                for f, s in enumerate(values)
            ]
    table = pd.DataFrame(rows, columns=["key", "manipulation", "label", "part", "frame", "score", "split"])
    return table.sample(frac=1, random_state=0).reset_index(drop=True)


def chosen(split, method="platt"):
    levels = {level: MAP[split] for level in ("frame", "video")} if method == "platt" else {}
    prior = {"frame": 0.3, "video": 0.3}
    return {"threshold": CUT[split], "calibration": {"method": method, **levels, "validation_prior": prior}}


def rows_of(tables, splits, method="platt"):
    test = next(iter(tables.values())).drop_duplicates("key")[["key", "label", "manipulation"]]
    test = test.assign(group=range(len(test)), twin=0, any_seen=0)
    meeting = comparison.meet(tables, test, "NT", aggregate="mean", cluster="video", n_replicates=50, seed=1)
    choices = {who: {split: chosen(split, method) for split in splits} for who in tables}
    rows = every_metric.compare_metrics(meeting, choices, **SHOWN)
    return {(row["level"], row["metric"]): row for row in rows}


def test_what_is_not_shown_says_what_would_be_and_counts_videos():
    found = rows_of({("baseline", 1): make(1), ("lora", 1): make(2)}, ["a", "b"])
    for (level, metric), row in found.items():
        one = row["differences"]["lora"]
        is_open = one["low"] is not None and one["low"] <= 0 <= one["high"] and one["low"] < one["high"]
        assert ("power" in one) == is_open, (level, metric)
    videos, frames = (found[level, "auc"]["differences"]["lora"]["power"] for level in ("video", "frame"))
    n_real, n_fake = (found["video", "auc"][name] for name in ("n_real", "n_fake"))
    for power in (videos, frames):
        assert power["n_real"] / power["n_fake"] == pytest.approx(n_real / n_fake, rel=0.1)


def at_level(table, level):
    if level == "frame":
        return table["score"].to_numpy(), table["label"].to_numpy(), table["split"].to_numpy()
    values, labels = pool_by_video(table["score"], table["label"], table["key"].to_numpy())
    split = table.drop_duplicates("key").set_index("key")["split"].sort_index().to_numpy()
    return values, labels, split


@pytest.mark.parametrize("level", ["frame", "video"])
@pytest.mark.parametrize("splits", [["a"], ["a", "b"]])
def test_values_are_the_point_metrics(level, splits):
    table = make(1)
    table = table[table["split"].isin(splits)].reset_index(drop=True)
    found = rows_of({("baseline", 42): table}, splits)
    scores, labels, split = at_level(table, level)
    cut = np.array([CUT[name][level] for name in split])
    expected = {k: v for k, v in ranking_metrics(scores, labels).items() if k != "tpr_at_fpr"}
    expected |= threshold_metrics(scores - cut, labels, 0.0)
    chances = np.array(
        [probabilities(np.array([s]), **MAP[name])[0] for s, name in zip(scores, split, strict=True)]
    )
    for suffix, weights in (("", None), ("_at_validation_prior", weights_at_prior(labels, 0.3))):
        measured = calibration_metrics(chances, labels, weights)
        expected |= {f"{name}{suffix}": measured[name] for name in ("brier", "ece")}
    for metric, value in expected.items():
        row = found[level, metric]
        assert row["detectors"]["baseline"]["value"] == pytest.approx(value), metric
    assert found[level, "auc"]["n_groups"] == len(set(table["key"]))


def test_differences_are_paired_and_means_over_seeds():
    one, two, other = (make(seed) for seed in (1, 2, 3))
    tables = {("baseline", 1): one, ("lora", 1): other, ("baseline", 2): two, ("lora", 2): other}
    row = rows_of(tables, ["a", "b"])["video", "f1"]
    values = {name: entry["value"] for name, entry in row["detectors"].items()}
    assert row["differences"]["lora"]["value"] == pytest.approx(values["lora"] - values["baseline"])
    alone = [rows_of({("baseline", 1): t}, ["a", "b"])["video", "f1"] for t in (one, two)]
    mean = np.mean([r["detectors"]["baseline"]["value"] for r in alone])
    assert values["baseline"] == pytest.approx(mean)
    same = rows_of({("baseline", 1): one, ("lora", 1): one}, ["a", "b"])
    assert same["frame", "brier"]["differences"]["lora"] == {
        "value": 0,
        "low": 0,
        "high": 0,
        "covers": "videos",
        "p": 1,
    }
    no_interval = {"value": 0, "low": None, "high": None, "covers": "videos", "p": None}
    for metric in ("ece", "ece_at_validation_prior"):
        assert same["frame", metric]["differences"]["lora"] == no_interval
        assert same["frame", metric]["undefined"].startswith("no interval: ")
    assert row["detectors"]["lora"]["covers"] == "videos and seeds"


def test_an_auc_of_one_is_marked_in_the_row_of_auc_alone():
    perfect = make(1).assign(score=lambda table: 0.2 + 0.6 * table["label"])
    found = rows_of({("baseline", 1): make(1), ("lora", 1): perfect}, ["a", "b"])
    row, caution = found["video", "auc"], at_end(1, 12, 12)
    assert row["detectors"]["lora"]["caution"] == row["differences"]["lora"]["caution"] == caution
    assert "caution" not in row["detectors"]["baseline"]
    assert "caution" not in found["video", "f1"]["differences"]["lora"]


def test_what_needs_the_test_labels_is_marked():
    rows = rows_of({("baseline", 1): make(1)}, ["a", "b"])
    marked = {metric for (_, metric), row in rows.items() if row["oracle"]}
    budgets = {f"tpr_at_fpr_{budget}" for budget in (0.01, 0.05, 0.1)}
    assert marked == {"eer", "eer_at_nearest_threshold"} | budgets


def test_uncalibrated_scores_have_no_brier():
    metrics = {metric for _, metric in rows_of({("baseline", 1): make(1)}, ["a", "b"], method="none")}
    assert {"auc", "f1"} <= metrics
    assert not {m for m in metrics if m.startswith(("brier", "ece"))}
