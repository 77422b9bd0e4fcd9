"""Other data sets: the worst is told, the table says which reals each stands on."""

from clipforensics.report.reading.cast import cast_of
from clipforensics.report.sections.elsewhere import about_elsewhere, elsewhere_tables, worst_first
from clipforensics.report.wording.numbers import NONE
from tests.support.comparison_cells import plain_spaces

HEAD = {"train_set": "FS", "protocol": "grouped", "manipulation": "NT", "split": "grouped"}


def cell(manipulation, baseline, lora, protocol="grouped", **more):
    detectors = {"baseline": {"auc": baseline, "low": 0.4, "high": 0.6}, "lora": {"auc": lora}}
    return {
        "protocol": protocol, "train_set": "FS", "manipulation": manipulation, "stratum": "all",
        "level": "video", "n_real": 178, "n_fake": 340, "detectors": detectors,
        "differences": {"lora": {"auc": 0.1, "low": 0.0, "high": 0.2}}, **more,
    }  # fmt: skip


def leaks(seen, unknown):
    return {"real_seen": seen, "fake_seen": 1, "unknown": unknown, "n_real": 178, "n_fake": 340}


COMPARISON = {
    "reference": "baseline", "headline": HEAD, "seeds": [1], "splits": {"grouped": ["grouped"]},
    "cells": [cell("NT", 0.2, 0.2), cell("GAN@dfdc", 0.8, 0.7), cell("Synthesis@celebdf", 0.6, 0.5)],
    "elsewhere": {
        "leaks": {"grouped": {"FS": {"celebdf": leaks(2, 40), "dfdc": leaks(0, 0)}}},
        "against_own_reals": [cell("Synthesis@celebdf", 0.94, 0.93)],
    },
}  # fmt: skip


def said(*cells):
    found = about_elsewhere({"headline": HEAD, "cells": list(cells)}, ["baseline", "lora"])
    return plain_spaces(found)


def test_the_worst_is_told_with_its_reals():
    assert said(*COMPARISON["cells"]) == (
        "Of 2 manipulations of other data sets Synthesis@celebdf is told worst: video AUC the baseline .600"
        " [.400, .600] and LoRA .500 (no interval) (340 fakes against 178 reals of celebdf)."
    )
    found = plain_spaces(about_elsewhere(COMPARISON, ["baseline", "lora"]))
    assert found.endswith(
        "(340 fakes against 178 reals of celebdf); against reals of the training data set .940 and .930."
        " Of 40 of its 518 test videos it is not known who is in them."
    )
    assert said(cell("NT", 0.2, 0.2), cell("GAN@dfdc", 0.8, 0.7)).startswith("On GAN@dfdc, another data set:")
    assert said(cell("NT", 0.2, 0.2)) == ""


def test_the_order_is_by_mean_auc_and_what_has_none_comes_last():
    cells = [cell("A@x", None, None), cell("B@x", 0.9, 0.8), cell("C@x", 0.1, 0.9)]
    cells.append(cell("D@x", 0, 0, "per_class"))
    found = worst_first({"cells": cells}, "grouped", "FS", ["baseline", "lora"])
    assert [one["manipulation"] for one in found] == ["C@x", "B@x", "A@x"]


def test_a_row_says_reals_leaks_and_the_auc_against_the_other_reals():
    cast = cast_of(COMPARISON, "baseline")
    (table,) = elsewhere_tables(COMPARISON, cast)
    rows = table.groups[0].rows
    assert [row[0].text for row in rows] == ["Synthesis@celebdf", "GAN@dfdc"]
    said = ["Synthesis@celebdf", "178", "340", "3", ".600", ".500", "+.100", ".940", ".930"]
    assert [entry.text for entry in rows[0]] == said
    assert rows[0][3].note == "40 of 518 not known"
    assert [entry.text for entry in rows[1][-2:]] == [NONE, NONE]
    assert len(table.columns) == len(rows[0])


def test_one_data_set_has_no_table():
    assert elsewhere_tables({**COMPARISON, "elsewhere": None}, cast_of(COMPARISON, "baseline")) == []
