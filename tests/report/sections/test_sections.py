"""Calibration, robustness, leak audit, errors with heatmaps, origin: what each says, and when nothing."""

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.explanations.maps import Heatmaps
from clipforensics.report.figures.overlay import overlay
from clipforensics.report.reading.provenance import Provenance
from clipforensics.report.sections import errors as wrong
from clipforensics.report.sections import leaks, origin
from clipforensics.report.sections.calibration import calibration_section
from clipforensics.report.sections.gallery import Album, data_uri, error_lists
from clipforensics.report.sections.robustness import robustness_section
from tests.report.test_words_of_the_page import spaces
from tests.support.made_up_findings import FAKE_KEY, REAL_KEY, Store, entry, errors

# calibration


def calibrated(method="platt"):
    bins = [
        {"low": 0.0, "high": 0.5, "n": 4, "mean_probability": 0.3, "share_manipulated": 0.5},
        {"low": 0.5, "high": 1.0, "n": 0, "mean_probability": None, "share_manipulated": None},
    ]
    after = {"brier": 0.21, "ece": 0.22, "reliability": bins, "at_validation_prior": {"ece": 0.12}}
    point = {
        "n_real": 10, "n_fake": 30, "uncalibrated": {"brier": 0.31, "ece": 0.32},
        "probability": after,
    }  # fmt: skip
    if method == "none":
        del point["probability"]
    fitted = {"slope": 4.5, "intercept": -2.25, "note": "separable"}
    prior = {"video": 0.5, "frame": 0.5}
    return {
        "detector": "lora", "calibration": {"method": method, "video": fitted, "validation_prior": prior},
        "test": {"X": {"video": point}},
    }  # fmt: skip


def test_calibration_shows_before_and_after_and_both_priors():
    found = calibration_section([calibrated()], manipulation="X", order=["baseline", "lora"])
    assert "Platt scaling" in found.lead
    ((caption, figure),) = found.figures[0]
    assert caption == "LoRA, video level"
    assert "series-1" in figure
    (row,) = found.table.groups[0].rows
    assert [c.text for c in row] == [
        "LoRA", ".310", ".210", ".320", ".220", ".120", "4.500", "−2.250", "50%", "75%",
    ]  # fmt: skip
    assert (row[0].note, row[-1].note) == ("separable", "of 40")
    assert "50% manipulated. Of this test 75% are" in found.caveat


def test_only_detectors_with_a_colour_have_a_diagram():
    runs = [calibrated(), {**calibrated(), "detector": "other"}]
    found = calibration_section(runs, manipulation="X", order=["lora"])
    assert [caption for row in found.figures for caption, _ in row] == ["LoRA, video level"]
    assert [r[0].text for r in found.table.groups[0].rows] == ["LoRA", "other"]
    assert found.lead.endswith("Diagrams are of 1 detector, the table of all 2.")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (calibrated("none"), "calibration is switched off"),
        ({"detector": "lora", "test": {"X": {"video": {}}}}, "the metrics files hold no calibration"),
    ],
)
def test_without_calibration_no_score_is_called_a_probability(one, why):
    found = calibration_section([one], manipulation="X", order=["lora"])
    assert (found.figures, found.table) == ((), None)
    assert "not called probabilities" in found.lead
    assert why in found.lead


# robustness


def degraded(kind, strength, auc, drop=None, setting=""):
    change = (
        {} if drop is None else {"lora": {"auc": drop, "low": drop - 0.05, "high": drop + 0.05, "p": 0.04}}
    )
    return {
        "degradation": kind, "strength": strength, "setting": setting, "level": "video",
        "detectors": {"lora": {"auc": auc, "low": auc - 0.1, "high": auc + 0.1}}, "drops": change,
        "differences": {"lora": {"auc": 0.1, "low": -0.1, "high": 0.3}},
    }  # fmt: skip


def robustness(*rows):
    return {"detectors": ["baseline", "lora"], "seed": 42, "manipulation": "X", "rows": list(rows)}


def test_robustness_has_a_panel_a_degradation_and_names_the_largest_change_at_full_strength():
    rows = [
        degraded("blur", 2, 0.5, -0.1, "sigma 2"), degraded("blur", 1, 0.2, -0.4, "sigma 1"),
        degraded("none", 0, 0.6, setting="undegraded"), degraded("my_own", 2, 0.55, -0.05, "2"),
    ]  # fmt: skip
    found = robustness_section(robustness(*rows), why="off", reference="baseline")
    assert [(title, said) for title, said, _ in found.figures] == [
        ("Blur", "1: sigma 1; 2: sigma 2"),
        ("My own", "2: 2"),
    ]
    assert spaces(found.lead).endswith("changes most, of LoRA by −.100 [−.150, −.050] under blur.")
    assert "LoRA: 0.600" in found.figures[0][2]
    assert "LoRA: 0.600" in found.figures[1][2]  # each begins at the undegraded test
    blur = next(g for g in found.table.groups if g.name == "Blur")
    assert [[c.text for c in r] for r in blur.rows] == [
        ["1", "–", ".200", "–", "–", "−.400", ".040", "+.100"],
        ["2", "–", ".500", "–", "–", "−.100", ".040", "+.100"],
    ]


def test_robustness_is_shown_at_the_level_of_the_file():
    rows = [
        {**degraded(kind, strength, 0.6, drop), "level": "frame"}
        for kind, strength, drop in (("none", 0, None), ("blur", 1, -0.1))
    ]
    found = robustness_section({**robustness(*rows), "level": "frame"}, why="off", reference="baseline")
    assert found.level == "frame"
    assert "At full strength frame AUC changes" in found.lead
    assert "frame AUC under Blur" in found.figures[0][2]
    assert {c.group for c in found.table.columns} == {"", "frame AUC", "change", "difference"}


@pytest.mark.parametrize("content", [None, robustness(), {**robustness(), "undefined": "off"}])
def test_robustness_says_why_there_is_none(content):
    found = robustness_section(content, why="It is switched off.", reference="baseline")
    assert (found.lead, found.figures, found.table) == ("It is switched off.", (), None)


# leak audit


def audit(**flags):
    flags = {"n": 10, "n_groups": 4, "twin": 0, "any_seen": 0, "target_is_training_real": 0, **flags}
    real = {**flags, "n": 1}
    return {
        "protocol": "per_class", "sizes": {"train": {"FaceSwap": 9, "real": 8}, "test": {"X": 10}},
        "real": real, "fake": flags, "manipulations": {"X": flags},
    }  # fmt: skip


def trained(real, **fakes):
    return {"sizes": {"train": {"real": real, **fakes}, "test": {"real": 1}}}


def test_two_protocols_differ_in_more_than_leaks():
    head = {"headline": {"train_set": "A+B", "protocol": "per_class"}}
    leakage = {
        "per_class A+B": trained(80, A=45, B=45), "grouped_kfold-1 A+B": trained(60, A=30, B=30),
        "grouped_kfold-2 A+B": trained(62, A=30, B=30), "grouped_kfold-2 A": trained(1, A=1),
    }  # fmt: skip
    said = "per class 80 real and 90 manipulated; grouped folds 60 to 62 real and 60 manipulated in a fold"
    assert f"({said})" in leaks.about_sizes(leakage, head, "grouped_kfold")
    assert "train on and in which real videos" in leaks.about_sizes({}, head, "grouped_kfold")
    assert leaks.about_sizes(leakage, head, None) == ""


def test_leaks_are_in_words_with_shares():
    flags, sizes = leaks.leak_tables(
        {"per_class FaceSwap": audit(twin=9, target_is_training_real=8, odd_one=1)}
    )
    assert flags.caption != sizes.caption
    rows = {r[0].text: r for r in flags.groups[0].rows}
    assert list(rows) == [
        "videos", "identity groups", "twin in training (same target and source)", "any identity in training",
        "target's real video in training", "odd one",
    ]  # fmt: skip
    assert [c.name for c in flags.columns] == ["test videos", "real", "all fakes", "X"]
    twin = rows["twin in training (same target and source)"]
    assert [(c.text, c.note) for c in twin[2:]] == [("9", "90%"), ("9", "90%")]
    assert not {"target_is_training_real", "any_seen"} & set(rows)
    assert [c.name for c in sizes.columns] == ["part", "real", "FaceSwap", "X"]
    assert [[c.text for c in r] for r in sizes.groups[0].rows] == [
        ["training", "8", "9", "0"], ["test", "0", "0", "10"],
    ]  # fmt: skip


def test_an_audit_without_leaks_is_three_rows_and_several_audits_share_the_tables():
    both = {"per_class FaceSwap": audit(twin=1), "grouped_kfold-2 FaceSwap": audit()}
    flags, sizes = leaks.leak_tables(both)
    assert [g.name for g in flags.groups] == ["Per class: FaceSwap", "Grouped fold 2: FaceSwap"]
    assert [r[0].text for r in flags.groups[1].rows] == [
        "videos", "identity groups", "any identity in training",
    ]  # fmt: skip
    assert len(flags.groups[0].rows) == 5
    assert len(sizes.groups) == 2


def test_what_an_audit_holds_beside_is_not_lost():
    *_, rest = leaks.leak_tables({"per_class A": {**audit(), "extra": {"deep": 77}, "real": [1, 2]}})
    found = {c.text for t in leaks.leak_tables({"per_class A": {"extra": 5, "real": 7}}) for g in t.groups
             for r in g.rows for c in r}  # fmt: skip
    assert {"5", "7"} <= found
    assert "Per class: A" in rest.caption


def test_the_worst_leak_in_one_sentence():
    said = leaks.leak_sentence({"per_class A": audit(twin=9, any_seen=10), "grouped A": audit()})
    assert (
        said
        == "Per class: A: of 10 test fakes, 9 have a twin in training and 10 show somebody from training."
    )
    assert "of 1 test fake," in leaks.leak_sentence({"per_class A": audit(n=1, twin=1)})
    assert leaks.leak_sentence({}) == leaks.leak_sentence({"a": {}}) == ""


# errors


def heatmaps(frames=(10, 30), key=FAKE_KEY):
    maps = np.zeros((len(frames), 2, 2), dtype=np.float16)
    maps[:, 0, 0] = 1
    return Heatmaps(maps, {(key, frame): i for i, frame in enumerate(frames)})


def test_a_video_shows_the_same_frames_plain_and_under_every_detectors_heatmap():
    store = Store()
    album = Album(store, size=32, heatmaps={"baseline": heatmaps(), "lora": heatmaps()})
    _, negatives, worst = error_lists(errors(), album, pictures_per_list=1)
    (shown,) = worst.pictured
    assert [p.frame for p in shown.pictures] == [30, 10]
    assert [name for name, _ in shown.overlays] == ["Baseline", "LoRA"]
    assert [[p.frame for p in pictures] for _, pictures in shown.overlays] == [[30, 10], [30, 10]]
    row = 8  # frame 30 of the second video
    expected = overlay(store.read([row])[0], np.array([[1, 0], [0, 0]], dtype=np.float32))
    assert shown.overlays[0][1][0].uri == data_uri(expected, size=32)
    assert negatives.pictured[0].overlays == ()  # its evenly spread frames have no maps


def test_frames_with_a_map_go_before_those_without():
    album = Album(Store(), size=32, heatmaps={"lora": heatmaps(frames=(40,))})
    assert [p.frame for p in album.pictures(FAKE_KEY, [30, 40, 10])] == [40]
    assert [p.frame for p in album.pictures(REAL_KEY, [30, 40, 10])] == [30, 40, 10]
    assert [len(p) for _, p in album.overlays(FAKE_KEY, [30, 40, 10])] == [1]


def test_a_detector_that_lacks_a_map_of_a_shown_frame_is_left_out():
    maps = {"lora": heatmaps(frames=(10, 30)), "baseline": heatmaps(frames=(10,))}
    album = Album(Store(), size=32, heatmaps=maps)
    assert [name for name, _ in album.overlays(FAKE_KEY, [30, 10])] == ["LoRA"]


def test_entries_have_flags_spread_and_scores_over_time():
    rows = [
        entry(
            FAKE_KEY, 0.2, 1, twin=1, any_seen=1, cluster=0, spread=0.125, scores=[0.1, 0.3], frames=[0, 1]
        ),
        entry(FAKE_KEY, 0.2, 1, twin=0, any_seen=1, cluster=None),
        entry(FAKE_KEY, 0.2, 1, twin=0, any_seen=0, scores=[0.1, None]),
        entry(FAKE_KEY, 0.2, 1, error_rate=1.0, n_frames=1),
    ]
    wrong_ones = {**errors(), "false_negatives": rows, "frame_threshold": 0.5}
    _, found, _ = error_lists(wrong_ones, None, pictures_per_list=0)
    assert [e.flags for e in found.entries] == [
        ("twin in training", "cluster 0"), ("identity in training",), ("unseen",), (),
    ]  # fmt: skip
    assert found.entries[0].facts == ("score .20", "spread .12")
    assert found.entries[3].facts == ("score .20", "100% of 1 frame wrong")
    assert "spark" in found.entries[0].bar
    assert "M2 18H126" in found.entries[0].bar  # the threshold of frames, not of videos
    assert all('class="score"' in e.bar for e in found.entries[1:])


def test_groups_of_errors_name_their_most_typical_video():
    keys = [f"s/X/-/v{i}" for i in range(8)]
    summary = [{"cluster": 0, "size": 8, "manipulations": {"X": 8}, "medoid": keys[3], "keys": keys}]
    table = wrong.groups_table({"clusters": {"summary": summary}})
    assert [c.text for c in table.groups[0].rows[0]] == [
        "0", "8", "X 8", "v3", "v0, v1, v2, v3, v4, v5 and 2 more",
    ]  # fmt: skip
    none = {"clusters": {"summary": [], "undefined": "only 1 error"}}
    (shown,) = wrong.galleries([("lora", none)], None, pictures_per_list=3)
    assert (shown.groups, shown.no_groups) == (None, "only 1 error")


def test_the_sanity_check_stands_beside_the_heatmaps():
    sanity = {"lora": {"rank_correlation": 0.081, "rank_correlation_head": 0.25, "n": 9},
              "other": {"rank_correlation": None, "n": 0, "undefined": "no maps"}}  # fmt: skip
    table = wrong.sanity_table({"sanity": sanity})
    assert [[c.text for c in r] for r in table.groups[0].rows] == [
        ["LoRA", ".08", ".25", "9"], ["other", "–", "–", "0"],
    ]  # fmt: skip
    assert "other: no maps." in table.notes
    assert wrong.sanity_table({}) is None


# heatmaps on disk


def test_heatmaps_are_found_by_video_and_frame(tmp_path):
    np.save(tmp_path / "maps.npy", np.arange(8, dtype=np.float16).reshape(2, 2, 2) / 8)
    (tmp_path / "index.csv").write_text("key,frame,row,peak\nNA,3,1,0.5\nb,3,0,0.5\n")
    maps = Heatmaps.open(tmp_path)
    assert len(maps) == 2
    np.testing.assert_array_equal(maps.find("NA", 3), [[0.5, 0.625], [0.75, 0.875]])
    assert maps.find("NA", 4) is None


@pytest.mark.parametrize(
    "index",
    ["key,frame,row\na,1,2\n", "key,frame,row\na,1,-1\n", "key,frame\na,1\n", "key,frame,row\na,x,0\n"],
)
def test_heatmaps_that_do_not_fit_their_index_are_refused(tmp_path, index):
    np.save(tmp_path / "maps.npy", np.zeros((2, 2, 2), dtype=np.float16))
    (tmp_path / "index.csv").write_text(index)
    with pytest.raises(InputError, match="dvc repro -f explain"):
        Heatmaps.open(tmp_path)


def test_heatmaps_that_are_not_there_are_named(tmp_path):
    with pytest.raises(InputError, match=r"heatmaps .* cannot be opened"):
        Heatmaps.open(tmp_path)


# origin


def test_origin_names_code_data_and_machine_and_how_to_find_the_commit():
    known = Provenance(trees={"stages": "ab" * 20}, data={"videos in it": "5"}, machine={"processor": "P"})
    code, machine = origin.origin_tables(known)
    assert [[c.text for c in r] for r in code.groups[0].rows] == [
        ["git tree of stages/", "ab" * 20], ["videos in it", "5"],
    ]  # fmt: skip
    assert [c.text for c in machine.groups[0].rows[0]] == ["processor", "P"]
    assert origin.commands(known) == [f"git log --oneline --find-object={'ab' * 20}"]
    assert origin.origin_tables(Provenance()) == []
