"""Sums along sorted rows against the table of all pairs, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.statistics import bootstrap, pairs, weighted
from clipforensics.statistics.bootstrap import bootstrap_auc, bootstrap_metrics
from clipforensics.statistics.replicates import draw_replicates


@st.composite
def populations(draw):
    """Scores of frames with ties, videos of one to four frames, clusters of any mix, and two subsets."""
    n = draw(st.integers(4, 14))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(n) % 2)
    videos = np.repeat(np.arange(n), rng.integers(1, 5, n))
    scores = rng.integers(0, draw(st.sampled_from([3, 12, 10**6])), len(videos)) / 4
    clusters = rng.integers(0, draw(st.sampled_from([2, 4, n, 10**6])), n)
    rows = rng.permutation(len(videos))
    subsets = [np.ones(n, dtype=bool), rng.random(n) < 0.5, np.zeros(n, dtype=bool)]
    return scores[rows], videos[rows], truth, clusters, [subset | (truth == 0) for subset in subsets]


def planned(videos, truth, clusters):
    return draw_replicates(truth[videos], videos, clusters=clusters[videos], n_replicates=7, seed=3)


@given(populations())
@settings(max_examples=200)
def test_the_same_bits_as_the_table_of_all_pairs(population):
    scores, videos, truth, clusters, subsets = population
    draws, rows = planned(videos, truth, clusters), pairs.sort_rows(scores, videos, truth)
    won = weighted.wins(scores, videos, truth)[None]
    sizes = np.bincount(videos, minlength=len(truth))

    def slow(weights):
        return weighted.auc_from_wins(won, sizes, truth, subsets, weights)[:, 0]

    expected = draws.evaluate(slow, width=1)
    known = np.array([pairs.leaving_out(rows, subset, draws) for subset in subsets])
    found = draws.evaluate(lambda weights: pairs.auc(rows, subsets, weights), width=1, jackknife=known)
    np.testing.assert_array_equal(found, expected)
    variances = weighted.independent_variance(won, sizes, truth, subsets)[:, 0]
    np.testing.assert_array_equal([pairs.variance(rows, subset) for subset in subsets], variances)


def made_up(n_groups, seed=0, frames=2):
    """Groups of two reals and two fakes, some reals and fakes alone; scores with ties."""
    rng = np.random.default_rng(seed)
    clusters = np.r_[np.repeat(np.arange(n_groups), 4), np.arange(n_groups, 2 * n_groups)]
    truth = np.r_[np.tile([0, 0, 1, 1], n_groups), np.arange(n_groups) % 2]
    videos = np.repeat(np.arange(len(truth)), frames)
    scores = (rng.normal(size=len(truth)) + truth)[videos] + 0.3 * rng.normal(size=len(videos))
    return scores.round(2), videos, truth, clusters


def estimates(population, n_replicates=50):
    scores, videos, truth, clusters = population
    draws = draw_replicates(
        truth[videos], videos, clusters=clusters[videos], n_replicates=n_replicates, seed=1
    )
    subsets = {"all": None, "few": set(np.flatnonzero(truth == 1)[::3].tolist())}
    both = {"a": scores, "b": -(scores**2)}
    found = bootstrap_auc(draws, both, subsets=subsets)
    return found, bootstrap_metrics(draws, scores, level="frame", threshold=0.5)


def test_estimates_do_not_tell_which_way_they_were_computed(monkeypatch):
    population = made_up(12)
    aucs, metrics = estimates(population)
    monkeypatch.setattr(bootstrap, "MOST_PAIRS", 0)
    again, same = estimates(population)
    for subset, levels in aucs.items():
        for level, by_detector in levels.items():
            for name, one in by_detector.items():
                other = again[subset][level][name]
                assert (one.value, one.sizes.independent) == (other.value, other.sizes.independent)
                np.testing.assert_array_equal(one.draws, other.draws)
                np.testing.assert_array_equal(one.jackknife, other.jackknife)
                assert one.interval() == other.interval()
    assert metrics["auc"].sizes.independent == same["auc"].sizes.independent


def test_with_more_than_whole_numbers_hold_only_the_last_digits_differ(monkeypatch):
    """From some thousands of videos on, wins under a jackknife's weights are above 2^53."""
    scores, videos, truth, clusters = made_up(600, frames=4)
    clusters = np.arange(len(truth))
    population = scores, videos, truth, clusters
    before = estimates(population, n_replicates=3)[0]["all"]["frame"]["a"]
    monkeypatch.setattr(bootstrap, "MOST_PAIRS", 0)
    after = estimates(population, n_replicates=3)[0]["all"]["frame"]["a"]
    np.testing.assert_array_equal(after.draws, before.draws)
    spread = before.jackknife.std()
    np.testing.assert_allclose(after.jackknife, before.jackknife, rtol=0, atol=1e-9 * spread)


@pytest.mark.parametrize("level", ["frame", "video"])
def test_no_table_of_pairs_is_made_of_many_videos(level, monkeypatch):
    monkeypatch.setattr(bootstrap, "MOST_PAIRS", 10)
    monkeypatch.setattr(weighted, "wins", None)
    scores, videos, truth, _ = made_up(5)
    draws = draw_replicates(truth[videos], videos, n_replicates=4, seed=1)
    assert 0.5 < bootstrap_auc(draws, {"a": scores})["all"][level]["a"].value < 1
    assert 0.5 < bootstrap_metrics(draws, scores, level=level)["auc"].value < 1
