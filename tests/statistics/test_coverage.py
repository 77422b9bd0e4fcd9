"""How often 95% intervals hold the truth, on frames of videos of identity groups; see benchmarks/coverage."""

import numpy as np
import pytest
from scipy.special import ndtr

from clipforensics.comparison.delong import delong_difference, delong_interval
from clipforensics.statistics import weighted
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import _multinomial, draw_replicates

N_SETS, N_REPLICATES, N_FRAMES = 400, 500, 10
GROUP, VIDEO, FRAME = 0.3, 0.6, 0.1  # shares of the variance of a frame's score
ALIKE = 0.5  # share of a video's own part that both detectors have in common
GAINS = {"baseline": 1.4, "lora": 1.7}  # how far manipulated videos score above real ones


def shape(name):
    """Labels and identity groups of videos."""
    if name == "10/100":  # each real with three fakes of its identity, other fakes in pairs
        return np.repeat([0, 1], [10, 100]), np.r_[0:10, np.repeat(np.arange(10), 3), 10 + np.arange(70) // 2]
    # FF++: two reals and the two fakes made of them
    return np.repeat([0, 1], 100), np.tile(np.arange(100) // 2, 2)


def simulate(rng, truth, groups):
    """Frame scores of both detectors, shape (n_videos, N_FRAMES) each."""
    of_group = np.sqrt(GROUP) * rng.normal(size=groups.max() + 1)[groups]
    common = rng.normal(size=len(truth))
    found = {}
    for name, gain in GAINS.items():
        own = np.sqrt(ALIKE) * common + np.sqrt(1 - ALIKE) * rng.normal(size=len(truth))
        video = gain * truth + of_group + np.sqrt(VIDEO) * own
        found[name] = video[:, None] + np.sqrt(FRAME) * rng.normal(size=(len(truth), N_FRAMES))
    return found


def true_auc(gain, truth, groups, frame_variance):
    """Chance that a fake outscores a real, over the pairs of this design."""
    alike = (groups[truth == 0][:, None] == groups[truth == 1]).mean()
    apart = ndtr(gain / np.sqrt(2 * (GROUP + VIDEO + frame_variance)))
    return (1 - alike) * apart + alike * ndtr(gain / np.sqrt(2 * (VIDEO + frame_variance)))


def hits_of_one_set(number, truth, groups):
    """Whether each interval holds the truth."""
    tables = simulate(np.random.default_rng([7, number]), truth, groups)
    aucs = {name: true_auc(gain, truth, groups, FRAME / N_FRAMES) for name, gain in GAINS.items()}
    frame_auc = true_auc(GAINS["baseline"], truth, groups, FRAME)
    videos = np.repeat(np.arange(len(truth)), N_FRAMES)
    scores = {name: table.ravel() for name, table in tables.items()}
    draws = draw_replicates(
        truth[videos], videos, clusters=groups[videos], n_replicates=N_REPLICATES, seed=number
    )
    found = bootstrap_auc(draws, scores)["all"]
    video = found["video"]
    pooled = {name: table.mean(axis=1) for name, table in tables.items()}
    difference = aucs["lora"] - aucs["baseline"]
    one, two = (
        delong_interval(pooled["baseline"], truth),
        delong_difference(pooled["lora"], pooled["baseline"], truth),
    )
    found_by_frame = {}
    if number % 4 == 0:  # the slowest, and the clearest
        drawn = drawn_by_frame(scores["baseline"], truth[videos], number)
        found_by_frame = {"frame bootstrap": between(drawn, frame_auc)}
    return {
        "video AUC": holds(video["baseline"].interval(), aucs["baseline"]),
        "difference": holds((video["lora"] - video["baseline"]).interval(), difference),
        "frame AUC": holds(found["frame"]["baseline"].interval(), frame_auc),
        "percentile": between(video["baseline"].draws, aucs["baseline"]),
        "DeLong": holds(one, aucs["baseline"]),
        "DeLong, difference": holds(two, difference),
        **found_by_frame,
    }


def drawn_by_frame(scores, labels, seed):
    """Frame AUCs of replicates that draw single frames within their class."""
    rng, rows = np.random.default_rng([8, seed]), np.arange(len(scores))
    weights = np.zeros((N_REPLICATES, len(rows)))
    for label in (0, 1):
        inside = rows[labels == label]
        weights[:, inside] = _multinomial(rng, N_REPLICATES, len(inside))
    return weighted.auc(weighted.trace(weighted.rank_rows(scores, labels, rows), weights))


def holds(interval, value):
    return interval.low <= value <= interval.high


def between(draws, value):
    low, high = np.quantile(draws, [0.025, 0.975])
    return low <= value <= high


@pytest.mark.slow
@pytest.mark.parametrize("name", ["10/100", "100/100"])
def test_intervals_of_whole_groups_hold_the_truth_and_those_of_single_frames_do_not(name):
    truth, groups = shape(name)
    sets = [hits_of_one_set(number, truth, groups) for number in range(N_SETS)]
    covered = {row: np.mean([hits[row] for hits in sets if row in hits]) for row in sets[0]}
    print({row: round(float(v), 3) for row, v in covered.items()})
    for row in ("video AUC", "difference", "frame AUC"):
        assert covered[row] >= 0.92, row  # the simulation itself varies by .02
    assert covered["percentile"] < covered["video AUC"]
    assert covered["frame bootstrap"] < 0.7
