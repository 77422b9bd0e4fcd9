"""Fakes of another data set stand against its own reals, and beside that against those of training."""

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.comparison.by_protocol import compare_protocol
from clipforensics.comparison.elsewhere import compare_own_reals
from clipforensics.comparison.unseen import compare_unseen
from tests.support.result_files import OPTIONS, write_results


@pytest.fixture
def results(tmp_path):
    """Every other real and fake of NT is of the data set `other`."""
    found = write_results(tmp_path, ["per_class"], in_domain=True, seeds=(1, 2))
    for path in (found.splits / "per_class/FS/test.csv", *found.scores.rglob("*.csv")):
        table = pd.read_csv(path)
        tested = table.get("part", pd.Series("test", table.index)) == "test"
        odd = (
            tested & (table["key"].str[-1].astype(int) % 2 == 1) & table["manipulation"].isin(["NT", "real"])
        )
        table.loc[odd, "manipulation"] += "@other"
        table.to_csv(path, index=False)
    return found


def by_hand(results, detector, kinds):
    """Means over frames of a video, then scikit-learn's AUC; mean over seeds."""
    aucs = []
    for seed in results.seeds:
        table = pd.read_csv(results.scores / detector / f"per_class/FS-{seed}.csv")
        videos = table[(table["part"] == "test") & table["manipulation"].isin(kinds)]
        videos = videos.groupby("key")[["label", "score"]].mean()
        aucs.append(roc_auc_score(videos["label"], videos["score"]))
    return sum(aucs) / len(aucs)


def test_each_manipulation_has_the_reals_of_its_data_set(results):
    found = compare_protocol(results, ["per_class"], "FS", ["NT", "rest"], **OPTIONS)
    cells = {c["manipulation"]: c for c in found["cells"] if (c["stratum"], c["level"]) == ("all", "video")}
    assert list(cells) == ["NT", "FS", "NT@other"]
    for name, cell in cells.items():
        real = "real@other" if name == "NT@other" else "real"
        assert (cell["n_real"], cell["n_fake"]) == (2, 4 if name == "FS" else 2)
        for detector in ("baseline", "lora"):
            expected = by_hand(results, detector, [name, real])
            assert cell["detectors"][detector]["auc"] == pytest.approx(expected)


def test_beside_that_come_the_reals_of_training(results):
    (row,) = compare_own_reals(results, ["per_class"], "FS", **OPTIONS)
    assert (row["manipulation"], row["n_real"], row["n_fake"]) == ("NT@other", 2, 2)
    assert not {"stratum", "level"} & row.keys()
    for detector in ("baseline", "lora"):
        expected = by_hand(results, detector, ["NT@other", "real"])
        assert row["detectors"][detector]["auc"] == pytest.approx(expected)


def test_one_data_set_has_none(tmp_path):
    results = write_results(tmp_path, ["per_class"], in_domain=True)
    assert compare_own_reals(results, ["per_class"], "FS", **OPTIONS) == []
    (counts,) = results.count_each(["per_class"], "FS").items()
    assert counts == ("", results.count_leaks(["per_class"], "FS"))


def test_leaks_are_counted_by_data_set(results):
    own, other = (results.count_each(["per_class"], "FS")[name] for name in ("", "other"))
    assert (own["n_real"], own["n_fake"]) == (2, 6)
    assert (other["n_real"], other["n_fake"]) == (2, 2)
    assert own == results.count_leaks(["per_class"], "FS")


def test_other_data_sets_are_not_pooled_with_what_training_never_saw(results):
    """NT alone is unseen in the data set that is trained on, and one manipulation is no pool."""
    assert compare_unseen(results, ["per_class"], "FS", **OPTIONS) == []
