"""The matrix of train set x test manipulation, and the folds one by one."""

from clipforensics.report.reading.cast import cast_of
from clipforensics.report.sections import matrix
from clipforensics.report.wording.names import label_of
from tests.support import made_up_run
from tests.support.comparison_cells import GAPS, in_protocol, under_protocols

ORDER = ("baseline", "lora")


def matrix_cells():
    other = ("FaceSwap", "FaceSwap")
    return [
        in_protocol("per_class"),
        in_protocol("per_class", gap=GAPS["open"], where=("FaceSwap", "Deepfakes")),
        in_protocol("per_class", "validation", where=other),
        in_protocol("per_class", "twin"),
        in_protocol("per_class", level="frame"),
        in_protocol("grouped"),
        in_protocol("grouped", where=other),
        in_protocol("grouped", "validation", gap=(9, 9, 9), where=other),
        in_protocol("official"),
    ]


def test_the_matrix_has_a_table_a_protocol_and_marks_cells_in_domain_and_chosen_on():
    usual, clean = matrix.matrix_tables(under_protocols(*matrix_cells()), ORDER)
    assert [c.name for c in usual.columns] == ["detector", "NeuralTextures", "Deepfakes", "FaceSwap"]
    values, gaps = usual.groups
    assert (values.name, gaps.name) == ("Trained on FaceSwap", "Trained on FaceSwap, minus Baseline")
    assert [c.text for c in values.rows[1]] == ["LoRA", ".830", ".830", "•‡ .830"]
    assert [c.shade for c in values.rows[1]] == [0, 6, 6, 6]
    assert [c.strong for c in gaps.rows[0][1:]] == [True, False, True]
    assert any(note.startswith("‡") for note in usual.notes)
    assert {c.text for g in clean.groups for r in g.rows for c in r} >= {"• .830", "• +.060"}
    assert not any(note.startswith("‡") for note in clean.notes)  # the test cell stays, not validation's


def test_the_matrix_leaves_holes_where_a_cell_was_not_run():
    cells = [in_protocol("per_class", where=("A", "X")), in_protocol("per_class", where=("B", "Y"))]
    (table,) = matrix.matrix_tables(under_protocols(*cells), ORDER)
    rows = {g.name: [c.text for c in g.rows[1]] for g in table.groups if "minus" not in g.name}
    assert rows == {"Trained on A": ["LoRA", ".830", "–"], "Trained on B": ["LoRA", "–", ".830"]}


def test_folds_stand_one_by_one_with_both_levels():
    rows = [
        {"fold": fold, "train_set": t, "manipulation": "NeuralTextures", "level": level, "n_real": 20,
         "n_fake": 21, "detectors": {"lora": {"auc": fold / 10 + (level == "frame") / 100}}}
        for t in ("FaceSwap", "Other") for level in ("video", "frame") for fold in (1, 2)
    ]  # fmt: skip
    table = matrix.folds_table(under_protocols(in_protocol("per_class"), folds=rows), ORDER)
    assert [(g.name, [[c.text for c in r] for r in g.rows]) for g in table.groups] == [
        ("Video AUC", [["Baseline", "–", "–"], ["LoRA", ".100", ".200"]]),
        ("Frame AUC", [["Baseline", "–", "–"], ["LoRA", ".110", ".210"]]),
    ]
    assert [c.name for c in table.columns[1:]] == ["fold 1: 21 fake, 20 real", "fold 2: 21 fake, 20 real"]
    assert matrix.folds_table(under_protocols(in_protocol("per_class")), ORDER) is None


def test_the_matrix_has_a_row_a_detector():
    compared = made_up_run.comparison()
    order = cast_of(compared).order
    usual, clean = matrix.matrix_tables(compared, order)
    assert [g.name for g in usual.groups] == ["Trained on FaceSwap", "Trained on FaceSwap, minus Baseline"]
    assert [len(g.rows) for g in clean.groups] == [13, 12]
    assert [c.name for c in usual.columns] == ["detector", *made_up_run.TESTED, "FaceSwap"]
    folds = matrix.folds_table(compared, order)
    assert [c.name for c in folds.columns] == [
        "detector", *(f"fold {n}: 20 fake, 20 real" for n in (1, 2, 3)),
    ]  # fmt: skip
    assert [(g.name, len(g.rows)) for g in folds.groups] == [("Video AUC", 13), ("Frame AUC", 13)]
    mine = compared["folds"][2]["detectors"]["lora"]["auc"]
    (row,) = [r for r in folds.groups[0].rows if r[0].text == label_of("lora")]
    assert row[2].text == f"{mine:.3f}".lstrip("0")


def test_other_data_sets_have_a_table_of_their_own():
    cells = [*matrix_cells(), in_protocol("per_class", where=("FaceSwap", "GAN@other"))]
    usual, _ = matrix.matrix_tables(under_protocols(*cells), ORDER)
    assert [c.name for c in usual.columns] == ["detector", "NeuralTextures", "Deepfakes", "FaceSwap"]
