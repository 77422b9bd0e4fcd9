"""Tables with a row a detector, on a run of thirteen."""

from clipforensics.report.reading import lookup
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.sections import by_detector
from clipforensics.report.wording.names import label_of
from tests.support import made_up_run


def test_strata_of_every_detector_stand_in_one_table():
    compared = made_up_run.comparison()
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
    compared = made_up_run.comparison()
    tables = by_detector.metrics_by_detector(compared, cast_of(compared).order)
    assert len(tables) == 4
    assert len(tables[0].columns) == 1 + len(made_up_run.METRICS)
    assert [c.group for c in tables[0].columns[4:8]] == ["oracle: test's own ROC"] * 4
    assert [len(g.rows) for g in tables[0].groups] == [13, 12]


def test_robustness_of_every_detector_begins_at_the_test_as_it_is():
    found = made_up_run.robustness()
    table = by_detector.robustness_by_detector(found, found["rows"], made_up_run.DETECTORS, "baseline")
    assert [g.name.partition(" (")[0] for g in table.groups] == [
        "JPEG", "H.264", "Blur", "Noise", "Down- and up-scaling", "Brightness",
    ]  # fmt: skip
    assert [c.name for c in table.columns[1:]] == [*"012345", *"12345", *"012345"]
    undegraded = found["rows"][0]["detectors"]["lora"]["auc"]
    for group in table.groups:
        (row,) = [r for r in group.rows if r[0].text == label_of("lora")]
        assert row[1].text == f"{undegraded:.3f}".lstrip("0")
