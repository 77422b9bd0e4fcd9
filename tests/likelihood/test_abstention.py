"""Conformal abstention: p values by loops, the guarantee by simulation, and that other counts break it."""

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.likelihood.abstention import GUARANTEE, fit_abstainer, outcomes
from clipforensics.metrics.auc import roc_auc


def slow_p(scores, groups, new, side):
    """1 plus the sum over groups of their share as far out as the new score, over K + 1."""
    names = sorted(set(groups))
    total = 1.0
    for name in names:
        ours = scores[groups == name]
        total += np.mean([s >= new if side == "real" else s <= new for s in ours])
    return total / (len(names) + 1)


@pytest.mark.parametrize("seed", range(4))
def test_p_values_and_decisions_by_loops(seed):
    rng = np.random.default_rng(seed)
    labels, groups = rng.integers(0, 2, 60), rng.integers(0, 18, 60)
    scores = (rng.normal(size=60) + labels).round(1)  # with ties
    made = fit_abstainer(scores, labels, groups, alpha=0.2)
    new = np.r_[scores[:10], rng.normal(size=10)]
    real, fake = made.p_values(new)
    for i, score in enumerate(new):
        p_real = slow_p(scores[labels == 0], groups[labels == 0], score, "real")
        p_fake = slow_p(scores[labels == 1], groups[labels == 1], score, "fake")
        assert (real[i], fake[i]) == pytest.approx((p_real, p_fake))
        no_real, no_fake = p_real <= 0.2, p_fake <= 0.2
        word = "no opinion" if no_real == no_fake else "manipulated" if no_real else "real"
        assert made.decide([score])[0] == word


def validation(rng, n_groups):
    """Real videos of groups that are all of a piece: some of one video and high scores, some of twenty."""
    sizes = np.where(rng.random(n_groups) < 0.4, 1, 20)
    effect = rng.normal(size=n_groups) + 1.5 * (sizes == 1)
    groups = np.repeat(np.arange(n_groups), sizes)
    return effect[groups] + 0.1 * rng.normal(size=len(groups)), groups


def error(n_groups, count_by, alpha=0.1, runs=3000):
    """How often a random real video of a new group is excluded from the reals."""
    rng, wrong = np.random.default_rng(12), 0
    for _ in range(runs):
        scores, groups = validation(rng, n_groups + 1)
        old = groups < n_groups
        new = rng.choice(scores[~old])
        of = groups[old] if count_by == "group" else np.arange(old.sum())
        labels = np.zeros(old.sum(), int)
        made = fit_abstainer(np.r_[scores[old], 99.0], np.r_[labels, 1], np.r_[of, -1], alpha=alpha)
        wrong += made.p_values([new])[0][0] <= alpha + 1e-12
    return wrong / runs


@pytest.mark.parametrize("n_groups", [9, 30])
def test_a_new_groups_video_is_excluded_at_most_so_often_if_groups_count_once(n_groups):
    """Of 3000 runs with a true rate of .1, a share above .115 comes in fewer than 1 of 300."""
    assert error(n_groups, "group") <= 0.115


@pytest.mark.parametrize("n_groups", [9, 30])
def test_if_videos_count_it_is_excluded_far_more_often(n_groups):
    assert error(n_groups, "video") > 0.15


def error_of_the_best(n_candidates, runs=300):
    """Share of new reals that the candidate excludes which ranks validation best (20 groups, AUC .76)."""
    rng, labels = np.random.default_rng(3), np.repeat([0, 1], 20)
    wrong = []
    for _ in range(runs):
        candidates = rng.normal(size=(n_candidates, 40)) + labels
        best = max(candidates, key=lambda scores: roc_auc(scores, labels))
        made = fit_abstainer(best, labels, np.arange(40), alpha=0.1)
        wrong.append(np.mean(made.p_values(rng.normal(size=200))[0] <= 0.1 + 1e-12))
    return np.mean(wrong)


def test_where_validation_chose_the_candidate_errors_exceed_alpha_and_the_guarantee_says_so():
    assert error_of_the_best(1) <= 0.105
    assert 0.14 < error_of_the_best(10) < 0.18
    assert GUARANTEE.endswith(
        "; validation also chose the checkpoint and settings, so errors may exceed alpha."
    )


def test_the_guarantee_is_not_bought_by_silence():
    """With 39 groups and classes well apart, nearly all videos are called, and rightly."""
    rng = np.random.default_rng(4)
    labels, groups = np.repeat([0, 1], 39), np.tile(np.arange(39), 2)
    scores = rng.normal(size=78) + 4 * labels
    words = fit_abstainer(scores, labels, groups, alpha=0.1).decide(rng.normal(size=500) + 4)
    assert np.mean(words == "manipulated") > 0.8
    assert np.mean(words == "real") < 0.05


def test_too_few_groups_can_call_nothing():
    labels, groups = np.repeat([0, 1], [8, 9]), np.r_[np.arange(8), np.arange(9)]
    made = fit_abstainer(np.linspace(0, 1, 17), labels, groups, alpha=0.1)
    assert made.can_call == {"manipulated": False, "real": True}
    assert set(made.decide(np.linspace(-1, 2, 50))) == {"real", "no opinion"}
    turned = fit_abstainer(np.linspace(0, 1, 17), 1 - labels[::-1], groups[::-1], alpha=0.1)
    assert turned.can_call == {"manipulated": True, "real": False}
    assert set(turned.decide(np.linspace(-1, 2, 50))) == {"manipulated", "no opinion"}


def test_what_is_like_neither_has_no_opinion():
    labels, groups = np.repeat([0, 1], 9), np.tile(np.arange(9), 2)
    made = fit_abstainer(np.r_[np.zeros(9), np.ones(9)], labels, groups, alpha=0.1)
    assert made.decide([0.0, 0.5, 1.0]).tolist() == ["real", "no opinion", "manipulated"]


def test_the_test_counts_each_group_once():
    words = np.array(["manipulated", "real", "real", "no opinion", "manipulated", "real"])
    found = outcomes(words, [0, 0, 0, 0, 1, 1], [1, 1, 1, 2, 3, 3], confidence=0.95)
    assert found["real"]["wrong"] == pytest.approx((1 / 3 + 0) / 2)
    assert found["real"]["no_opinion"] == 0.5
    assert (found["real"]["n"], found["real"]["n_groups"]) == (4, 2)
    assert found["manipulated"]["wrong"] == 0.5


def test_what_is_refused():
    with pytest.raises(InputError, match=r"likelihood\.alpha 1"):
        fit_abstainer([0.1, 0.2], [0, 1], [0, 1], alpha=1)
    with pytest.raises(InputError, match="one group a video"):
        fit_abstainer([0.1, 0.2], [0, 1], [0], alpha=0.1)
