"""What `evaluate` writes: every frame once, thresholds from validation, strata, the all-fake reference."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss, f1_score, recall_score, roc_auc_score

from clipforensics.core.faults import InputError
from clipforensics.frames.rows import RowIndex
from clipforensics.metrics.calibration import expected_calibration_error, fit_calibration, reliability
from clipforensics.metrics.evaluation import evaluate, score_parts, summary_line
from clipforensics.metrics.thresholds import choose_thresholds
from clipforensics.metrics.usability import usable

OPTIONS = {
    "aggregate": "mean",
    "threshold": "eer",
    "fpr_budget": 0.25,
    "calibration": "platt",
    "worst_videos": 3,
    "n_tried": 1,
}


def make(seed=3):
    """4 + 4 validation and 5 + 6 + 6 test videos of three frames; groups of two videos in order."""
    rng = np.random.default_rng(seed)
    rows, tables = [], {"val": [], "test": []}
    for part, kinds in {"val": {"real": 4, "FS": 4}, "test": {"real": 5, "NT": 6, "DF": 6}}.items():
        for manipulation, n in kinds.items():
            for i in range(n):
                label = int(manipulation != "real")
                key = f"d/{manipulation}/-/{part}{i}"
                rows += [(key, manipulation, label, part, f, rng.uniform(0.1 * label, 1)) for f in range(3)]
                tables[part].append((key, label, manipulation, i // 2, int(i < 4), int(label and i < 3)))
    scores = pd.DataFrame(rows, columns=["key", "manipulation", "label", "part", "frame", "score"])
    columns = ["key", "label", "manipulation", "group", "any_seen", "twin"]
    found = {part: pd.DataFrame(table, columns=columns) for part, table in tables.items()}
    return scores, {part: table.assign(unknown=0) for part, table in found.items()}


def run(scores, tables, **changes):
    return evaluate(scores, tables, manipulations=["NT", "DF"], **{**OPTIONS, **changes})


def at(scores, level):
    """Scores and labels of a table of frames, pooled by pandas at video level."""
    if level == "video":
        scores = scores.groupby("key").agg(label=("label", "first"), score=("score", "mean"))
    return scores["score"].to_numpy(), scores["label"].to_numpy()


def chosen(scores, manipulation):
    return scores[(scores["part"] == "test") & scores["manipulation"].isin(["real", manipulation])]


def test_each_manipulation_is_set_against_all_test_reals():
    scores, tables = make()
    metrics, _ = run(scores, tables)
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
    scores, tables = make()
    metrics, _ = run(scores, tables, aggregate=aggregate)
    videos = chosen(scores, "NT").groupby("key").agg(label=("label", "first"), score=("score", aggregate))
    expected = roc_auc_score(videos["label"], videos["score"])
    assert metrics["test"]["NT"]["video"]["auc"] == pytest.approx(expected)


def test_the_threshold_is_validations_and_no_test_score_moves_it():
    scores, tables = make()
    metrics, _ = run(scores, tables)
    moved = scores.copy()
    moved.loc[moved["part"] == "test", "score"] **= 3
    for choice in ("threshold", "thresholds", "calibration", "validation"):
        assert run(moved, tables)[0][choice] == metrics[choice]
    frames = chosen(scores, "NT")
    predicted = frames["score"] >= metrics["threshold"]["frame"]
    point = metrics["test"]["NT"]["frame"]
    assert point["at_validation"]["f1"] == pytest.approx(f1_score(frames["label"], predicted))
    assert point["at_half"]["f1"] == pytest.approx(f1_score(frames["label"], frames["score"] >= 0.5))


@pytest.mark.parametrize("level", ["frame", "video"])
@pytest.mark.parametrize("rule", ["eer", "youden", "fpr"])
def test_all_rules_stand_beside_and_one_is_the_operating_point(level, rule):
    scores, tables = make()
    metrics, _ = run(scores, tables, threshold=rule)
    expected = choose_thresholds(*at(scores[scores["part"] == "val"], level), fpr_budget=0.25)
    assert metrics["thresholds"][level] == expected
    assert metrics["threshold"][level] == expected[rule]
    assert (metrics["threshold"]["rule"], metrics["fpr_budget"]) == (rule, 0.25)
    for points, frames in (
        (metrics["validation"], scores[scores["part"] == "val"]),
        (metrics["test"]["DF"], chosen(scores, "DF")),
    ):
        found = points[level]
        values, labels = at(frames, level)
        assert found["at_validation"] == found["at_thresholds"][rule]
        for name, cut in expected.items():
            assert found["at_thresholds"][name]["tpr"] == pytest.approx(recall_score(labels, values >= cut))
    assert metrics["validation"][level]["at_thresholds"]["fpr"]["fpr"] <= 0.25


@pytest.mark.parametrize("level", ["frame", "video"])
@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_scores_become_probabilities_by_what_validation_says(level, method):
    scores, tables = make()
    metrics, _ = run(scores, tables, calibration=method)
    fitted = fit_calibration(*at(scores[scores["part"] == "val"], level), method)
    assert fitted.slope > 0
    described = {"slope": fitted.slope, "intercept": fitted.intercept}
    assert metrics["calibration"]["method"] == method
    assert metrics["calibration"][level] == pytest.approx(described)
    found = metrics["test"]["NT"][level]
    values, labels = at(chosen(scores, "NT"), level)
    chances = expit(fitted.slope * logit(values) + fitted.intercept)
    assert found["uncalibrated"]["brier"] == pytest.approx(brier_score_loss(labels, values))
    assert found["uncalibrated"]["ece"] == pytest.approx(expected_calibration_error(values, labels))
    assert "reliability" not in found["uncalibrated"] | found["uncalibrated"]["at_validation_prior"]
    assert found["probability"]["brier"] == pytest.approx(brier_score_loss(labels, chances))
    assert found["probability"]["ece"] == pytest.approx(expected_calibration_error(chances, labels))
    bins = [row._asdict() for row in reliability(chances, labels)]
    for row, expected in zip(found["probability"]["reliability"], bins, strict=True):
        assert row == pytest.approx(expected)


def test_the_prior_of_validation_is_in_the_file_and_its_weights_are_used():
    scores, tables = make()
    scores = scores[scores["key"] != "d/FS/-/val3"]  # 4 real and 3 manipulated
    metrics, _ = run(scores, tables)
    prior = metrics["calibration"]["validation_prior"]
    assert prior == pytest.approx({"frame": 9 / 21, "video": 3 / 7})
    found = metrics["test"]["NT"]["video"]["uncalibrated"]["at_validation_prior"]
    values, labels = at(chosen(scores, "NT"), "video")
    weights = np.where(labels == 1, 3 / 7 / 6, 4 / 7 / 5)
    assert found["brier"] == pytest.approx(brier_score_loss(labels, values, sample_weight=weights))
    own = metrics["validation"]["video"]["probability"]
    assert own["at_validation_prior"]["brier"] == pytest.approx(own["brier"])


def test_nothing_is_called_a_probability_without_calibration():
    scores, tables = make()
    metrics, _ = run(scores, tables, calibration="none")
    assert "probability" not in json.dumps(metrics)
    assert metrics["calibration"] == {"method": "none", "validation_prior": {"frame": 0.5, "video": 0.5}}
    assert metrics["test"]["NT"]["video"]["uncalibrated"]["brier"] > 0


def test_a_slope_of_0_has_its_note_in_the_file():
    scores, tables = make()
    metrics, _ = run(scores.assign(score=1 - scores["score"]), tables)
    fitted = metrics["calibration"]["video"]
    assert fitted["slope"] == 0
    assert "wrong way round" in fitted["note"]
    assert run(scores, tables)[0]["calibration"]["video"].keys() == {"slope", "intercept"}


def test_identity_groups_are_counted_in_every_entry():
    scores, tables = make()
    metrics, _ = run(scores, tables)
    # Two neighbours of a manipulation make a group, and manipulations share groups.
    assert [metrics["validation"][level]["n_groups"] for level in ("frame", "video")] == [2, 2]
    points = metrics["test"]["NT"]
    assert [points[level]["n_groups"] for level in ("frame", "video")] == [3, 3]
    tables["test"]["group"] = range(len(tables["test"]))
    points = run(scores, tables)[0]["test"]["NT"]
    assert points["video"]["n_groups"] == 5 + 6
    assert {name: row["n_groups"] for name, row in points["strata"].items()} == {
        "twin": 5 + 3,
        "no_twin": 5 + 3,
        "seen_identity": 5 + 4,
        "clean": 5 + 2,
        "unknown": 5,
    }


def test_namesakes_of_two_manipulations_are_two_videos():
    scores, tables = make()
    assert {key.rsplit("/", 1)[1] for key in chosen(scores, "NT")["key"]} >= {"test0"}
    alone = run(scores[scores["manipulation"] != "DF"], tables)[0]["test"]["NT"]
    assert run(scores, tables)[0]["test"]["NT"] == alone


def test_shuffled_rows_give_the_same_files():
    scores, tables = make()
    shuffled = scores.sample(frac=1, random_state=1)
    assert run(shuffled, tables) == run(scores, tables)


def numbers(content, path=()):
    """Every leaf that is a number or null, with the names that lead to it."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from numbers(value, (*path, name))
    elif content is None or isinstance(content, int | float):
        yield path, content


def test_a_test_without_real_videos_is_null_with_the_reason():
    scores, tables = make()
    scores = scores[(scores["part"] == "val") | (scores["label"] == 1)]
    metrics, _ = run(scores, tables)
    for level in ("frame", "video"):
        found = metrics["test"]["NT"][level]
        assert found["undefined"].startswith("needs both classes, got 0 real and ")
        defined = {path[-1] for path, value in numbers(found) if value is not None}
        assert defined == {"tpr", "n_real", "n_fake", "n_groups"}
    missing = {path for path, value in numbers(metrics["validation"]) if value is None}
    assert {path[:2] for path in missing} == {("frame", "tpr_at_fpr"), ("video", "tpr_at_fpr")}
    json.dumps(metrics, allow_nan=False)


def test_a_budget_that_the_reals_cannot_measure_is_null_with_the_reason():
    """Validation: 4 videos, 12 frames; test: 5 real videos, 15 frames."""
    scores, tables = make()
    metrics, _ = run(scores, tables)
    for points, n_videos in ((metrics["validation"], 4), (metrics["test"]["NT"], 5)):
        for level, n, small in (
            ("video", n_videos, "0.01, 0.05, 0.1"),
            ("frame", 3 * n_videos, "0.01, 0.05"),
        ):
            found = points[level]
            assert found["undefined"] == f"tpr_at_fpr {small}: needs 1/budget real rows, got {n}"
            missing = [budget for budget, value in found["tpr_at_fpr"].items() if value is None]
            assert ", ".join(missing) == small
            assert found["auc"] is not None
        assert "undefined" not in points.get("strata", {}).get("twin", {})  # which has no such budget


def test_enough_reals_leave_nothing_undefined():
    scores, tables = make()
    reals = scores[(scores["part"] == "test") & (scores["label"] == 0)]
    table = tables["test"]
    for copy in range(19):
        more = {key: f"{key}-{copy}" for key in reals["key"]}
        scores = pd.concat([scores, reals.assign(key=reals["key"].map(more))], ignore_index=True)
        rows = tables["test"][tables["test"]["key"].isin(more)]
        table = pd.concat([table, rows.assign(key=rows["key"].map(more))], ignore_index=True)
    found = run(scores, {**tables, "test": table})[0]["test"]["NT"]
    for level in ("frame", "video"):
        assert found[level]["n_real"] >= 100
        assert None not in found[level]["tpr_at_fpr"].values()
        assert "undefined" not in found[level]


def test_what_is_read_off_the_test_roc_is_called_so():
    scores, tables = make()
    metrics, _ = run(scores, tables)
    assert metrics["oracle"] == ["eer", "tpr_at_fpr"]
    assert set(metrics["oracle"]) <= set(metrics["test"]["NT"]["video"])


def test_what_cannot_be_evaluated_is_refused():
    scores, tables = make()
    with pytest.raises(InputError, match="'best': must be one of eer, youden, fpr"):
        run(scores, tables, threshold="best")
    with pytest.raises(InputError, match="'isotonic': must be one of"):
        run(scores, tables, calibration="isotonic")
    with pytest.raises(InputError, match=r"not in \[0, 1\].*sigmoid"):
        run(scores.assign(score=scores["score"] * 9 - 5), tables)
    with pytest.raises(InputError, match="calibration by platt: needs both classes"):
        run(scores[(scores["part"] == "test") | (scores["label"] == 1)], tables)
    with pytest.raises(InputError, match="column group is missing"):
        run(scores, {**tables, "val": tables["val"].drop(columns="group")})
    with pytest.raises(InputError, match="'d/real/-/test0': not in its part"):
        run(scores, {**tables, "test": tables["test"][1:]})


def test_strata_split_the_fakes():
    scores, tables = make()
    strata = run(scores, tables)[0]["test"]["NT"]["strata"]
    assert {name: row["n_fake"] for name, row in strata.items()} == {
        "twin": 3,
        "no_twin": 3,
        "seen_identity": 4,
        "clean": 2,
        "unknown": 0,
    }
    assert all(row["n_real"] == 5 for row in strata.values())
    keys = set(tables["test"]["key"][tables["test"]["twin"] == 1])
    frames = chosen(scores, "NT")
    frames = frames[(frames["label"] == 0) | frames["key"].isin(keys)]
    assert strata["twin"]["frame_auc"] == pytest.approx(roc_auc_score(frames["label"], frames["score"]))


def test_an_empty_stratum_is_null_with_its_reason():
    scores, tables = make()
    tables["test"]["any_seen"] = 1
    strata = run(scores, tables)[0]["test"]["NT"]["strata"]
    assert strata["clean"]["video_auc"] is None
    assert "0 manipulated" in strata["clean"]["undefined"]


def test_calling_everything_fake_stands_beside():
    scores, tables = make()
    reference = run(scores, tables)[0]["test"]["NT"]["all_fake"]["video"]
    expected = {"accuracy": 6 / 11, "balanced_accuracy": 0.5, "f1": 12 / 17, "tpr": 1, "fpr": 1}
    assert reference == pytest.approx(expected)


def test_errors_are_those_of_the_headline():
    scores, tables = make()
    metrics, errors = run(scores, tables)
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


@given(
    st.lists(
        st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=4), min_size=4, max_size=4
    ),
    st.randoms(),
)
def test_a_frame_has_the_highest_score_of_its_people_and_says_whose(videos, random):
    """Of each video the people in each of its frames; rows person by person, the main one first."""
    rows = []
    for key, frames in zip("abcd", videos, strict=True):
        people = sorted({person for shown in frames for person in shown}, key=lambda _: random.random())
        rows += [(key, n, person) for person in people for n, shown in enumerate(frames) if person in shown]
    index = RowIndex(*zip(*rows, strict=True))
    scores = np.array([random.choice([0.0, 0.3, 0.9]) for _ in rows])
    tables = {
        "val": pd.DataFrame({"key": ["b", "a"], "label": [0, 1], "manipulation": ["real", "FS"]}),
        "test": pd.DataFrame({"key": ["c", "d"], "label": [1, 0], "manipulation": ["NT", "real"]}),
    }
    found = score_parts(tables, index, lambda chosen: scores[chosen])
    slow = []
    for part, table in tables.items():
        for key in table["key"]:
            for frame in range(len(videos["abcd".index(key)])):
                here = [
                    (scores[n], person) for n, (k, f, person) in enumerate(rows) if (k, f) == (key, frame)
                ]
                highest = max(score for score, _ in here)
                slow.append((part, key, frame, highest, next(p for score, p in here if score == highest)))
    columns = ["part", "key", "frame", "score", "person"]
    assert list(found[columns].itertuples(index=False, name=None)) == slow


def test_the_line_for_the_terminal_names_every_manipulation():
    scores, tables = make()
    line = summary_line("lora", run(scores, tables)[0])
    assert line.startswith("lora: video AUC validation ")
    assert ", NT " in line
    assert ", DF " in line


def test_validation_says_by_identity_group_whether_a_detector_is_usable():
    scores, tables = make()
    val = scores[scores["part"] == "val"]
    groups = val["key"].map(tables["val"].set_index("key")["group"])
    metrics, _ = run(scores, tables)
    frames = usable(val["score"], val["label"], groups)
    assert metrics["usable"]["frame"] == pytest.approx(frames, nan_ok=True)
    videos = (
        val.assign(group=groups)
        .groupby("key")
        .agg(label=("label", "first"), score=("score", "mean"), group=("group", "first"))
    )
    assert metrics["usable"]["video"] == pytest.approx(
        usable(videos["score"], videos["label"], videos["group"])
    )
    chosen_among, _ = run(scores, tables, n_tried=8)
    assert chosen_among["usable"]["frame"] == pytest.approx(
        usable(val["score"], val["label"], groups, n_tried=8), nan_ok=True
    )
    assert chosen_among["usable"]["frame"]["low"] < metrics["usable"]["frame"]["low"]


def test_a_reversed_detector_keeps_its_scores_and_is_called_unusable():
    scores, tables = make()
    turned = scores.assign(score=np.where(scores["label"] == 1, 0.2, 0.8) + 0.1 * scores["score"])
    metrics, _ = run(turned, tables)
    assert not metrics["usable"]["video"]["usable"]
    assert metrics["test"]["NT"]["video"]["auc"] == 0
    assert "not usable: " in summary_line("a", metrics)


def test_each_data_set_is_scored_by_itself_so_that_none_moves_the_digits_of_another():
    _, tables = make()
    own = tables["test"]
    tables["test"] = pd.concat(
        [own, own.assign(key="o/" + own["key"], manipulation=own["manipulation"] + "@o")]
    )
    keys = [key for table in tables.values() for key in table["key"]]
    index, asked = RowIndex(np.repeat(keys, 2), np.tile([0, 1], len(keys))), []

    def score(rows):
        asked.append({key.partition("/")[0] for key in index.keys_of(rows)})
        return index.frames[rows] / 2

    found = score_parts(tables, index, score)
    assert asked == [{"d"}, {"d"}, {"o"}]
    assert (found["score"] == found["frame"] / 2).all()
    assert found["key"].tolist() == np.repeat(keys, 2).tolist()
