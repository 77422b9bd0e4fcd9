"""AUC against the strength of a degradation, or why there is none."""

import pytest

from clipforensics.report.sections.robustness import robustness_section
from tests.support.comparison_cells import plain_spaces


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
    assert plain_spaces(found.lead).endswith(
        "changes most, of LoRA by −.100 [−.150, −.050] under blur;"
        " the intervals do not allow for having picked the worst."
    )
    assert "LoRA: 0.600" in found.figures[0][2]
    assert "LoRA: 0.600" in found.figures[1][2]  # each begins at the undegraded test
    blur, mine = found.tables
    assert [c.name for c in blur.columns] == ["detector", "0 undegraded", "1 sigma 1", "2 sigma 2"]
    assert [(g.name, [[c.text for c in r] for r in g.rows]) for g in blur.groups] == [
        ("Video AUC", [["LoRA", ".600", ".200", ".500"]]),
        ("Change, paired with the same videos as they are", [["LoRA", "–", "−.400", "−.100"]]),
        ("Minus Baseline", [["LoRA", "+.100", "+.100", "+.100"]]),
    ]
    assert mine.caption == "My own by strength"


def test_the_worst_of_many_has_the_interval_that_allows_for_all():
    row = degraded("blur", 2, 0.5, -0.1, "sigma 2")
    row["drops"]["lora"]["simultaneous"] = {"low": -0.3, "high": 0.1, "p": 0.6}
    found = robustness_section(robustness(degraded("none", 0, 0.6), row), why="off", reference="baseline")
    assert plain_spaces(found.lead).endswith(
        "of LoRA by −.100 [−.300, .100] under blur; the intervals hold for all degradations at once."
    )
    (table,) = found.tables
    change = table.groups[1].rows[0][2]
    assert ([plain_spaces(t) for t in change.further], change.strong) == (["all [−.300, .100]"], False)
    assert any(note.startswith("All: the interval that holds for every") for note in table.notes)


def test_robustness_is_shown_at_the_level_of_the_file():
    rows = [
        {**degraded(kind, strength, 0.6, drop), "level": "frame"}
        for kind, strength, drop in (("none", 0, None), ("blur", 1, -0.1))
    ]
    found = robustness_section({**robustness(*rows), "level": "frame"}, why="off", reference="baseline")
    assert found.level == "frame"
    assert "At full strength frame AUC changes" in found.lead
    assert "frame AUC under Blur" in found.figures[0][2]
    assert found.tables[0].groups[0].name == "Frame AUC"


@pytest.mark.parametrize("content", [None, robustness(), {**robustness(), "undefined": "off"}])
def test_robustness_says_why_there_is_none(content):
    found = robustness_section(content, why="It is switched off.", reference="baseline")
    assert (found.lead, found.figures, found.tables) == ("It is switched off.", (), ())
