"""Table 1: leaking and clean side by side."""

from clipforensics.report.sections.first_table import drawn_of, first_table, places_of
from clipforensics.report.sections.seen import NOT_COUNTED, Seen
from tests.support.comparison_cells import (
    cell,
    comparison,
    evaluation,
    in_protocol,
    plain_spaces,
    under_protocols,
)

LEAKS, CLEAN = Seen(10, 100, 8, 98, 90), Seen(20, 21, 0, 0, 0)
BOTH = {"per_class": LEAKS, "grouped": CLEAN}


def usual(*more):
    strata = [
        in_protocol("per_class", s, n=(10, n)) for s, n in (("all", 100), ("twin", 90), ("no_twin", 10))
    ]
    return under_protocols(*strata, *more)


def test_leaking_and_clean_stand_side_by_side_with_what_the_counts_say():
    compared = usual(in_protocol("grouped", n=(20, 21)))
    compared["cells"][-1]["detectors"]["lora"] = {"auc": 0.42, "low": 0.3, "high": 0.55}
    table = first_table(compared, BOTH, [evaluation("lora", auc=0.99)], ["baseline", "lora"], ["lora"])
    assert [(c.group, c.name) for c in table.columns] == [
        ("", "detector"), ("Per class: leaks", "validation"), ("Per class: leaks", "all fakes (100)"),
        ("Per class: leaks", "with a twin (90)"), ("Per class: leaks", "no twin (10)"),
        ("Grouped: no shared identity known", "all fakes (21)"), ("", "drawn"),
    ]  # fmt: skip
    baseline, lora = table.groups[0].rows
    assert [c.text for c in lora[:-1]] == ["LoRA", ".990", ".830", ".830", ".830", ".420"]
    assert plain_spaces(lora[5].note) == "[.300, .550]"
    assert (baseline[0].mark, lora[0].mark) == ("", "unusable")
    assert baseline[1].text == "–", "nobody evaluated it"
    assert table.caption.startswith("Video AUC of each detector on NeuralTextures")


def test_a_name_does_not_make_a_column_clean():
    compared = usual(in_protocol("grouped", n=(20, 21)))
    groups = [group for group, _, _ in places_of(compared, {"per_class": LEAKS, "grouped": LEAKS})]
    assert groups[-1] == "Grouped: leaks"
    assert [g for g, _, _ in places_of(compared, {})] == ["Per class: leaks not counted"] * 3 + [
        "Grouped: leaks not counted"
    ]


def test_the_cleanest_stratum_has_a_column_unless_it_is_another_ones():
    def told(*strata):
        return [head for _, head, _ in places_of(usual(*strata), BOTH)]

    clean = in_protocol("per_class", "clean", n=(10, 2))
    assert told(clean)[-1] == "nobody seen"
    assert told(in_protocol("per_class", "clean", n=(10, 10)))[-1] == "no twin"
    both = in_protocol("per_class", "clean_of_both", n=(10, 1))
    assert told(clean, both)[-1] == "nobody seen, nor in validation"
    none = in_protocol("per_class", "clean_of_both", n=(10, 0))
    assert told(in_protocol("per_class", "clean", n=(10, 8)), none)[-1] == "nobody seen"
    assert told(in_protocol("per_class", "clean", n=(10, 0)))[-1] == "no twin"


def test_without_strata_or_protocols_there_is_one_column_and_without_cells_no_table():
    table = first_table(comparison(cell()), {None: NOT_COUNTED}, [], ["baseline", "lora"], [])
    assert [c.name for c in table.columns] == ["detector", "validation", "all fakes (100)", "drawn"]
    assert first_table(comparison(), {}, [], ["baseline"], []) is None


def test_a_number_without_an_interval_is_accounted_for():
    compared = comparison(cell())
    (note,) = first_table(compared, {None: NOT_COUNTED}, [], ["lora"], []).notes
    assert "could be made" not in note
    compared["cells"][0]["detectors"]["lora"] |= {"low": None, "high": None}
    (note,) = first_table(compared, {None: NOT_COUNTED}, [], ["lora"], []).notes
    assert "its intervals, where one could be made." in note


def test_an_undefined_auc_is_a_dash_and_an_empty_drawing():
    compared = comparison(cell())
    compared["cells"][0]["detectors"]["lora"] = {"auc": None, "low": None, "high": None}
    row = first_table(compared, {None: NOT_COUNTED}, [], ["lora"], []).groups[0].rows[0]
    assert row[2].text == "–"
    assert "<circle" not in row[-1].figure


def test_what_the_heading_sets_side_by_side_is_drawn():
    places = places_of(usual(in_protocol("grouped", n=(20, 21))), BOTH)
    assert [head for _, head, _ in drawn_of(places)] == ["with a twin", "no twin"]
    others = places_of(under_protocols(in_protocol("per_class"), in_protocol("grouped")), BOTH)
    assert [(group.split(":")[0], head) for group, head, _ in drawn_of(others)] == [
        ("Per class", "all fakes"), ("Grouped", "all fakes"),
    ]  # fmt: skip
    assert drawn_of(others[:1]) == others[:1]
