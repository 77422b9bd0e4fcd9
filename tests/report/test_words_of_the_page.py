"""The pure parts of the report: how numbers are written, the verdict, the tables."""

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.report.reading import lookup
from clipforensics.report.sections import caveats, matrix, metrics, side_by_side, verdict
from clipforensics.report.wording import nested, numbers, tables

GAPS = {"above": (0.06, 0.01, 0.11), "below": (-0.06, -0.11, -0.01), "open": (0.02, -0.05, 0.09)}


HEADLINE = ("FaceSwap", "NeuralTextures")


def cell(stratum="all", level="video", gap=(0.06, 0.01, 0.11), n=(10, 100), where=HEADLINE):
    value, low, high = gap
    return {
        "train_set": where[0],
        "manipulation": where[1],
        "stratum": stratum,
        "level": level,
        "n_real": n[0],
        "n_fake": n[1],
        "detectors": {
            "baseline": {"auc": 0.77, "low": 0.65, "high": 0.89},
            "lora": {"auc": 0.83, "low": 0.71, "high": 0.93},
        },
        "differences": {"lora": {"auc": value, "low": low, "high": high, "p": 0.02}},
    }


def comparison(*cells):
    headline = {"train_set": "FaceSwap", "manipulation": "NeuralTextures"}
    return {"reference": "baseline", "headline": headline, "seeds": [42], "cells": list(cells)}


def spaces(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


# numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8346, ".835"), (1.0, "1.000"), (0, ".000"), (-0.25, "−.250"), (-0.0001, ".000"), (None, "–"),
        (math.nan, "–"), (math.inf, "–"), ("x", "–"), (True, "–"), (12.5, "12.500"), (0.9996, "1.000"),
    ],
)  # fmt: skip
def test_number(value, text):
    assert numbers.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.06, "+.060"), (-0.06, "−.060"), (0.0004, ".000"), (-0.0004, ".000"), (None, "–")]
)
def test_signed(value, text):
    assert numbers.signed(value) == text


def test_interval_count_and_p_value():
    assert spaces(numbers.interval(-0.01, 0.11)) == "[−.010, .110]"
    assert numbers.interval(None, 0.1) == numbers.interval(0.1, math.nan) == ""
    assert numbers.count(88144128) == "88\u202f144\u202f128"
    assert numbers.count(None) == numbers.p_value(None) == "–"
    assert [numbers.p_value(p) for p in (0.0005, 0.001, 0.034, 1)] == ["< .001", ".001", ".034", "1.000"]


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_written_number_reads_back(value):
    text = numbers.signed(value)
    if math.isfinite(value):
        assert float(text.replace("−", "-")) == float(f"{value:.3f}")
    else:
        assert text == numbers.NONE


# verdict


def test_the_headline_has_both_differences_with_intervals():
    found = verdict.verdict(comparison(cell(), cell("no_twin", gap=(0.0, -0.2, 0.2), n=(10, 10))), "lora")
    assert spaces(found.headline) == (
        "LoRA against the baseline: +.060 [.010, .110] video AUC;"
        " .000 [−.200, .200] on fakes without a twin in training"
    )


@pytest.mark.parametrize(
    ("whole", "apart", "said"),
    [
        ("above", "above", "twins alone do not explain it"),
        ("above", "open", "the lead is not shown: it may be explained by leakage, or too few videos"),
        ("above", "below", "the sign is the opposite"),
        ("below", "open", "the deficit is not shown"),
        ("below", "below", "The deficit is shown on fakes without a twin"),
        ("open", "above", "not evidence that they are equal"),
    ],
)
def test_the_conclusion_follows_from_the_intervals(whole, apart, said):
    cells = [cell(gap=GAPS[whole]), cell("twin", n=(10, 90)), cell("no_twin", gap=GAPS[apart], n=(10, 10))]
    found = verdict.verdict(comparison(*cells), "lora")
    assert found.state == whole
    assert said in found.conclusion


@pytest.mark.parametrize("whole", ["above", "below", "open"])
@pytest.mark.parametrize("apart", ["above", "below", "open"])
def test_a_shown_difference_is_claimed_exactly_where_the_interval_excludes_zero(whole, apart):
    cells = [cell(gap=GAPS[whole]), cell("twin", n=(10, 90)), cell("no_twin", gap=GAPS[apart], n=(10, 10))]
    text = verdict.verdict(comparison(*cells), "lora").conclusion
    assert ("better" in text) == (whole == "above")
    assert ("worse" in text) == (whole == "below")
    assert ("cannot tell" in text) == (whole == "open")


def test_an_interval_that_touches_zero_excludes_nothing():
    assert lookup.state_of(cell(gap=(0.05, 0.0, 0.1)), "lora") == "open"
    assert lookup.state_of(cell(gap=(-0.05, -0.1, 0.0)), "lora") == "open"


@pytest.mark.parametrize("gap", [(None, None, None), (0.06, None, None), (0.06, 0.01, math.nan)])
def test_without_an_interval_there_is_no_verdict(gap):
    found = verdict.verdict(comparison(cell(gap=gap)), "lora")
    assert found.state == "unknown"
    assert "no verdict" in found.conclusion
    assert "nan" not in found.headline.lower()
    assert "None" not in found.headline


def test_all_or_none_of_the_fakes_with_a_twin():
    whole = cell()
    none = verdict.verdict(comparison(whole, cell("twin", n=(10, 0)), cell("no_twin")), "lora")
    assert "No test fake has a twin" in none.conclusion
    every = verdict.verdict(comparison(whole, cell("twin"), cell("no_twin", n=(10, 0))), "lora")
    assert "every test fake has a twin" in every.conclusion
    undefined = cell("no_twin", gap=(None, None, None), n=(10, 5))
    assert "undefined" in verdict.verdict(comparison(whole, cell("twin"), undefined), "lora").conclusion


def test_few_videos_are_called_few_with_what_one_decides():
    assert "a single real video decides up to .100" in caveats.about_size(cell(n=(10, 100)))
    assert "a single manipulated video decides up to .200" in caveats.about_size(cell(n=(100, 5)))
    assert "few" not in caveats.about_size(cell(n=(100, 100)))
    assert "1 real video and 2 manipulated videos." in caveats.about_size(cell(n=(1, 2)))
    assert "of 7 identity groups" in caveats.about_size({**cell(n=(10, 10)), "n_groups": 7})
    assert caveats.about_size(None) == ""


def test_strata_are_only_read_from_the_headline():
    other = cell("no_twin", gap=(0.5, 0.4, 0.6), where=("FaceSwap", "Deepfakes"))
    assert "without a twin" not in verdict.verdict(comparison(other, cell()), "lora").headline


def test_what_was_asked_tells_new_from_known_manipulations():
    assert "no detector here was trained on" in verdict.what_was_asked("FaceSwap", "NeuralTextures")
    assert "part of the training" in verdict.what_was_asked("Deepfakes+FaceSwap", "FaceSwap")
    assert "Deepfakes and FaceSwap" in verdict.what_was_asked("Deepfakes+FaceSwap", "NeuralTextures")
    assert "no detector" in verdict.what_was_asked("FaceSwapPlus", "FaceSwap")


def evaluation(detector="baseline", accuracy=0.8, seed=42, **point):
    values = {"f1": 0.88, "accuracy": accuracy, "balanced_accuracy": 0.6}
    full = {
        "auc": 0.77,
        "ap": 0.97,
        "eer": 0.21,
        "n_real": 10,
        "n_fake": 100,
        "at_half": values,
        "at_validation": values,
    }
    reference = {"f1": 0.952, "accuracy": 0.909, "balanced_accuracy": 0.5}
    levels = {level: {**full, **point} for level in ("frame", "video")}
    return {
        "detector": detector,
        "train_set": "FaceSwap",
        "seed": seed,
        "threshold": {"frame": 0.41, "video": 0.43, "rule": "eer"},
        "validation": levels,
        "test": {"NeuralTextures": {**levels, "all_fake": {"frame": reference, "video": reference}}},
    }


def test_all_fake_is_pointed_out_where_it_is_no_worse():
    both = [evaluation("baseline", 0.8), evaluation("lora", 0.95)]
    text = verdict.about_all_fake(both, "NeuralTextures")
    assert ".909" in text
    assert "the baseline" in text
    assert "LoRA" not in text
    assert verdict.about_all_fake([evaluation("lora", 0.95)], "NeuralTextures") == ""
    assert verdict.about_all_fake(both, "Deepfakes") == ""


# tables


def row(table, group, head):
    (found,) = [r for g in table.groups if g.name == group for r in g.rows if r[0].text == head]
    assert len(found) == len(table.columns)
    return found


def test_the_point_table_puts_each_number_under_its_head():
    point = {"at_half": {"f1": 0.1, "accuracy": 0.2, "balanced_accuracy": 0.3},
             "at_validation": {"f1": 0.4, "accuracy": 0.5, "balanced_accuracy": 0.6}}  # fmt: skip
    table = metrics.point_table([evaluation(**point)], manipulation="NeuralTextures")
    named = {
        (c.group, c.name): v.text
        for c, v in zip(table.columns, row(table, "Video level", "Baseline"), strict=True)
    }
    at_half, chosen = "at threshold .5", "at validation's threshold"
    assert named == {
        ("", "detector"): "Baseline", ("", "AUC"): ".770", ("", "AP"): ".970",
        ("test's own ROC", "EER"): ".210",
        (at_half, "ACC"): ".200", (at_half, "bal. ACC"): ".300", (at_half, "F1"): ".100",
        (chosen, "ACC"): ".500", (chosen, "bal. ACC"): ".600", (chosen, "F1"): ".400",
        (chosen, "threshold"): ".430",
        ("n", "real"): "10", ("n", "fake"): "100",
    }  # fmt: skip
    assert sum(span for _, span in table.spans) == len(table.columns)
    assert [c.text for c in row(table, "Frame level", "All fake")][4:7] == [".909", ".500", ".952"]


def test_undefined_numbers_are_dashes_with_their_reason():
    both = [
        evaluation(auc=None, undefined={"auc": "one class only"}),
        evaluation("lora", undefined="no real video"),
    ]
    table = metrics.point_table(both, manipulation="NeuralTextures")
    assert row(table, "Video level", "Baseline")[1].text == "–"
    assert "Baseline, video auc: one class only" in table.notes
    assert "LoRA, frame level: no real video" in table.notes


def test_a_manipulation_that_was_not_evaluated_leaves_dashes():
    table = metrics.point_table([evaluation()], manipulation="Deepfakes")
    assert {c.text for c in row(table, "Video level", "Baseline")[1:-4]} == {"–"}


def test_seeds_are_named_where_there_are_several():
    one = metrics.point_table([evaluation()], manipulation="NeuralTextures")
    two = metrics.point_table([evaluation(), evaluation(seed=43)], manipulation="NeuralTextures")
    assert one.groups[0].rows[0][0].note == ""
    assert [r[0].note for r in two.groups[0].rows[:2]] == ["seed 42", "seed 43"]


@pytest.mark.parametrize(
    ("auc", "step"),
    [(0.3, 0), (0.4999, 0), (0.5, 1), (0.5625, 2), (0.63, 3), (0.999, 8), (1.0, 8), (None, 0), (math.nan, 0)],
)
def test_shades_run_from_chance_to_perfect(auc, step):
    assert tables.shade(auc) == step


def test_builders_leave_their_input_alone():
    given_ = comparison(cell(), cell("twin"), cell(where=("FaceSwap", "FaceSwap")))
    before = copy.deepcopy(given_)
    side_by_side.side_by_side(given_, "video"), matrix.matrix_tables(given_), verdict.verdict(given_, "lora")
    assert given_ == before


# nested mappings


def texts(found):
    return {c.text for t in found for g in t.groups for r in g.rows for c in r} | {
        text for t in found for c in t.columns for text in (c.name, c.group)
    } | {t.caption for t in found} | {g.name for t in found for g in t.groups}  # fmt: skip


def test_a_leak_audit_is_one_grid():
    flags = {f"flag_{i}": i for i in range(5)}
    audit = {"protocol": "per_class", "real": flags, "fake": flags, "manipulations": {"A": flags, "B": flags}}
    plain, grid = nested.nested_tables(audit)
    assert [c.text for c in plain.groups[0].rows[0]] == ["protocol", "per_class"]
    assert [(c.group, c.name) for c in grid.columns[1:]] == [
        ("", "real"), ("", "fake"), ("manipulations", "A"), ("manipulations", "B"),
    ]  # fmt: skip
    assert [c.text for c in grid.groups[0].rows[3]] == ["flag 3", "3", "3", "3", "3"]


names = st.text("xyz", min_size=1, max_size=2)
leaves = st.one_of(st.none(), st.booleans(), st.integers(0, 99), st.text("abc", max_size=3))
mappings = st.recursive(
    st.dictionaries(names, leaves, max_size=3),
    lambda inner: st.dictionaries(names, leaves | inner | st.lists(inner, max_size=2), max_size=3),
    max_leaves=12,
)


def every_leaf(content):
    for value in content.values() if isinstance(content, dict) else content:
        if isinstance(value, dict) or (isinstance(value, list) and value):
            yield from every_leaf(value)
        else:
            yield value


@given(mappings)
def test_every_leaf_of_any_mapping_is_shown(content):
    found = nested.nested_tables(content)
    assert {nested.plain_text(leaf) for leaf in every_leaf(content)} <= texts(found)
    assert all(len(r) == len(t.columns) for t in found for g in t.groups for r in g.rows)


def test_flatten_names_the_way():
    assert dict(nested.flatten({"a": {"b": {"c": 1}, "d": [1, 2]}, "e": 0.5})) == {
        "a.b.c": 1,
        "a.d": [1, 2],
        "e": 0.5,
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "yes"), (None, "–"), (0.00001, "1e-05"), ([1, "a"], "1, a"), ([], "–"), (7, "7"), (0.25, "0.25")],
)  # fmt: skip
def test_leaves_as_text(value, text):
    assert nested.plain_text(value) == text
