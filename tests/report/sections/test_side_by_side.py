"""What the page shows of two protocols: the side-by-side table, matrix, folds, metrics."""

import copy

import pytest

from clipforensics.report.reading import lookup
from clipforensics.report.sections import matrix, metrics, verdict
from clipforensics.report.sections.side_by_side import about_protocols, side_by_side
from tests.support.comparison_cells import (
    GAPS,
    cell,
    clean_headline,
    comparison,
    gap_row,
    in_protocol,
    metric_row,
    plain_spaces,
    texts_of_row,
    two_protocols,
    under_protocols,
)


def test_both_protocols_stand_in_one_table_with_the_gap_under_its_own():
    unseen = gap_row(0.3, 0.1, 0.5, subtrahend="clean", n_minuend=90, n_subtrahend=2)
    found = two_protocols(leak_gaps=[gap_row(0.2, 0.1, 0.3), unseen])
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
    assert texts_of_row(usual.rows[0]) == [
        ("all test fakes", "100 fake, 10 real"), ("+.060", "[.010, .110]"), (".020", ""),
        (".049", "[.000, .120]"), (".770", "[.650, .890]"), (".830", "[.710, .930]"),
    ]  # fmt: skip
    gap = usual.rows[-2]
    assert (gap[1].text, gap[1].strong, gap[5].text) == ("+.200", True, "+.200")
    assert [r[1].strong for r in usual.rows[:3]] == [True, True, False]
    assert all(len(r) == len(table.columns) for g in table.groups for r in g.rows)


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
    assert plain_spaces(point).startswith(
        "Under per class, which leaks (10 real, 100 manipulated), the difference"
    )
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
    found = under_protocols(in_protocol("per_class"), pooled, {**pooled, "level": "frame"})
    table = side_by_side(found, "video")
    assert [c.text for c in table.groups[1].rows[1]] == [
        "mean of the folds", "+.040", "–", "–", "–", ".710", ".750",
    ]  # fmt: skip
    assert [len(g.rows) for g in table.groups] == [1, 2]
    notes = [n for level in ("video", "frame") for n in side_by_side(found, level).notes]
    assert sum("drifts from fold to fold" in note for note in notes) == 1


def test_strata_keep_their_order_unknown_ones_stay_and_empty_ones_become_a_note():
    cells = [
        in_protocol("per_class", s, n=(10, n))
        for s, n in (("clean", 5), ("my_own", 5), ("twin", 0), ("no_twin", 5), ("all", 9), ("validation", 9))
    ]
    table = side_by_side(under_protocols(*cells), "video")
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


def test_builders_leave_a_full_file_alone():
    given = two_protocols(leak_gaps=[gap_row(0.2, 0.1, 0.3)], metrics=[metric_row("auc", 0.7)])
    before = copy.deepcopy(given)
    side_by_side(given, "video"), matrix.matrix_tables(given), metrics.metric_tables(given)
    verdict.verdict(given, "lora")
    assert given == before


def test_builders_leave_their_input_alone():
    given_ = comparison(cell(), cell("twin"), cell(where=("FaceSwap", "FaceSwap")))
    before = copy.deepcopy(given_)
    side_by_side(given_, "video"), matrix.matrix_tables(given_), verdict.verdict(given_, "lora")
    assert given_ == before
