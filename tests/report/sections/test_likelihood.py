"""Sentences and tables of likelihood ratios follow their numbers, and say why there are none."""

import pandas as pd
import pytest
from jinja2 import Environment, FileSystemLoader

from clipforensics.core.files import json_ready
from clipforensics.likelihood.summary import summarise
from clipforensics.report.reading.cast import Cast
from clipforensics.report.sections.likelihood import likelihood_section
from tests.support.comparison_cells import plain_spaces
from tests.support.imports import ROOT
from tests.support.scored_models import assessed, model

CAST = Cast(("a", "b"), ("b",), ("a", "b"))


@pytest.fixture(scope="module")
def content():
    """As the stage writes it: `a` gives ratios, `b` is at chance."""
    everybody = [
        assessed(model(1), detector="a"),
        assessed(model(3, {"usable": False, "reason": "at chance"}), detector="b"),
    ]
    keys = sorted({key for one in everybody for m in one.models for key in m.test.keys.tolist()})
    videos = pd.DataFrame({"compression": ["c23", "c40"] * (len(keys) // 2)}, index=keys)
    return json_ready(summarise(everybody, videos, "made-up")[0])


def with_costs(content, **changes):
    """The headline's rows with other numbers."""
    rows = [{**row, **changes} if row["detector"] == "a" else row for row in content["rows"]]
    return {**content, "rows": rows}


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        ({"cllr": 0.8, "cllr_low": 0.7, "cllr_high": 0.9}, "gives likelihood ratios that inform: Cllr .800"),
        (
            {"cllr": 1.3, "cllr_low": 1.1, "cllr_high": 1.5},
            "gives likelihood ratios that mislead: Cllr 1.300",
        ),
        (
            {"cllr": 0.9, "cllr_low": 0.8, "cllr_high": 1.1},
            "is not shown to give likelihood ratios that inform",
        ),
        ({"cllr_low": None, "cllr_high": None, "undefined": "one group"}, "cannot be said: one group"),
    ],
)
def test_the_verdict_follows_the_interval_of_the_cost(content, cost, words):
    found = likelihood_section(with_costs(content, **cost), CAST)["lead"]
    assert words in plain_spaces(found[0])


def test_what_the_other_calibration_says_stands_beside(content):
    rows = [
        {**row, "cllr": cllr, "cllr_low": cllr - 0.1, "cllr_high": cllr + 0.1}
        for row in content["rows"]
        for cllr in [0.8 if row["method"] == content["method"] else 0.96]
        if row["detector"] == "a"
    ]
    (found, *_) = likelihood_section({**content, "rows": rows}, CAST)["lead"]
    other = "Cllr .800 [.700, .900] (by pooled adjacent violators Cllr .960 [.860, 1.060]), where 1 is what"
    assert other in plain_spaces(found)


def test_bounds_are_said_as_ratios_and_in_words(content):
    bounds = {
        "elub_low": -0.6, "elub_high": 2.1,
        "strongest": {"H1": "moderately strong support for H1", "H2": "weak support for H2"},
    }  # fmt: skip
    found = likelihood_section(with_costs(content, **bounds), CAST)
    assert "moderately strong support for H1 (LR 126), and weak support for H2 (LR 1/4.0)" in found["lead"][0]
    row = found["costs"].groups[0].rows[0]
    assert [cell.text for cell in row][5:7] == ["1/4.0", "126"]


def test_a_detector_without_ratios_says_why_and_has_no_figure(content):
    found = likelihood_section(content, CAST)
    assert found["lead"][1] == "B gives no likelihood ratio: grouped: at chance."
    assert [caption for row in found["figures"] for caption, _ in row] == [
        "Tippett plot, a",
        "Cross entropy, a",
    ]
    assert "b, grouped: grouped: at chance." in found["costs"].notes
    empty = next(row for row in found["costs"].groups[0].rows if row[0].text == "b")
    assert [cell.text for cell in empty][2:] == ["–"] * 7


def test_costs_are_of_the_method_that_the_file_names(content):
    methods = {row["method"] for row in content["rows"]}
    assert len(methods) == 2
    for method in methods:
        found = likelihood_section({**content, "method": method}, CAST)["costs"].groups[0].rows
        rows = [row for row in content["rows"] if (row["method"], row["detector"]) == (method, "a")]
        expected = [f"{row['cllr_min']:.3f}".lstrip("0") for row in rows]
        assert [cells[3].text for cells in found if cells[0].text == "a"] == expected


def test_without_conditions_or_abstention_there_are_no_tables_of_them(content):
    nothing = {**content, "conditions": [], "abstention": {**content["abstention"], "rows": []}}
    found = likelihood_section(nothing, CAST)
    assert (found["conditions"], found["abstention"], found["about_abstention"]) == (None, None, "")
    assert found["about_conditions"] == "The run has no error rates by condition."


def test_propositions_and_what_h1_does_not_name(content):
    found = likelihood_section(content, CAST)
    assert [name for name, _ in found["propositions"]] == ["H1", "H2"]
    assert "H1 does not name NT" in found["lead"][2]
    named = with_costs(content, h1_names_it=True)
    named["rows"] = [row for row in named["rows"] if row["detector"] == "a"]
    assert not any("does not name" in text for text in likelihood_section(named, CAST)["lead"])


def test_conditions_stand_under_all_and_the_worst_first(content):
    found = likelihood_section(content, CAST)
    (group, _) = found["conditions"].groups
    texts = [row[0].text for row in group.rows]
    source = content["conditions"][0]
    assert texts == ["all", *(f"compression: {row['value']}" for row in source["rows"])]
    assert group.rows[1][1].text == f"{source['rows'][0]['fpr']['n']} + {source['rows'][0]['fnr']['n']}"
    assert "codec (not known)" in found["about_conditions"]


def test_abstention_has_a_row_a_detector_and_manipulation_with_the_guarantee(content):
    found = likelihood_section(content, CAST)
    (group,) = found["abstention"].groups
    assert [(row[0].text, row[1].text) for row in group.rows] == [
        ("a", "NT"), ("a", "FS"), ("b", "NT"), ("b", "FS"),
    ]  # fmt: skip
    assert "alpha 20%" in found["about_abstention"]
    assert "nothing is promised" in found["about_abstention"]
    assert "chose the checkpoint and settings, so errors may exceed alpha." in found["about_abstention"]


def test_repeats_stand_apart_under_their_names_and_the_first_is_spoken_of():
    everybody = [assessed(model(n), split=f"grouped_repeat-{n}") for n in (1, 2)]
    keys = everybody[0].models[0].test.keys
    videos = pd.DataFrame({"compression": "c23"}, index=keys)
    content = json_ready(summarise(everybody, videos, "made-up")[0])
    found = likelihood_section(content, Cast(("a",), (), ("a",)))
    assert [group.name for group in found["costs"].groups] == ["Grouped repeat 1", "Grouped repeat 2"]
    assert [len(group.rows) for group in found["costs"].groups] == [2, 2]
    assert "on NT (grouped repeat 1)" in found["lead"][0]
    assert not any("repeat 2" in text for text in found["lead"])


@pytest.mark.parametrize("nothing", [None, {}, {"rows": []}])
def test_a_run_without_it_has_no_section(nothing):
    assert likelihood_section(nothing, CAST) is None


def test_the_part_of_the_page_shows_all_of_it_and_nothing_without(content):
    places = FileSystemLoader(ROOT / "clipforensics/report")
    page = Environment(loader=places, autoescape=True).from_string(
        '{% from "table.html" import show, drawn with context %}{% macro of_fold() %}{% endmacro %}'
        '{% if likelihood %}{% include "part_likelihood.html" %}{% endif %}'
    )
    shown = page.render(likelihood=likelihood_section(content, CAST))
    for text in (
        "What a score is worth as evidence",
        "<b>H1.</b>",
        "Tippett plot, a",
        "Error rates by condition",
        "Abstention",
    ):
        assert text in shown
    assert page.render(likelihood=None).strip() == ""
