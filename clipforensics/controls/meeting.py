"""Detectors and controls on the same test videos and draws: AUC of each, and their paired differences.

Of a protocol of one split all stand on the same bootstrap replicates, as detectors do among themselves
(`comparison.meeting`). Of folds and repeats each number is a mean over splits whose interval holds the
choice of the training set (`statistics.training_sets`); nothing is pooled over models.

The differences that the run asks about are one family a row (`Meeting.family`): every detector minus every
rival, and the anchor minus every removal. They are corrected together, by max-t on the same draws or by
Holm's method over training sets, as comparison does. A detector minus a removal is described and not tested:
the two see other frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from clipforensics.comparison.meeting import Scores, meet
from clipforensics.comparison.training_sets import meet_on_sets, overlap_of
from clipforensics.controls.contract import ANCHOR
from clipforensics.controls.scoring import PREFIX
from clipforensics.controls.view import Asks
from clipforensics.core.files import json_ready
from clipforensics.metrics.pooling import Pooling
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.holm import holm
from clipforensics.statistics.replicates import Cluster
from clipforensics.statistics.simultaneous import Corrected, max_t
from clipforensics.statistics.training_sets import OverTrainingSets, Trained
from clipforensics.statistics.uncertainty import Estimate, Interval, mean_over_seeds

Row = dict[str, Any]

Known = Estimate | OverTrainingSets
"""An AUC, or a difference of two, that has an interval."""

Pair = tuple[str, str]
"""(control, whose AUC it is subtracted from): a detector's name, or the anchor's."""

LEVEL = "video"


@dataclass(frozen=True)
class Meeting:
    """AUCs by video on one test manipulation under one protocol and train set.

    Attributes:
        detectors: By name, each of one training seed.
        controls: By name, means over draws.
        draws: Control to the AUC of each draw, shape (n_draws,).
        counts: n_real, n_fake and n_groups of the test.
    """

    detectors: Mapping[str, Known]
    controls: Mapping[str, Known]
    draws: Mapping[str, np.ndarray]
    counts: Mapping[str, int]

    def differences(self) -> dict[Pair, Known]:
        """Every detector, and the anchor, minus every other control."""
        minuends = {**self.detectors, **{n: one for n, one in self.controls.items() if n == ANCHOR}}
        return {
            (control, name): minus(ours, theirs)
            for control, theirs in self.controls.items()
            if control != ANCHOR
            for name, ours in minuends.items()
        }

    def family(self, asks: Mapping[str, Asks], confidence: float) -> dict[Pair, Corrected]:
        """The corrected differences of the row; see the head of this module."""
        members = {
            (control, name): one
            for (control, name), one in self.differences().items()
            if (asks[control] == "removal") == (name == ANCHOR)
        }
        if all(isinstance(one, Estimate) for one in members.values()):
            return max_t(cast(dict[Pair, Estimate], members), confidence=confidence)
        return holm(members, confidence=confidence)

    def row(self, asks: Mapping[str, Asks], family: str, confidence: float) -> Row:
        """The row of controls.json, without where it is, JSON-ready."""
        reasons: list[str] = []

        def told(one: Known) -> Row:
            interval = one.interval(confidence=confidence)
            reasons.append(interval.undefined)
            return _row(interval)

        corrected = self.family(asks, confidence)
        differences: dict[str, dict[str, Row]] = {name: {} for name in self.controls if name != ANCHOR}
        for (control, name), one in self.differences().items():
            differences[control][name] = told(one)
            if (control, name) in corrected:
                ends = corrected[control, name]._asdict()
                differences[control][name] |= {"family": family, "simultaneous": ends}
        body = {
            **self.counts,
            "detectors": {name: told(one) for name, one in self.detectors.items()},
            "controls": {
                n: {**told(one), "draws": _spread(self.draws[n])} for n, one in self.controls.items()
            },
            "differences": differences,
        }
        lost = "; ".join(dict.fromkeys(filter(None, reasons)))
        return cast(Row, json_ready({**body, **({"undefined": lost} if lost else {})}))


def minus(ours: Known, theirs: Known) -> Known:
    """The paired difference; both of the same kind."""
    if isinstance(ours, Estimate) and isinstance(theirs, Estimate):
        return ours - theirs
    a, b = cast(OverTrainingSets, ours), cast(OverTrainingSets, theirs)
    return OverTrainingSets([x - y for x, y in zip(a.several, b.several, strict=True)], a.overlap)


def meet_one(
    scores: Scores,
    test: pd.DataFrame,
    manipulation: str,
    *,
    aggregate: Pooling,
    cluster: Cluster,
    n_replicates: int,
    seed: int,
) -> Meeting:
    """All on the test of one split, on the same bootstrap replicates.

    Args:
        scores: (detector, seed) and (`control <name>`, draw) to tables of the same frames.
        test: The test part, with identity groups.
        manipulation: Set against all reals.
        aggregate: How frame scores become a video's.
        cluster: What the bootstrap draws.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
    """
    options: dict[str, Any] = {"cluster": cluster, "n_replicates": n_replicates, "seed": seed}
    met = meet(scores, test, manipulation, aggregate=aggregate, **options)
    names = {f"{draw}/{name}": (name, draw) for name, draw in scores}
    values = {name: met.scores[who]["score"].to_numpy() for name, who in names.items()}
    found = bootstrap_auc(met.draws, values, how=aggregate)["all"][LEVEL]
    several: dict[str, list[Estimate]] = {}
    for name, one in found.items():
        several.setdefault(names[name][0], []).append(one)
    means: dict[str, Known] = {name: mean_over_seeds(ones, name) for name, ones in several.items()}
    draws = {name: np.array([one.value for one in ones]) for name, ones in several.items()}
    return _parted(means, draws, met.counts(None, LEVEL))


def meet_several(
    scores: Mapping[str, Scores],
    parts: Mapping[str, Mapping[str, pd.DataFrame]],
    manipulation: str,
    *,
    aggregate: Pooling,
    cluster: Cluster,
) -> Meeting:
    """All on the tests of several splits, each number a mean over these.

    Args:
        scores: Split to what `meet_one` takes.
        parts: `train` and `test`, each split to that part.
        manipulation: Set against all reals.
        aggregate: How frame scores become a video's.
        cluster: What the jackknife leaves out.
    """
    overlap = overlap_of(list(parts["train"].values()))
    options: dict[str, Any] = {"overlap": overlap, "aggregate": aggregate, "cluster": cluster}
    sets = meet_on_sets(scores, parts["test"], manipulation, **options)
    aucs = sets.aucs(LEVEL)
    draws = {name: np.nanmean([one.values for one in of], axis=0) for name, of in aucs.items()}
    means: dict[str, Known] = {
        name: OverTrainingSets([_mean_of_draws(one) for one in of], overlap) for name, of in aucs.items()
    }
    return _parted(means, draws, sets.counts(LEVEL))


def _mean_of_draws(one: Trained) -> Trained:
    """Its mean over draws as one value, so that it pairs with a detector of one training seed."""
    return Trained(one.values.mean(keepdims=True), one.influence, one.null, one.bounds, one.undefined)


def _parted(
    means: Mapping[str, Known], draws: Mapping[str, np.ndarray], counts: Mapping[str, int]
) -> Meeting:
    def of(prefixed: bool) -> dict[str, Known]:
        chosen = {name: one for name, one in means.items() if name.startswith(PREFIX) == prefixed}
        return {name.removeprefix(PREFIX): one for name, one in chosen.items()}

    several = {name.removeprefix(PREFIX): values for name, values in draws.items() if name.startswith(PREFIX)}
    return Meeting(of(False), of(True), several, counts)


def _row(interval: Interval) -> Row:
    row: Row = {"auc": interval.value, "low": interval.low, "high": interval.high, "p": interval.p}
    row["covers"] = interval.covers.replace("seeds", "draws")  # which stand where detectors have seeds
    return {**row, **({"caution": interval.caution} if interval.caution else {})}


def _spread(values: Sequence[float] | np.ndarray) -> Row:
    """How many draws, and the standard deviation (null of one), smallest and largest AUC of them."""
    array = np.asarray(values, dtype=np.float64)
    sd = float(np.std(array, ddof=1)) if len(array) > 1 else float("nan")
    return {"n": len(array), "sd": sd, "min": float(array.min()), "max": float(array.max())}
