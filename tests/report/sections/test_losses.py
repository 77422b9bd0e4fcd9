"""Every loss is named, whatever AUC says."""

from clipforensics.report.sections import losses
from tests.support import made_up_run
from tests.support.comparison_cells import in_protocol, metric_row, plain_spaces, under_protocols

MEASURED = {
    "accuracy": (-0.2, -0.3, -0.1), "f1": (-0.208, -0.3, -0.1), "tpr": (-0.25, -0.4, -0.1),
    "brier": (0.105, 0.05, 0.15), "auc": (0.01, -0.05, 0.07), "fpr": (-0.1, -0.2, -0.05),
}  # fmt: skip
"""LoRA as it was once measured under a headline of no difference in AUC."""


CELL = {"train_set": "FaceSwap", "manipulation": "NeuralTextures"}


def rows(values=MEASURED, **more):
    found = []
    for name, (value, low, high) in values.items():
        gap = {"value": value, "low": low, "high": high, "p": 0.0001}
        found.append(metric_row(name, 0.5, differences={"lora": gap}, **more))
    return under_protocols(in_protocol("per_class"), metrics=found)


def judged(names, **more):
    """As comparison/families.py lists them."""
    place = {
        "level": "video",
        "protocol": "per_class",
        "train_set": "FaceSwap",
        "manipulation": "NeuralTextures",
    }
    found = []
    for name in names:
        value, low, high = MEASURED[name]
        ends = {"value": value, "low": low - 0.02, "high": high + 0.02, "p": 0.0001}
        family = "metrics per_class lora"
        found.append({"detector": "lora", "metric": name, **place, **ends, "family": family, **more})
    return found


def corrected(lost=(), won=(), values=MEASURED, **more):
    compared = rows(values)
    for row in compared["metrics"]:
        row["differences"]["lora"]["simultaneous"] = {"low": -0.5, "high": 0.5, "p": 0.3}
    for row in compared["metrics"]:
        if row["metric"] in (*lost, *won):
            _, low, high = MEASURED[row["metric"]]
            row["differences"]["lora"]["simultaneous"] = {"low": low - 0.02, "high": high + 0.02, "p": 0.0001}
    families = [{"name": "metrics per_class lora", "n": 6, "n_shown": 2}]
    return {**compared, "families": families, "losses": judged(lost), "gains": judged(won), **more}


def test_losses_and_gains_that_outlast_all_looks_are_told_alike():
    text = plain_spaces(losses.about_losses(corrected(["accuracy", "f1"], ["fpr"]), "lora"))
    assert text == (
        "LoRA is shown to lose to the baseline in 2 metrics (accuracy −.200 [−.320, −.080] (p < .001) and"
        " F1 −.208 [−.320, −.080] (p < .001)) by video, and to gain in 1 metric (false positive rate −.100"
        " [−.220, −.030] (p < .001)), once all looks are allowed for."
    )


def test_what_excludes_0_only_alone_is_not_called_shown():
    text = losses.about_losses(corrected(), "lora")
    assert text == (
        "LoRA is shown to lose to the baseline in no metric by video, and to gain in no metric,"
        " once all looks are allowed for."
    )
    assert losses.about_losses(under_protocols(in_protocol("per_class")), "lora") == ""


def test_what_the_file_lists_of_the_primary_cell_is_told_with_its_place_and_frames_are_not():
    found = judged(["f1"], protocol="grouped", manipulation="Deepfakes", train_set="Face2Face")
    compared = corrected(losses=[*found, *judged(["tpr"], level="frame")])
    text = losses.about_losses(compared, "lora")
    assert "in 1 metric (F1 under grouped on Deepfakes trained on Face2Face −.208" in text
    assert "true positive" not in text


def test_where_nothing_is_corrected_single_metrics_are_said_not_to_be():
    bare = rows()
    said = plain_spaces(losses.about_losses(bare, "lora"))
    assert said.startswith(
        "LoRA minus the baseline: differences of single metrics are not corrected for how many they are; by"
        " itself 5 of 6 by video on NeuralTextures exclude 0; worse: accuracy −.200 [−.300, −.100] (p < .001)"
    )
    assert said.endswith("; better: false positive rate −.100 [−.200, −.050] (p < .001).")
    assert "shown" not in said
    repeats = {**bare, "families": [], "losses": [], "gains": []}
    assert plain_spaces(losses.about_losses(repeats, "lora")) == said
    text = losses.about_losses(rows({"auc": (0.01, -0.1, 0.1), "f1": (-0.5, None, None)}), "lora")
    assert text.endswith("by itself none of 2 by video on NeuralTextures excludes 0.")


def test_frames_alone_say_nothing_by_video():
    assert losses.about_losses(rows(level="frame"), "lora") == ""
    assert losses.n_metrics(rows()) == 6


def test_the_table_has_shown_losses_first_and_marks_no_other():
    table = losses.losses_table(corrected(["f1"], ["fpr"]), ["lora"])
    (group,) = table.groups
    assert [(r[0].text, r[2].text, r[2].mark) for r in group.rows] == [
        ("F1", "", "loss"), ("false positive rate", "gain", ""), ("accuracy", "worse alone", ""),
        ("true positive rate", "worse alone", ""), ("Brier score", "worse alone", ""),
    ]  # fmt: skip
    assert [r[-1].text for r in group.rows] == ["< .001", "< .001", ".300", ".300", ".300"]
    assert [r[5].strong for r in group.rows] == [True, True, False, False, False]
    assert table.notes[:2] == (
        "Alone: its own interval excludes 0, which is not shown once all looks are allowed for.",
        "p allows for all looks of the family.",
    )
    assert {r[1].text for r in group.rows} == {"per class"}
    assert losses.losses_table(rows({"auc": (0.01, -0.1, 0.1)}), ["lora"]) is None


def test_the_table_has_each_detectors_metrics_under_its_own_name():
    compared = rows({"accuracy": (-0.2, -0.3, -0.1), "f1": (-0.2, -0.3, 0.1)})
    for row, low in zip(compared["metrics"], (-0.5, 0.05), strict=True):
        row["differences"]["mlp"] = {"value": 0.1, "low": low, "high": 0.2, "p": 0.001}
    found = losses.losses_table(compared, ["lora", "mlp", "full"]).groups
    assert [[row[0].text for row in group.rows] for group in found] == [["accuracy"], ["F1"]]
    assert "LoRA" in found[0].name


def test_without_correction_the_table_calls_nothing_a_loss():
    (group,) = losses.losses_table(rows(), ["lora"]).groups
    assert [r[2].text for r in group.rows] == ["worse alone"] * 4 + ["better alone"]
    assert not any(r[2].mark for r in group.rows)


def test_a_metric_that_is_not_judged_is_no_loss_though_it_is_shown():
    compared = corrected(["f1"], losses=[])
    (group,) = losses.losses_table(compared, ["lora"]).groups
    assert (group.rows[0][0].text, group.rows[0][2].text) == ("F1", "worse")
    note = "Worse, better: shown, but not one of the metrics in which losses and gains are judged."
    assert note in losses.losses_table(compared, ["lora"]).notes
    assert note not in losses.losses_table(corrected(["f1"], ["fpr"]), ["lora"]).notes
    assert losses.losses_table(rows(), ["lora"]).notes[0].endswith("and nothing here is corrected.")
    assert not any("all looks" in text for text in losses.losses_table(rows(), ["lora"]).notes)


def test_other_detectors_are_counted_by_losses_and_gains():
    others = ["mlp", "lora"]
    compared = corrected(["f1"], ["fpr"])
    compared["gains"].append({**compared["gains"][0], "detector": "mlp"})
    assert losses.about_others(compared, others) == (
        "Of 2 other detectors, one is shown to lose to the baseline in some metric and 2 to gain, once all"
        " looks are allowed for."
    )
    assert losses.about_others(compared, []) == ""
    bare = made_up_run.comparison()
    for row in bare["metrics"]:
        if row["metric"] == "f1" and row["protocol"] == "per_class" and row["level"] == "video":
            row["differences"]["mlp"] = {"value": -0.1, "low": -0.2, "high": -0.05}
        if row["metric"] == "f1" and row["protocol"] == "grouped_kfold" and row["level"] == "video":
            row["differences"]["lora"] = {"value": -0.1, "low": -0.2, "high": -0.05}  # elsewhere
    assert losses.about_others(bare, others) == (
        "Of 2 other detectors, one has a metric that is worse than the baseline's and none one that is"
        " better, by intervals that exclude 0 and are not corrected for how many they are."
    )
