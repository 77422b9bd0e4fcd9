"""The audit's door to the comparison: curves of a stratum, metrics that lack a threshold, trained fakes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.audit.cells import compare_all, roc_vertices
from clipforensics.audit.leaks import TRAINED_ON
from clipforensics.metrics.points import AT_THRESHOLD

OPTIONS = {
    "reference": "mine", "aggregate": "mean", "cluster": "video", "n_replicates": 50, "seed": 0,
    "confidence": 0.9,
}  # fmt: skip


def material(n=8):
    rng = np.random.default_rng(0)
    rows = [(f"v{i}", i % 2, f, i % 2 * 0.3 + rng.uniform()) for i in range(n) for f in range(2)]
    scores = pd.DataFrame(rows, columns=["key", "label", "frame", "score"])
    scores = scores.assign(manipulation=np.where(scores["label"] == 1, "X", "real"), part="test")
    flags = scores.drop_duplicates("key")[["key", "label", "manipulation"]].reset_index(drop=True)
    number = flags["key"].str[1:].astype(int)
    flags = flags.assign(
        twin=(number == 1).astype(int), any_seen=(number < 4).astype(int), group=range(n), unknown=0,
        **{TRAINED_ON: (number == 3).astype(int)},
    )  # fmt: skip
    return scores, flags


def compared(cuts):
    scores, flags = material()
    other = scores.assign(score=1 - scores["score"])
    return compare_all({"mine": scores, "other": other}, flags, "X", cuts=cuts, **OPTIONS)


def test_fakes_that_were_training_videos_are_a_stratum_of_their_own():
    none = {"value": None, "undefined": "none was given"}
    cells = compared({"mine": none, "other": none})["cells"]
    (own,) = [c for c in cells if c["stratum"] == TRAINED_ON and c["level"] == "video"]
    assert (own["n_real"], own["n_fake"]) == (4, 1)


def test_metrics_at_a_threshold_stand_as_undefined_for_who_has_none():
    none = {"value": None, "undefined": "none was given"}
    mixed = {row["metric"]: row for row in compared({"mine": {"value": 0.5}, "other": none})["metrics"]}
    for metric in AT_THRESHOLD:
        assert mixed[metric]["detectors"]["mine"]["value"] is not None
        assert mixed[metric]["detectors"]["other"]["value"] is None
        assert "no threshold: none was given" in mixed[metric]["undefined"]
    assert not set(AT_THRESHOLD) & {
        row["metric"] for row in compared({"mine": none, "other": none})["metrics"]
    }


def test_a_curve_is_of_its_stratum_against_all_reals():
    scores, flags = material()
    curve = roc_vertices(scores, flags, "X", "clean", "frame", "mean")
    chosen = scores[(scores["label"] == 0) | scores["key"].isin(["v5", "v7"])]
    area = np.trapezoid(curve["tpr"], curve["fpr"])
    assert area == pytest.approx(roc_auc_score(chosen["label"], chosen["score"]))
    flags = flags.assign(any_seen=1)
    assert roc_vertices(scores, flags, "X", "clean", "frame", "mean").empty


def test_of_scores_by_video_no_frame_level_is_told():
    scores, flags = material()
    cuts = {"mine": {"value": 0.5}}
    told = compare_all({"mine": scores}, flags, "X", cuts=cuts, levels=("video",), **OPTIONS)
    for rows in told.values():
        assert {row["level"] for row in rows} == {"video"}
