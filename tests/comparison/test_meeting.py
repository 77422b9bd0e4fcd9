"""Comparison on the same videos: paired, in every stratum, mean over seeds; curves."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from clipforensics.comparison import meeting as comparison
from clipforensics.comparison.delong import delong_difference, delong_interval
from clipforensics.metrics.strata import against_reals
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.uncertainty import mean_over_seeds
from tests.support.shared_data import PEER_SCORES, needs_shared

BOOTSTRAP = {"cluster": "video", "aggregate": "mean", "n_replicates": 300, "seed": 1}
SHOWN = {"reference": "baseline", "confidence": 0.95}


def compare(scores, test, manipulation="NT", *, reference="baseline", **changes):
    meeting = comparison.meet(scores, test, manipulation, **{**BOOTSTRAP, **changes})
    return comparison.compare_aucs(meeting, reference=reference, confidence=0.95)


def cells_of(*args, **options):
    return compare(*args, **options)[0]


def make(seed=0, gain=0.5, n_real=6, n_fake=14, n_frames=4):
    """Scores of 6 real and 2 x 14 manipulated test videos, and the same on validation."""
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
                    unknown, twin = int(label and i in (9, 10, 11)), int(label and i < 7)
                    test.append((key, label, manipulation, i, seen, twin, unknown, i % 2))
    scores = pd.DataFrame(rows, columns=["key", "manipulation", "label", "part", "frame", "score"])
    columns = ["key", "label", "manipulation", "group", "any_seen", "twin", "unknown", "val_any_seen"]
    return scores, pd.DataFrame(test, columns=columns)


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
    rows = cells_of(scores, test)
    fakes = test[test["manipulation"] == "NT"]
    known = fakes[fakes["unknown"] == 0]
    clean = known[known["any_seen"] == 0]
    strata = {
        "all": fakes,
        "twin": fakes[fakes["twin"] == 1],
        "no_twin": known[known["twin"] == 0],
        "seen_identity": fakes[fakes["any_seen"] == 1],
        "clean": clean,
        "clean_of_both": clean[clean["val_any_seen"] == 0],
        "unknown": fakes[fakes["unknown"] == 1],
    }
    assert min(map(len, strata.values())) > 0
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
    rows = cells_of({("baseline", 1): base, ("lora", 1): base}, test)
    for row in rows:
        nothing = {"low": 0.0, "high": 0.0, "p": 1.0}
        delong = {"delong": nothing} if row["level"] == "video" else {}
        assert row["differences"]["lora"] == {"auc": 0.0, **nothing, "covers": "videos", **delong}


def test_several_seeds_are_averaged():
    one, test = make(seed=1)
    two, _ = make(seed=2)
    alone = [
        cells_of({("baseline", s): table}, test)[0]["detectors"]["baseline"]
        for s, table in ((1, one), (2, two))
    ]
    both = cells_of({("baseline", 1): one, ("baseline", 2): two}, test)[0]
    assert both["detectors"]["baseline"]["auc"] == pytest.approx(np.mean([a["auc"] for a in alone]))
    frames = against_reals(one, "NT")
    draws = draw_replicates(frames["label"], frames["key"].to_numpy(), n_replicates=300, seed=1)
    scores = {str(i): against_reals(table, "NT")["score"] for i, table in enumerate((one, two))}
    estimates = list(bootstrap_auc(draws, scores)["all"]["frame"].values())
    expected = mean_over_seeds(estimates, "baseline").interval()
    found = both["detectors"]["baseline"]
    assert (found["low"], found["high"], found["p"]) == (expected.low, expected.high, expected.p)
    assert found["covers"] == "videos and seeds"
    assert found["seeds"]["n"] == 2
    assert found["seeds"]["sd"] == pytest.approx(np.std([a["auc"] for a in alone], ddof=1))
    assert alone[0]["covers"] == "videos"


def test_delong_stands_beside_video_rows():
    base, test = make(gain=0.3)
    better, _ = make(seed=3, gain=1.0)
    scores = {("baseline", 42): base, ("lora", 42): better}
    rows = cells_of(scores, test)
    assert all(("delong" in r["detectors"]["lora"]) == (r["level"] == "video") for r in rows)
    video = next(r for r in rows if (r["stratum"], r["level"]) == ("all", "video"))
    pooled = [against_reals(t, "NT").groupby("key")["score"].mean() for t in (base, better)]
    labels = against_reals(base, "NT").groupby("key")["label"].first()
    one = delong_interval(pooled[1], labels)
    assert video["detectors"]["lora"]["delong"] == pytest.approx({"low": one.low, "high": one.high})
    two = delong_difference(pooled[1], pooled[0], labels)
    expected = {"low": two.low, "high": two.high, "p": two.p}
    assert video["differences"]["lora"]["delong"] == pytest.approx(expected)


@pytest.mark.parametrize("level", ["frame", "video"])
def test_the_leak_gap_is_the_paired_difference_of_two_strata(level):
    base, test = make(gain=0.3)
    better, _ = make(seed=3, gain=1.0)
    scores = {("baseline", 42): base, ("lora", 42): better}
    cells, gaps = compare(scores, test)
    gap = next(row for row in gaps if row["level"] == level)
    of = {row["stratum"]: row for row in cells if row["level"] == level}
    for name in ("baseline", "lora"):
        expected = of["twin"]["detectors"][name]["auc"] - of["no_twin"]["detectors"][name]["auc"]
        assert gap["detectors"][name]["auc"] == pytest.approx(expected)
    expected = of["twin"]["differences"]["lora"]["auc"] - of["no_twin"]["differences"]["lora"]["auc"]
    assert gap["differences"]["lora"]["auc"] == pytest.approx(expected)
    assert gap["differences"]["lora"]["low"] < expected < gap["differences"]["lora"]["high"]
    assert (gap["minuend"], gap["subtrahend"]) == ("twin", "no_twin")
    assert (gap["n_minuend"], gap["n_subtrahend"]) == ((7, 4) if level == "video" else (28, 16))
    for stratum in ("clean", "clean_of_both"):
        clean = next(row for row in gaps if (row["level"], row["subtrahend"]) == (level, stratum))
        expected = of["twin"]["detectors"]["lora"]["auc"] - of[stratum]["detectors"]["lora"]["auc"]
        assert clean["detectors"]["lora"]["auc"] == pytest.approx(expected)
    same = compare({("baseline", 1): base, ("lora", 1): base}, test)[1]
    assert same[0]["differences"]["lora"]["high"] == 0


def test_without_twins_there_is_no_gap_but_a_reason():
    base, test = make()
    gap = compare({("baseline", 1): base}, test.assign(twin=0))[1][0]
    assert gap["detectors"]["baseline"]["auc"] is None
    assert "0 manipulated" in gap["undefined"]


def test_without_flags_against_validation_neither_their_stratum_nor_their_gap_is_there():
    base, test = make()
    cells, gaps = compare({("baseline", 1): base}, test.drop(columns="val_any_seen"))
    assert "clean_of_both" not in {row["stratum"] for row in cells}
    assert [row["subtrahend"] for row in gaps] == ["no_twin", "no_twin", "clean", "clean"]


def test_identity_groups_are_drawn_whole():
    base, test = make()
    videos = cells_of({("baseline", 1): base}, test)
    groups = cells_of({("baseline", 1): base}, test.assign(group=test["group"] // 2), cluster="identity")
    assert videos[0]["n_groups"] == 14
    assert groups[0]["n_groups"] == 7
    assert videos[0]["detectors"]["baseline"]["auc"] == groups[0]["detectors"]["baseline"]["auc"]
    assert videos[0]["detectors"]["baseline"]["low"] != groups[0]["detectors"]["baseline"]["low"]


def test_validation_videos_meet_on_their_own():
    base, _ = make()
    val = base[base["part"] == "val"].drop_duplicates("key").assign(group=lambda t: range(len(t)))
    meeting = comparison.meet({("baseline", 1): base}, val, "DF", part="val", **BOOTSTRAP)
    cells, gaps = comparison.compare_aucs(meeting, **SHOWN, strata=False)
    assert [row["stratum"] for row in cells] == ["all", "all"]
    assert gaps == []
    frames = base[(base["part"] == "val") & (base["manipulation"] != "NT")]
    assert cells[0]["detectors"]["baseline"]["auc"] == pytest.approx(
        roc_auc_score(frames["label"], frames["score"])
    )


def test_a_fold_alone_is_the_mean_over_seeds():
    point = {"auc": 0.5, "n_real": 2, "n_fake": 3, "n_groups": 4}
    files = [{"test": {"NT": {"frame": point, "video": {**point, "auc": auc}}}} for auc in (0.5, 0.9)]
    rows = comparison.fold_rows({"lora": files}, "NT", 2)
    assert rows[1] == {
        "fold": 2, "manipulation": "NT", "level": "video", "n_real": 2, "n_fake": 3, "n_groups": 4,
        "detectors": {"lora": {"auc": 0.7}},
    }  # fmt: skip


def test_an_empty_stratum_is_null_with_a_reason():
    base, test = make()
    rows = cells_of({("baseline", 1): base}, test.assign(any_seen=1))
    clean = next(r for r in rows if r["stratum"] == "clean")
    assert clean["detectors"]["baseline"]["auc"] is None
    assert "0 manipulated" in clean["undefined"]


def test_tables_of_other_frames_are_refused():
    base, test = make()
    shuffled = base.sample(frac=1, random_state=0).reset_index(drop=True)
    with pytest.raises(ValueError, match="other frames"):
        cells_of({("baseline", 1): base, ("lora", 1): shuffled}, test)


def test_roc_table_has_the_area_of_the_full_curve():
    base, _ = make()
    test = base[base["part"] == "test"]
    table = comparison.roc_table(test, "frame", "mean")
    fpr, tpr, _ = roc_curve(test["label"], test["score"], drop_intermediate=False)
    assert np.trapezoid(table["tpr"], table["fpr"]) == pytest.approx(np.trapezoid(tpr, fpr))
    assert len(table) < len(fpr)
    assert table.iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]


def test_the_mean_of_folds_leaves_out_folds_without_an_auc():
    def row(fold, baseline, lora):
        return {"fold": fold, "detectors": {"baseline": {"auc": baseline}, "lora": {"auc": lora}}}

    found = comparison.mean_of_folds([row(1, 0.5, 0.75), row(2, None, None), row(3, 0.75, 0.75)], "baseline")
    assert found == {
        "detectors": {"baseline": 0.625, "lora": 0.75}, "differences": {"lora": 0.125}, "n_folds": 2,
    }  # fmt: skip
    assert comparison.mean_of_folds([row(1, None, None)], "baseline") == {}


def test_a_fold_without_a_manipulation_has_null_and_a_reason():
    point = {"auc": 0.5, "n_real": 2, "n_fake": 3, "n_groups": 4}
    files = [{"test": {"NT": {"frame": point, "video": point}}}]
    row = comparison.fold_rows({"lora": files}, "DF", 1)[0]
    assert row["detectors"] == {"lora": {"auc": None}}
    assert row["undefined"] == "no DF video is in this fold"


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
        unknown=0,
        group=range(len(videos)),
    )
    rows, gaps = compare(tables, test, "NeuralTextures", reference="linear", n_replicates=2000)
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
    gap = next(row for row in gaps if row["level"] == "video")
    assert gap["detectors"]["lora"]["auc"] == pytest.approx(0.9111 - 0.49, abs=1e-4)
    assert gap["detectors"]["lora"]["low"] > 0, "LoRA is better on twins, and that is shown"
    extra = gap["differences"]["lora"]  # that it gains more from them than the probe is not
    assert extra["low"] < 0 < extra["auc"]
    assert got["no_twin"]["differences"]["lora"]["low"] < 0 < got["no_twin"]["differences"]["lora"]["high"]
