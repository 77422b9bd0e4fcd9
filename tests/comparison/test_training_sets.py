"""Detectors over training sets: means of each split's own AUC, paired, on videos that splits may share."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from clipforensics.comparison.training_sets import (
    cell_of,
    meet_on_sets,
    metric_rows_of,
    overlap_of,
    variance_row,
)
from tests.support.result_files import REPEATS, write_results


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("sets"), REPEATS, in_domain=True, seeds=(1, 2))


def meet(results, cluster="identity", splits=REPEATS):
    scores = {split: results.read_scores([split], "FS") for split in splits}
    videos = {split: results.read_videos([split], "FS", "test") for split in splits}
    return meet_on_sets(scores, videos, "NT", overlap=0.5, aggregate="mean", cluster=cluster)


def auc(results, split, detector, seed):
    table = results.read_scores([split], "FS")[detector, seed]
    videos = table[(table["part"] == "test") & table["manipulation"].isin(["real", "NT"])].groupby("key")
    return roc_auc_score(videos["label"].first(), videos["score"].mean())


def test_a_row_is_the_mean_of_the_splits_own_aucs(results):
    row = variance_row(meet(results), "video", "baseline", 0.95)
    each = {
        name: [np.mean([auc(results, split, name, seed) for seed in (1, 2)]) for split in REPEATS]
        for name in ("baseline", "lora")
    }
    for name, found in row["detectors"].items():
        assert found["values"] == pytest.approx(each[name])
        assert found["auc"] == pytest.approx(np.mean(each[name]))
        assert found["low"] < found["auc"] < found["high"]
    gap = row["differences"]["lora"]
    assert gap["values"] == pytest.approx(np.subtract(each["lora"], each["baseline"]))
    assert gap["covers"] == "videos, training sets and seeds"
    about = {key: row[key] for key in ("manipulation", "level", "splits", "overlap", "n_seeds")}
    assert about == {
        "manipulation": "NT", "level": "video", "splits": REPEATS, "overlap": 0.5, "n_seeds": 2,
    }  # fmt: skip
    assert (row["n_real"], row["n_fake"]) == (4, 4), "the same videos in all three, each counted once"


def test_videos_that_splits_share_are_not_new_evidence(results):
    """Under the same clusters influences add up; were they other videos in each split, they would average."""
    shared = meet(results)
    apart = meet(results)
    for number, meeting in enumerate(apart.meetings.values()):
        meeting.videos["group"] += 100 * number
    found, other = (variance_row(sets, "video", "baseline", 0.95) for sets in (shared, apart))
    ours, theirs = (row["detectors"]["lora"] for row in (found, other))
    assert ours["high"] - ours["low"] != theirs["high"] - theirs["low"]
    assert (found["n_groups"], other["n_groups"]) == (8, 8), "a video is counted once whatever its group"


def test_clusters_are_groups_or_videos(results):
    groups = meet(results)
    for meeting in groups.meetings.values():
        meeting.videos["group"] //= 2
    videos = meet(results, "video")
    assert {type(name) for one in groups.aucs("video")["lora"] for _, name in one.influence} == {int}
    names = {name for one in videos.aucs("video")["lora"] for _, name in one.influence}
    assert names == {f"all/test/{kind}/{i}" for kind in ("real", "NT") for i in range(4)}


def test_a_cell_has_the_rows_numbers_and_the_leaders_differences(results):
    sets = meet(results)
    row = variance_row(sets, "video", "baseline", 0.95)
    cell = cell_of(row, sets, "lora", 0.95)
    assert (cell["stratum"], cell["level"], cell["n_real"]) == ("all", "video", 4)
    ours, usual = cell["to_leader"]["differences"]["baseline"], cell["differences"]["lora"]
    assert (ours["auc"], ours["low"]) == pytest.approx((-usual["auc"], -usual["high"]))
    seeds = [np.mean([auc(results, split, "lora", seed) for split in REPEATS]) for seed in (1, 2)]
    spread = cell["detectors"]["lora"]["seeds"]
    assert spread == pytest.approx(
        {"n": 2, "mean": np.mean(seeds), "sd": np.std(seeds, ddof=1), "min": min(seeds), "max": max(seeds)}
    )
    frames = cell_of(variance_row(sets, "frame", "baseline", 0.95), sets, "lora", 0.95)
    assert "to_leader" not in frames
    assert frames["n_fake"] == 8, "two frames a video"


def test_each_model_is_held_to_its_own_threshold(results):
    rows = metric_rows_of(meet(results), results.read_evaluations(REPEATS, "FS"), "baseline", 0.95)
    found = next(r for r in rows if (r["level"], r["metric"]) == ("frame", "accuracy"))
    right = []
    for number, split in enumerate(REPEATS):
        for seed in (1, 2):
            table = results.read_scores([split], "FS")["lora", seed]
            test = table[(table["part"] == "test") & (table["manipulation"] != "FS")]
            right.append(accuracy_score(test["label"], test["score"] >= 0.4 + number / 10))
    assert found["detectors"]["lora"]["value"] == pytest.approx(np.mean(right))
    assert found["detectors"]["lora"]["low"] < found["detectors"]["lora"]["high"]
    assert "p" in found["differences"]["lora"]
    less = metric_rows_of(meet(results), results.read_evaluations(REPEATS, "FS"), "baseline", 0.8)
    narrow = next(r for r in less if (r["level"], r["metric"]) == ("frame", "accuracy"))
    for kind, name in (("detectors", "lora"), ("differences", "lora")):
        assert found[kind][name]["low"] < narrow[kind][name]["low"], "of 95%, and of 80%"
    unmeasured = next(r for r in rows if r["metric"] == "tpr_at_fpr_0.01")
    assert unmeasured["detectors"]["lora"]["value"] is None
    assert "real" in unmeasured["undefined"]


def test_overlap_is_the_mean_share_over_pairs():
    sets = [pd.DataFrame({"key": list(keys)}) for keys in ("abcd", "cdef", "efgh")]
    assert overlap_of(sets) == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert overlap_of(sets[:1]) == 1.0
