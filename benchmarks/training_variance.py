"""`python -m benchmarks.training_variance [--runs N]`: how often equal detectors are called different.

A simulation, not a measurement of speed. In each run 100 people are made up: a real video of each, and fakes
of two manipulations between pairs, as in FaceForensics++. Two linear probes (logistic regressions) see the
same videos through embeddings that differ by noise of one kind, so neither is better. They are trained on one
manipulation and tested on the other, on the project's own splits (20 real and 20 fake test videos each), and
compared by its own intervals. A 95% interval of a difference that leaves out 0 is a mistake: 1 in 20 may be.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from clipforensics.comparison.meeting import Scores, meet
from clipforensics.comparison.training_sets import meet_on_sets, overlap_of
from clipforensics.core.records import Video
from clipforensics.splits.by_name import SplitSection, make_split
from clipforensics.splits.leakage import groups_by_key
from clipforensics.splits.parts import Split
from clipforensics.statistics.bootstrap import bootstrap_auc, bootstrap_intervals
from clipforensics.statistics.training_sets import Trained, over_training_sets
from clipforensics.statistics.uncertainty import mean_over_seeds
from tests.support.populations import population

TRAINED, TESTED = "FaceSwap", "NeuralTextures"
PROBES = ("a", "b")
PEOPLE, FOLDS, REPEATS, REPLICATES = 100, 5, 5, 500
CONFIDENCE = 0.95


@dataclass(frozen=True)
class World:
    """How videos look to a probe.

    Attributes:
        name: In words.
        shift: How far a manipulation moves the embedding; the cosine of two manipulations' directions is .6.
        n_dimensions: Of an embedding.
        noise: Standard deviation of what differs between the two probes' embeddings of a video.
        identity: Share of the common variance that the videos of a pair of people have in common.
    """

    name: str
    shift: float
    n_dimensions: int = 16
    noise: float = 0.7
    identity: float = 0.4


WORLDS = (World("hard", shift=1.2), World("easy", shift=3.0))
FOLD_NAMES = [f"grouped_kfold-{i + 1}" for i in range(FOLDS)]
REPEAT_NAMES = [f"grouped_repeat-{i + 1}" for i in range(REPEATS)]
OVER_VIDEOS = {"one split": ["grouped"], "5 folds, pooled": FOLD_NAMES}
"""Designs whose interval takes the trained models as they are."""
OVER_SETS = {"5 folds, mean": FOLD_NAMES, **{f"{n} repeats": REPEAT_NAMES[:n] for n in (2, 3, REPEATS)}}


@dataclass(frozen=True)
class Found:
    """One run of one design.

    Attributes:
        difference: Interval of probe b minus probe a: value, low, high.
        auc: The same of probe a.
    """

    difference: tuple[float, float, float]
    auc: tuple[float, float, float]


def embeddings(world: World, videos: Sequence[Video], seed: int) -> dict[str, np.ndarray]:
    """What each probe sees of each video, shape (n_videos, n_dimensions)."""
    rng = np.random.default_rng(seed)
    pair = np.array([int(video.target) // 2 for video in videos])
    size = (len(videos), world.n_dimensions)
    common = math.sqrt(world.identity) * rng.normal(size=(pair.max() + 1, size[1]))[pair]
    common += math.sqrt(1 - world.identity) * rng.normal(size=size)
    for name, direction in ((TRAINED, (1.0, 0.0)), (TESTED, (0.6, 0.8))):
        common[[video.manipulation == name for video in videos], :2] += world.shift * np.array(direction)
    return {probe: common + world.noise * rng.normal(size=size) for probe in PROBES}


def scores_of(split: Split, name: str, videos: Sequence[Video], seen: dict[str, np.ndarray]) -> Scores:
    """Test scores of both probes, trained on the split's training videos."""
    place = {video.key: i for i, video in enumerate(videos)}
    train, test = ([place[video.key] for video in part] for part in (split.train, split.test))
    table = pd.DataFrame(
        {"key": [v.key for v in split.test], "manipulation": [v.manipulation for v in split.test]}
    ).assign(label=[v.label for v in split.test], part="test", frame=0, split=name)
    found = {}
    for probe, rows in seen.items():
        fitted = LogisticRegression().fit(rows[train], [video.label for video in split.train])
        found[probe, 0] = table.assign(score=fitted.decision_function(rows[test]))
    return found


def one_run(world: World, seed: int) -> dict[str, Found]:
    """Every design on one made-up data set."""
    videos = population(PEOPLE, (TRAINED, TESTED))
    seen, groups = embeddings(world, videos, seed), groups_by_key(videos)
    names = ["grouped", *FOLD_NAMES, *REPEAT_NAMES]
    made = {name: make_split(name, videos, _section(seed), [TRAINED], [TESTED]) for name in names}
    scores = {name: scores_of(made[name], name, videos, seen) for name in names}
    keys = {
        name: {part: pd.DataFrame({"key": [v.key for v in some]}) for part, some in split.parts().items()}
        for name, split in made.items()
    }
    tests = {name: of["test"].assign(group=of["test"]["key"].map(groups)) for name, of in keys.items()}
    found = {
        design: over_videos({s: scores[s] for s in splits}, tests, seed)
        for design, splits in OVER_VIDEOS.items()
    }
    for every in (FOLD_NAMES, REPEAT_NAMES):
        options: dict[str, Any] = {"overlap": 0.0, "aggregate": "mean", "cluster": "identity"}
        sets = meet_on_sets({s: scores[s] for s in every}, tests, TESTED, **options)
        aucs = sets.aucs("video")
        for design, splits in OVER_SETS.items():
            if set(splits) <= set(every):
                overlap = overlap_of([keys[s]["train"] for s in splits])
                found[design] = over_sets({n: of[: len(splits)] for n, of in aucs.items()}, overlap)
    return found


def over_videos(scores: dict[str, Scores], tests: dict[str, pd.DataFrame], seed: int) -> Found:
    """Splits laid end to end, and the bootstrap over test videos."""
    whole = {
        who: pd.concat([one[who] for one in scores.values()], ignore_index=True)
        for who in next(iter(scores.values()))
    }
    options: dict[str, Any] = {"aggregate": "mean", "cluster": "identity", "n_replicates": REPLICATES}
    meeting = meet(whole, pd.concat([tests[split] for split in scores]), TESTED, seed=seed, **options)
    drawn = bootstrap_auc(meeting.draws, {n: t["score"].to_numpy() for (n, _), t in meeting.scores.items()})
    means = {name: mean_over_seeds([one], name) for name, one in drawn["all"]["video"].items()}
    detectors, differences = bootstrap_intervals(means, PROBES[0], confidence=CONFIDENCE)
    auc, gap = detectors[PROBES[0]], differences[PROBES[1]]
    return Found((gap.value, gap.low, gap.high), (auc.value, auc.low, auc.high))


def over_sets(aucs: dict[str, list[Trained]], overlap: float) -> Found:
    """The mean over training sets, as comparison.json's `variance` has it."""
    first, other = (aucs[probe] for probe in PROBES)
    gaps = [ours - theirs for ours, theirs in zip(other, first, strict=True)]
    options = {"overlap": overlap, "confidence": CONFIDENCE}
    gap, auc = (over_training_sets(several, **options) for several in (gaps, first))
    return Found((gap.value, gap.low, gap.high), (auc.value, auc.low, auc.high))


def _section(seed: int) -> SplitSection:
    lists = {f"{part}_list": "" for part in ("train", "val", "test")}
    fractions: dict[str, Any] = {"real_fractions": [], "train_fractions": [], "n_folds": FOLDS}
    return SplitSection(on_leak="fail", seed=seed, grouped_fractions=[0.6, 0.2, 0.2], **fractions, **lists)


def summary(world: World, runs: Sequence[dict[str, Found]]) -> Iterator[str]:
    """A line of the table a design. The true AUC is taken as the mean over runs."""
    for design in (*OVER_VIDEOS, *OVER_SETS):
        gaps = np.array([run[design].difference for run in runs], dtype=float)
        aucs = np.array([run[design].auc for run in runs], dtype=float)
        truth = aucs[:, 0].mean()
        wrong = np.mean((gaps[:, 1] > 0) | (gaps[:, 2] < 0))
        held = np.mean((aucs[:, 1] <= truth) & (truth <= aucs[:, 2]))
        half = np.median(gaps[:, 2] - gaps[:, 1]) / 2
        sd, task = gaps[:, 0].std(ddof=1), f"{world.name}, AUC {truth:.2f}"
        yield f"| {task} | {design} | {wrong:.3f} | {sd:.3f} | {half:.2f} | {held:.3f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table in Markdown; the same bytes for the same number of runs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_variance", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="made-up data sets (2 or more)")
    n = parser.parse_args(arguments).runs
    if n < 2:
        parser.error("--runs must be 2 or more")
    print("| task | design | called different | sd of the difference | half width | AUC held |")
    print("|---|---|---:|---:|---:|---:|")
    for world in WORLDS:
        for line in summary(world, [one_run(world, seed) for seed in range(n)]):
            print(line, flush=True)


if __name__ == "__main__":
    main()
