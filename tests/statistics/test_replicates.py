"""The draws: strata, whole clusters, the jackknife, seeds, blocks, and what is refused."""

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.statistics import replicates
from clipforensics.statistics.replicates import draw_replicates
from tests.support.resampling import all_weights, drawn_weights


def of_videos(truth, groups=None, n_replicates=300, seed=1):
    truth = np.asarray(truth)
    return draw_replicates(
        truth, np.arange(len(truth)), n_replicates=n_replicates, seed=seed, clusters=groups
    )


def test_weights_are_stratified_multinomial_counts():
    weights = drawn_weights(of_videos([0] * 5 + [1] * 20, n_replicates=4000))
    assert (weights[:, :5].sum(axis=1) == 5).all()
    assert (weights[:, 5:].sum(axis=1) == 20).all()
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.08)
    np.testing.assert_allclose(weights[:, :5].var(axis=0), 1 - 1 / 5, atol=0.1)
    np.testing.assert_allclose(weights[:, 5:].var(axis=0), 1 - 1 / 20, atol=0.1)


def test_strata_are_drawn_independently():
    weights = drawn_weights(of_videos([0] * 8 + [1] * 8, n_replicates=2000))
    together = (weights[:, :8] * weights[:, 8:]).mean(axis=0)
    np.testing.assert_allclose(together, 1, atol=0.12)


def test_clusters_are_drawn_whole_and_no_replicate_lacks_a_class():
    truth = np.array([0, 0, 0, 1, 1, 0, 1, 1, 1])
    groups = np.array([0, 4, 1, 1, 1, 2, 2, 3, 5])  # 0 and 4 real only, 1 and 2 both, 3 and 5 fake only
    weights = drawn_weights(of_videos(truth, groups))
    assert (weights[:, 2] == weights[:, 3]).all()
    assert (weights[:, 5] == weights[:, 6]).all()
    for pair in ((0, 1), (2, 5), (7, 8)):
        assert (weights[:, pair].sum(axis=1) == 2).all()
        assert weights[:, pair[0]].std() > 0
    assert weights[:, truth == 0].sum(axis=1).min() > 0
    assert weights[:, truth == 1].sum(axis=1).min() > 0


@pytest.mark.parametrize(
    ("truth", "groups", "strata"),
    [
        ([0, 0, 0, 1, 1, 1], [0, 1, 2, 2, 3, 4], [1, 1, 1, 2, 2]),  # one of both: joins the reals
        ([0, 0, 1, 0, 1, 1, 1], [0, 1, 1, 2, 2, 3, 4], [3, 3, 3, 2, 2]),  # one of reals: joins both
        ([0, 0, 1, 0, 1, 1], [0, 1, 1, 2, 2, 3], [3, 3, 3, 3]),  # and one of fakes
        ([0, 0, 1, 1, 1], [0, 1, 1, 2, 3], [3, 3, 2, 2]),
        ([0, 0, 1, 1], [0, 1, 2, 3], [1, 1, 2, 2]),
        ([0, 1, 1], [0, 1, 2], [1, 2, 2]),  # nothing to join
    ],
)
def test_a_stratum_of_one_cluster_joins_another_so_that_it_varies(truth, groups, strata):
    assert of_videos(truth, np.array(groups)).strata.tolist() == strata


def test_rows_begin_with_the_data_and_each_cluster_left_out():
    groups = np.array([0, 1, 2, 2, 3, 4, 4])  # strata of 3 and 2
    weights = all_weights(of_videos([0, 0, 0, 0, 1, 1, 1], groups, n_replicates=2))
    assert len(weights) == 1 + 5 + 2
    assert weights[0].tolist() == [1] * 7
    # The left-out cluster's weight goes to its stratum, times the stratum's size - 1.
    assert weights[1].tolist() == [0, 3, 3, 3, 2, 2, 2]
    assert weights[3].tolist() == [3, 3, 0, 0, 2, 2, 2]
    assert weights[5].tolist() == [1, 1, 1, 1, 2, 0, 0]


def test_rows_do_not_depend_on_the_size_of_a_block(monkeypatch):
    plan = of_videos([0] * 5 + [1] * 6, np.array([0, 1, 2, 3, 4, 4, 5, 5, 6, 7, 8]), n_replicates=101)
    whole = all_weights(plan)
    for block in (1, 40, 333):
        monkeypatch.setattr(replicates, "BLOCK", block)
        assert (all_weights(plan) == whole).all()


def test_no_block_is_larger_than_allowed(monkeypatch):
    monkeypatch.setattr(replicates, "BLOCK", 600)
    sizes = []
    of_videos([0, 0, 1, 1]).evaluate(lambda w: sizes.append(len(w)) or w[:, 0], width=100)
    assert max(sizes) == 6
    assert sum(sizes) == 1 + 4 + 300


def test_the_seed_and_the_videos_alone_decide_the_draws():
    labels, videos = np.array([0, 0, 1, 1, 1, 0]), np.array(list("abcdef"))
    first = draw_replicates(labels, videos, n_replicates=50, seed=4)
    order = np.array([3, 1, 1, 5, 0, 4, 2])
    again = draw_replicates(labels[order], videos[order], n_replicates=50, seed=4)
    assert (drawn_weights(first) == drawn_weights(again)).all()
    assert first.same_draws(again)
    other = draw_replicates(labels, videos, n_replicates=50, seed=5)
    assert (drawn_weights(first) != drawn_weights(other)).any()
    assert not first.same_draws(other)
    assert not first.same_draws(draw_replicates(labels, videos, n_replicates=49, seed=4))
    renamed = draw_replicates(labels, np.array(list("abcdeg")), n_replicates=50, seed=4)
    assert not first.same_draws(renamed)


def test_a_subset_is_its_fakes_and_all_reals():
    plan = draw_replicates([0, 1, 1, 0], list("wxyz"), n_replicates=1, seed=0, clusters=[0, 1, 2, 2])
    assert plan.videos_of(None).tolist() == [True] * 4
    assert plan.videos_of({"y", "other", "w"}).tolist() == [True, False, True, True]
    assert plan.clusters_of(plan.videos_of({"y"})).tolist() == [True, False, True]


def test_a_class_needs_two_clusters():
    everything = np.ones(4, dtype=bool)
    assert of_videos([0, 0, 1, 1]).undefined(everything) == ""
    alone = of_videos([0, 1, 1, 1]).undefined(everything)
    assert "two or more clusters of each class, got 1 of 1 real videos" in alone
    assert "compare.cluster" not in alone  # nothing to gain there
    grouped = of_videos([0, 0, 1, 1], np.array([7, 7, 8, 9])).undefined(everything)
    assert grouped.endswith("got 1 of 2 real videos; compare.cluster: video draws single videos")
    fakes = of_videos([0, 0, 1, 1]).undefined(np.array([True, True, True, False]))
    assert "got 1 of 1 manipulated videos" in fakes


def test_wrong_input_is_refused():
    with pytest.raises(InputError, match="n_replicates 0: must be at least 1"):
        draw_replicates([0, 1], [0, 1], n_replicates=0, seed=1)
    with pytest.raises(InputError, match="clusters: shape"):
        draw_replicates([0, 1], [0, 1], n_replicates=5, seed=1, clusters=[1])
    with pytest.raises(InputError, match="'0' is in two clusters"):
        draw_replicates([0, 0, 1, 1], [0, 0, 1, 1], n_replicates=5, seed=1, clusters=[0, 1, 2, 2])
    with pytest.raises(InputError, match="frames of both labels"):
        draw_replicates([0, 1], [0, 0], n_replicates=5, seed=1)
    with pytest.raises(InputError, match="must be 0"):
        draw_replicates([0, 2], [0, 1], n_replicates=5, seed=1)
