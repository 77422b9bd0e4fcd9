"""Error rates by condition: each by hand, the worst first, and what cannot be told said so."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.likelihood.conditions import CONDITIONS, all_errors, by_condition, worst_of
from clipforensics.likelihood.rates import rate
from clipforensics.metrics.usability import clustered_auc


def table(n=60, **columns):
    base = {"compression": ["c23"] * n, "width": [640] * n, "height": [480] * n, "dataset": ["d"] * n}
    return pd.DataFrame({**base, "n_bytes": [1000] * n, "n_frames": [10] * n, **columns})


def scored(n=60):
    rng = np.random.default_rng(2)
    labels, groups = np.tile([0, 1], n // 2), np.arange(n) // 4
    scores = rng.random(n)
    return scores, labels, groups, scores > 0.4


def run(videos):
    return by_condition(*scored(), videos, confidence=0.9)


def test_each_row_is_the_rates_of_its_own_videos_and_the_worst_stands_first():
    compression = np.repeat(["c23", "c40", "raw"], [24, 24, 12])
    rows, _ = run(table(compression=compression))
    scores, labels, groups, called = scored()
    assert {row["value"] for row in rows} == {"c23", "c40", "raw"}
    for row in rows:
        ours = compression == row["value"]
        real, fake = ours & (labels == 0), ours & (labels == 1)
        assert row["fpr"]["rate"] == pytest.approx(np.mean(called[real]))
        assert row["fnr"]["rate"] == pytest.approx(np.mean(~called[fake]))
        assert row["fpr"] == rate(called[real], groups[real], confidence=0.9)._asdict()
        auc = clustered_auc(scores[ours], labels[ours], groups[ours], confidence=0.9)
        assert row["auc"] == {"auc": auc.auc, "low": auc.low, "high": auc.high}
    ranked = [row["worst"] for row in rows if row["worst"] is not None]
    assert ranked == sorted(ranked, reverse=True)
    # 6 real and 6 manipulated videos are too few to be called the worst
    assert rows[-1]["value"] == "raw"
    assert rows[-1]["worst"] is None
    assert worst_of(rows) == rows[0]


def test_conditions_that_do_not_vary_and_columns_that_are_not_there_are_told():
    rows, absent = run(table())
    assert rows == []
    assert absent.keys() == CONDITIONS.keys()
    assert absent["compression"] == "all these videos are alike: c23"
    assert absent["resolution"] == "all these videos are alike: up to 480p"
    assert absent["codec"] == "not known"
    assert absent["face size"] == "not known"
    assert worst_of(rows) is None


def test_a_resolution_is_told_by_its_shorter_side_whichever_that_is():
    width = np.repeat([1080, 1920, 0], 20)
    rows, _ = run(table(width=width, height=np.repeat([1920, 2000, 0], 20)))
    found = {row["value"]: row["fpr"]["n"] + row["fnr"]["n"] for row in rows}
    assert found == {"up to 1080p": 20, "above 1080p": 20, "unknown": 20}


def test_a_face_is_told_by_the_size_up_to_which_it_is():
    rows, _ = run(table(face_size=np.repeat([0, 64, 65, 128, 256, 300], 10)))
    found = {row["value"]: row["fpr"]["n"] + row["fnr"]["n"] for row in rows}
    assert found == {
        "no face": 10, "up to 64 pixels": 10, "up to 128 pixels": 20, "up to 256 pixels": 10,
        "above 256 pixels": 10,
    }  # fmt: skip


def test_bytes_a_frame_fall_into_thirds():
    rows, _ = run(table(n_bytes=10_000 * np.arange(1, 61)))
    found = {row["value"]: row["fpr"]["n"] + row["fnr"]["n"] for row in rows}
    assert found == {
        "up to 20.7 kB a frame": 20,
        "20.7 kB to 40.3 kB a frame": 20,
        "above 40.3 kB a frame": 20,
    }


def test_bytes_a_frame_are_unknown_where_a_video_has_no_frames_and_not_of_single_pictures():
    pictures = table(n_bytes=1000 * np.arange(1, 61), n_frames=[1] * 60)
    assert {row["value"] for row in run(pictures)[0]} == {
        "up to 20.7 kB a frame", "20.7 kB to 40.3 kB a frame", "above 40.3 kB a frame",
    }  # fmt: skip
    rows, absent = run(pictures.assign(n_frames=[1] * 59 + [0]))
    assert (rows, absent["bytes a frame"]) == ([], "all these videos are alike: unknown")


def test_a_condition_of_one_class_has_no_auc_and_says_why():
    rows, _ = run(table(codec=np.tile(["h264", "vp9"], 30)))
    of = {row["value"]: row for row in rows}
    assert of["h264"]["auc"]["undefined"] == "needs both classes, got 30 real and 0 manipulated"
    assert np.isnan(of["h264"]["fnr"]["rate"])
    assert of["h264"]["worst"] == of["h264"]["fpr"]["rate"]


def test_all_errors_are_those_of_all_videos():
    _, labels, groups, called = scored()
    groups = np.where(labels == 1, 100 + np.arange(60), groups)  # reals share groups, fakes do not
    found = all_errors(labels, groups, called, confidence=0.9)
    real, fake = labels == 0, labels == 1
    assert found["fpr"] == rate(called[real], groups[real], confidence=0.9)
    assert found["fnr"] == rate(~called[fake], groups[fake], confidence=0.9)
    assert (found["fpr"].n_groups, found["fnr"].n_groups) == (15, 30)
    assert found["fpr"].rate == pytest.approx(np.mean(called[labels == 0]))
    assert found["fnr"].rate == pytest.approx(np.mean(~called[labels == 1]))
