"""What DIR/metrics.json holds: small files by hand, and published scores to four decimals."""

import json

import numpy as np
import pandas as pd
import pytest

from clipforensics.audit import words
from clipforensics.audit.findings import Options, find, frame_table
from clipforensics.audit.lists import read_list
from clipforensics.audit.names import read_names
from clipforensics.audit.reading import read_scores
from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import choose
from tests.support.score_files import TRAIN, VIDEOS, write_scores
from tests.support.shared_data import PEER_SCORES, needs_shared

STRATA = ["all", "twin", "no_twin", "seen_identity", "clean", "unknown"]


def audited(folder, videos=VIDEOS, train=TRAIN, others=(), val=None, **options):
    """Findings of one detector `a`, and of `others`: detector -> videos."""
    tables = {"a": videos, **dict(others)}
    scores = {name: read_scores(write_scores(folder / f"{name}.csv", v)) for name, v in tables.items()}
    names = read_names(scores["a"], train, naming=choose("ffpp"), val=val)
    content = find(scores, names, Options(**{"reference": "a", "n_replicates": 200, **options}))
    json.dumps(content, allow_nan=False)
    return content


def cell(content, stratum, level="video", manipulation="NT"):
    place = (manipulation, stratum, level)
    return next(c for c in content["cells"] if (c["manipulation"], c["stratum"], c["level"]) == place)


def test_cells_hold_every_stratum_and_level_with_counts(tmp_path):
    content = audited(tmp_path)
    assert {(c["stratum"], c["level"]) for c in content["cells"]} == {
        (stratum, level) for stratum in STRATA for level in ("video", "frame")
    }
    sizes = {s: tuple(cell(content, s)[k] for k in ("n_real", "n_fake", "n_groups")) for s in STRATA}
    assert sizes == {
        "all": (3, 5, 7), "twin": (3, 2, 5), "no_twin": (3, 3, 6),
        "seen_identity": (3, 3, 5), "clean": (3, 2, 5), "unknown": (3, 0, 3),
    }  # fmt: skip
    assert cell(content, "twin", "frame")["n_fake"] == 4
    aucs = {s: cell(content, s)["detectors"]["a"]["auc"] for s in STRATA}
    expected = {"all": 12 / 15, "twin": 1, "no_twin": 6 / 9, "seen_identity": 1, "clean": 3 / 6}
    assert aucs.pop("unknown") is None
    assert aucs == pytest.approx(expected)


def test_the_headline_is_a_manipulation_that_was_not_trained_on(tmp_path):
    videos = {**VIDEOS, ("AA", "070_071", 1): 0.5, ("FS", "070_071", 1): 0.5}
    content = audited(tmp_path, videos, [*TRAIN, ("AA", "100_101")])
    assert content["headline"] == {
        "split": "given", "protocol": "given", "train_set": "AA+FS", "manipulation": "NT",
    }  # fmt: skip
    assert list(content["points"]["a"]) == ["NT", "AA", "FS"]


def test_training_videos_among_the_scored_make_a_stratum(tmp_path):
    content = audited(tmp_path, train=[*TRAIN, ("NT", "042_043"), ("NT", "040_041")])
    found = cell(content, "trained_on")
    assert (found["n_real"], found["n_fake"]) == (3, 2)
    assert found["detectors"]["a"]["auc"] == pytest.approx(0.5)
    assert len([c for c in content["cells"] if c["stratum"] == "trained_on"]) == 2
    assert content["leakage"]["manipulations"]["NT"]["trained_on"] == 2


def test_an_empty_stratum_is_null_with_its_reason(tmp_path):
    content = audited(tmp_path, train=[("real", "000"), ("FS", "000_900")])
    found = cell(content, "twin")
    assert found["n_fake"] == 0
    assert found["detectors"]["a"]["auc"] is None
    assert "0 manipulated" in str(found["undefined"])


def test_differences_are_paired_and_against_the_reference(tmp_path):
    higher = {key: score + 0.3 * key[2] for key, score in VIDEOS.items()}
    content = audited(tmp_path, others={"b": higher, "c": VIDEOS}, reference="c")
    found = cell(content, "all")
    assert list(found["detectors"]) == ["a", "b", "c"]
    assert set(found["differences"]) == {"a", "b"}
    assert found["differences"]["a"]["auc"] == 0
    assert found["differences"]["b"]["auc"] == pytest.approx(
        found["detectors"]["b"]["auc"] - found["detectors"]["c"]["auc"]
    )


def test_the_leak_gap_is_the_difference_of_two_strata(tmp_path):
    """Ten fakes with a twin that score above all ten reals, ten without that do not."""
    real = {("real", f"00{i}", 0): 0.3 + 0.02 * i for i in range(10)}
    twins = {("NT", f"01{i}_02{i}", 1): 0.45 + 0.05 * i for i in range(10)}
    others = {("NT", f"03{i}_04{i}", 1): 0.2 + 0.03 * i for i in range(10)}
    videos = {**real, **twins, **others, ("DF", "070_071", 1): 0.5}
    train = [("FS", video) for _, video, _ in twins]
    content = audited(tmp_path, videos, train, others={"b": {key: 1 - s for key, s in videos.items()}})
    gaps = {(g["manipulation"], g["level"]): g for g in content["leak_gaps"] if g["subtrahend"] == "no_twin"}
    assert set(gaps) == {(m, level) for m in ("DF", "NT") for level in ("frame", "video")}
    place = ("protocol", "train_set", "minuend", "subtrahend", "n_real", "n_fake", "n_groups")
    assert [gaps["NT", "video"][name] for name in place] == ["given", "FS", "twin", "no_twin", 10, 20, 30]
    for level in ("video", "frame"):
        gap, sides = gaps["NT", level], [cell(content, s, level)["detectors"] for s in ("twin", "no_twin")]
        of = {name: sides[0][name]["auc"] - sides[1][name]["auc"] for name in ("a", "b")}
        assert gap["detectors"]["a"]["auc"] == pytest.approx(of["a"])
        assert 0 < gap["detectors"]["a"]["low"] < of["a"] < gap["detectors"]["a"]["high"] < 1
        assert gap["differences"]["b"]["auc"] == pytest.approx(of["b"] - of["a"])
        assert gap["differences"]["b"]["high"] < 0
    assert gaps["DF", "video"]["detectors"]["a"]["auc"] is None
    assert "clusters of each class" in gaps["DF", "video"]["undefined"]


RANKING = [
    "auc", "ap", "eer", "eer_at_nearest_threshold", "partial_auc",
    "tpr_at_fpr_0.01", "tpr_at_fpr_0.05", "tpr_at_fpr_0.1",
]  # fmt: skip
AT_THRESHOLD = ["accuracy", "balanced_accuracy", "f1", "tpr", "fpr"]


def metrics_of(content, level="video", manipulation="NT"):
    rows = [r for r in content["metrics"] if (r["manipulation"], r["level"]) == (manipulation, level)]
    return {row["metric"]: row for row in rows}


@pytest.mark.parametrize("level", ["video", "frame"])
def test_every_metric_has_an_interval_around_its_point(tmp_path, level):
    """Of every manipulation; by hand: called fake are .9, .8, .7 and the real .6."""
    videos = {**VIDEOS, ("DF", "070_071", 1): 0.5, ("DF", "072_073", 1): 0.4}
    content = audited(tmp_path, videos, others={"b": {key: 1 - s for key, s in videos.items()}})
    for manipulation in ("NT", "DF"):
        found = metrics_of(content, level, manipulation)
        assert list(found) == RANKING + AT_THRESHOLD
        point = content["points"]["a"][manipulation][level]
        budgets = {f"tpr_at_fpr_{budget}": value for budget, value in point["tpr_at_fpr"].items()}
        expected = {**point, **budgets, **point["at_threshold"]}
        for name, row in found.items():
            assert row["detectors"]["a"]["value"] == pytest.approx(expected[name]), name
            assert (row["n_real"], row["n_fake"], row["n_groups"]) == (
                point["n_real"], point["n_fake"], point["n_groups"],
            )  # fmt: skip
    found = metrics_of(content, level)
    assert found["accuracy"]["detectors"]["a"]["value"] == pytest.approx(5 / 8)
    assert 0 < found["auc"]["detectors"]["a"]["low"] < 0.8 < found["auc"]["detectors"]["a"]["high"] < 1
    difference = found["auc"]["differences"]["b"]
    assert difference["value"] == pytest.approx(2 * 0.2 - 1, abs=0.05)
    assert difference["low"] < difference["value"] < difference["high"]
    assert 0 < difference["p"] < 1
    assert found["auc"]["protocol"] == "given"


def test_metrics_at_a_threshold_only_where_there_is_one(tmp_path):
    logits = {key: 10 * score for key, score in VIDEOS.items()}
    assert list(metrics_of(audited(tmp_path, logits))) == RANKING
    given = audited(tmp_path, logits, threshold=2.5)
    assert metrics_of(given)["tpr"]["detectors"]["a"]["value"] == pytest.approx(4 / 5)
    mixed = metrics_of(audited(tmp_path, logits, others={"b": VIDEOS}))
    assert list(mixed) == RANKING + AT_THRESHOLD
    accuracy = mixed["accuracy"]
    assert accuracy["detectors"]["a"] == {"value": None, "low": None, "high": None, "covers": "videos"}
    assert accuracy["detectors"]["b"]["value"] == pytest.approx(5 / 8)
    assert accuracy["differences"]["b"] == {
        "value": None,
        "low": None,
        "high": None,
        "covers": "videos",
        "p": None,
    }
    assert "no --threshold was given" in accuracy["undefined"]
    assert "undefined" not in mixed["auc"]


def test_the_file_says_that_nothing_is_calibrated(tmp_path):
    content = audited(tmp_path)
    assert content["calibration"]["method"] == "none"
    assert "no validation scores" in content["calibration"]["undefined"]
    assert not {"brier", "ece"} & set(metrics_of(content))


def test_no_threshold_is_found_on_the_scores(tmp_path):
    point = audited(tmp_path)["points"]["a"]["NT"]["video"]
    assert point["at_threshold"]["accuracy"] == pytest.approx(5 / 8)  # .6 is called fake, .3 and .15 real
    assert (point["at_threshold"]["tpr"], point["at_threshold"]["fpr"]) == pytest.approx((3 / 5, 1 / 3))
    given = audited(tmp_path, threshold=0.25)
    assert given["threshold"] == {"a": {"value": 0.25, "rule": "given"}}
    assert given["points"]["a"]["NT"]["video"]["at_threshold"]["tpr"] == pytest.approx(4 / 5)
    logits = audited(tmp_path, {key: 10 * score for key, score in VIDEOS.items()})
    assert logits["threshold"]["a"]["value"] is None
    assert logits["points"]["a"]["NT"]["video"]["at_threshold"] is None
    assert "no --threshold was given" in logits["points"]["a"]["NT"]["video"]["undefined"]
    assert logits["points"]["a"]["NT"]["video"]["auc"] == pytest.approx(12 / 15)


def test_pooling_and_clusters_are_as_asked(tmp_path):
    groups = audited(tmp_path)
    videos = audited(tmp_path, cluster="video")
    assert videos["bootstrap"] == {"n_replicates": 200, "seed": 42, "confidence": 0.95, "cluster": "video"}
    intervals = [cell(c, "all")["detectors"]["a"] for c in (groups, videos)]
    assert intervals[0]["auc"] == intervals[1]["auc"]
    assert intervals[0] != intervals[1]
    frames = pd.read_csv(tmp_path / "a.csv")
    frames.loc[frames["video"] == "042_043", "score"] = [0.0, 0.9]
    frames.to_csv(tmp_path / "b.csv", index=False)
    table = read_scores(tmp_path / "b.csv")
    names = read_names(table, TRAIN, naming=choose())
    found = [
        find({"b": table}, names, Options(reference="b", aggregate=how, n_replicates=50))
        for how in ("mean", "max")
    ]
    aucs = [cell(content, "all")["detectors"]["b"]["auc"] for content in found]
    assert aucs[0] < aucs[1]
    of_metrics = [metrics_of(content)["auc"]["detectors"]["b"]["value"] for content in found]
    assert of_metrics == pytest.approx(aucs)


def test_confidence_widens_every_interval(tmp_path):
    few, many = (audited(tmp_path, confidence=confidence) for confidence in (0.5, 0.9))
    for rows in (
        [cell(c, "all")["detectors"]["a"] for c in (few, many)],
        [metrics_of(c)["ap"]["detectors"]["a"] for c in (few, many)],
    ):
        assert rows[1]["low"] < rows[0]["low"] < rows[0]["high"] < rows[1]["high"]
    assert many["bootstrap"]["confidence"] == 0.9


def test_one_name_under_two_manipulations_and_as_real_is_three_videos(tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("video,identity\n" + "".join(f"{name},{name}\n" for _, name, _ in VIDEOS))
    videos = {**VIDEOS, ("DF", "000", 1): 0.9, ("NT", "000", 1): 0.9}
    scores = read_scores(write_scores(tmp_path / "a.csv", videos))
    names = read_names(scores, [("real", "010")], naming=choose(identities=table))
    content = find({"a": scores}, names, Options(reference="a", n_replicates=50))
    assert content["names"]["n_videos"] == len(videos)
    assert cell(content, "all")["n_fake"] == cell(content, "unknown")["n_fake"] == 6
    assert cell(content, "all", manipulation="DF")["n_fake"] == 1


def test_the_table_has_a_row_a_frame_of_the_right_video(tmp_path):
    scores = read_scores(write_scores(tmp_path / "a.csv", VIDEOS))
    names = read_names(scores, TRAIN, naming=choose())
    table = frame_table(scores, names)
    for row in table.to_dict("records"):
        video = names.videos[row["key"]]
        expected = VIDEOS[video.manipulation, video.path, video.label] + 0.01 * row["frame"]
        assert (row["manipulation"], row["label"]) == (video.manipulation, video.label)
        assert row["score"] == pytest.approx(expected)


def test_what_validation_has_seen_is_a_stratum_and_counted(tmp_path):
    content = audited(tmp_path, val=[("real", "020"), ("FS", "040_041"), ("FS", "001_030")])
    assert cell(content, "clean_of_both")["n_fake"] == 1  # 042_043
    assert content["leakage"]["validation"]["manipulations"]["NT"]["twin"] == 2
    assert content["leakage"]["validation"]["manipulations"]["NT"]["any_seen"] == 3
    assert content["leakage"]["validation"]["real"]["any_seen"] == 1
    assert content["leakage"]["unknown_identity"] == {"train": 0, "val": 0, "test": 0}
    assert "clean_of_both" not in {c["stratum"] for c in audited(tmp_path)["cells"]}


def test_scores_of_videos_make_no_frame_level_anywhere(tmp_path):
    table = pd.read_csv(write_scores(tmp_path / "a.csv", VIDEOS, n_frames=1), dtype={"video": str})
    table.drop(columns="frame").to_csv(tmp_path / "b.csv", index=False)
    scores = read_scores(tmp_path / "b.csv")
    content = find(
        {"b": scores}, read_names(scores, TRAIN, naming=choose()), Options(reference="b", n_replicates=50)
    )
    assert content["levels"] == ["video"]
    assert content["names"]["n_frames"] is None
    for rows in ("cells", "leak_gaps", "metrics"):
        assert {row["level"] for row in content[rows]} == {"video"}
    assert set(content["points"]["b"]["NT"]) == {"video", "all_fake"}
    assert cell(content, "all")["detectors"]["b"]["auc"] == pytest.approx(12 / 15)


def test_the_choice_of_the_best_of_many_is_priced_by_the_interval(tmp_path):
    content = audited(tmp_path, chosen_from=27, confidence=0.9)
    row = cell(content, "all")["detectors"]["a"]
    found = content["chosen_from"]
    assert (found["n"], found["detector"]) == (27, "a")
    error = found["manipulations"]["NT"]["standard_error"]
    assert error == pytest.approx((row["high"] - row["low"]) / 2 / 1.6449, abs=1e-4)
    drawn = np.random.default_rng(0).normal(size=(20_000, 27)).max(axis=1).mean()
    assert found["manipulations"]["NT"]["excess"] == pytest.approx(error * drawn, rel=0.01)
    assert "chosen_from" not in audited(tmp_path)


# Published scores


@pytest.fixture(scope="module")
def peers():
    paths = {name: PEER_SCORES / f"{name}.csv" for name in ("lora", "linear", "vpt")}
    scores = {name: read_scores(path) for name, path in paths.items()}
    names = read_names(scores["lora"], read_list([PEER_SCORES / "train.csv"], choose()), naming=choose())
    return find(scores, names, Options(reference="lora", n_replicates=1000))


@needs_shared
@pytest.mark.parametrize("name", ["linear", "lora", "vpt"])
def test_peer_scores_give_the_expected_values(peers, name):
    expected = json.loads((PEER_SCORES / "expected.json").read_text(encoding="utf-8"))[name]
    cells = {(c["stratum"], c["level"]): c for c in peers["cells"] if c["manipulation"] == "NeuralTextures"}
    found = {
        "frame_auc": cells["all", "frame"]["detectors"][name]["auc"],
        "video_auc": cells["all", "video"]["detectors"][name]["auc"],
        "video_auc_twin": cells["twin", "video"]["detectors"][name]["auc"],
        "video_auc_no_twin": cells["no_twin", "video"]["detectors"][name]["auc"],
        "n_real": cells["all", "video"]["n_real"],
        "n_fake": cells["all", "video"]["n_fake"],
        "n_twin": cells["twin", "video"]["n_fake"],
    }
    assert {key: round(value, 4) for key, value in found.items()} == expected


@needs_shared
@pytest.mark.parametrize(
    ("name", "frame", "video"),
    [
        ("lora", (0.8663, 0.1990, 0.8207, 0.8943), (0.8690, 0.2000, 0.8364, 0.9043)),
        ("vpt", (0.8636, 0.1990, 0.8220, 0.8941), (0.8790, 0.2000, 0.8364, 0.9032)),
    ],
)
def test_peer_scores_give_the_authors_values(peers, name, frame, video):
    """His threshold is .5, so his ACC and F1 are no oracle's; his EER is that of the nearest vertex."""
    assert peers["threshold"][name] == {"value": 0.5, "rule": "half"}
    for level, published in (("frame", frame), ("video", video)):
        point = peers["points"][name]["NeuralTextures"][level]
        at = point["at_threshold"]
        found = (point["auc"], point["eer_vertex"], at["accuracy"], at["f1"])
        assert tuple(round(value, 4) for value in found) == published


@needs_shared
def test_peer_strata_are_known_by_their_sizes(peers):
    sizes = {c["stratum"]: (c["n_real"], c["n_fake"]) for c in peers["cells"] if c["level"] == "video"}
    assert sizes["all"] == (10, 100)
    assert sizes["twin"] == (10, 90)
    assert sizes["no_twin"] == (10, 10)
    assert peers["names"]["n_train"] == 170
    assert peers["names"]["n_train_real"] == 80
    assert peers["names"]["n_unknown"] == peers["names"]["n_train_unknown"] == 0
    assert peers["names"]["owners"] == []
    assert peers["leakage"]["fake"]["trained_on"] == peers["leakage"]["real"]["trained_on"] == 0
    difference = next(c for c in peers["cells"] if (c["stratum"], c["level"]) == ("all", "video"))[
        "differences"
    ]
    assert np.sign(difference["linear"]["high"]) == -1  # the linear probe is worse, and it shows
    gap = next(g for g in peers["leak_gaps"] if g["level"] == "video")["detectors"]["lora"]
    assert round(gap["auc"], 3) == 0.421
    assert gap["low"] > 0


FORMS = {
    "_c40": lambda name: f"{name}_c40",
    "vid_": lambda name: f"vid_{name}",
    "_frames": lambda name: f"{name}_frames",
    "a path": lambda name: f"NeuralTextures/c40/videos/{name}.mp4",
    "-": lambda name: name.replace("_", "-"),
    "the target alone": lambda name: name[:3],
    "a person and a number": lambda name: f"person{name[1:3]}_0{name[4:]}",
}
READ = {"_c40", "vid_", "_frames", "a path"}


@needs_shared
@pytest.mark.parametrize("form", FORMS)
def test_published_names_written_another_way_say_the_same_or_stop(tmp_path, form):
    """Of 100 fakes 90 have a twin, however their names are written."""
    table = pd.read_csv(PEER_SCORES / "lora.csv", dtype={"video": str})
    fakes = table["label"] == 1
    table.loc[fakes, "video"] = table.loc[fakes, "video"].map(FORMS[form])
    table.to_csv(tmp_path / "lora.csv", index=False)
    scores = read_scores(tmp_path / "lora.csv")
    train = read_list([PEER_SCORES / "train.csv"], choose())
    for naming in (choose(), choose("ffpp")):
        if form not in READ:
            with pytest.raises(InputError, match=r"SCORES: 100 of 1\d\d names are not to be trusted"):
                read_names(scores, train, naming=naming)
            continue
        content = find({"lora": scores}, read_names(scores, train, naming=naming), QUICK)
        assert content["leakage"]["manipulations"]["NeuralTextures"]["twin"] == 90
        assert words.headline(content, "NeuralTextures") == (
            "Nine of ten NeuralTextures fakes have a twin in training: lora's video AUC is .911 on those,"
            " .490 on the others"
        )


QUICK = Options(reference="lora", n_replicates=50)
