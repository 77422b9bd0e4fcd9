"""When a sentence stands beside an interval, and that it names the counts that it speaks of."""

import numpy as np

from clipforensics.statistics import cautions
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates


def test_an_auc_at_an_end_is_named_with_its_counts():
    assert cautions.at_end(1.0, 10, 90).startswith("an AUC of exactly 1: ")
    assert "10 real and 90 manipulated groups" in cautions.at_end(0.0, 10, 90)


def test_a_difference_near_the_end_is_doubted_where_reals_are_few():
    assert "only 10 independent reals" in cautions.difference(0.96, 0.8, 10)
    assert cautions.difference(0.8, 0.04, 20) == cautions.difference(0.04, 0.8, 20) != ""
    assert cautions.difference(0.96, 0.8, 21) == cautions.difference(0.94, 0.06, 10) == ""


def test_it_stands_with_the_interval_of_the_groups_that_were_drawn():
    """Twenty reals of five people: an AUC of 1 and one of .98, their gap, and two detectors."""
    labels, groups = np.repeat([0, 1], [20, 16]), np.r_[np.arange(20) // 4, 5:21]
    scores = np.r_[np.linspace(0, 0.5, 20), np.linspace(0.45, 0.9, 8), np.linspace(0.6, 1, 8)]
    worse = np.r_[scores[:19], 0.8, scores[20:]]
    draws = draw_replicates(labels, np.arange(36), clusters=groups, n_replicates=60, seed=0)
    subsets = {"near": set(range(20, 28)), "at": set(range(28, 36))}
    found = bootstrap_auc(draws, {"a": scores, "b": worse}, subsets=subsets)
    near, at = (found[name]["video"] for name in ("near", "at"))
    assert 0.95 < near["a"].value < 1 == at["a"].value
    assert near["a"].interval().caution == ""  # a high AUC's own interval holds up
    end = cautions.at_end(1, 5, 8)
    gap = near["a"] - at["a"]
    gain = gap - (near["b"] - at["b"])
    assert [one.interval().caution for one in (at["a"], gap, gain, at["a"] - at["b"])] == [end] * 4
    doubted = (near["a"] - near["b"]).interval().caution
    assert doubted == cautions.difference(near["a"].value, near["b"].value, 5) != ""
    assert (near["b"] - at["b"]).interval().caution == ""
