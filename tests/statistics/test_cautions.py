"""When a sentence stands beside an interval, and that it names the counts that it speaks of."""

import numpy as np

from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.cautions import caution
from clipforensics.statistics.replicates import draw_replicates


def test_an_auc_at_an_end_is_named_with_its_counts():
    assert caution(10, 90, value=1.0, at_end=True).startswith("exactly 1: ")
    assert "10 real and 90 manipulated" in caution(10, 90, value=0.0, at_end=True)
    assert caution(10, 90, value=0.07, at_end=True, difference=True).startswith("one side is exactly 0 or 1")


def test_a_high_auc_of_few_reals_says_what_they_cannot_show():
    found = caution(10, 100, value=0.95)
    assert found.startswith("10 independent reals")
    assert f"{0.9**10:.0%}" in found
    assert caution(5, 100, value=0.05).startswith("5 independent reals")
    assert caution(20, 100, value=0.95) == caution(10, 100, value=0.85) == ""


def test_it_stands_with_the_interval_of_the_groups_that_were_drawn():
    """Twenty reals of five people, of which an AUC of 1, one of .98 and their gap."""
    labels, groups = np.repeat([0, 1], [20, 16]), np.r_[np.arange(20) // 4, 5:21]
    scores = np.r_[np.linspace(0, 0.5, 20), np.linspace(0.45, 0.9, 8), np.linspace(0.6, 1, 8)]
    draws = draw_replicates(labels, np.arange(36), clusters=groups, n_replicates=60, seed=0)
    found = bootstrap_auc(
        draws, {"a": scores}, subsets={"near": set(range(20, 28)), "at": set(range(28, 36))}
    )
    near, at = (found[name]["video"]["a"] for name in ("near", "at"))
    assert 0.9 < near.value < 1 == at.value
    assert near.interval().caution == caution(5, 8, value=near.value)
    assert at.interval().caution == caution(5, 8, value=1, at_end=True)
    assert (near - at).interval().caution == caution(5, 16, value=0, at_end=True, difference=True)
    assert (near - near).interval().caution == ""
