"""Bits of surprise at the truth: what a likelihood ratio costs, video by video."""

import math

import numpy as np
import numpy.typing as npt

from clipforensics.core.faults import InputError
from clipforensics.likelihood.calibrate import LN10
from clipforensics.metrics.auc import Floats, Ints
from clipforensics.metrics.points import undefined_reason


def surprise(llrs: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    """Bits of surprise at the truth at even priors, one a video, and the labels.

    Raises:
        InputError: a label is not 0 or 1, an LR is NaN, or there is not one label an LR.
    """
    values, truth = np.asarray(llrs, dtype=np.float64), np.asarray(labels)
    undefined_reason(truth)  # refuses labels other than 0 and 1
    if values.ndim != 1 or values.shape != truth.shape or np.isnan(values).any():
        raise InputError(
            f"log LRs and labels: shapes {values.shape} and {truth.shape}, {int(np.isnan(values).sum())} NaN;"
            " give one number and one label a video"
        )
    against = np.where(truth == 1, -values, values) * LN10
    return np.logaddexp(0.0, against) / math.log(2), truth.astype(np.int64)
