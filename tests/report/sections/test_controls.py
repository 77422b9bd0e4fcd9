"""The section on controls: the finding, what speaks against detectors, a table of every cell."""

from clipforensics.report.reading.cast import Cast
from clipforensics.report.sections.controls import ABSENT, controls_section, controls_table
from tests.support.comparison_cells import plain_spaces
from tests.support.made_up_controls import OFF, made_up

CAST = Cast(("baseline", "lora"), ("lora",), ("baseline", "lora"))


def test_the_finding_stands_first_then_what_speaks_against_a_detector():
    found = controls_section(made_up(metadata="open"), CAST)
    assert found.lead.startswith("On NeuralTextures, per class 2 of 4 differences")
    assert len(found.points) == 1
    assert found.table is not None
    assert controls_section(made_up(), CAST).points == ()


def test_without_controls_it_says_why():
    assert controls_section(None, CAST).lead == ABSENT
    off = controls_section(OFF, CAST)
    assert off.lead == "Controls were not made: controls.enabled is never."
    assert off.table is None


def test_a_row_a_control_with_every_difference():
    table = controls_table(made_up(removed="better"), CAST.shown)
    (group,) = table.groups
    assert group.name == "NeuralTextures, per class (10 real, 100 manipulated)"
    assert [c.name for c in table.columns] == [
        "control",
        "AUC",
        "Baseline",
        "LoRA",
        "probe on frames as stored",
    ]
    titles = [row[0].text for row in group.rows]
    assert titles[0] == "The probe on frames as stored"
    assert titles[1:] == [
        "File metadata alone", "The probe on permuted labels", "The probe on frames re-encoded alike",
    ]  # fmt: skip
    metadata = group.rows[1]
    assert (metadata[1].text, plain_spaces(metadata[1].note)) == (".690", "[.550, .810]")
    assert metadata[2].strong, "shown better"
    assert plain_spaces(metadata[2].further[0]) == "all [.090, .310]"
    assert group.rows[2][1].further == ("10 draws .400 to .620",)
    assert not group.rows[3][3].strong
    assert group.rows[3][4].strong, "the loss of the probe is shown"
    assert all(len(row) == len(table.columns) for row in group.rows)


def test_the_judged_cell_is_first_and_other_train_sets_are_left_out():
    found = made_up()
    found["rows"] = [
        made_up(manipulation="Deepfakes")["rows"][0],
        *found["rows"],
        made_up(train_set="Deepfakes")["rows"][0],
    ]
    assert [group.name.split(",")[0] for group in controls_table(found, CAST.shown).groups] == [
        "NeuralTextures", "Deepfakes",
    ]  # fmt: skip


def test_a_cell_without_intervals_says_why():
    found = made_up()
    found["rows"][0]["undefined"] = "too few groups"
    notes = controls_table(found, CAST.shown).notes
    assert "NeuralTextures, per class: too few groups" in notes
    assert "File metadata alone: A forest." in notes
