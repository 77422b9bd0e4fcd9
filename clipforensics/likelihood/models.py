"""What evaluate left of one trained model, and the likelihood ratios that it may give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.likelihood.calibrate import LogisticLR, LRMap, Method, cross_fitted, fit
from clipforensics.likelihood.elub import Bounds, elub
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.points import undefined_reason
from clipforensics.metrics.pooling import Pooling, pool_by_video
from clipforensics.metrics.strata import beside_reals

if TYPE_CHECKING:  # pandas takes as long to load as all else here
    import pandas as pd


class Videos(NamedTuple):
    """Scored videos; arrays of shape (n,), in the sorted order of keys."""

    keys: npt.NDArray[Any]
    scores: Floats
    labels: Ints
    groups: Ints
    manipulations: npt.NDArray[Any]

    def chosen(self, rows: npt.NDArray[Any]) -> "Videos":
        """Those of a mask or of row numbers."""
        return Videos(*(column[rows] for column in self))

    def against(self, manipulation: str) -> "Videos":
        """Videos of one manipulation, and all reals of its data set."""
        import pandas as pd

        table = pd.DataFrame({"label": self.labels, "manipulation": self.manipulations})
        return self.chosen(beside_reals(table, manipulation))


def videos_of(frames: "pd.DataFrame", split: "pd.DataFrame", aggregate: Pooling) -> Videos:
    """Videos of one part.

    Args:
        frames: Scores of its frames: columns key, label, score.
        split: Its table: columns key, group, manipulation.
        aggregate: How frame scores become a video's.
    """
    values, truth, of = (frames[name].to_numpy() for name in ("score", "label", "key"))
    scores, labels = pool_by_video(values, truth, of, how=aggregate)
    keys = np.unique(of)
    table = split.set_index("key").loc[keys]
    return Videos(keys, scores, labels, table["group"].to_numpy(), table["manipulation"].to_numpy())


def together(parts: Sequence[Videos]) -> Videos:
    """Several parts as one: the tests of all folds.

    Raises:
        InputError: a video is in two of them, so that they are no folds.
    """
    joined = Videos(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    keys, times = np.unique(joined.keys, return_counts=True)
    if (times > 1).any():
        raise InputError(
            f"test videos of several splits: {str(keys[times > 1][0])!r} is in two, and each must be in one;"
            " pool folds alone"
        )
    return joined.chosen(np.argsort(joined.keys, kind="stable"))


@dataclass(frozen=True, eq=False)
class Model:
    """One detector trained on one cell.

    Attributes:
        split: Of the cell.
        val: Validation videos.
        test: Test videos.
        usable: `usable` and `reason` of the video level, as evaluate found them.
        threshold: Operating point of the video level, from validation.
        tested: Test manipulations, the headline first.
    """

    split: str
    val: Videos
    test: Videos
    usable: Mapping[str, Any]
    threshold: float
    tested: Sequence[str]


@dataclass(frozen=True)
class Ratios:
    """How a model's scores become likelihood ratios.

    Attributes:
        map: Fitted on validation; None where there is none.
        bounds: log10 LRs that are never left; None where there are none.
        reason: Why there are no LRs; empty if there are.
    """

    map: LRMap | None
    bounds: Bounds | None
    reason: str = ""

    def unbounded(self, scores: Floats) -> Floats:
        """log10 LR of each score."""
        assert self.map is not None, self.reason
        return self.map(scores)

    def bounded(self, scores: Floats) -> Floats:
        """log10 LR of each score, held within the bounds: what is reported."""
        assert self.bounds is not None, self.reason
        return np.clip(self.unbounded(scores), *self.bounds)


def fit_ratios(model: Model, method: Method) -> Ratios:
    """Map and bounds from validation alone; bounds stand on LRs by maps that have not seen a video's group.

    There is none, with the reason, where validation is not ranked better than by chance, or where a class
    lies in one identity group.
    """
    if not model.usable["usable"]:
        return Ratios(None, None, f"{model.split}: {model.usable['reason']}")
    val = model.val
    reason = undefined_reason(val.labels)
    llrs, lost = (None, reason) if reason else cross_fitted(val.scores, val.labels, val.groups, method)
    if llrs is None or lost:
        return Ratios(None, None, f"{model.split}: {lost}")
    return Ratios(fit(val.scores, val.labels, method), elub(llrs, val.labels))


def describe(ratios: Ratios, model: Model) -> dict[str, Any]:
    """What was fitted, for the metrics file."""
    n_real, n_fake = (int((model.val.labels == label).sum()) for label in (0, 1))
    found: dict[str, Any] = {"split": model.split, "n_real": n_real, "n_fake": n_fake}
    found["n_groups"] = len(np.unique(model.val.groups))
    if ratios.bounds:
        found |= {"elub_low": ratios.bounds.low, "elub_high": ratios.bounds.high}
    if isinstance(ratios.map, LogisticLR):
        found |= {"slope": ratios.map.slope, "intercept": ratios.map.intercept}
    return found
