"""Tables of metrics: each number under its head, dashes with their reason."""

from clipforensics.report.sections import metrics
from clipforensics.report.wording.names import ORACLE
from tests.support.comparison_cells import evaluation, metric_row, texts_of_row, two_protocols


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


def undefined_metric(name, reason):
    row = metric_row(name, 0.5, oracle=True, undefined=reason)
    nothing = {"value": None, "low": None, "high": None}
    return {**row, "detectors": {"baseline": nothing, "lora": nothing}, "differences": {"lora": nothing}}


def test_all_metrics_have_intervals_and_a_table_for_each_protocol_and_level():
    rows = [metric_row("ece", 0.3), metric_row("auc", 0.7),
            metric_row("mine", 0.4, undefined={"lora": "one class"}),
            metric_row("auc", 0.6, "grouped", "frame"), metric_row("eer", 0.2, oracle=True),
            metric_row("their_own", 0.1, oracle=True),
            undefined_metric("tpr_at_fpr_0.01", "too few reals")]  # fmt: skip
    usual, clean = metrics.metric_tables(two_protocols(metrics=rows))
    assert usual.caption == "Video level, per class: 10 real, 100 manipulated, 55 identity groups"
    assert clean.caption.startswith("Frame level, grouped")
    assert [(g.name, [r[0].text for r in g.rows]) for g in usual.groups] == [
        ("Ranking, which needs no threshold", ["AUC"]),
        (ORACLE, ["equal error rate, ROC interpolated ↓", "TPR at FPR 1%", "their_own"]),
        ("Calibrated scores", ["expected calibration error ↓"]),
        ("Others", ["mine"]),
    ]
    assert texts_of_row(usual.groups[0].rows[0])[1:] == [
        (".700", "[.600, .800]"), (".700", "[.600, .800]"), ("+.200", "[.100, .300]"), (".010", ""),
    ]  # fmt: skip
    assert {"mine, lora: one class", "TPR at FPR 1%: too few reals"} <= set(usual.notes)
    assert [c.text for c in usual.groups[1].rows[1]] == ["TPR at FPR 1%", *["–"] * 4]
    assert metrics.metric_tables(two_protocols()) == []


def thresholded():
    at = {"eer": {"fpr": 0.2, "tpr": 0.6, "accuracy": 0.5, "balanced_accuracy": 0.7, "f1": 0.8}, "fpr": {}}
    level = {"at_thresholds": at}
    return {
        "detector": "lora", "seed": 42, "threshold": {"video": 0.4, "rule": "eer"}, "fpr_budget": 0.1,
        "thresholds": {"video": {"eer": 0.4, "fpr": 0.6}},
        "validation": {"video": {"at_thresholds": {"eer": {"fpr": 0.1, "tpr": 0.9}}}},
        "test": {"X": {"video": level, "all_fake": {"video": {"accuracy": 0.909, "f1": 0.95}}}},
    }  # fmt: skip


def test_thresholds_show_what_they_promised_and_what_they_did():
    table = metrics.threshold_table([thresholded()], manipulation="X", level="video")
    lora, reference = table.groups
    assert [c.text for c in lora.rows[0]] == [
        "equal error rates", ".400", ".100", ".900", ".200", ".600", ".500", ".700", ".800",
    ]  # fmt: skip
    assert lora.rows[0][0].note == "the operating point"
    assert [c.text for c in lora.rows[1]] == ["FPR of at most 10%", ".600", *["–"] * 7]
    assert [c.text for c in reference.rows[0]][6:] == [".909", "–", ".950"]
    assert metrics.threshold_table([thresholded()], manipulation="X", level="frame") is None
