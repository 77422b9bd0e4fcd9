"""The page of a run of thirteen detectors: legible, none forgotten, no bigger than a phone can load."""

import re

import numpy as np
import pytest

from clipforensics.explanations.maps import Heatmaps
from clipforensics.report import page
from clipforensics.report.page import render
from clipforensics.report.reading import lookup
from clipforensics.report.reading.cast import COLOURS, FEW, cast_of
from clipforensics.report.sections import by_detector, curves, errors, matrix, verdict
from clipforensics.report.sections import league as league_section
from clipforensics.report.sections.gallery import Album
from clipforensics.report.summary import summarise
from clipforensics.report.wording.names import capital, label_of, name_of
from tests.report.test_words_of_the_page import spaces
from tests.support import made_up_run as many
from tests.support.made_up_findings import SECTIONS, Elements, Store, findings

KEYS = tuple(f"sample/NeuralTextures/c23/{j:03d}_{j + 1:03d}" for j in range(1, 40))


def page_of(found=None, size=24):
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    store = Store(keys=(*KEYS, "sample/real/c23/001"), frames=(0, 1, 2))
    store.read = lambda rows: np.stack([noise] * len(rows))
    found = found or many.findings()
    maps = Heatmaps(np.ones((len(KEYS) * 3, 2, 2)), {(k, f): i for i, (k, f) in enumerate(
        (k, f) for k in KEYS for f in (0, 1, 2))})  # fmt: skip
    shown = cast_of(found.comparison, found.detector).shown
    album = Album(store, size=size, heatmaps={name: maps for name in shown})
    return render(found, album, pictures_per_list=5)


def section(text, name):
    return text.partition(f'<section id="{name}">')[2].partition("</section>")[0]


# cast


def test_few_detectors_all_stand_side_by_side_in_the_order_of_the_file():
    cast = cast_of(findings().comparison)
    assert (cast.order, cast.pairs, cast.named) == (("baseline", "lora"), ("lora",), ("baseline", "lora"))
    assert (cast.is_large, cast.rest, cast.chosen_by) == (False, (), "")
    three = cast_of(many.comparison(("baseline", "lora", "effort")))
    assert three.pairs == ("lora", "effort")
    assert not three.is_large
    assert FEW == 3


def test_of_many_the_page_opens_with_the_first_by_validation_or_with_whom_params_name():
    compared = many.comparison()
    cast = cast_of(compared, "baseline")
    assert (cast.order[:3], cast.pairs) == (("baseline", "effort", "zero_shot"), ("effort",))
    assert cast.named == cast.order[:COLOURS]
    assert (len(cast.rest), cast.chosen_by, cast.shown) == (8, "validation", ("baseline", "effort"))
    named = cast_of(compared, "full")
    assert (named.pairs, named.chosen_by) == (("full",), "detector")
    assert named.named == ("baseline", "full", "effort", "zero_shot", "clip_adapter")
    assert (named.colour("full"), named.colour("lora"), named.place("nobody")) == (1, None, 13)


def test_the_best_but_the_reference_is_the_pair_where_the_reference_leads():
    cast = cast_of(many.comparison(leader="baseline"))
    assert cast.pairs == ("zero_shot",)
    text = page.about_pair(many.comparison(leader="baseline"), cast)
    second = name_of("zero_shot")
    assert text == f"The baseline itself is first by validation, {second} second of 13 by validation."
    named = cast_of(many.comparison(), "full")
    text = page.about_pair(many.comparison(), named)
    assert text == f"params.yaml names {name_of('full')}, number 13 of 13 by validation."


def test_between_few_and_colours_all_have_a_colour():
    four = many.comparison(("baseline", "lora", "mlp", "effort"))
    cast = cast_of(four)
    assert (cast.is_large, cast.named, cast.rest) == (True, ("baseline", "effort", "lora", "mlp"), ())


def test_without_a_league_the_order_is_that_of_the_file():
    old = {**many.comparison(), "league": []}
    cast = cast_of(old)
    assert (cast.order, cast.pairs, cast.chosen_by) == (many.DETECTORS, ("zero_shot",), "")
    assert "stands first in the file" in page.about_pair(old, cast)


# the whole page


def test_the_page_has_every_section_filled():
    text = page_of()
    found = Elements(text)
    assert {value for _, name, value in found.attributes if name == "id"} == SECTIONS
    said = " ".join(found.words)
    assert not re.search(r"The run has no|There are no|there is no matrix|not called probabilities", said)
    assert not re.search(r"\b(None|nan)\b", said)


@pytest.mark.parametrize(
    "where", ["league", "strata", "points", "calibration", "matrix", "robustness", "errors", "provenance"]
)
def test_no_section_forgets_a_detector(where):
    text = section(page_of(), where)
    assert [name for name in many.DETECTORS if label_of(name) not in text] == []


def test_one_verdict_and_four_tiles_not_one_a_pair():
    text = page_of()
    assert text.count('<p class="conclusion') == 1
    assert len(re.findall(r"<dt>", text)) == 4
    assert f"{capital(name_of('effort'))} is first of 13 by validation." in text
    assert 'href="#league">All 13 detectors in one table' in text


def test_the_page_is_small_with_pictures_of_noise():
    """Noise takes more bytes than any frame; the numbers alone are well below a megabyte."""
    text = page_of(size=128)
    pictures = re.findall(r'src="(data:image/jpeg[^"]*)"', text)
    assert len(pictures) <= 2 * 3 * 5 * 3 * 3, "of two detectors, with the heatmaps of both"
    assert len(text) - sum(map(len, pictures)) < 1_000_000
    assert len(text) < page.MAX_BYTES / 2


def test_no_table_grows_sideways_with_the_detectors():
    """A column a detector would make one of 13; heads name strata, metrics, folds and strengths instead."""
    thirteen, five = page_of(), page_of(many.findings((*many.DETECTORS[:4], "effort")))
    widths = [re.findall(r'<tr class="group"><th colspan="(\d+)"', text) for text in (thirteen, five)]
    assert max(map(int, widths[0])) == max(map(int, widths[1]))


def test_the_same_findings_give_the_same_bytes():
    assert page_of() == page_of()
    assert summarise(many.findings()) == summarise(many.findings())


def test_the_summary_has_the_pair_and_the_league():
    text = summarise(many.findings())
    lines = text.splitlines()
    assert sum(line.startswith("## ") for line in lines) == 1
    assert "### Which adaptation?" in lines
    rows = [line for line in lines if re.match(r"\| \d+\. ", line)]
    assert [row.split("|")[1].split(". ")[0].strip() for row in rows] == [str(n) for n in range(1, 14)]
    assert len({row.count("|") for row in rows}) == 1
    assert len(text) < 16_000


# sections


def test_curves_have_five_colours_two_bands_and_the_rest_in_grey():
    found = many.findings()
    ((roc, det), _) = curves.figures(found, found.evaluations, cast_of(found.comparison))
    for _, figure in (roc, det):
        assert len(re.findall(r'class="line series-\d"', figure)) == 5
        assert figure.count('class="line other"') == 8
        assert figure.count('class="band') == 2
        assert "others, in grey" in figure
    text = page_of()
    assert "Without a colour: the other 8 detectors." in section(text, "roc")
    robustness = section(text, "robustness")
    assert robustness.count('class="line other"') == 6 * 8
    assert robustness.count('class="band') == 6 * 2
    assert "8 others" in robustness


def test_diagrams_are_of_five_and_the_table_of_all():
    text = section(page_of(), "calibration")
    assert text.count("<svg") == 2 * 5
    assert "Diagrams are of 5 detectors, the table of all 13." in text


def test_strata_of_every_detector_stand_in_one_table():
    compared = many.comparison()
    table = by_detector.strata_by_detector(compared, "video", cast_of(compared).order)
    assert [(c.group, c.name) for c in table.columns[1:]] == [
        *(("per class", f"{name}") for name in ("all (100)", "twin (90)", "no twin (10)",
          "identity seen (98)", "nobody seen (2)", "twin minus no twin")),
        ("grouped folds", "all (100)"), ("grouped folds", "mean of the folds"),
    ]  # fmt: skip
    aucs, differences = table.groups
    assert [len(g.rows) for g in table.groups] == [13, 12]
    assert {len(r) for g in table.groups for r in g.rows} == {len(table.columns)}
    cell = lookup.find_cell(compared, stratum="twin", level="video")
    (row,) = [r for r in differences.rows if r[0].text == label_of("lora")]
    assert row[2].text == by_detector.difference_cell(cell["differences"]["lora"]).text
    assert aucs.rows[0][6].text[0] in "+−", "a gap has a sign"


def test_metrics_of_every_detector_have_a_column_each():
    compared = many.comparison()
    tables = by_detector.metrics_by_detector(compared, cast_of(compared).order)
    assert len(tables) == 4
    assert len(tables[0].columns) == 1 + len(many.METRICS)
    assert [c.group for c in tables[0].columns[4:8]] == ["oracle: test's own ROC"] * 4
    assert [len(g.rows) for g in tables[0].groups] == [13, 12]


def test_thresholds_are_grouped_by_rule_the_one_in_use_first():
    text = section(page_of(), "points")
    assert "Video level, the operating point" in text
    assert "Chosen by equal error rates (the operating point)" in text
    assert "Video level, other rules" in text
    assert text.count("everything manipulated") == 3


def test_the_matrix_has_a_row_a_detector():
    compared = many.comparison()
    order = cast_of(compared).order
    usual, clean = matrix.matrix_tables(compared, by_detector=order)
    assert [g.name for g in usual.groups] == ["Trained on FaceSwap", "Trained on FaceSwap, minus Baseline"]
    assert [len(g.rows) for g in clean.groups] == [13, 12]
    assert [c.name for c in usual.columns] == ["detector", *many.TESTED, "FaceSwap"]
    folds = matrix.folds_table(compared, by_detector=order)
    assert [c.name for c in folds.columns] == ["detector", "fold 1", "fold 2", "fold 3"]
    assert [(g.name, len(g.rows)) for g in folds.groups] == [("Video AUC", 13), ("Frame AUC", 13)]
    mine = compared["folds"][2]["detectors"]["lora"]["auc"]
    (row,) = [r for r in folds.groups[0].rows if r[0].text == label_of("lora")]
    assert row[2].text == f"{mine:.3f}".lstrip("0")


def test_robustness_of_every_detector_begins_at_the_test_as_it_is():
    found = many.robustness()
    table = by_detector.robustness_by_detector(found, found["rows"], many.DETECTORS, "baseline")
    assert [g.name.partition(" (")[0] for g in table.groups] == [
        "JPEG", "H.264", "Blur", "Noise", "Down- and up-scaling", "Brightness",
    ]  # fmt: skip
    assert [c.name for c in table.columns[1:]] == [*"012345", *"12345", *"012345"]
    undegraded = found["rows"][0]["detectors"]["lora"]["auc"]
    for group in table.groups:
        (row,) = [r for r in group.rows if r[0].text == label_of("lora")]
        assert row[1].text == f"{undegraded:.3f}".lstrip("0")


def test_the_videos_that_most_get_wrong_and_who_gets_them_right():
    few = many.errors(("a", "b", "c", "d"), n=8)
    table = errors.hardest_table(few)
    found = {r[0].text: (r[2].text, r[3].text) for r in table.groups[0].rows}
    assert found["001"] == ("4 of 4", "nobody"), "a real video that all call manipulated"
    assert found["007_008"] == ("4 of 4", "nobody")
    assert found["006_007"] == ("2 of 4", "a, b")
    assert [r[2].text for r in table.groups[0].rows] == sorted(
        (r[2].text for r in table.groups[0].rows), reverse=True
    )
    assert errors.hardest_table([("a", {})]) is None
    counts = errors.counts_table(few)
    assert [c.text for c in counts.groups[0].rows[0]] == ["a", "1", "4", ".430"]
    assert len(errors.hardest_table(many.errors()).groups[0].rows) == errors.MOST_VIDEOS


def test_pictures_are_of_the_pair():
    text = section(page_of(), "errors")
    assert re.findall(r"<h3>(.*?)</h3>", text) == [label_of("baseline"), label_of("effort")]
    assert "Errors of every detector" in text
    assert set(re.findall(r"what drove the score: (.*?)</p>", text)) == {
        label_of("baseline"),
        label_of("effort"),
    }


def test_beating_nothing_is_counted_where_there_are_many():
    found = many.evaluations()
    for one in found:
        one["test"]["NeuralTextures"]["all_fake"]["video"] = {"accuracy": 0.9, "f1": 0.9}
    assert "No better in accuracy: 13 of 13 detectors." in verdict.about_all_fake(found, "NeuralTextures")


# league


def test_the_league_is_ranked_by_validation_and_says_so():
    compared = many.comparison()
    table = league_section.league_table(compared)
    texts = [r[0].text for r in table.groups[0].rows]
    assert texts[:2] == [f"1. {label_of('effort')}", f"2. {label_of('baseline')}"]
    assert len(texts) == 13
    assert "No test score has a say in the order" in league_section.lead(compared)
    few = "Each model was chosen on 10 real videos and 10 manipulated: so few that neighbours may well"
    assert few in league_section.lead(compared)
    for name in ("n_real", "n_fake"):
        compared["league"][0]["validation"][name] = 200
    assert league_section.lead(compared).endswith("chosen on 200 real videos and 200 manipulated.")
    assert [(c.group, c.name) for c in table.columns[4:]] == [
        ("NeuralTextures, per class", "AUC"), ("NeuralTextures, per class", "minus Baseline"),
        ("NeuralTextures, grouped folds (no leaks)", "AUC"),
        ("NeuralTextures, grouped folds (no leaks)", "minus Baseline"),
    ]  # fmt: skip
    zero = next(r for r in table.groups[0].rows if label_of("zero_shot") in r[0].text)
    assert (zero[1].text, zero[1].note) == ("0", "")
    full = next(r for r in table.groups[0].rows if label_of("full") in r[0].text)
    assert (spaces(full[1].text), full[1].note) == ("87\u202f849\u202f729", "head 513")


def fixed(rows, reference="a", **more):
    """A league of single letters; each (to_leader, to reference) as (low, high)."""
    league = []
    for name, leader, other in rows:
        estimate = {"auc": 0.7, "low": 0.6, "high": 0.8, "protocol": "per_class", "manipulation": "NT"}
        gaps = {
            kind: {"cross": {"auc": sum(found) / 2, "low": found[0], "high": found[1]}} if found else {}
            for kind, found in (("to_leader", leader), ("differences", other))
        }
        chosen_on = {"auc": 0.9, "n_models": 1, "protocol": "per_class", "manipulation": "FS"}
        league.append({
            "detector": name, "parameters": {"trainable": 10, "head": 1, "all": 100}, "in_domain": None,
            "validation": chosen_on, "cross": estimate, "clean": None, **gaps,
            "undefined": {"clean": "none was run"},
        })  # fmt: skip
    return {"reference": reference, "league": league, "cells": [], "seeds": [42], **more}


ABOVE, BELOW, OPEN = (0.01, 0.2), (-0.2, -0.01), (-0.1, 0.1)


def test_who_cannot_be_told_apart_follows_from_paired_differences():
    found = fixed([("b", None, ABOVE), ("a", BELOW, None), ("c", OPEN, OPEN), ("d", ABOVE, BELOW)])
    rivals, others = league_section.points(found)
    assert rivals == (
        "On NT, per class: b, first by validation, cannot be told apart from c: the interval of the paired"
        " difference holds 0; it is ahead of a and behind d, by intervals that exclude 0."
    )
    assert others == "On NT, per class, shown better than a: b; worse than a: d."


def test_nothing_is_said_twice_where_the_reference_leads_or_is_alone():
    leads = league_section.points(fixed([("a", None, None), ("b", BELOW, BELOW), ("c", OPEN, OPEN)]))
    assert len(leads) == 1
    pair = league_section.points(fixed([("b", None, ABOVE), ("a", BELOW, None)]))
    assert len(pair) == 1
    assert "is ahead of a" in pair[0]
    assert league_section.points(fixed([("a", None, None)])) == []


def test_many_comparisons_are_owned_up_to():
    rows = [("b", None, OPEN), ("a", OPEN, None), *((name, OPEN, OPEN) for name in "cdefg")]
    *_, last = league_section.points(fixed(rows, bootstrap={"confidence": 0.95}))
    assert "of 6, about 0.3 leave 0 out by chance where nothing differs" in last
    assert "any other (" in league_section.points(fixed(rows))[0]
    assert "nobody is shown better than a" in league_section.points(fixed(rows))[1]


def test_a_missing_column_is_left_out_with_its_reason():
    table = league_section.league_table(fixed([("b", None, ABOVE), ("a", BELOW, None)]))
    assert len(table.columns) == 4 + 2
    assert "Clean: none was run." in table.notes
    assert [c.text for c in table.groups[0].rows[0]][1:4] == ["10", ".900", "–"]


def test_several_models_show_their_range():
    rows = fixed([("b", None, ABOVE), ("a", BELOW, None)])
    for row in rows["league"]:
        row["validation"] |= {"n_models": 4, "min": 0.8, "max": 0.95}
    assert league_section.league_table(rows).groups[0].rows[0][2].note == ".800 to .950"
    assert "means over 4 models" in league_section.lead(rows)


def test_the_order_says_which_validation_it_is_by_and_whether_that_knows_the_faces():
    rows = fixed([("b", None, ABOVE), ("a", BELOW, None)])
    assert league_section.lead(rows).startswith("Best first by validation (FS, per class): video AUC")
    assert "Training has seen their faces" in league_section.lead(rows)
    rows["league"][0]["validation"]["protocol"] = "grouped"
    assert league_section.lead(rows).startswith("Best first by validation (FS, grouped (no leaks)): ")
    assert "Training has seen their faces" not in league_section.lead(rows)
    assert "may be test videos of another split (per class)." in league_section.lead(rows)
    rows["league"][0]["validation"]["protocol"] = "grouped_kfold"
    assert "Each of them is tested too, by the model of another fold." in league_section.lead(rows)
