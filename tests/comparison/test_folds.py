"""Folds by themselves: a row each, and the mean over them."""

from clipforensics.comparison.folds import fold_rows, mean_of_folds


def test_a_fold_alone_is_the_mean_over_seeds():
    point = {"auc": 0.5, "n_real": 2, "n_fake": 3, "n_groups": 4}
    files = [{"test": {"NT": {"frame": point, "video": {**point, "auc": auc}}}} for auc in (0.5, 0.9)]
    rows = fold_rows({"lora": files}, "NT", 2)
    assert rows[1] == {
        "fold": 2, "manipulation": "NT", "level": "video", "n_real": 2, "n_fake": 3, "n_groups": 4,
        "detectors": {"lora": {"auc": 0.7}},
    }  # fmt: skip


def test_the_mean_of_folds_leaves_out_folds_without_an_auc():
    def row(fold, baseline, lora):
        return {"fold": fold, "detectors": {"baseline": {"auc": baseline}, "lora": {"auc": lora}}}

    found = mean_of_folds([row(1, 0.5, 0.75), row(2, None, None), row(3, 0.75, 0.75)], "baseline")
    assert found == {
        "detectors": {"baseline": 0.625, "lora": 0.75}, "differences": {"lora": 0.125}, "n_folds": 2,
    }  # fmt: skip
    assert mean_of_folds([row(1, None, None)], "baseline") == {}


def test_a_fold_without_a_manipulation_has_null_and_a_reason():
    point = {"auc": 0.5, "n_real": 2, "n_fake": 3, "n_groups": 4}
    files = [{"test": {"NT": {"frame": point, "video": point}}}]
    row = fold_rows({"lora": files}, "DF", 1)[0]
    assert row["detectors"] == {"lora": {"auc": None}}
    assert row["undefined"] == "no DF video is in this fold"
