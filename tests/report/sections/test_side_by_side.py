"""What the page shows of two protocols: the side-by-side table, matrix, folds, metrics."""

import copy

import pytest

from clipforensics.report.reading import lookup
from clipforensics.report.sections import caveats, matrix, metrics, verdict
from clipforensics.report.sections.leaks import about_reals
from clipforensics.report.sections.side_by_side import about_protocols, side_by_side
from clipforensics.report.wording.names import ORACLE
from tests.report.test_words_of_the_page import GAPS, cell, spaces


def in_protocol(name, *args, **more):
    return {**cell(*args, **more), "protocol": name}


def gap_row(value, low, high, level="video", protocol="per_class", subtrahend="no_twin", **more):
    return {
        "protocol": protocol, "train_set": "FaceSwap", "manipulation": "NeuralTextures", "level": level,
        "detectors": {"baseline": {"auc": 0.2, "low": 0.1, "high": 0.3, "p": 0.01}},
        "differences": {"lora": {"auc": value, "low": low, "high": high, "p": 0.04}},
        "minuend": "twin", "subtrahend": subtrahend, **more,
    }  # fmt: skip


def compared(*cells, **more):
    head = {
        "split": "per_class",
        "protocol": "per_class",
        "train_set": "FaceSwap",
        "manipulation": "NeuralTextures",
    }
    return {"reference": "baseline", "headline": head, "seeds": [42], "cells": list(cells), **more}


def both(usual="above", clean="open", protocol="grouped", **more):
    """The usual protocol with its strata, and a clean one."""
    return compared(
        in_protocol("per_class", gap=GAPS[usual]),
        in_protocol("per_class", "twin", n=(10, 90)),
        in_protocol("per_class", "no_twin", gap=GAPS["open"], n=(10, 10)),
        in_protocol(protocol, gap=GAPS[clean], n=(20, 21)),
        **more,
    )


def texts(row):
    return [(c.text, spaces(c.note)) for c in row if c.figure is None]


def test_both_protocols_stand_in_one_table_with_the_gap_under_its_own():
    unseen = gap_row(0.3, 0.1, 0.5, subtrahend="clean", n_minuend=90, n_subtrahend=2)
    found = both(leak_gaps=[gap_row(0.2, 0.1, 0.3), unseen])
    found["cells"][0]["differences"]["lora"]["delong"] = {"low": 0.0, "high": 0.12, "p": 0.049}
    table = side_by_side(found, "video")
    assert [c.name for c in table.columns] == [
        "test fakes", "AUC", "around 0", "p", "DeLong", "Baseline", "LoRA",
    ]  # fmt: skip
    usual, clean = table.groups
    assert usual.name.startswith("The headline's protocol, per class: each class")
    assert clean.name.startswith("Beside it, grouped: no identity is in two parts")
    assert [r[0].text for r in usual.rows] == [
        "all test fakes", "with a twin in training", "without a twin", "gap: with a twin minus without",
        "gap: with a twin minus no identity seen",
    ]  # fmt: skip
    assert [r[0].note for r in usual.rows[-2:]] == ["", "90 fake minus 2"]
    assert texts(usual.rows[0]) == [
        ("all test fakes", "100 fake, 10 real"), ("+.060", "[.010, .110]"), (".020", ""),
        (".049", "[.000, .120]"), (".770", "[.650, .890]"), (".830", "[.710, .930]"),
    ]  # fmt: skip
    gap = usual.rows[-2]
    assert (gap[1].text, gap[1].strong, gap[5].text) == ("+.200", True, "+.200")
    assert [r[1].strong for r in usual.rows[:3]] == [True, True, False]
    assert all(len(r) == len(table.columns) for g in table.groups for r in g.rows)


def clean_headline(*cells, name="grouped", **more):
    found = compared(*cells, **more)
    found["headline"] = {**found["headline"], "split": name, "protocol": name}
    return found


def test_beside_a_clean_headline_stands_the_protocol_that_leaks():
    cells = [in_protocol(name, n=(20, 21)) for name in ("official", "mine", "grouped")]
    usual = in_protocol("per_class", gap=GAPS["below"])
    found = clean_headline(*cells, usual, in_protocol("grouped", "no_twin", n=(20, 21)))
    assert lookup.partner_protocol(found) == "per_class"
    assert lookup.partner_protocol(clean_headline(*cells)) == "mine"
    assert lookup.partner_protocol(clean_headline(cells[0], cells[2])) == "official"
    assert lookup.partner_protocol(clean_headline(cells[2])) is None
    groups = side_by_side(found, "video").groups
    assert [g.name.partition(":")[0] for g in groups] == [
        "The headline's protocol, grouped", "Beside it, per class", "Beside it, mine", "Beside it, official",
    ]  # fmt: skip
    assert len(groups[0].rows) == 1, "a stratum that is the whole again is left out"
    (point,) = [p for p in verdict.verdict(found, "lora").points if "which leaks" in p]
    assert spaces(point).startswith("Under per class, which leaks (10 real, 100 manipulated), the difference")
    assert "−.060" in point


@pytest.mark.parametrize(
    ("head", "names", "said"),
    [
        ("per_class", ["per_class"], "one protocol only, so there is no clean one beside it."),
        ("grouped", ["grouped"], "one protocol only, so there is no leaking one beside it."),
        ("per_class", ["per_class", "grouped"], "per class, leaks; grouped, beside it, does not."),
        ("grouped", ["grouped", "per_class"], "grouped, does not leak; per class, beside it, does."),
        ("grouped", ["grouped", "official"], "grouped, does not leak, nor does official, beside it."),
        ("per_class", ["per_class", "mine"], "per class, leaks; no clean one was tested on the same."),
    ],
)
def test_which_protocol_leaks_is_said_by_the_protocols_of_the_cells(head, names, said):
    assert about_protocols(clean_headline(*map(in_protocol, names), name=head)).endswith(said)


def test_the_mean_of_the_folds_stands_under_the_pooled_auc_and_is_explained_once():
    means = {"detectors": {"baseline": 0.71, "lora": 0.75}, "differences": {"lora": 0.04}}
    pooled = {**in_protocol("grouped_kfold"), "fold_mean": means}
    found = compared(in_protocol("per_class"), pooled, {**pooled, "level": "frame"})
    table = side_by_side(found, "video")
    assert [c.text for c in table.groups[1].rows[1]] == [
        "mean of the folds", "+.040", "–", "–", "–", ".710", ".750",
    ]  # fmt: skip
    assert [len(g.rows) for g in table.groups] == [1, 2]
    notes = [n for level in ("video", "frame") for n in side_by_side(found, level).notes]
    assert sum("drifts from fold to fold" in note for note in notes) == 1


def test_what_is_of_one_fold_is_said():
    folds = [{"fold": fold} for fold in (1, 2, 3) for _ in range(2)]
    found = clean_headline(in_protocol("grouped_kfold"), name="grouped_kfold", folds=folds)
    assert caveats.fold_alone(found) == caveats.about_fold(found) == ""
    found["headline"]["split"] = "grouped_kfold-1"
    assert caveats.fold_alone(found) == "fold 1 of the 3 folds alone"
    assert caveats.about_fold(found).startswith("Fold 1 of the 3 folds alone: thresholds, calibration,")
    assert caveats.fold_alone({**found, "folds": []}) == "fold 1 alone"
    assert caveats.fold_alone({"headline": {"train_set": "A"}}) == ""


def test_strata_keep_their_order_unknown_ones_stay_and_empty_ones_become_a_note():
    cells = [
        in_protocol("per_class", s, n=(10, n))
        for s, n in (("clean", 5), ("my_own", 5), ("twin", 0), ("no_twin", 5), ("all", 9), ("validation", 9))
    ]
    table = side_by_side(compared(*cells), "video")
    assert [r[0].text for r in table.groups[0].rows] == [
        "all test fakes", "without a twin", "no identity seen in training", "my_own",
    ]  # fmt: skip
    assert "Per class: no test fake is in these rows: with a twin in training." in table.notes


def test_a_file_with_one_protocol_needs_no_name_for_it():
    old = {"reference": "baseline", "headline": {"train_set": "FaceSwap", "manipulation": "NeuralTextures"},
           "seeds": [42], "cells": [cell()]}  # fmt: skip
    table = side_by_side(old, "video")
    assert [g.name for g in table.groups] == [""]
    assert side_by_side(old, "frame").groups == ()


def matrix_cells():
    other = ("FaceSwap", "FaceSwap")
    return [
        in_protocol("per_class"),
        in_protocol("per_class", gap=GAPS["open"], where=("FaceSwap", "Deepfakes")),
        in_protocol("per_class", "validation", where=other),
        in_protocol("per_class", "twin"),
        in_protocol("per_class", level="frame"),
        in_protocol("grouped"),
        in_protocol("grouped", where=other),
        in_protocol("grouped", "validation", gap=(9, 9, 9), where=other),
        in_protocol("official"),
    ]


def test_the_matrix_has_a_table_a_protocol_and_marks_cells_in_domain_and_chosen_on():
    usual, clean = matrix.matrix_tables(compared(*matrix_cells()))
    assert [c.name for c in usual.columns] == ["trained on", "NeuralTextures", "Deepfakes", "FaceSwap"]
    groups = {g.name: g.rows[0] for g in usual.groups}
    assert [c.text for c in groups["LoRA"]] == ["FaceSwap", ".830", ".830", "•‡ .830"]
    assert [c.shade for c in groups["LoRA"]] == [0, 6, 6, 6]
    assert [c.strong for c in groups["LoRA minus Baseline"][1:]] == [True, False, True]
    assert any(note.startswith("‡") for note in usual.notes)
    assert {c.text for g in clean.groups for r in g.rows for c in r} >= {"• .830", "• +.060"}
    assert not any(note.startswith("‡") for note in clean.notes)  # the test cell stays, not validation's


def test_the_matrix_leaves_holes_where_a_cell_was_not_run():
    cells = [in_protocol("per_class", where=("A", "X")), in_protocol("per_class", where=("B", "Y"))]
    (table,) = matrix.matrix_tables(compared(*cells))
    (group,) = [g for g in table.groups if g.name == "LoRA"]
    assert [[c.text for c in r] for r in group.rows] == [["A", ".830", "–"], ["B", "–", ".830"]]


def test_folds_stand_one_by_one_with_both_levels():
    rows = [
        {"fold": fold, "train_set": t, "manipulation": "NeuralTextures", "level": level, "n_real": 20,
         "n_fake": 21, "detectors": {"lora": {"auc": fold / 10 + (level == "frame") / 100}}}
        for t in ("FaceSwap", "Other") for level in ("video", "frame") for fold in (1, 2)
    ]  # fmt: skip
    table = matrix.folds_table(compared(in_protocol("per_class"), folds=rows))
    assert [[c.text for c in r] for r in table.groups[0].rows] == [
        ["1", "–", ".100", "–", ".110"], ["2", "–", ".200", "–", ".210"],
    ]  # fmt: skip
    assert table.groups[0].rows[0][0].note == "21 fake, 20 real"
    assert matrix.folds_table(compared(in_protocol("per_class"))) is None


def metric(name, value, protocol="per_class", level="video", **more):
    found = {"value": value, "low": value - 0.1, "high": value + 0.1}
    return {
        "protocol": protocol, "train_set": "FaceSwap", "manipulation": "NeuralTextures", "level": level,
        "metric": name, "n_real": 10, "n_fake": 100, "n_groups": 55,
        "detectors": {"baseline": found, "lora": found},
        "differences": {"lora": {"value": 0.2, "low": 0.1, "high": 0.3, "p": 0.01}}, **more,
    }  # fmt: skip


def undefined_metric(name, reason):
    row = metric(name, 0.5, oracle=True, undefined=reason)
    nothing = {"value": None, "low": None, "high": None}
    return {**row, "detectors": {"baseline": nothing, "lora": nothing}, "differences": {"lora": nothing}}


def test_all_metrics_have_intervals_and_a_table_for_each_protocol_and_level():
    rows = [metric("ece", 0.3), metric("auc", 0.7), metric("mine", 0.4, undefined={"lora": "one class"}),
            metric("auc", 0.6, "grouped", "frame"), metric("eer", 0.2, oracle=True),
            metric("their_own", 0.1, oracle=True),
            undefined_metric("tpr_at_fpr_0.01", "too few reals")]  # fmt: skip
    usual, clean = metrics.metric_tables(both(metrics=rows))
    assert usual.caption == "Video level, per class: 10 real, 100 manipulated, 55 identity groups"
    assert clean.caption.startswith("Frame level, grouped")
    assert [(g.name, [r[0].text for r in g.rows]) for g in usual.groups] == [
        ("Ranking, which needs no threshold", ["AUC"]),
        (ORACLE, ["equal error rate ↓", "TPR at FPR 1%", "their_own"]),
        ("Calibrated scores", ["expected calibration error ↓"]),
        ("Others", ["mine"]),
    ]
    assert texts(usual.groups[0].rows[0])[1:] == [
        (".700", "[.600, .800]"), (".700", "[.600, .800]"), ("+.200", "[.100, .300]"), (".010", ""),
    ]  # fmt: skip
    assert {"mine, lora: one class", "TPR at FPR 1%: too few reals"} <= set(usual.notes)
    assert [c.text for c in usual.groups[1].rows[1]] == ["TPR at FPR 1%", *["–"] * 4]
    assert metrics.metric_tables(both()) == []


def thresholded():
    at = {"eer": {"fpr": 0.2, "tpr": 0.6, "accuracy": 0.5, "balanced_accuracy": 0.7, "f1": 0.8}, "fpr": {}}
    level = {"at_thresholds": at}
    return {
        "detector": "lora", "seed": 42, "threshold": {"video": 0.4, "rule": "eer"}, "fpr_budget": 0.1,
        "thresholds": {"video": {"eer": 0.4, "fpr": 0.6}},
        "validation": {"video": {"at_thresholds": {"eer": {"fpr": 0.1, "tpr": 0.9}}}},
        "test": {"X": {"video": level, "all_fake": {"video": {"accuracy": 0.909, "f1": 0.95}}}},
    }  # fmt: skip


def test_thresholds_show_what_they_promised_and_what_they_did():
    table = metrics.threshold_table([thresholded()], manipulation="X", level="video")
    lora, reference = table.groups
    assert [c.text for c in lora.rows[0]] == [
        "equal error rates", ".400", ".100", ".900", ".200", ".600", ".500", ".700", ".800",
    ]  # fmt: skip
    assert lora.rows[0][0].note == "the operating point"
    assert [c.text for c in lora.rows[1]] == ["FPR of at most 10%", ".600", *["–"] * 7]
    assert [c.text for c in reference.rows[0]][6:] == [".909", "–", ".950"]
    assert metrics.threshold_table([thresholded()], manipulation="X", level="frame") is None


def test_builders_leave_a_full_file_alone():
    given = both(leak_gaps=[gap_row(0.2, 0.1, 0.3)], metrics=[metric("auc", 0.7)])
    before = copy.deepcopy(given)
    side_by_side(given, "video"), matrix.matrix_tables(given), metrics.metric_tables(given)
    verdict.verdict(given, "lora")
    assert given == before


def test_reals_that_training_has_seen_are_told():
    audit = {"real": {"n": 10, "any_seen": 8, "in_training_fake": 7}}
    text = about_reals({"per_class FS": audit, "grouped FS": {"real": {"n": 10, "any_seen": 0}}})
    assert text.startswith("Of 10 test reals, 8 show somebody from training, 7 of them in a training fake:")
    assert about_reals({"grouped FS": {"real": {"n": 10, "any_seen": 0}}}) == about_reals({}) == ""
