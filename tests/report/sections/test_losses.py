"""Every loss is named, whatever AUC says."""

from clipforensics.report.sections import losses
from tests.support import made_up_run
from tests.support.comparison_cells import in_protocol, metric_row, plain_spaces, under_protocols

MEASURED = {
    "accuracy": (-0.2, -0.3, -0.1), "f1": (-0.208, -0.3, -0.1), "tpr": (-0.25, -0.4, -0.1),
    "brier": (0.105, 0.05, 0.15), "auc": (0.01, -0.05, 0.07), "fpr": (-0.1, -0.2, -0.05),
}  # fmt: skip
"""LoRA as it was once measured under a headline of no difference in AUC."""


def rows(values=MEASURED, **more):
    found = []
    for name, (value, low, high) in values.items():
        gap = {"value": value, "low": low, "high": high, "p": 0.0001}
        found.append(metric_row(name, 0.5, differences={"lora": gap}, **more))
    return under_protocols(in_protocol("per_class"), metrics=found)


def test_all_losses_are_in_the_sentence_with_their_intervals_and_gains_are_named():
    text = plain_spaces(losses.about_losses(rows(), "lora"))
    assert text == (
        "LoRA loses to the baseline in 4 of 6 metrics by video on NeuralTextures: accuracy −.200"
        " [−.300, −.100]"
        " (p < .001), F1 −.208 [−.300, −.100] (p < .001), true positive rate −.250 [−.400, −.100] (p <"
        " .001) and"
        " Brier score +.105 [.050, .150] (p < .001); gains in false positive rate."
    )


def test_nothing_shown_is_said_so_and_nothing_known_is_silence():
    text = losses.about_losses(rows({"auc": (0.01, -0.1, 0.1), "f1": (-0.5, None, None)}), "lora")
    assert text.startswith(
        "LoRA loses to the baseline in none of 2 metrics by video on NeuralTextures, as far as"
    )
    assert losses.about_losses(under_protocols(in_protocol("per_class")), "lora") == ""


def test_a_loss_that_does_not_outlast_all_looks_stays_a_loss_and_says_so():
    compared = rows({"f1": (-0.2, -0.3, -0.1)})
    compared["metrics"][0]["differences"]["lora"]["simultaneous"] = {"low": -0.4, "high": 0.05}
    assert "(not once all looks are allowed for)" in losses.about_losses(compared, "lora")


def test_other_protocols_and_frames_are_not_in_the_sentence():
    assert "none of" not in losses.about_losses(rows(level="frame"), "lora")
    assert losses.about_losses(rows(level="frame"), "lora") == ""
    assert losses.n_metrics(rows()) == 6


def test_the_table_has_losses_first_and_marked():
    table = losses.losses_table(rows(), ["lora"])
    (group,) = table.groups
    assert [r[0].text for r in group.rows] == ["accuracy", "F1", "true positive rate", "Brier score",
                                               "false positive rate"]  # fmt: skip
    assert [r[2].mark for r in group.rows] == ["loss"] * 4 + [""]
    assert group.rows[-1][2].text == "gain"
    assert losses.losses_table(rows({"auc": (0.01, -0.1, 0.1)}), ["lora"]) is None


def test_other_detectors_are_counted():
    compared = made_up_run.comparison()
    for row in compared["metrics"]:
        if row["metric"] == "f1" and row["protocol"] == "per_class" and row["level"] == "video":
            row["differences"]["mlp"] = {"value": -0.1, "low": -0.2, "high": -0.05}
    others = [name for name in made_up_run.DETECTORS[1:] if name != "lora"]
    assert losses.about_others(compared, others) == (
        "Of 11 other detectors, one is shown to lose to the baseline in some metric."
    )
    assert ", none is shown" in losses.about_others(made_up_run.comparison(), others)
    assert losses.about_others(compared, []) == ""
