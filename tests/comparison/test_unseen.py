"""The AUC over all manipulations that training never saw is that of their fakes taken together."""

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from clipforensics.comparison.unseen import compare_unseen
from tests.support.result_files import write_results

OPTIONS = {"reference": "baseline", "confidence": 0.9, "aggregate": "mean"}
OPTIONS |= {"cluster": "video", "n_replicates": 50, "seed": 1}


@pytest.fixture
def results(tmp_path):
    """Every other fake of NT is called DF."""
    found = write_results(tmp_path, ["per_class"], in_domain=True)
    for path in (found.splits / "per_class/FS/test.csv", *found.scores.rglob("*.csv")):
        table = pd.read_csv(path)
        odd = table["key"].str[-1].astype(int) % 2 == 1
        table.loc[odd & (table["manipulation"] == "NT"), "manipulation"] = "DF"
        table.to_csv(path, index=False)
    return found


def by_hand(results, detector, manipulations):
    """Means over frames of a video, then scikit-learn's AUC; mean over seeds."""
    aucs = []
    for seed in results.seeds:
        table = pd.read_csv(results.scores / detector / f"per_class/FS-{seed}.csv")
        test = table[(table["part"] == "test") & table["manipulation"].isin([*manipulations, "real"])]
        videos = test.groupby("key")[["label", "score"]].mean()
        aucs.append(roc_auc_score(videos["label"], videos["score"]))
    return sum(aucs) / len(aucs)


def test_all_fakes_of_unseen_manipulations_count_once(results):
    tested = pd.read_csv(results.splits / "per_class/FS/test.csv")
    unseen = sorted(set(tested["manipulation"][tested["label"] == 1]) - {"FS"})
    assert unseen == ["DF", "NT"]
    rows = compare_unseen(results, ["per_class"], "FS", **OPTIONS)
    assert [row["level"] for row in rows] == ["frame", "video"]
    video = rows[1]
    assert video["manipulations"] == unseen
    assert not {"manipulation", "stratum"} & video.keys(), "no row of one manipulation"
    assert video["n_fake"] == (tested["manipulation"].isin(unseen)).sum()
    for detector in ("baseline", "lora"):
        assert video["detectors"][detector]["auc"] == pytest.approx(by_hand(results, detector, unseen))
    apart = video["detectors"]["lora"]["auc"] - video["detectors"]["baseline"]["auc"]
    assert video["differences"]["lora"]["auc"] == pytest.approx(apart)


def test_one_unseen_manipulation_is_no_pool(results):
    tested = pd.read_csv(results.splits / "per_class/FS/test.csv")
    names = sorted(set(tested["manipulation"][tested["label"] == 1]))
    path = results.splits / "per_class/FS/test.csv"
    tested[tested["manipulation"].isin(["real", names[0]])].to_csv(path, index=False)
    assert compare_unseen(results, ["per_class"], "FS", **OPTIONS) == []
