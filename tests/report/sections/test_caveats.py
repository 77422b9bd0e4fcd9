"""Doubts in plain words: few videos, one fold."""

from clipforensics.report.sections import caveats
from tests.support.comparison_cells import cell, clean_headline, in_protocol, plain_spaces


def test_few_videos_are_called_few_with_what_one_decides():
    assert "a single real video decides up to .100" in caveats.about_size(cell(n=(10, 100)))
    assert "a single manipulated video decides up to .200" in caveats.about_size(cell(n=(100, 5)))
    assert "few" not in caveats.about_size(cell(n=(100, 100)))
    assert "1 real video and 2 manipulated videos." in caveats.about_size(cell(n=(1, 2)))
    assert "of 7 identity groups" in caveats.about_size({**cell(n=(10, 10)), "n_groups": 7})
    assert caveats.about_size(None) == ""


def test_what_is_of_one_fold_is_said():
    folds = [{"fold": fold} for fold in (1, 2, 3) for _ in range(2)]
    found = clean_headline(in_protocol("grouped_kfold"), name="grouped_kfold", folds=folds)
    assert caveats.fold_alone(found) == caveats.about_fold(found) == ""
    found["headline"]["split"] = "grouped_kfold-1"
    assert caveats.fold_alone(found) == "fold 1 of the 3 folds alone"
    assert caveats.about_fold(found).startswith("Fold 1 of the 3 folds alone: thresholds, calibration,")
    assert caveats.fold_alone({**found, "folds": []}) == "fold 1 alone"
    assert caveats.fold_alone({"headline": {"train_set": "A"}}) == ""


def test_strangers_are_said_to_be_groups_of_their_own():
    few = {"n_real": 40, "n_fake": 50, "n_groups": 60}
    assert "nobody known" not in caveats.about_size(few)
    assert plain_spaces(caveats.about_size(few, 7)) == (
        "The test has 40 real videos and 50 manipulated videos, of 60 identity groups (7 videos of nobody"
        " known, each a group of its own: if people recur among them, intervals are too narrow)."
    )
