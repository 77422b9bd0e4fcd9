"""Intervals over training sets, against the formula written out with loops, and where there is none."""

from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from clipforensics.core.faults import InputError
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates
from clipforensics.statistics.training_sets import Trained, over_training_sets

VIDEOS = [f"real{i}" for i in range(9)] + [f"fake{i}" for i in range(9)]


def split_of(number, n_seeds=1, shift=0.8):
    """Tested videos (6 of 9 of each class), and a row of their scores a seed."""
    rng = np.random.default_rng(number)
    tested = [VIDEOS[9 * label + i] for label in (0, 1) for i in sorted(rng.permutation(9)[:6])]
    labels = np.array([video.startswith("fake") for video in tested], dtype=int)
    return tested, labels, rng.normal(shift * labels, 1.0, (n_seeds, len(labels)))


def trained(tested, labels, scores):
    draws = draw_replicates(labels, tested, n_replicates=1, seed=0)
    found = bootstrap_auc(draws, {str(i): row for i, row in enumerate(scores)})["all"]["video"]
    return Trained.of_seeds(list(found.values()), draws.keys.tolist())


def reference(splits, overlap, confidence, *, measure):
    """Value, standard error and degrees of freedom, by loops; `measure` of (labels, scores of a seed)."""
    values = np.array([[measure(labels, s) for s in rows] for _, labels, rows in splits])
    influence = []
    for tested, labels, rows in splits:
        ours = {}
        for label in (0, 1):
            names = [v for v, one in zip(tested, labels, strict=True) if one == label]
            without = {
                v: np.mean([measure(np.delete(labels, at), np.delete(s, at, axis=0)) for s in rows])
                for v in names for at in [tested.index(v)]
            }  # fmt: skip
            centre, n = np.mean(list(without.values())), len(names)
            ours |= {v: np.sqrt((n - 1) / n) * (one - centre) for v, one in without.items()}
        influence.append(ours)
    n_sets, n_seeds = values.shape

    def common(a, b):
        return sum(influence[a].get(v, 0.0) * influence[b].get(v, 0.0) for v in VIDEOS)

    parts = []
    for kind in ("real", "fake"):
        ours = [v for v in VIDEOS if v.startswith(kind) and any(v in one for one in influence)]
        means = [np.mean([one.get(v, 0.0) for one in influence]) for v in ours]
        parts.append((np.sum(np.square(means)), len(ours) - 1))
    between = np.var(values.mean(axis=1), ddof=1)
    one_set = np.mean([common(r, r) for r in range(n_sets)])
    shared = np.mean([common(r, s) for r, s in permutations(range(n_sets), 2)])
    training = max(0.0, between - one_set + shared)
    parts.append((between / n_sets + training * overlap / (1 - overlap), n_sets - 1))
    if n_seeds > 1:
        by_seed = values.mean(axis=0)
        left = [
            values[r, s] - values[r].mean() - by_seed[s] + values.mean()
            for r in range(n_sets) for s in range(n_seeds)
        ]  # fmt: skip
        mixed = np.sum(np.square(left)) / ((n_sets - 1) * (n_seeds - 1))
        parts.append((max(0.0, np.var(by_seed, ddof=1) - mixed / n_sets) / n_seeds, n_seeds - 1))
    variance = sum(v for v, _ in parts)
    degrees = variance**2 / sum(v**2 / d for v, d in parts)
    return values.mean(), np.sqrt(variance), student.ppf((1 + confidence) / 2, degrees), degrees


@pytest.mark.parametrize("n_seeds", [1, 3])
@pytest.mark.parametrize("overlap", [0.0, 0.6])
@pytest.mark.parametrize("apart", [0, 2], ids=["alike", "apart"])
def test_an_auc_over_training_sets_is_the_formula(n_seeds, overlap, apart):
    """Where they lie further apart than their test videos explain, training has a part of its own."""
    splits = [split_of(number, n_seeds, 0.8 + apart * (number % 2)) for number in (1, 2, 3)]
    found = over_training_sets([trained(*one) for one in splits], overlap=overlap, confidence=0.9)
    value, se, t, degrees = reference(splits, overlap, 0.9, measure=roc_auc_score)
    half = t * se / (value * (1 - value))
    assert found.value == pytest.approx(value)
    assert (found.low, found.high) == pytest.approx((expit(logit(value) - half), expit(logit(value) + half)))
    p = 2 * student.cdf(-abs(logit(value)) * value * (1 - value) / se, degrees)
    assert found.p == pytest.approx(p)
    assert found.covers == ("videos, training sets and seeds" if n_seeds > 1 else "videos and training sets")


def test_a_difference_is_paired_video_by_video():
    ours, theirs = ([split_of(number, 2) for number in (1, 2, 3)] for _ in range(2))
    rng = np.random.default_rng(0)
    theirs = [(v, y, s + rng.normal(0, 0.5, s.shape)) for v, y, s in theirs]
    both = [(v, y, np.stack([a, b], axis=-1)) for (v, y, a), (_, _, b) in zip(ours, theirs, strict=True)]
    gaps = [trained(*a) - trained(*b) for a, b in zip(ours, theirs, strict=True)]
    found = over_training_sets(gaps, overlap=0.5, confidence=0.95)

    def gap(labels, pair):
        return roc_auc_score(labels, pair[:, 0]) - roc_auc_score(labels, pair[:, 1])

    value, se, t, degrees = reference(both, 0.5, 0.95, measure=gap)
    assert found.value == pytest.approx(value)
    assert (found.low, found.high) == pytest.approx((value - t * se, value + t * se))
    assert found.p == pytest.approx(2 * student.cdf(-abs(value) / se, degrees))


def test_the_more_training_sets_share_the_less_they_say():
    sets = [trained(*split_of(number, shift=3 * (number % 2))) for number in (1, 2, 3)]
    widths = [
        one.high - one.low
        for one in (over_training_sets(sets, overlap=overlap) for overlap in (0.0, 0.5, 0.9))
    ]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_more_training_sets_say_more():
    """The same spread between sets, seen twice and eight times."""
    sets = [trained(*split_of(number)) for number in (0, 1)]
    wide, narrow = (over_training_sets(sets * times, overlap=0.5) for times in (1, 4))
    assert narrow.high - narrow.low < 0.6 * (wide.high - wide.low), "the videos' part stays"


def test_a_detector_differs_from_itself_by_nothing():
    sets = [trained(*split_of(number)) for number in (1, 2)]
    found = over_training_sets([one - one for one in sets], overlap=0.5)
    assert (found.value, found.low, found.high, found.p, found.undefined) == (0, 0, 0, 1, "")


def test_two_that_no_video_moves_are_not_certain_to_be_equal():
    tested, labels, scores = split_of(1)
    perfect = trained(tested, labels, scores + 10 * labels)
    alone = over_training_sets([perfect, perfect], overlap=0.5)
    assert (alone.value, np.isnan(alone.low)) == (1.0, True)
    gap = over_training_sets([perfect - perfect] * 2, overlap=0.5)
    assert gap.value == 0.0
    assert np.isnan(gap.low)
    assert "neither videos nor training sets" in gap.undefined


def test_without_a_second_training_set_there_is_no_interval():
    one, other = (trained(*split_of(number)) for number in (1, 2))
    found = over_training_sets([one], overlap=0.0)
    assert (found.value, np.isnan(found.low), "got 1" in found.undefined) == (one.values[0], True, True)
    undefined = over_training_sets(
        [replace(one, values=np.array([np.nan]), undefined="no reals")], overlap=0.0
    )
    assert "got 0" in undefined.undefined
    same = over_training_sets([one, other], overlap=1.0)
    assert "one and the same" in same.undefined


def test_a_set_that_lacks_a_class_is_left_out():
    sets = [trained(*split_of(number)) for number in (1, 2)]
    tested, labels, scores = split_of(3)
    real = labels == 0
    lacking = trained([v for v, r in zip(tested, real, strict=True) if r], labels[real], scores[:, real])
    assert over_training_sets([*sets, lacking], overlap=0.5) == over_training_sets(sets, overlap=0.5)
    several = [trained(*split_of(number, n_seeds=2)) for number in (1, 2, 3)]
    several[2] = replace(several[2], values=np.array([np.nan, 0.9]))  # of one seed alone
    assert over_training_sets(several, overlap=0.5) == over_training_sets(several[:2], overlap=0.5)


def test_a_set_with_a_value_and_no_interval_leaves_none():
    tested, labels, scores = split_of(3)
    kept = [0, 1, 2, 6]  # three reals and one fake: an AUC, but no way to say how sure
    single = trained([tested[i] for i in kept], labels[kept], scores[:, kept])
    found = over_training_sets([trained(*split_of(1)), single], overlap=0.5)
    assert not np.isnan(found.value)
    assert np.isnan(found.low)
    assert "1 manipulated videos" in found.undefined


def test_what_does_not_fit_together_is_refused():
    one, other, seeds = trained(*split_of(1)), trained(*split_of(2)), trained(*split_of(1, n_seeds=2))
    for a, b in combinations([one, other, seeds], 2):
        with pytest.raises(InputError, match="same test videos and seeds"):
            _ = a - b
    with pytest.raises(InputError, match="other numbers of seeds"):
        over_training_sets([one, seeds], overlap=0.5)
    with pytest.raises(InputError, match=r"overlap 1\.1"):
        over_training_sets([one, other], overlap=1.1)
    with pytest.raises(InputError, match="an estimate a seed"):
        Trained.of_seeds([], [])
