"""Counts of leaks from the parts of a split, and what may be said of them."""

import pandas as pd
import pytest

from clipforensics.comparison.leaks import count_leaks, in_words, nobody_shared, share_in_training
from tests.support.leagues import LEAKING, leaks_of

COLUMNS = ["key", "label", "any_seen", "twin", "unknown", "val_any_seen", "val_twin"]


def parts():
    test = [("a", 0, 1, 0, 0, 0, 0), ("b", 0, 1, 0, 0, 1, 0), ("c", 0, 0, 0, 1, 0, 0),
            ("d", 1, 1, 1, 0, 1, 1), ("e", 1, 1, 0, 1, 0, 0), ("f", 1, 0, 0, 0, 0, 0),
            ("g", 1, 1, 1, 0, 1, 1)]  # fmt: skip
    val = [("v", 0, 1, 0, 0), ("w", 1, 0, 0, 1), ("x", 1, 0, 0, 0), ("y", 1, 1, 1, 1)]
    train = pd.DataFrame([("t", 1), ("u", 1), ("s", 0), ("t", 1)], columns=["key", "unknown"])
    return train, pd.DataFrame(val, columns=COLUMNS[:5]), pd.DataFrame(test, columns=COLUMNS)


def test_counts_by_hand():
    assert count_leaks(*parts()) == {
        "n_real": 3, "n_fake": 4, "real_seen": 2, "fake_seen": 3, "twin": 2, "val_seen": 3, "val_twin": 2,
        "unknown": 2, "n_val": 4, "val_in_train": 2, "val_unknown": 2,
        "train_unknown": 2,  # a video that trains in two folds is one
    }  # fmt: skip
    assert share_in_training(parts()[1]) == 0.5


@pytest.mark.parametrize("seen", ["real_seen", "fake_seen", "val_seen"])
def test_one_test_video_that_shares_somebody_is_enough(seen):
    assert nobody_shared(leaks_of())
    assert not nobody_shared(leaks_of(**{seen: 1}))


def test_words_hold_the_counts_and_never_absolve_the_unknown():
    assert in_words(leaks_of()) == "no shared identity known"
    assert in_words(leaks_of(unknown=23, train_unknown=4)) == (
        "no shared identity known; not known who is in 23 test, 4 training videos"
    )
    assert in_words({**LEAKING, "val_unknown": 1}) == (
        "9 of 10 real test videos and 98 of 100 fakes show somebody from training, 15 of 110 somebody from"
        " validation; not known who is in 1 validation videos"
    )
