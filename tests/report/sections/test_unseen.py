"""What is said of all unseen manipulations together."""

from clipforensics.report.sections.unseen import about_unseen
from tests.support.comparison_cells import plain_spaces

HEAD = {"train_set": "FaceSwap", "protocol": "per_class", "manipulation": "NeuralTextures"}


def row(protocol="per_class", level="video", train_set="FaceSwap", **lora):
    detectors = {"baseline": {"auc": 0.7, "low": 0.6, "high": 0.8}, "lora": {"auc": 0.75, **lora}}
    return {
        "protocol": protocol, "train_set": train_set, "manipulations": ["Deepfakes", "NeuralTextures"],
        "level": level, "n_real": 10, "n_fake": 200, "detectors": detectors,
    }  # fmt: skip


def said(*rows, detectors=("baseline", "lora")):
    return plain_spaces(about_unseen({"headline": HEAD, "unseen": list(rows)}, detectors))


def test_every_protocol_is_named_with_every_detector_shown():
    grouped = row("grouped", low=0.5, high=0.9)
    assert said(row(low=0.65, high=0.85), grouped, row(level="frame"), row(train_set="Face2Face")) == (
        "All that training never saw (Deepfakes and NeuralTextures), every fake once, video AUC: per class"
        " the baseline .700 [.600, .800], LoRA .750 [.650, .850]; grouped the baseline .700 [.600, .800],"
        " LoRA .750 [.500, .900]."
    )


def test_a_missing_interval_is_said_and_a_detector_that_is_not_shown_is_left_out():
    assert said(row(low=None, high=None), detectors=("lora",)).endswith("per class LoRA .750 (no interval).")
    assert said(row(low=0.5, high=1), detectors=("lora", "mlp")).endswith(
        "per class LoRA .750 [.500, 1.000]."
    )


def test_where_nothing_is_pooled_nothing_is_said():
    assert said() == ""
    assert about_unseen({"headline": HEAD}, ["lora"]) == ""
