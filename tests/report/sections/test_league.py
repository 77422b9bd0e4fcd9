"""The league table and what follows from it in words: who is first, who cannot be told apart."""

from clipforensics.report.sections import league as league_section
from clipforensics.report.wording.names import label_of
from tests.support import made_up_run
from tests.support.comparison_cells import plain_spaces
from tests.support.leagues import ABOVE, BELOW, OPEN, league_of
from tests.support.made_up_controls import OFF, made_up


def test_the_league_is_ranked_by_validation_and_says_so():
    compared = made_up_run.comparison()
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
        ("NeuralTextures, grouped folds", "AUC"),
        ("NeuralTextures, grouped folds", "minus Baseline"),
    ]  # fmt: skip
    zero = next(r for r in table.groups[0].rows if label_of("zero_shot") in r[0].text)
    assert (zero[1].text, zero[1].note) == ("0", "")
    full = next(r for r in table.groups[0].rows if label_of("full") in r[0].text)
    assert (plain_spaces(full[1].text), full[1].note) == ("87\u202f849\u202f729", "head 513")


def test_who_cannot_be_told_apart_follows_from_paired_differences():
    found = league_of([("b", None, ABOVE), ("a", BELOW, None), ("c", OPEN, OPEN), ("d", ABOVE, BELOW)])
    rivals, others = league_section.points(found)
    assert rivals == (
        "On NT, per class: b, first by validation, cannot be told apart from c: the interval of the paired"
        " difference holds 0; it is ahead of a and behind d, by intervals that exclude 0."
    )
    assert others == "On NT, per class, shown better than a: b; worse than a: d."


def test_nothing_is_said_twice_where_the_reference_leads_or_is_alone():
    leads = league_section.points(league_of([("a", None, None), ("b", BELOW, BELOW), ("c", OPEN, OPEN)]))
    assert len(leads) == 1
    pair = league_section.points(league_of([("b", None, ABOVE), ("a", BELOW, None)]))
    assert len(pair) == 1
    assert "is ahead of a" in pair[0]
    assert league_section.points(league_of([("a", None, None)])) == []


def test_many_comparisons_are_owned_up_to():
    rows = [("b", None, OPEN), ("a", OPEN, None), *((name, OPEN, OPEN) for name in "cdefg")]
    *_, last = league_section.points(league_of(rows, bootstrap={"confidence": 0.95}))
    assert "of 6, about 0.3 leave 0 out by chance where nothing differs" in last
    assert "any other (" in league_section.points(league_of(rows))[0]
    assert "nobody is shown better than a" in league_section.points(league_of(rows))[1]


def test_nobody_is_ahead_by_an_interval_that_is_not_corrected():
    """The first leads b and beats the reference a; with seven looks allowed for, neither is shown."""
    rows = [("first", None, ABOVE), ("a", BELOW, None), *((name, OPEN, OPEN) for name in "bcdef")]
    found = league_of(rows, bootstrap={"confidence": 0.95})
    for row in found["league"]:
        for kind in ("to_leader", "differences"):
            for values in row[kind].values():
                values["simultaneous"] = {"low": values["low"] - 0.1, "high": values["high"] + 0.1}
    rivals, others = league_section.points(found)
    assert rivals.endswith(
        "cannot be told apart from any other (a, b, c, d, e and f): the interval of the paired"
        " difference holds 0."
    )
    assert others == "On NT, per class, nobody is shown better than a."
    values["simultaneous"] = {"low": 0.01, "high": 0.2}  # f against the reference
    assert league_section.points(found)[1] == "On NT, per class, shown better than a: f."
    found["league"][-1]["to_leader"]["cross"]["simultaneous"] = {"low": -0.3, "high": -0.01}
    said = league_section.points(found)[0]
    assert said.endswith("it is ahead of f, by intervals that exclude 0 once all looks are allowed for.")


def test_a_missing_column_is_left_out_with_its_reason():
    table = league_section.league_table(league_of([("b", None, ABOVE), ("a", BELOW, None)]))
    assert len(table.columns) == 4 + 2
    assert "Clean: none was run." in table.notes
    assert [c.text for c in table.groups[0].rows[0]][1:4] == ["10", ".900", "–"]


def test_several_models_show_their_range():
    rows = league_of([("b", None, ABOVE), ("a", BELOW, None)])
    for row in rows["league"]:
        row["validation"] |= {"n_models": 4, "min": 0.8, "max": 0.95}
    assert league_section.league_table(rows).groups[0].rows[0][2].note == ".800 to .950"
    assert "means over 4 models" in league_section.lead(rows)


def test_the_order_says_which_validation_it_is_by_and_whether_that_knows_the_faces():
    rows = league_of([("b", None, ABOVE), ("a", BELOW, None)])
    assert league_section.lead(rows).startswith("Best first by validation (FS, per class): video AUC")
    assert "Where training has seen their faces, it favours" in league_section.lead(rows)
    rows["league"][0]["validation"]["protocol"] = "grouped"
    assert league_section.lead(rows).startswith("Best first by validation (FS, grouped): ")
    assert "training has seen their faces" not in league_section.lead(rows)
    assert "may be test videos of another split (per class)." in league_section.lead(rows)
    rows["league"][0]["validation"]["protocol"] = "grouped_kfold"
    assert "Each of them is tested too, by the model of another fold." in league_section.lead(rows)


def test_controls_stand_below_the_detectors_and_are_marked():
    compared = made_up_run.comparison()
    found = made_up(metadata="open")
    found["rows"].append(made_up("worse", protocol="grouped_kfold")["rows"][0])
    table = league_section.league_table(compared, found)
    detectors, controls = table.groups
    assert len(detectors.rows) == 13
    assert "no detectors" in controls.name
    assert [row[0].text for row in controls.rows][1] == "control: file metadata alone"
    metadata = controls.rows[1]
    assert [cell.text for cell in metadata[1:4]] == ["–"] * 3, "nothing is trained, no place by validation"
    assert metadata[4].text == ".690"
    assert (metadata[5].text, plain_spaces(metadata[5].note)) == ("−.020", "[−.140, .100]"), "minus Baseline"
    assert (metadata[7].text, metadata[7].strong) == ("+.200", True)
    assert all(len(row) == len(table.columns) for row in controls.rows)


def test_a_league_without_controls_has_no_row_of_them():
    for controls in (None, OFF):
        assert len(league_section.league_table(made_up_run.comparison(), controls).groups) == 1
